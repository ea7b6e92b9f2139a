//! Apparent motion: dense Lucas-Kanade flow on two pyramid levels.
//!
//! The displacement of a pixel is the least-squares solution of the linearised brightness constancy in a window of 7 x 7
//! pixels (Lucas and Kanade, "An iterative image registration technique", 1981), first at half size and then, starting
//! from that result, at full size (Bouguet, "Pyramidal implementation of the Lucas Kanade feature tracker", 2000).
//! Values are in degrees Celsius: normalising each image would turn the noise of an empty scene into motion.
//! Where the image has too little texture to determine the motion in every direction (the smaller eigenvalue of the
//! structure tensor is below a threshold), the flow is zero by definition. This holds for most pixels of most scenes, so
//! only rectangles around the others are processed, one for each band of rows with texture.

mod candidates;
mod lucas_kanade;
mod plane;

use super::quantile::sampled_median;
use super::statistics::Moments;
use crate::frame::{FRAME_HEIGHT, FRAME_PIXELS, FRAME_WIDTH};
use lucas_kanade::Level;
use plane::{RADIUS, Region, WINDOW_PIXELS};

/// Temperatures are clipped this far below the scene's median, in Celsius.
const CLIP_BELOW_C: f32 = 5.0;
/// And this far above it, so that a flame is a moving outline instead of a flickering brightness.
const CLIP_ABOVE_C: f32 = 60.0;
/// Maximum magnitude in pixels per second, about the fastest motion that two levels can track at 9 Hz.
const MAX_MAGNITUDE: f64 = 20.0;

/// Two images, row by row in Celsius, and the time between them in seconds.
#[derive(Clone, Copy)]
pub(super) struct Consecutive<'a> {
    pub(super) newest: &'a [f32],
    pub(super) previous: &'a [f32],
    pub(super) gap_s: f64,
}

/// Working memory for the flow of a pair of images, reused for the next pair.
#[derive(Clone, Debug)]
pub(super) struct OpticalFlow {
    fine: Level,
    coarse: Level,
}

impl OpticalFlow {
    pub(super) fn new() -> Self {
        Self {
            fine: Level::new(FRAME_WIDTH, FRAME_HEIGHT),
            coarse: Level::new(FRAME_WIDTH / 2, FRAME_HEIGHT / 2),
        }
    }

    /// Mean and standard deviation of the magnitude in pixels per second over all pixels; `gradient_c` is the minimum
    /// root mean square gradient (C/px) in every direction.
    pub(super) fn magnitude(&mut self, images: Consecutive, gradient_c: f32) -> Moments {
        let floor = WINDOW_PIXELS * gradient_c * gradient_c;
        let median = sampled_median(images.newest);
        let clip = |value: f32| value.clamp(median - CLIP_BELOW_C, median + CLIP_ABOVE_C);
        self.fine
            .newest
            .fill(images.newest.iter().map(|&value| clip(value)));
        let bands = self.fine.textured(floor);
        if bands.is_empty() {
            return Moments {
                mean: 0.0,
                std: 0.0,
            };
        }
        self.fine
            .previous
            .fill(images.previous.iter().map(|&value| clip(value)));
        self.coarse.halve(&self.fine);
        let mut sums = Sums::default();
        for band in bands {
            // The next band may overwrite the flow around this one, so this one is summed first.
            self.solve(band, floor);
            self.add(band, images.gap_s, &mut sums);
        }
        sums.moments()
    }

    /// Fills the fine level's flow over `region`.
    fn solve(&mut self, region: Region, floor: f32) {
        // The windows extend beyond the region, so they need the coarse flow around it.
        let around = region.grown(RADIUS, FRAME_WIDTH, FRAME_HEIGHT);
        let coarse = around.halved();
        self.coarse.prepare(coarse);
        self.coarse.rest();
        self.coarse.step(coarse, floor);
        self.fine.start_from(&self.coarse, around);
        // One step is enough: a second one changes the flow of sharp edges by 3 %, and of a soft scene by less than 1 %.
        self.fine.step(region, floor);
    }

    /// Adds the magnitudes of a region.
    fn add(&self, region: Region, gap_s: f64, sums: &mut Sums) {
        for y in region.y0..region.y1 {
            let flow = [&self.fine.u, &self.fine.v].map(|part| &part.row(y)[region.x0..region.x1]);
            // Most pixels are at rest and add nothing.
            let moving = std::iter::zip(flow[0], flow[1]).filter(|(u, v)| **u != 0.0 || **v != 0.0);
            for (&u, &v) in moving {
                let magnitude = f64::from(u * u + v * v).sqrt() / gap_s;
                let magnitude = magnitude.min(MAX_MAGNITUDE);
                sums.magnitudes += magnitude;
                sums.squares += magnitude * magnitude;
            }
        }
    }
}

/// Sums over the moving pixels.
#[derive(Default)]
struct Sums {
    magnitudes: f64,
    squares: f64,
}

