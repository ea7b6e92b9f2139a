//! Computes rows of features from frames and CO2 readings.
//!
//! Recordings and simulated scenes go through the same extractor, so a model predicts from the kind of numbers that it
//! was trained on. [`Feature::formula`](crate::Feature::formula) defines each feature; each group of features has a file
//! here.
//!
//! ```text
//! ThermalFrame ── bad pixels replaced ─┬─ hotspot proxy, each frame ─┐
//!                                      └─ last 1.5 s of frames ──────┼─ row_at(second) ── SensorRow
//! Co2Reading ──── invalid ones removed ─── last 75 s of readings ────┘
//! ```
//!
//! Pushing an item is cheap; the features are computed when a row is requested.
//! [`Extractor`] computes rows at times that the caller chooses, [`RowStream`] one for every second.
//!
//! Rules that the formulas do not mention:
//! - A row uses the newest frame if it is at most 2 s old, because a flat-field correction hides the scene for about
//!   0.9 s. Otherwise all 15 thermal features are missing. CO2 is held for 15 s.
//! - Frames taken with the shutter closed are ignored.
//! - Flow is computed between the newest frame and the last one that is 0.03 to 0.5 s older.
//! - A CO2 reading of 0, above 40,000 or NaN is ignored, and [counted](Counts::invalid_readings).
//! - A slope needs three samples that span half of its window. A feature without enough history is NaN, never 0.
//!
//! ```
//! use sensor_model::extract::{CheckedExtractorParams, Extractor};
//! use sensor_model::{Co2Reading, FRAME_PIXELS, Feature, ThermalFrame};
//! # fn main() -> Result<(), sensor_model::Error> {
//! let mut extractor = Extractor::new(CheckedExtractorParams::default());
//! extractor.push_frame(ThermalFrame::new(0.0, vec![21.5; FRAME_PIXELS])?)?;
//! extractor.push_co2(Co2Reading { time_s: 0.5, ppm: 640.0 })?;
//! let row = extractor.row_at(1.0);
//! assert_eq!(row.features[Feature::TMax.index()], 21.5);
//! assert_eq!(row.features[Feature::GasVal.index()], 640.0);
//! assert!(row.features[Feature::GasDelta.index()].is_nan());
//! # Ok(())
//! # }
//! ```

mod bad_pixels;
mod difference;
mod error;
mod flow;
mod gas;
mod gradient;
mod history;
mod hot_area;
mod hotspot;
mod params;
mod quantile;
mod slope;
mod statistics;
mod stream;

pub use error::ExtractError;
pub use params::{CheckedExtractorParams, ExtractorParams};
pub use stream::RowStream;

use crate::co2::Co2Reading;
use crate::frame::{FRAME_PIXELS, FRAME_WIDTH, ThermalFrame};
use crate::schema::{FEATURE_COUNT, Feature};
use difference::Difference;
use flow::{Consecutive, OpticalFlow};
use gas::Gas;
use history::{History, MIN_SPACING_S};
use hot_area::HotArea;
use hotspot::Hotspot;
use quantile::HotPart;
use statistics::Moments;

/// How long a frame is used, in seconds.
const FRAME_HOLD_S: f64 = 2.0;
/// Age of the frame that the newest one is compared with, in seconds.
const DIFFERENCE_S: f64 = 1.0;
/// Tolerance for that age, in seconds.
const DIFFERENCE_TOLERANCE_S: f64 = 0.5;
/// Maximum time between two frames for computing motion, in seconds.
const MAX_FLOW_GAP_S: f64 = 0.5;

/// The features at one moment, in the order of [`Feature::ALL`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SensorRow {
    /// Seconds since the recording's start.
    pub time_s: f64,
    /// Values in the units of the schema; NaN is a missing value.
    pub features: [f32; FEATURE_COUNT],
}

/// Counts of ignored and repaired input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that were ignored because the shutter was closed.
    pub shutter_frames: u64,
    /// Defective pixels that were replaced, over all frames.
    pub bad_pixels: u64,
    /// CO2 readings that were ignored because they are not measurements.
    pub invalid_readings: u64,
}

/// Computes features from frames and CO2 readings, which are pushed in chronological order.
///
/// Its memory is bounded: at most 1.5 s of frames (14 at 9 Hz, 1 MB) and 75 s of numbers, however fast they arrive.
#[derive(Clone, Debug)]
pub struct Extractor {
    params: ExtractorParams,
    frames: History<Vec<f32>>,
    hotspot: Hotspot,
    gas: Gas,
    counts: Counts,
    newest_frame_s: f64,
    newest_reading_s: f64,
    hot_part: HotPart,
    /// Time of the frame that `hot_part` was gathered from.
    hot_part_s: f64,
    flow: OpticalFlow,
}

impl Extractor {
    /// An extractor without any input yet.
    pub fn new(params: CheckedExtractorParams) -> Self {
        Self {
            params: *params.params(),
            frames: History::new(DIFFERENCE_S + DIFFERENCE_TOLERANCE_S),
            hotspot: Hotspot::new(),
            gas: Gas::new(),
            counts: Counts::default(),
            newest_frame_s: f64::NEG_INFINITY,
            newest_reading_s: f64::NEG_INFINITY,
            hot_part: HotPart::default(),
            hot_part_s: f64::NAN,
            flow: OpticalFlow::new(),
        }
    }

