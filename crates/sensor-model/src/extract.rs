//! From frames and CO2 readings to rows of features.
//!
//! One extractor serves recordings and simulated scenes, so that a model is asked with the numbers that it learnt from.
//! What each feature is, [`Feature::formula`](crate::Feature::formula) says; each group of them has its file here.
//!
//! ```text
//! ThermalFrame ── bad pixels replaced ─┬─ hotspot proxy, each frame ─┐
//!                                      └─ last 1.5 s of frames ──────┼─ row_at(second) ── SensorRow
//! Co2Reading ──── invalid ones left out ── last 75 s of readings ────┘
//! ```
//!
//! A pushed item costs little; what a row needs is computed when the row is asked for.
//! [`Extractor`] answers for moments of the caller's choice, [`RowStream`] gives a row for every second.
//!
//! Rules that the formulas leave open:
//! - A row takes the newest frame, if that is at most 2 s old: a flat-field correction freezes the image for about 0.9 s.
//!   Otherwise all 15 thermal features are missing. CO2 is held for 15 s.
//! - Frames taken with the shutter closed are left out altogether.
//! - Flow is between the newest frame and the last one at least 0.03 s and at most 0.5 s before it.
//! - A CO2 reading of 0, above 40,000 or not a number is as if none had come, and is [counted](Counts::invalid_readings).
//! - A slope needs three samples over half of its window; what has no history is NaN, never 0.
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

/// How long a frame stands for the present, in seconds.
const FRAME_HOLD_S: f64 = 2.0;
/// Age of the frame with which the newest one is compared, in seconds.
const DIFFERENCE_S: f64 = 1.0;
/// How far that age may be off, in seconds.
const DIFFERENCE_TOLERANCE_S: f64 = 0.5;
/// Frames farther apart than this tell nothing of a motion, in seconds.
const MAX_FLOW_GAP_S: f64 = 0.5;

/// The features at one moment, in the order of [`Feature::ALL`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SensorRow {
    /// Seconds since the recording's start.
    pub time_s: f64,
    /// Values in the units of the schema; NaN is missing.
    pub features: [f32; FEATURE_COUNT],
}

/// What an extractor met on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that were left out because the shutter was closed.
    pub frozen_frames: u64,
    /// Defective pixels that were replaced, over all frames.
    pub bad_pixels: u64,
    /// CO2 readings that the sensor cannot have measured.
    pub invalid_readings: u64,
}

/// Takes in frames and CO2 readings in the order of time and gives the features at any moment since.
///
/// Its memory is bounded: at most 1.5 s of frames (14 at 9 Hz, 1 MB) and 75 s of numbers, however fast they come.
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
    /// Time of the frame whose hot part that is.
    hot_part_s: f64,
    flow: OpticalFlow,
}

impl Extractor {
    /// An extractor that has seen nothing yet.
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

    /// Takes in a frame, which must not be older than the last one.
    pub fn push_frame(&mut self, frame: ThermalFrame) -> Result<(), ExtractError> {
        let time_s = frame.time_s();
        self.newest_frame_s = not_before(self.newest_frame_s, time_s, "frame")?;
        if frame.is_frozen() {
            self.counts.frozen_frames += 1;
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

    /// Takes in a CO2 reading, which must not be older than the last one; frames may be.
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

    /// The features as known at `time_s`, from what was pushed up to then.
    ///
    /// Asked about the past, it answers from what it still remembers: all that a row needs is certain to be there only
    /// from the newest item on.
    pub fn row_at(&mut self, time_s: f64) -> SensorRow {
        let mut features = [f64::NAN; FEATURE_COUNT];
        let mut put = |first: Feature, values: &[f64]| {
            features[first.index()..][..values.len()].copy_from_slice(values);
        };
        if let Some((newest_s, celsius)) = self.frames.held(time_s, FRAME_HOLD_S) {
            // Of frames of one time only the last is ever asked for, which was gathered when it was pushed.
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

    /// What was left out or replaced so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Time of the newest item of either sensor; negative infinity before the first.
    fn newest_s(&self) -> f64 {
        self.newest_frame_s.max(self.newest_reading_s)
    }
}

/// `time_s`, unless it lies before `previous_s`.
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

/// The eight features of a single image, from `t_mean` to `t_grad_std`, one of which is known.
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

/// The frame closest to one second before the newest, if one is close enough.
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

/// The newest frame and the one before it, if they are neither of one burst nor too far apart.
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
