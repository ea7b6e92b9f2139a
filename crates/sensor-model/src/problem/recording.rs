//! Problems with a recording, a frame or a line, and what to do about them.

use crate::frame::Scale;

/// A problem with a recording of real sensors.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingProblem {
    /// Neither the file name nor the first bytes are those of a known format.
    #[error(
        "unknown format; convert it to raw Y16 (.y16 or .raw), the PureThermal container (.y16.gz), \
         16-bit TIFF, or tCam (.tjsn or .tmjsn)"
    )]
    UnknownFormat,
    /// A format without temperatures.
    #[error(
        "{format} has no temperatures: {why}; record with a radiometric Lepton (TLinear on, AGC off) as Y16"
    )]
    NotRadiometric {
        /// The format found.
        format: &'static str,
        /// The reason: what the format stores instead.
        why: &'static str,
    },
    /// All counts fit into 8 bits: a picture, not temperatures.
    #[error(
        "all values fit into 8 bits: this is a picture made with automatic gain control (AGC), not temperatures; \
         switch AGC off and record 16 bits"
    )]
    EightBit,
    /// The telemetry says that automatic gain control was on.
    #[error(
        "its telemetry says that automatic gain control (AGC) was on, which turns temperatures into grey values; \
         switch AGC off and record again"
    )]
    GainControl,
    /// The telemetry says that the counts are not linear in temperature.
    #[error(
        "its telemetry says that TLinear was off, so its counts are not temperatures; \
         switch TLinear on and record again"
    )]
    TLinearOff,
    /// The words where telemetry should be are not telemetry.
    #[error(
        "there is no telemetry where it was expected (the TLinear word is {word}, not 0 or 1); \
         specify telemetry lines as none, header or footer, as they were recorded"
    )]
    NoTelemetry {
        /// The word that should say whether `TLinear` is on.
        word: u16,
    },
    /// A temperature outside the sensor's range.
    #[error(
        "x {x}, y {y} reads {celsius:.1} C at {scale} per count, outside the sensor's range of -40 to 450 C; \
         specify the scale {} if it was recorded with that, specify telemetry lines if there are any, \
         and record with TLinear on",
        scale.other()
    )]
    OutOfRange {
        /// Column from the left, 0 to 159.
        x: usize,
        /// Row from the top, 0 to 119.
        y: usize,
        /// The temperature at that scale.
        celsius: f32,
        /// The scale used.
        scale: Scale,
    },
    /// The format requires a scale, but none was specified.
    #[error(
        "the file does not state its scale, which is never guessed; specify 0.01 K or 0.1 K per count"
    )]
    ScaleMissing,
    /// The file states a scale that differs from the specified one.
    #[error(
        "the file states a scale of {stated}, but {given} was specified; specify {stated}, or nothing"
    )]
    ScaleMismatch {
        /// The scale specified by the caller.
        given: Scale,
        /// The scale stated by the file.
        stated: Scale,
    },
    /// The file has no times, and neither a rate nor telemetry lines were specified.
    #[error(
        "the file has no times; specify the frame rate (8.7 for a Lepton 3.5), or the telemetry lines, which contain times"
    )]
    RateMissing,
    /// An option whose value is already in the file, or that does not apply to the format.
    #[error("this format does not accept {what}; leave it out")]
    UnsupportedOption {
        /// Name of the option.
        what: &'static str,
    },
    /// A text that is not a scale.
    #[error("unknown scale `{given}`; expected 0.01 K or 0.1 K per count")]
    UnknownScale {
        /// The given text.
        given: String,
    },
    /// A text or number that is not a frame rate.
    #[error(
        "`{given}` is not a frame rate; expected frames per second above 0 and up to 1000 (8.7 for a Lepton 3.5)"
    )]
    UnknownRate {
        /// The given text.
        given: String,
    },
    /// A text that is not a position of telemetry lines.
    #[error("unknown position of telemetry lines `{given}`; expected none, header or footer")]
    UnknownTelemetry {
        /// The given text.
        given: String,
    },
    /// A text that does not describe the columns of a CO2 log.
    #[error(
        "unknown CO2 log columns `{given}`; expected scd4x, uci, airscout, or TIME:FORMAT:PPM with the names of two \
         columns and a time format of s, iso, unix-s or unix-ms"
    )]
    UnknownColumns {
        /// The given text.
        given: String,
    },
    /// An image with a different size from the camera's.
    #[error(
        "the image has {width} x {height} pixels, but a Lepton 3.5 gives {expected_width} x {expected_height}; \
         recordings of other cameras cannot be used, and images must not be scaled"
    )]
    Size {
        /// Pixels per row.
        width: u32,
        /// Rows.
        height: u32,
        /// Expected pixels per row.
        expected_width: u32,
        /// Expected rows, including telemetry lines.
        expected_height: u32,
    },
    /// Pixels that are not 16-bit counts.
    #[error("its pixels are {found}; export one unsigned 16-bit value per pixel")]
    Pixels {
        /// The kind of pixels in the file.
        found: String,
    },
    /// An entry in a container's header has an unsupported value.
    #[error(
        "its header says `{key}` is {found}, but only {expected} can be read; record again with that setting"
    )]
    Header {
        /// Name of the entry.
        key: &'static str,
        /// Value in the file.
        found: String,
        /// The only supported value.
        expected: &'static str,
    },
    /// Part of a container is invalid.
    #[error("{what} is invalid; copy the recording again from its source")]
    Invalid {
        /// The invalid part.
        what: &'static str,
    },
    /// The file ends within a frame.
    #[error(
        "the file ends after {found} of the frame's {expected} bytes; it is incomplete, or its telemetry lines differ from \
         those specified: correct that option, or truncate the file to whole frames"
    )]
    Truncated {
        /// Number of bytes of the last frame in the file.
        found: usize,
        /// Number of bytes in a whole frame.
        expected: usize,
    },
    /// A time earlier than the previous one.
    #[error(
        "its time, {now_s} s, is earlier than the previous one, {before_s} s; split the recording where the clock was set \
         back"
    )]
    TimeBackwards {
        /// Previous time, in seconds.
        before_s: f64,
        /// Time that is earlier, in seconds.
        now_s: f64,
    },
    /// The file has no frames.
    #[error("the file has no {what}; record at least one")]
    Empty {
        /// The missing part.
        what: &'static str,
    },
    /// No line contains the names of the required columns.
    #[error(
        "there is no header with the columns {columns} (lines searched: {searched}); use the column names in the file"
    )]
    NoHeader {
        /// Number of lines searched.
        searched: u64,
        /// The required columns.
        columns: String,
    },
    /// A line that is too long.
    #[error("the line is longer than {limit} bytes, so this is not a table of the expected kind")]
    LongLine {
        /// Maximum length of a line.
        limit: usize,
    },
    /// A line that is not UTF-8.
    #[error("the line is not UTF-8 text; save the file as UTF-8")]
    NotText,
    /// An interval that does not end after its start.
    #[error(
        "the interval from {start_s} s to {end_s} s does not end after its start; swap the two times"
    )]
    Reversed {
        /// Start, in seconds.
        start_s: f64,
        /// End, in seconds.
        end_s: f64,
    },
    /// Two intervals that overlap.
    #[error("its interval overlaps with line {other}; merge the two lines")]
    Overlap {
        /// Line of the other interval.
        other: u64,
    },
}

impl RecordingProblem {
    /// A CPTV recording, compressed or not.
    pub(crate) const CPTV: Self = Self::NotRadiometric {
        format: "CPTV",
        why: "it stores the raw counts of a camera without radiometry",
    };
}
