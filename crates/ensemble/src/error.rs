//! What can go wrong, by what the caller does next.

/// Every failure of this crate.
///
/// `Data` asks for other rows; `UnknownParameter`, `ParameterValue`, `Name` and `Weights` for other settings, `Solver`
/// and `Engine` for milder ones; `Threads` for fewer threads; `Table` for another predictions file; the `Artifact…`
/// variants, `Combine`, `NoCovers` and `Export` for another model file. `Io` has its cause outside, and `Interrupted` was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Rows or labels that no learner can take.
    #[error(transparent)]
    Data(#[from] DataError),

    /// A hyperparameter that the algorithm does not have.
    #[error("{algorithm} has no parameter `{name}`; it has {known}")]
    UnknownParameter {
        /// The algorithm that was asked, as it is spelled in settings.
        algorithm: &'static str,
        /// The name that was given.
        name: String,
        /// All its parameters, comma-separated.
        known: String,
    },

    /// A hyperparameter whose value cannot be read or lies outside its range.
    #[error("parameter `{name}` is `{value}`; it must be {expected}")]
    ParameterValue {
        /// The parameter.
        name: &'static str,
        /// The value as given.
        value: String,
        /// The range in words.
        expected: &'static str,
    },

    /// A word that names none of a fixed set.
    #[error("`{value}` is no {what}; known are {known}")]
    Name {
        /// What the word should have named.
        what: &'static str,
        /// The word.
        value: String,
        /// All known words, comma-separated.
        known: String,
    },

    /// The progress callback asked to stop.
    #[error("the fit was stopped after {rounds} rounds")]
    Interrupted {
        /// Rounds that had been finished.
        rounds: usize,
    },

    /// The system starts no more threads.
    #[error("cannot start {threads} threads; fewer give the same model")]
    Threads {
        /// How many were wanted.
        threads: usize,
        /// What the system said.
        #[source]
        source: rayon::ThreadPoolBuildError,
    },

    /// The solver of the logistic regression gave up.
    #[error("the logistic regression could not be fitted")]
    Solver(#[source] smartcore::error::Failed),

    /// smartcore gave up on trees that [`Engine::Smartcore`](crate::Engine::Smartcore) left to it.
    #[error("smartcore could not fit the {algorithm}")]
    Engine {
        /// The algorithm, as it is spelled in settings.
        algorithm: &'static str,
        /// What smartcore said.
        #[source]
        source: smartcore::error::Failed,
    },

    /// A predictions file that cannot be read as one.
    #[error("{file}, line {line}, column {column}: `{value}` is not {expected}")]
    Table {
        /// The file's name as the caller gave it.
        file: String,
        /// Counted from 1, the header is line 1.
        line: usize,
        /// The column's name.
        column: &'static str,
        /// What stood there.
        value: String,
        /// What should have stood there.
        expected: &'static str,
    },

    /// Reading or writing failed below us.
    #[error("cannot read or write {file}")]
    Io {
        /// The file's name as the caller gave it.
        file: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },

    /// Bytes that are no artifact, or one that was cut or altered.
    #[error("not a usable model artifact: {reason}")]
    ArtifactBytes {
        /// What is wrong with them.
        reason: &'static str,
    },

    /// An artifact of another format version.
    #[error(
        "the artifact has format version {found}, this program reads versions {oldest} to {newest}; train it again"
    )]
    ArtifactVersion {
        /// Version in the file.
        found: u32,
        /// The oldest that this program reads.
        oldest: u32,
        /// The one that it writes.
        newest: u32,
    },

    /// An artifact for other features.
    #[error(
        "the artifact was trained on schema `{found}`, this program has schema `{expected}`; train it again"
    )]
    ArtifactSchema {
        /// Fingerprint in the artifact.
        found: String,
        /// Fingerprint that the caller works with.
        expected: String,
    },

    /// Artifacts that cannot vote together.
    #[error("`{first}` and `{second}` cannot be combined: {reason}")]
    Combine {
        /// Name of the first one's member.
        first: String,
        /// Name of the other one's member.
        second: String,
        /// Where they differ, with both values.
        reason: String,
    },

    /// Trees whose model file does not tell how training rows divide at their nodes.
    #[error(
        "`{member}` cannot be explained: its model file has no covers of nodes, as files of format version 3; train it again"
    )]
    NoCovers {
        /// The member's name.
        member: String,
    },

    /// An extra that is not of the type asked for, or that cannot be stored.
    #[error("the model's extra `{name}` cannot be read or stored")]
    Extra {
        /// Its name.
        name: String,
        /// The reason.
        #[source]
        source: serde_json::Error,
    },

    /// A model that another format has no room for.
    #[error("the model cannot be exported: {reason}")]
    Export {
        /// What the format lacks.
        reason: String,
    },

    /// Weights that are no weights.
    #[error(
        "{members} members cannot be weighed by {weights:?}: one finite weight of at least 0 each, not all 0"
    )]
    Weights {
        /// How many are to be weighed.
        members: usize,
        /// What was given.
        weights: Vec<f64>,
    },
}