    /// Adds a frame, which must not be older than the last one.
    pub fn push_frame(&mut self, frame: ThermalFrame) -> Result<(), ExtractError> {
        let time_s = frame.time_s();
        self.newest_frame_s = not_before(self.newest_frame_s, time_s, "frame")?;
        if frame.shutter_was_closed() {
            self.counts.shutter_frames += 1;
            return Ok(());
        }
        let mut celsius = frame.into_celsius();
        self.counts.bad_pixels += bad_pixels::repair(&mut celsius, self.params.bad_pixel_c) as u64;
        self.hot_part.gather(&celsius);
        self.hot_part_s = time_s;
        let hot_from = self.hot_part.percentile(0.9);
        self.hotspot.push(time_s, self.hot_part.mean_from(hot_from));
        self.frames.push(time_s, celsius);
        Ok(())
    }

    /// Adds a CO2 reading, which must not be older than the last reading; it may be older than the last frame.
    pub fn push_co2(&mut self, reading: Co2Reading) -> Result<(), ExtractError> {
        let Co2Reading { time_s, ppm } = reading;
        if !time_s.is_finite() {
            return Err(ExtractError::Time { time_s });
        }
        self.newest_reading_s = not_before(self.newest_reading_s, time_s, "CO2 reading")?;
        if reading.is_valid() {
            self.gas.push(time_s, ppm);
        } else {
            self.counts.invalid_readings += 1;
        }
        Ok(())
    }

    /// The features at `time_s`, computed from the items up to that time.
    ///
    /// For a time before the newest item, some of the history that the row needs may have been discarded already.
    pub fn row_at(&mut self, time_s: f64) -> SensorRow {
        let mut features = [f64::NAN; FEATURE_COUNT];
        let mut put = |first: Feature, values: &[f64]| {
            features[first.index()..][..values.len()].copy_from_slice(values);
        };
        if let Some((newest_s, celsius)) = self.frames.held(time_s, FRAME_HOLD_S) {
            // Of several frames with the same time only the last is used, which was gathered when it was pushed.
            if self.hot_part_s.total_cmp(&newest_s).is_ne() {
                self.hot_part.gather(celsius);
                self.hot_part_s = newest_s;
            }
            let p95 = self.hot_part.percentile(0.95);
            put(
                Feature::TMean,
                &scene(celsius, p95, self.params.hot_above_c),
            );
            if let Some(earlier) = one_second_before(&self.frames, newest_s) {
                let change = Difference::between(earlier, celsius);
                put(
                    Feature::TDiffMean,
                    &[change.mean_absolute, change.std_signed],
                );
            }
            if let Some(images) = consecutive(&self.frames, newest_s, celsius) {
                let flow = self.flow.magnitude(images, self.params.flow_gradient_c);
                put(Feature::FlowMagMean, &[flow.mean, flow.std]);
            }
        }
        put(
            Feature::TproxyVal,
            &self.hotspot.features(time_s, FRAME_HOLD_S),
        );
        put(Feature::GasVal, &self.gas.features(time_s));
        SensorRow {
            time_s,
            features: features.map(|value| value as f32),
        }
    }

    /// Ignored and repaired input so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Time of the newest item from either sensor; negative infinity before the first.
    fn newest_s(&self) -> f64 {
        self.newest_frame_s.max(self.newest_reading_s)
    }
}

/// Returns `time_s`; an error if it is before `previous_s`.
fn not_before(previous_s: f64, time_s: f64, what: &'static str) -> Result<f64, ExtractError> {
    if time_s < previous_s {
        return Err(ExtractError::Backwards {
            what,
            time_s,
            previous_s,
        });
    }
    Ok(time_s)
}

/// The eight features of a single image, from `t_mean` to `t_grad_std`; `p95` is already computed.
fn scene(celsius: &[f32], p95: f64, hot_above_c: f32) -> [f64; 8] {
    let Moments { mean, std } = Moments::of(celsius);
    let area = HotArea::of(celsius, hot_above_c);
    let percent = |pixels: usize| 100.0 * pixels as f64 / FRAME_PIXELS as f64;
    let gradient = Moments::of(&gradient::magnitudes(celsius, FRAME_WIDTH));
    [
        mean,
        std,
        f64::from(statistics::maximum(celsius)),
        p95,
        percent(area.pixels),
        percent(area.largest_blob),
        gradient.mean,
        gradient.std,
    ]
}

/// The frame closest to one second before the newest, if it is within the tolerance.
fn one_second_before(frames: &History<Vec<f32>>, newest_s: f64) -> Option<&[f32]> {
    let wanted_s = newest_s - DIFFERENCE_S;
    let distance = |(at, _): &(f64, &Vec<f32>)| (at - wanted_s).abs();
    let (from_s, to_s) = (
        wanted_s - DIFFERENCE_TOLERANCE_S,
        wanted_s + DIFFERENCE_TOLERANCE_S,
    );
    frames
        .between(from_s, to_s)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .map(|(_, celsius)| celsius.as_slice())
}

/// The newest frame and the one before it, unless they are too close together or too far apart.
fn consecutive<'a>(
    frames: &'a History<Vec<f32>>,
    newest_s: f64,
    newest: &'a [f32],
) -> Option<Consecutive<'a>> {
    let (from_s, to_s) = (newest_s - MAX_FLOW_GAP_S, newest_s - MIN_SPACING_S);
    let (previous_s, previous) = frames.between(from_s, to_s).next_back()?;
    Some(Consecutive {
        newest,
        previous,
        gap_s: newest_s - previous_s,
    })
}
