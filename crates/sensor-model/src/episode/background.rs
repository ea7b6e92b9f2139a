//! The room before anything happens, painted once per episode.

use crate::frame::{FRAME_HEIGHT, FRAME_WIDTH};

use super::draw::{Draw, hashed};

/// Pixels beyond each border, so that a camera that was knocked still sees a room.
const MARGIN: usize = 8;
/// The farthest that an image can move.
pub(super) const LARGEST_SHIFT: i32 = MARGIN as i32;
const WIDTH: usize = FRAME_WIDTH + 2 * MARGIN;
const HEIGHT: usize = FRAME_HEIGHT + 2 * MARGIN;

/// The look of a room in the long-wave infrared; temperatures are relative to the air.
///
/// The contrasts are assumptions, fitted so that the spread and gradient of the images match the real indoor
/// recording in `lepton35_y16`; a test compares them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texture {
    seed: u64,
    /// Difference between ceiling and floor, K.
    stratification_k: f64,
    /// Contrast of large patches (walls, sunlit or outer surfaces), K.
    patches_k: f64,
    /// Contrast of furniture, K.
    furniture_k: f64,
    pieces: u64,
}

impl Texture {
    pub(super) fn draw(draw: &mut Draw) -> Self {
        // One factor for all contrasts, because bare rooms are bare in every respect.
        let contrast = draw.log_uniform(0.6, 2.4);
        Self {
            seed: draw.seed(),
            stratification_k: contrast * draw.uniform(0.5, 2.5),
            patches_k: contrast * draw.uniform(0.7, 1.8),
            furniture_k: contrast * draw.uniform(0.8, 1.8),
            pieces: 4 + draw.below(9),
        }
    }
}

/// The image of the room, with a margin around it.
pub(super) struct Background {
    celsius: Vec<f32>,
    /// The share of the ceiling's warming that each pixel gets.
    ceiling: Vec<f32>,
}

impl Background {
    /// The room at an air temperature; `ceiling_row` is the row where the wall ends, which may be above the image.
    pub(super) fn paint(texture: &Texture, air_c: f64, ceiling_row: f64) -> Self {
        let mut celsius = Vec::with_capacity(WIDTH * HEIGHT);
        let mut ceiling = Vec::with_capacity(WIDTH * HEIGHT);
        for row in 0..HEIGHT {
            let height = 0.5 - row as f64 / HEIGHT as f64;
            let stratified = air_c + texture.stratification_k * height;
            // The upper wall warms with the ceiling, less with each row below it (an assumption).
            let below = row as f64 - MARGIN as f64 - ceiling_row;
            ceiling.extend([libm::exp(-below.max(0.0) / 20.0) as f32; WIDTH]);
            celsius.extend([stratified as f32; WIDTH]);
        }
        let mut room = Self { celsius, ceiling };
        room.add_noise(texture.seed, 44, texture.patches_k);
        room.add_noise(texture.seed ^ 1, 13, 0.3 * texture.patches_k);
        room.add_furniture(texture);
        room.add_fixed_pattern(texture.seed ^ 2);
        room
    }

    /// A room of uniform temperature.
    #[cfg(test)]
    pub(super) fn plain(celsius: f32) -> Self {
        Self {
            celsius: vec![celsius; WIDTH * HEIGHT],
            ceiling: vec![1.0; WIDTH * HEIGHT],
        }
    }

    /// Fills a frame with the room, whose ceiling has warmed by `ceiling_k`.
    pub(super) fn copy(&self, frame: &mut [f32], ceiling_k: f32, shift: (i32, i32)) {
        let [left, top] =
            [shift.0, shift.1].map(|by| (LARGEST_SHIFT - by).clamp(0, 2 * LARGEST_SHIFT) as usize);
        for (row, line) in frame.chunks_exact_mut(FRAME_WIDTH).enumerate() {
            let from = (row + top) * WIDTH + left;
            let source = &self.celsius[from..from + FRAME_WIDTH];
            if ceiling_k > 0.0 {
                let weights = &self.ceiling[from..from + FRAME_WIDTH];
                for ((pixel, celsius), weight) in line.iter_mut().zip(source).zip(weights) {
                    *pixel = celsius + weight * ceiling_k;
                }
            } else {
                line.copy_from_slice(source);
            }
        }
    }

    /// Adds smooth patches: random values on a grid of `cell` pixels, with interpolation between them.
    fn add_noise(&mut self, seed: u64, cell: usize, contrast_k: f64) {
        let knot = |x: usize, y: usize| hashed(seed, (y * 64 + x) as i64);
        let blend = |at: usize| {
            let share = (at % cell) as f64 / cell as f64;
            share * share * (3.0 - 2.0 * share)
        };
        for y in 0..HEIGHT {
            let (row, down) = (y / cell, blend(y));
            let knots: Vec<f64> = (0..=WIDTH / cell + 1)
                .map(|x| knot(x, row) + (knot(x, row + 1) - knot(x, row)) * down)
                .collect();
            let line = &mut self.celsius[y * WIDTH..(y + 1) * WIDTH];
            for (x, pixel) in line.iter_mut().enumerate() {
                let [a, b] = [knots[x / cell], knots[x / cell + 1]];
                *pixel += (contrast_k * (a + (b - a) * blend(x))) as f32;
            }
        }
    }

    /// Adds boxes that are a little warmer or cooler than the wall: furniture, doors, windows, equipment.
    fn add_furniture(&mut self, texture: &Texture) {
        for piece in 0..texture.pieces as i64 {
            let value = |n: i64| 0.5 + 0.5 * hashed(texture.seed ^ 3, piece * 8 + n);
            let (width, height) = (6.0 + 45.0 * value(0), 6.0 + 45.0 * value(1));
            let (left, top) = (
                value(2) * WIDTH as f64 - width / 2.0,
                value(3) * HEIGHT as f64 - height / 2.0,
            );
            let kelvin = (texture.furniture_k * hashed(texture.seed ^ 3, piece * 8 + 4)) as f32;
            let clip = |low: f64, size: f64, limit: usize| {
                let end = (low + size).clamp(0.0, limit as f64) as usize;
                (low.clamp(0.0, limit as f64) as usize, end)
            };
            let ((x0, x1), (y0, y1)) = (clip(left, width, WIDTH), clip(top, height, HEIGHT));
            for y in y0..y1 {
                for (x, pixel) in (x0..).zip(&mut self.celsius[y * WIDTH + x0..y * WIDTH + x1]) {
                    // The lens blurs an edge over about two pixels.
                    let inside = (x - x0).min(x1 - 1 - x).min(y - y0).min(y1 - 1 - y);
                    *pixel += kelvin * if inside == 0 { 0.5 } else { 1.0 };
                }
            }
        }
    }

    /// Adds the differences between pixels that remain after a flat-field correction: 0.03 C (an assumption, below the
    /// camera's sensitivity).
    fn add_fixed_pattern(&mut self, seed: u64) {
        for (at, pixel) in self.celsius.iter_mut().enumerate() {
            *pixel += 0.05 * hashed(seed, at as i64) as f32;
        }
    }
}
