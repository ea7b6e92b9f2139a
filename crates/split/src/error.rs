//! Why a split or an audit is impossible.

use crate::part::Part;

/// An error of this crate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ratios are not shares of one whole.
    #[error(
        "the shares {train}, {validation} and {test} of train, validation and test are not usable; \
         each must be above 0 and their sum 1"
    )]
    Ratios {
        /// Share of train as given.
        train: f64,
        /// Share of validation as given.
        validation: f64,
        /// Share of test as given.
        test: f64,
    },
    /// There are no rows.
    #[error("there are no rows to split")]
    NoRows,
    /// A label has too few groups for each part to get one.
    #[error(
        "label {label} has {rows} rows in {groups} groups, too few for the {part} part to get any; \
         give more rows (or groups) of that label"
    )]
    TooFew {
        /// The label.
        label: u8,
        /// Rows with it.
        rows: usize,
        /// Groups with at least one such row.
        groups: usize,
        /// The part that would have none.
        part: Part,
    },
    /// The columns handed to the audit do not fit each other.
    #[error(
        "the audit was given {features} feature values in rows of {columns}, {labels} labels, {groups} groups and {parts} parts; they must describe the same rows, of 1 to 128 columns"
    )]
    Shape {
        /// Number of feature values.
        features: usize,
        /// Values per row.
        columns: usize,
        /// Number of labels.
        labels: usize,
        /// Number of groups.
        groups: usize,
        /// Number of parts.
        parts: usize,
    },
}
