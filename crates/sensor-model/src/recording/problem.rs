//! Why a recording, a frame or a line of a log is refused, and the remedy.

use super::options::Scale;

/// What is wrong with a recording of real sensors.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingProblem {
    /// Neither the name nor the first bytes tell a format that is read.
    #[error(
        "the format is unknown; convert it to raw Y16 (.y16 or .raw), the PureThermal container (.y16.gz), \
         16-bit TIFF, or tCam (.tjsn or .tmjsn)"
    )]
    UnknownFormat,
    /// A format that holds no temperatures.
    #[error(
        "{format} holds no temperatures: {why}; record with a radiometric Lepton (TLinear on, AGC off) as Y16"
    )]
    NotRadiometric {
        /// The format found.
        format: &'static str,
        /// What it holds instead.
        why: &'static str,
    },
    /// Counts that fit 8 bits: a picture for the eye.
    #[error(
        "all values fit 8 bits: this is a picture made by automatic gain control (AGC), not temperatures; \
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
        "its telemetry says that TLinear was off, so its counts are no temperatures; \
         switch TLinear on and record again"
    )]
    TLinearOff,
    /// The words at the place of the telemetry cannot be telemetry.
    #[error(
        "there is no telemetry where it was declared (the TLinear word is {word}, not 0 or 1); \
         declare telemetry lines as none, header or footer, as they were recorded"
    )]
    NoTelemetry {
        /// The word that tells whether `TLinear` is on.
        word: u16,
    },
    /// A temperature that the sensor cannot report.
    #[error(
        "x {x}, y {y} reads {celsius:.1} C at {scale} per count, outside the sensor's -40 to 450 C; \
         declare the scale {} if that is how it was recorded, declare telemetry lines if there are any, \
         and record with TLinear on",
        scale.other()
    )]
    OutOfRange {
        /// Column from the left, 0 to 159.
        x: usize,
        /// Row from the top, 0 to 119.
        y: usize,
        /// The temperature by the declared scale.
        celsius: f32,
        /// The scale.
        scale: Scale,
    },
    /// Kelvin per count were needed and not declared.
    #[error(
        "its kelvin per count are not in the file and are never guessed; declare the scale, 0.01 K or 0.1 K"
    )]
    ScaleMissing,
    /// The file states another scale than the declared one.
    #[error(
        "it states a scale of {stated}, but {declared} was declared; declare {stated}, or nothing where the file states it"
    )]
    ScaleContradicted {
        /// By the caller.
        declared: Scale,
        /// By the file.
        stated: Scale,
    },
    /// There are no times in the file and no rate was declared.
    #[error(
        "it has no times; declare the frame rate (8.7 for a Lepton 3.5), or its telemetry lines, which tell the time"
    )]
    RateMissing,
    /// Something was declared that the file says itself or cannot have.
    #[error("{what} cannot be declared for this format; leave it out")]
    NotDeclarable {
        /// What was declared.
        what: &'static str,
    },
    /// A text that names no scale.
    #[error("`{given}` is no scale; give 0.01 K or 0.1 K per count")]
    UnknownScale {
        /// The text as given.
        given: String,
    },
    /// A text or number that is no frame rate.
    #[error(
        "`{given}` is no frame rate; give frames per second above 0 and up to 1000, 8.7 for a Lepton 3.5"
    )]
    UnknownRate {
        /// The text as given.
        given: String,
    },
    /// A text that tells no place of telemetry.
    #[error("`{given}` is no place of telemetry lines; give none, header or footer")]
    UnknownTelemetry {
        /// The text as given.
        given: String,
    },
    /// A text that names no CO2 log.
    #[error(
        "`{given}` names no columns of a CO2 log; give scd4x, uci, airscout, or TIME:FORMAT:PPM with the names of \
         two columns and s, iso, unix-s or unix-ms between them"
    )]
    UnknownColumns {
        /// The text as given.
        given: String,
    },
    /// Images of another size than the camera's.
    #[error(
        "it has {width} x {height} pixels, but a Lepton 3.5 gives {expected_width} x {expected_height}; \
         recordings of other cameras cannot be used, and images must not be scaled"
    )]
    Size {
        /// Pixels of a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Pixels of a row as they should be.
        expected_width: u32,
        /// Rows as they should be, with declared telemetry lines.
        expected_height: u32,
    },
    /// Pixels of another kind than 16-bit counts.
    #[error("its pixels are {found}; export one unsigned 16-bit value per pixel")]
    Pixels {
        /// The kind found.
        found: String,
    },
    /// An entry of a container's header has a value that is not understood.
    #[error(
        "its header says `{key}` is {found}, but only {expected} can be read; record again with that setting"
    )]
    Header {
        /// Name of the entry.
        key: &'static str,
        /// Its value.
        found: String,
        /// What can be read.
        expected: &'static str,
    },
    /// The text or structure of a container is broken.
    #[error("{what} is damaged; copy the recording again from where it was made")]
    Damaged {
        /// The part.
        what: &'static str,
    },
    /// The file ends within a frame.
    #[error(
        "it ends after {found} of {expected} bytes of the frame; it was cut off, or has other telemetry lines than \
         declared: declare those, or shorten the file to whole frames"
    )]
    Cut {
        /// Bytes of the last frame.
        found: usize,
        /// Bytes of a frame.
        expected: usize,
    },
    /// A time before that of the frame or line before.
    #[error(
        "its time {now_s} s is before that of the one above, {before_s} s; split the recording where the clock was set back"
    )]
    TimeBackwards {
        /// The time before, in seconds.
        before_s: f64,
        /// The time that goes back, in seconds.
        now_s: f64,
    },
    /// There is no frame, or no line, in the file.
    #[error("there is no {what} in it; record at least one")]
    Empty {
        /// What was looked for.
        what: &'static str,
    },
    /// No line names the columns that are needed.
    #[error(
        "none of its first {searched} lines names the columns {columns}; give the names that the file has"
    )]
    NoHeader {
        /// Lines searched.
        searched: u64,
        /// The columns, in quotation marks.
        columns: String,
    },
    /// A line longer than any log has.
    #[error("it is longer than {limit} bytes; this is no text file of the expected kind")]
    LongLine {
        /// The longest line allowed.
        limit: usize,
    },
    /// A line that is not text.
    #[error("it is not UTF-8 text; save the file as UTF-8")]
    NotText,
    /// An interval that ends before it begins.
    #[error(
        "the interval from {start_s} s to {end_s} s ends before it has begun; exchange the two times"
    )]
    Reversed {
        /// Beginning, in seconds.
        start_s: f64,
        /// End, in seconds.
        end_s: f64,
    },
    /// Two intervals that share time.
    #[error("its interval overlaps that of line {other}; join the two lines into one")]
    Overlap {
        /// Line of the interval that begins earlier.
        other: u64,
    },
}

impl RecordingProblem {
    /// Both the compressed and the bare form of a CPTV recording.
    pub(super) const CPTV: Self = Self::NotRadiometric {
        format: "CPTV",
        why: "it keeps the raw counts of a camera without radiometry",
    };
}
