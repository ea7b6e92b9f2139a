//! Error types.

/// Every failure of this crate.
///
/// To fix one, change the setting for `Parameter`, add recordings for `NoChoice`, and correct the rows for all others.
/// Rows are counted from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number outside its range.
    #[error("parameter `{name}` is `{value}`; it must be {expected}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// The value as given.
        value: String,
        /// A description of the accepted values.
        expected: &'static str,
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
    /// A recording without rows.
    #[error("there are no rows")]
    Empty,
    /// A probability below 0, above 1 or NaN.
    #[error("row {row}: {value} is not a probability")]
    Probability {
        /// The row.
        row: usize,
        /// Its value.
        value: f64,
    },
    /// A time that is not finite or too close to the previous row's.
    #[error(
        "row {row}: time {time_s} s; it must be finite and at least half a second after the previous row"
    )]
    Time {
        /// The row.
        row: usize,
        /// Its time.
        time_s: f64,
    },
    /// An event start that is not finite or is after the end of the recording.
    #[error("the event starts at {start_s} s, but the last row is at {last_s} s")]
    EventStart {
        /// The event's start.
        start_s: f64,
        /// The time of the last row.
        last_s: f64,
    },
    /// The rows of a group do not form a recording.
    #[error("group {group} is not a recording")]
    Recording {
        /// The group.
        group: u64,
        /// The reason; rows are counted in time order.
        #[source]
        source: Box<Error>,
    },
    /// Recordings from which no rule can be chosen.
    #[error(transparent)]
    NoChoice(#[from] NoChoice),
}

/// The reason why no alarm rule can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoChoice {
    /// Without events, no rule is better than another.
    #[error(
        "no recording has an event; choosing an alarm rule requires events and event-free time"
    )]
    NoEvents,
    /// Without event-free time, every rule is within any budget.
    #[error(
        "no recording has time without an event; choosing an alarm rule requires events and event-free time"
    )]
    NoEventFreeTime,
    /// No probability is above 0, so no threshold is ever reached.
    #[error("every probability is 0; no threshold raises an alarm")]
    Silent,
}
