//! Error types.

/// Every failure of this crate.
///
/// To fix one, change the rows for `Data`; the settings for `UnknownParameter`, `ParameterValue`, `Name` and `Weights`,
/// and for `Solver` and `Engine` (to less extreme ones); the number of threads for `Threads`; the predictions file for
/// `Table`; the model file for the `Artifact…` variants, `Combine`, `Extra` and `Export`. `Io` has an external cause,
/// and `Interrupted` was requested by the caller.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Rows or labels that no learner can use.
    #[error(transparent)]
    Data(#[from] DataError),

    /// A hyperparameter that the algorithm does not have.
    #[error("{algorithm} has no parameter `{name}`; it has {known}")]
    UnknownParameter {
        /// The algorithm's name in settings.
        algorithm: &'static str,
        /// The given name.
        name: String,
        /// All parameters of the algorithm, separated by commas.
        known: String,
    },

    /// A hyperparameter whose value cannot be parsed or is out of range.
    #[error("parameter `{name}` is `{value}`; it must be {expected}")]
    ParameterValue {
        /// The parameter's name.
        name: &'static str,
        /// The value as given.
        value: String,
        /// A description of the accepted values.
        expected: String,
    },

    /// An unknown name.
    #[error("unknown {what} `{value}`; expected one of {known}")]
    Name {
        /// The kind of name, such as "algorithm".
        what: &'static str,
        /// The unknown name.
        value: String,
        /// All known names, separated by commas.
        known: String,
    },

    /// The progress callback asked to stop.
    #[error("the fit was stopped after {rounds} rounds")]
    Interrupted {
        /// The number of completed rounds.
        rounds: usize,
    },

    /// The system cannot start the requested number of threads.
    #[error("cannot start {threads} threads; use fewer (the model will be the same)")]
    Threads {
        /// The requested number of threads.
        threads: usize,
        /// The reason.
        #[source]
        source: rayon::ThreadPoolBuildError,
    },

    /// The solver of the logistic regression failed.
    #[error("the logistic regression could not be fitted")]
    Solver(#[source] smartcore::error::Failed),

    /// smartcore failed to grow the trees of [`Engine::Smartcore`](crate::Engine::Smartcore).
    #[error("smartcore could not grow the trees")]
    Engine(#[source] smartcore::error::Failed),

    /// An invalid predictions file.
    #[error("{file}, line {line}, column {column}: `{value}` is not {expected}")]
    Table {
        /// The file's name as given by the caller.
        file: String,
        /// The line, counted from 1; the header is line 1.
        line: usize,
        /// The column's name.
        column: &'static str,
        /// The text found.
        value: String,
        /// A description of what was expected.
        expected: &'static str,
    },

    /// A failure to read or write a file.
    #[error("cannot read or write {file}")]
    Io {
        /// The file's name as given by the caller.
        file: String,
        /// The reason.
        #[source]
        source: std::io::Error,
    },

    /// Bytes that are not a valid artifact, for example because they were truncated or altered.
    #[error("not a usable model artifact: {reason}")]
    ArtifactBytes {
        /// The reason.
        reason: &'static str,
    },

    /// An artifact with a different format version.
    #[error(
        "the artifact has format version {found}, this program reads version {expected}; train it again"
    )]
    ArtifactVersion {
        /// The version in the file.
        found: u32,
        /// The version that this program reads and writes.
        expected: u32,
    },

    /// An artifact for a different set of features.
    #[error(
        "the artifact was trained on schema `{found}`, this program has schema `{expected}`; train it again"
    )]
    ArtifactSchema {
        /// The fingerprint in the artifact.
        found: String,
        /// The fingerprint given by the caller.
        expected: String,
    },

    /// Artifacts that cannot be combined.
    #[error("`{first}` and `{second}` cannot be combined: {reason}")]
    Combine {
        /// The name of the first artifact's first member.
        first: String,
        /// The name of the other artifact's first member.
        second: String,
        /// The difference, with both values.
        reason: String,
    },

    /// An extra that is not of the requested type, or that cannot be stored.
    #[error("the model's extra `{name}` cannot be read or stored")]
    Extra {
        /// The extra's name.
        name: String,
        /// The reason.
        #[source]
        source: serde_json::Error,
    },

    /// A model that cannot be written in another format.
    #[error("the model cannot be exported: {reason}")]
    Export {
        /// The reason.
        reason: String,
    },

    /// Invalid ensemble weights.
    #[error(
        "{weights:?} are invalid weights for {members} members; give each a finite weight of at least 0, not all 0"
    )]
    Weights {
        /// The number of members.
        members: usize,
        /// The given weights.
        weights: Vec<f64>,
    },
}

/// Invalid rows, labels or probabilities.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A matrix must have 1 to 255 columns.
    #[error("a matrix of {0} columns; 1 to 255 are supported")]
    Columns(usize),
    /// The number of values is not a multiple of the number of columns.
    #[error("{values} values do not fill rows of {columns} columns")]
    Ragged {
        /// Number of values.
        values: usize,
        /// Number of columns.
        columns: usize,
    },
    /// An infinite value; missing values are represented by NaN.
    #[error("row {row}, column {column}: infinite value (use NaN for missing values)")]
    Infinite {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
    },
    /// A finite `f64` outside the range of `f32`.
    #[error(
        "row {row}, column {column}: {value:e} is outside the range of f32 (3.4e38); scale the column down"
    )]
    BeyondF32 {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// Its value.
        value: f64,
    },
    /// Columns of different length.
    #[error("{rows} rows, but {others} {what}")]
    Lengths {
        /// Number of rows.
        rows: usize,
        /// Length of the other column.
        others: usize,
        /// Name of the other column.
        what: &'static str,
    },
    /// A label that is neither 0 nor 1.
    #[error("row {row}: label {label}; it must be 0 or 1")]
    Label {
        /// The row, from 0.
        row: usize,
        /// Its label.
        label: u8,
    },
    /// A weight that is negative, not finite, or too large or too small for sums in `f32`.
    #[error("row {row}: weight {weight}; it must be 0 or from 1e-30 to 1e30")]
    Weight {
        /// The row, from 0.
        row: usize,
        /// Its weight.
        weight: f32,
    },
    /// No row has a weight above 0.
    #[error("all weights are 0")]
    Weightless,
    /// Weights for a learner that cannot use them.
    #[error("only forest and boosting with engine=own support sample weights")]
    UnusedWeights,
    /// There are no rows.
    #[error("there are no rows")]
    Empty,
    /// More rows than a packed sum can hold.
    #[error("{0} rows; a model can be trained on at most 16777216")]
    TooManyRows(usize),
    /// All rows have the same label.
    #[error("every label is {0}; both 0 and 1 are needed")]
    OneClass(u8),
    /// A different number of columns than in the model or the training rows.
    #[error("expected {expected} columns, found {found}")]
    WrongColumns {
        /// The expected number.
        expected: usize,
        /// The given number.
        found: usize,
    },
    /// A probability below 0, above 1 or NaN.
    #[error("row {row}: {value} is not a probability")]
    Probability {
        /// The row, from 0.
        row: usize,
        /// Its value.
        value: f64,
    },
}
