//! The spatial gradient of the temperature.

/// The Sobel kernels yield eight times the slope per pixel.
const SOBEL_SCALE: f32 = 1.0 / 8.0;

/// Sobel gradients of an image, row by row, in its units per pixel.
///
/// The border is reflected (`d c b a | a b c d`), as scipy does by default.
#[derive(Clone, Debug, Default)]
pub(super) struct Sobel {
    // Column sums for a row, one pixel wider than the image on both sides.
    smooth: Vec<f32>,
    step: Vec<f32>,
}

impl Sobel {
    /// Gradients of row `y` of an image of rows of `dx.len()` pixels: along the row, and down the columns.
    pub(super) fn row(&mut self, image: &[f32], y: usize, [dx, dy]: [&mut [f32]; 2]) {
        let width = dx.len();
        let row = |y: usize| &image[y * width..][..width];
        let last = image.len() / width - 1;
        self.across([row(y.saturating_sub(1)), row(y), row((y + 1).min(last))]);
        for ((dx, before), after) in dx.iter_mut().zip(&self.smooth).zip(&self.smooth[2..]) {
            *dx = (after - before) * SOBEL_SCALE;
        }
        let (before, here, after) = (&self.step, &self.step[1..], &self.step[2..]);
        for (((dy, before), here), after) in dy.iter_mut().zip(before).zip(here).zip(after) {
            *dy = (before + 2.0 * here + after) * SOBEL_SCALE;
        }
    }

    /// Applies the parts of the kernels that run down the columns.
    fn across(&mut self, [above, row, below]: [&[f32]; 3]) {
        let width = row.len();
        self.smooth.resize(width + 2, 0.0);
        self.step.resize(width + 2, 0.0);
        let sums = self.smooth[1..].iter_mut().zip(&mut self.step[1..]);
        let pixels = above.iter().zip(row).zip(below);
        for ((smooth, step), ((above, here), below)) in sums.zip(pixels) {
            *smooth = above + 2.0 * here + below;
            *step = below - above;
        }
        for padded in [&mut self.smooth, &mut self.step] {
            padded[0] = padded[1];
            padded[width + 1] = padded[width];
        }
    }
}

/// Magnitude of the gradient at each pixel of an image with rows of `width` pixels.
pub(super) fn magnitudes(image: &[f32], width: usize) -> Vec<f32> {
    let mut sobel = Sobel::default();
    let (mut dx, mut dy) = (vec![0.0; width], vec![0.0; width]);
    let mut magnitudes = vec![0.0; image.len()];
    for (y, row) in magnitudes.chunks_exact_mut(width).enumerate() {
        sobel.row(image, y, [&mut dx, &mut dy]);
        for ((magnitude, dx), dy) in row.iter_mut().zip(&dx).zip(&dy) {
            *magnitude = (dx * dx + dy * dy).sqrt();
        }
    }
    magnitudes
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_of_a_ramp_is_its_slope_and_half_of_it_at_the_border() {
        // 3 C per pixel to the right, 4 C per pixel downwards.
        let (width, height) = (8, 6);
        let image: Vec<_> = (0..width * height)
            .map(|at| 3.0 * (at % width) as f32 + 4.0 * (at / width) as f32)
            .collect();
        let found = magnitudes(&image, width);
        assert_eq!(found[2 * width + 3], 5.0);
        assert_eq!(found[2 * width], (1.5_f32 * 1.5 + 16.0).sqrt());
        assert_eq!(found[3], (9.0_f32 + 4.0).sqrt());
    }

    #[test]
    fn a_uniform_image_has_no_gradient() {
        assert!(magnitudes(&[21.3; 48], 8).iter().all(|&m| m == 0.0));
    }
}
