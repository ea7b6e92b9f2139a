//! Input that an extractor rejects.

/// The reason why an extractor rejects its input or parameters.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// A parameter is out of range.
    #[error("{name} = {value} is out of range; give a number from {low} to {high}")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// The given value.
        value: f32,
        /// Lowest value allowed.
        low: f32,
        /// Highest value allowed.
        high: f32,
    },
    /// An item is older than its predecessor.
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
    /// The time of a reading is not finite.
    #[error(
        "the time of a CO2 reading must be finite, not {time_s}; pass seconds since the start of the recording"
    )]
    Time {
        /// The given time.
        time_s: f64,
    },
}
