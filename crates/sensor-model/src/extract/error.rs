//! What an extractor refuses.

/// Why an extractor cannot take what it was given.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// A setting is out of its range.
    #[error("{name} = {value} is out of range; give a number from {low} to {high}")]
    Parameter {
        /// Name of the setting.
        name: &'static str,
        /// The value as given.
        value: f32,
        /// Lowest value allowed.
        low: f32,
        /// Highest value allowed.
        high: f32,
    },
    /// An item came before its predecessor.
    #[error(
        "a {what} at {time_s} s follows one at {previous_s} s; sort the recording by time, or start a new extractor"
    )]
    Backwards {
        /// `frame` or `CO2 reading`.
        what: &'static str,
        /// Time of the item, in seconds.
        time_s: f64,
        /// Time of its predecessor, in seconds.
        previous_s: f64,
    },
    /// A reading without a time.
    #[error(
        "a CO2 reading cannot be taken at {time_s} s; give the seconds since the recording's start"
    )]
    Time {
        /// The time as given.
        time_s: f64,
    },
}
