//! What a learner is to the rest of the crate.

use std::fmt::Debug;

use crate::error::Error;
use crate::forest::OutOfBag;
use crate::form::Form;
use crate::learners::Model;
use crate::matrix::Samples;
use crate::run::Run;
use crate::tree::Tree;

/// A learner's hyperparameters.
pub(crate) trait Hyperparameters {
    /// Sets what `name` names; false if it names nothing.
    fn set(&mut self, name: &str, value: &str) -> Result<bool, Error>;

    /// All with their values, in a fixed order; `set` reads each of them back.
    fn entries(&self) -> Vec<(&'static str, String)>;

    /// Refuses what is out of range.
    fn validate(&self) -> Result<(), Error>;

    /// Whether rows count by their weights; weighted rows are refused by those where they do not.
    fn takes_weights(&self) -> bool;

    /// Fits values that were validated to rows of both classes. `validation` has as many columns and at least a row.
    fn fit(
        &self,
        train: &Samples,
        validation: Option<&Samples>,
        run: &mut Run,
    ) -> Result<Model, Error>;
}

/// What a fit gives.
pub(crate) trait Fitted: Debug {
    /// How many columns it was trained on.
    fn columns(&self) -> usize;

    /// How its answers come about.
    fn form(&self) -> Form<'_>;

    /// Its trees, for what is read after them; none of a model that has none.
    fn trees_mut(&mut self) -> &mut [Tree] {
        &mut []
    }

    /// Each column's share of what all splits gain.
    fn importances(&self) -> Option<&[f64]> {
        None
    }

    /// The training rows judged by the trees that did not see them.
    fn out_of_bag(&self) -> Option<&OutOfBag> {
        None
    }

    /// Appends its bytes; `Stored::read` of its type reads them back.
    fn store(&self, out: &mut Vec<u8>);
}