/// What is wrong with rows, labels or probabilities.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A matrix must have 1 to 255 columns.
    #[error("a matrix of {0} columns; 1 to 255 are supported")]
    Columns(usize),
    /// The number of values is no multiple of the number of columns.
    #[error("{values} values do not fill rows of {columns} columns")]
    Ragged {
        /// Number of values.
        values: usize,
        /// Number of columns.
        columns: usize,
    },
    /// Infinity is refused; a missing value is NaN.
    #[error("row {row}, column {column}: infinite (a missing value is NaN)")]
    Infinite {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
    },
    /// A finite `f64` that no `f32` is near.
    #[error(
        "row {row}, column {column}: {value:e} is beyond the range of f32 (3.4e38); scale the column down"
    )]
    BeyondF32 {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// What stood there.
        value: f64,
    },
    /// Two parallel slices of different length.
    #[error("{rows} rows, but {others} {what}")]
    Lengths {
        /// Number of rows.
        rows: usize,
        /// Number of the others.
        others: usize,
        /// What the others are.
        what: &'static str,
    },
    /// A label that is neither 0 nor 1.
    #[error("row {row}: label {label}; it must be 0 or 1")]
    Label {
        /// Row, from 0.
        row: usize,
        /// What stood there.
        label: u8,
    },
    /// A row's weight that is negative, not finite, or of a size that sums in `f32` cannot bear.
    #[error("row {row}: weight {weight}; it must be 0 or from 1e-30 to 1e30")]
    Weight {
        /// Row, from 0.
        row: usize,
        /// What stood there.
        weight: f32,
    },
    /// No row counts anything.
    #[error("every weight is 0")]
    Weightless,
    /// Weights for a learner that has no use for them.
    #[error("sample weights are taken by the forest and by boosting with engine=own only")]
    UnusedWeights,
    /// No rows at all.
    #[error("there are no rows")]
    Empty,
    /// More rows than a packed sum can hold.
    #[error("{0} rows; at most 16777216 can be trained on")]
    TooManyRows(usize),
    /// Both classes are needed.
    #[error("every label is {0}; both 0 and 1 are needed")]
    OneClass(u8),
    /// A model was trained on another number of columns.
    #[error("{found} columns, but {expected} are expected")]
    WrongColumns {
        /// Columns of the model or of the training part.
        expected: usize,
        /// Columns given.
        found: usize,
    },
    /// A probability outside 0..=1 or NaN.
    #[error("row {row}: {value} is no probability")]
    Probability {
        /// Row, from 0.
        row: usize,
        /// What stood there.
        value: f64,
    },
}

impl Error {
    /// The error for `value`, which names none of `known`.
    pub(crate) fn unknown_name<T: std::fmt::Display>(
        what: &'static str,
        value: &str,
        known: &[T],
    ) -> Self {
        let known = known
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        Self::Name {
            what,
            value: value.to_owned(),
            known,
        }
    }
}
