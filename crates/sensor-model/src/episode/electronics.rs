//! What the camera's electronics add to the scene: noise, drift, flat-field corrections, saturation.
//!
//! Magnitudes were measured on a real Lepton 3.5 (`lepton35_y16`): consecutive frames differ by 0.016 C on average,
//! frames one second apart by 0.097 C, mostly because of a drift of 0.075 C/s.

use std::sync::LazyLock;

use crate::frame::FRAME_PIXELS;

use super::Purpose;
use super::draw::{Draw, Part, bits, hashed};
use super::site::Gain;

/// Pixel noise that is independent after one second, C: the recording's one-second differences have a spread of 0.076.
const SLOW_NOISE_C: f32 = 0.054;
/// Pixel noise that is independent from frame to frame, C: a mean difference of 0.016 is a spread of 0.020.
const FAST_NOISE_C: f32 = 0.020;
/// Time between two flat-field corrections, s (datasheet).
const CORRECTION_PERIOD_S: f64 = 180.0;
/// How long the shutter is closed, s: 23 frames at 26 Hz (datasheet).
const SHUTTER_S: f64 = 0.9;
/// Error of the level that remains after a correction, C (assumption).
const LEVEL_C: f64 = 0.3;
/// Maximum drift right after a correction, C/s, as in the recording. It fades within about twenty seconds, because a
/// change of 1.5 C would trigger the next correction.
const DRIFT_C_S: f64 = 0.075;
const DRIFT_FADES_S: f64 = 20.0;

/// Number of offsets in the noise at which an image's noise can begin.
const OFFSETS: usize = 32_768;

/// Normal noise, computed once per process; each image begins at a different offset.
fn noise_table() -> &'static [f32] {
    static NOISE: LazyLock<Vec<f32>> = LazyLock::new(|| {
        let mut draw = Draw::new(0, Purpose::Training, Part::Noise, 0);
        (0..OFFSETS + FRAME_PIXELS)
            .map(|_| draw.normal(0.0, 1.0) as f32)
            .collect()
    });
    &NOISE
}

/// The camera's hidden state in an episode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Electronics {
    pub(super) gain: Gain,
    pub(super) offset_c: f64,
    /// When the first correction of the episode begins, s.
    pub(super) correction_s: f64,
    pub(super) seed: u64,
}

impl Electronics {
    pub(super) fn draw(gain: Gain, offset_c: f64, draw: &mut Draw) -> Self {
        Self {
            gain,
            offset_c,
            correction_s: draw.uniform(0.0, CORRECTION_PERIOD_S),
            seed: draw.seed(),
        }
    }

    /// Whether the shutter is closed.
    pub(super) fn shutter_was_closed(&self, time_s: f64) -> bool {
        self.since_correction(time_s).1 < SHUTTER_S
    }

    /// The number of the last correction and the time since it began.
    fn since_correction(&self, time_s: f64) -> (i64, f64) {
        let periods = (time_s - self.correction_s) / CORRECTION_PERIOD_S;
        let number = libm::floor(periods);
        (number as i64, (periods - number) * CORRECTION_PERIOD_S)
    }

    /// Error common to all pixels, C.
    fn level_c(&self, time_s: f64) -> f64 {
        let (number, since_s) = self.since_correction(time_s);
        let drifted_s = DRIFT_FADES_S * (1.0 - libm::exp(-since_s / DRIFT_FADES_S));
        let left = LEVEL_C * hashed(self.seed, 2 * number);
        self.offset_c + left + DRIFT_C_S * hashed(self.seed, 2 * number + 1) * drifted_s
    }

    /// The image as the camera reports it; `more_c` is added to all pixels.
    ///
    /// Images of the same second share the slow noise, as do consecutive frames of a camera that filters over time.
    pub(super) fn report(&self, time_s: f64, scene: &[f32], more_c: f64) -> Vec<f32> {
        let level = (self.level_c(time_s) + more_c) as f32;
        let noise = |key: i64| {
            let start = bits(self.seed ^ 5, key) as usize % OFFSETS;
            &noise_table()[start..start + FRAME_PIXELS]
        };
        let highest = self.gain.highest_c;
        let slow = noise(libm::ceil(time_s) as i64);
        let fast = noise(libm::round(time_s * 1_000.0) as i64 + (1 << 40));
        let (slow_c, fast_c) = (
            SLOW_NOISE_C * self.gain.noise,
            FAST_NOISE_C * self.gain.noise,
        );
        let pixels = scene.iter().zip(slow).zip(fast);
        pixels
            .map(|((celsius, slow), fast)| {
                let raw = celsius + level + slow_c * slow + fast_c * fast;
                if raw > highest { highest } else { raw }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: Electronics = Electronics {
        gain: Gain {
            highest_c: 140.0,
            noise: 1.0,
        },
        offset_c: 0.0,
        correction_s: 1_000.0,
        seed: 3,
    };

    fn mean_difference(a: f64, b: f64) -> f32 {
        let scene = vec![22.0; FRAME_PIXELS];
        let [a, b] = [a, b].map(|time| CAMERA.report(time, &scene, 0.0));
        let sum: f32 = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum();
        sum / FRAME_PIXELS as f32
    }

    #[test]
    fn a_still_scene_differs_as_in_the_recording() {
        let consecutive = mean_difference(89.885, 90.0);
        assert!((consecutive - 0.016).abs() < 0.008, "{consecutive}");
        let a_second_apart = mean_difference(89.0, 90.0);
        assert!((0.05..0.11).contains(&a_second_apart), "{a_second_apart}");
    }

    #[test]
    fn the_shutter_closes_every_three_minutes() {
        let frozen: Vec<i32> = (0..720)
            .filter(|&s| CAMERA.shutter_was_closed(f64::from(s) + 100.0))
            .collect();
        assert_eq!(frozen, [0, 180, 360, 540]);
    }

    #[test]
    fn high_gain_saturates() {
        let image = CAMERA.report(5.0, &vec![600.0; FRAME_PIXELS], 0.0);
        assert!(
            image
                .iter()
                .all(|celsius| celsius.to_bits() == 140.0_f32.to_bits())
        );
    }
}
