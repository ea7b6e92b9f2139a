use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use ensemble::{Algorithm, Error, Matrix, Model, Params, Progress, Run, Samples};

/// The settings of a fit, with defaults for tests.
pub(crate) struct Fit<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) settings: &'a [(&'a str, &'a str)],
    pub(crate) threads: usize,
    pub(crate) seed: u64,
}

impl<'a> Fit<'a> {
    pub(crate) fn new(algorithm: Algorithm, settings: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            algorithm,
            settings,
            threads: 2,
            seed: 42,
        }
    }

    pub(crate) fn on(&self, train: &Samples) -> Model {
        self.try_on(train, None).unwrap()
    }

    pub(crate) fn try_on(
        &self,
        train: &Samples,
        validation: Option<&Samples>,
    ) -> Result<Model, Error> {
        self.watched(train, validation, &mut |_| ControlFlow::Continue(()))
    }

    pub(crate) fn watched(
        &self,
        train: &Samples,
        validation: Option<&Samples>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Model, Error> {
        let mut params = Params::defaults(self.algorithm);
        for (name, value) in self.settings {
            params.set(name, value).unwrap();
        }
        let threads = NonZeroUsize::new(self.threads).unwrap();
        params.check().unwrap().fit(
            train,
            validation,
            &mut Run::new(self.seed).threads(threads).progress(progress),
        )
    }
}

/// The `settings` that the learner supports.
pub(crate) fn known<'a>(
    algorithm: Algorithm,
    settings: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let entries = Params::defaults(algorithm).entries();
    let known = |(name, _): &&(&str, &str)| entries.iter().any(|(entry, _)| entry == name);
    settings.iter().filter(known).copied().collect()
}

/// Rows of `columns` values with their labels.
pub(crate) fn samples<'a>(values: &'a [f32], columns: usize, labels: &'a [u8]) -> Samples<'a> {
    Samples::new(Matrix::new(values, columns).unwrap(), labels).unwrap()
}

/// The predictions of `model` for every row.
pub(crate) fn probabilities(model: &Model, samples: &Samples) -> Vec<f64> {
    model.predict_proba(&samples.x()).unwrap()
}
