//! Errors of splits and audits.

use crate::part::Part;

/// An error of this crate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ratios are not positive shares with a sum of 1.
    #[error(
        "invalid shares {train}, {validation} and {test} for train, validation and test; \
         each must be above 0, and their sum must be 1"
    )]
    Ratios {
        /// The requested share of train.
        train: f64,
        /// The requested share of validation.
        validation: f64,
        /// The requested share of test.
        test: f64,
    },
    /// There are no rows.
    #[error("there are no rows to split")]
    NoRows,
    /// A label has too few groups for each part to get one.
    #[error(
        "too little data with label {label} to give the {part} part any (rows: {rows}, groups: \
         {groups}); add more rows or groups with that label"
    )]
    TooFew {
        /// The label that is too rare.
        label: u8,
        /// Rows with that label.
        rows: usize,
        /// Groups with at least one such row.
        groups: usize,
        /// The part that would get no such row.
        part: Part,
    },
    /// The slices of a table do not describe the same rows.
    #[error(
        "the table to audit has {features} feature values in rows of {columns}, {labels} labels, \
         {groups} groups and {parts} parts; all must describe the same rows, with 1 to 128 \
         feature values per row"
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