impl Sums {
    /// Mean and standard deviation over all pixels of the image.
    fn moments(&self) -> Moments {
        let mean = self.magnitudes / FRAME_PIXELS as f64;
        let variance = self.squares / FRAME_PIXELS as f64 - mean * mean;
        Moments {
            mean,
            // Rounding may make the variance of a uniform motion negative.
            std: variance.max(0.0).sqrt(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::*;

    /// Seconds between images.
    const GAP_S: f64 = 0.115;

    /// An image of a temperature over the plane.
    fn image(celsius: impl Fn(f32, f32) -> f32) -> Vec<f32> {
        (0..FRAME_PIXELS)
            .map(|at| celsius((at % FRAME_WIDTH) as f32, (at / FRAME_WIDTH) as f32))
            .collect()
    }

    fn flow(previous: &[f32], newest: &[f32], gap_s: f64) -> Moments {
        let images = Consecutive {
            newest,
            previous,
            gap_s,
        };
        OpticalFlow::new().magnitude(images, 0.05)
    }

    /// Flow of a scene that moves by `(dx, dy)` pixels between the images.
    fn moved(scene: impl Fn(f32, f32) -> f32, (dx, dy): (f32, f32)) -> Moments {
        flow(&image(&scene), &image(|x, y| scene(x - dx, y - dy)), GAP_S)
    }

    /// Texture around every pixel, smooth at the scale of the window.
    fn texture(x: f32, y: f32) -> f32 {
        22.0 + 2.0 * (x / 3.0).sin() + 2.0 * (y / 3.5 + 1.0).sin() + (x / 5.0 + y / 4.0).sin()
    }

    /// A warm square with the soft edge that a lens gives.
    fn square(x: f32, y: f32) -> f32 {
        let edge = |at: f32| 1.0 / (1.0 + (-2.0 * (10.0 - (at - 60.0).abs())).exp());
        22.0 + 12.0 * edge(x) * edge(y)
    }

    #[test]
    fn a_moving_scene_has_the_flow_of_its_motion() {
        for shift in [
            (0.25, 0.0),
            (0.0, 0.5),
            (1.0, -1.0),
            (-1.5, 0.5),
            (2.0, 0.0),
        ] {
            let expected = f64::from(shift.0).hypot(f64::from(shift.1)) / GAP_S;
            let Moments { mean, std } = moved(texture, shift);
            assert!(
                (mean / expected - 1.0).abs() < 0.04,
                "{shift:?}: {mean} {expected}"
            );
            // What enters at the border was not in the previous image.
            assert!(std < 0.2 * expected, "{shift:?}: {std} of {expected}");
        }
    }

    #[test]
    fn a_moving_square_has_the_flow_of_its_corners() {
        // Around each corner of a hard-edged square, half of the windows see both edges; along a straight edge
        // nothing can be told of a motion. So about 4 x 8 x 8 pixels move, more with a lower floor.
        for shift in [0.5_f32, 1.0, 2.0] {
            let speed = f64::from(shift) / GAP_S;
            let moving = moved(square, (shift, 0.0)).mean * FRAME_PIXELS as f64 / speed;
            assert!((250.0..450.0).contains(&moving), "{shift}: {moving} px");
        }
    }

    #[test]
    fn a_still_scene_has_no_flow() {
        assert_eq!(moved(texture, (0.0, 0.0)).mean, 0.0);
        assert_eq!(moved(square, (0.0, 0.0)).mean, 0.0);
        assert_eq!(moved(|_, _| 22.0, (1.0, 1.0)).mean, 0.0);
    }

    /// A fine pattern that is another one for each seed.
    fn noise(celsius: f32, seed: f32) -> Vec<f32> {
        image(|x, y| 22.0 + celsius * ((x * 12.9 + y * 78.2 + seed).sin() * 437.0).sin())
    }

    #[test]
    fn noise_without_texture_is_not_motion() {
        assert_eq!(flow(&noise(0.05, 0.0), &noise(0.05, 1.0), GAP_S).mean, 0.0);
    }

    #[test]
    fn the_magnitude_stops_at_the_cap() {
        let Moments { mean, std } = flow(&noise(20.0, 0.0), &noise(20.0, 1.0), 0.03);
        assert!(mean > 10.0 && mean <= 20.0 && std <= 10.0, "{mean} {std}");
    }

    #[test]
    fn reused_memory_does_not_affect_the_result() {
        let squares = [image(square), image(|x, y| square(x - 1.0, y))];
        let textures = [image(texture), image(|x, y| texture(x - 1.0, y - 1.0))];
        let mut used = OpticalFlow::new();
        let [first, second] = [&textures, &squares].map(|[previous, newest]| {
            let images = Consecutive {
                newest,
                previous,
                gap_s: GAP_S,
            };
            used.magnitude(images, 0.05)
        });
        assert_ne!(first, second);
        assert_eq!(second, flow(&squares[0], &squares[1], GAP_S));
    }
}
