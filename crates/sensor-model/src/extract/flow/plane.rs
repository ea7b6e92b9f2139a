//! Planes of numbers, rectangles on them, and sums over windows.

use std::ops::Range;

/// Radius of the window in pixels, without its centre.
pub(super) const RADIUS: usize = 3;
/// Number of pixels in the window of 7 x 7.
pub(super) const WINDOW_PIXELS: f32 = 49.0;

/// A number for each pixel of an image.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    values: Vec<f32>,
}

impl Plane {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            values: vec![0.0; width * height],
        }
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    pub(super) fn row(&self, y: usize) -> &[f32] {
        &self.values[y * self.width..][..self.width]
    }

    pub(super) fn row_mut(&mut self, y: usize) -> &mut [f32] {
        &mut self.values[y * self.width..][..self.width]
    }

    pub(super) fn fill(&mut self, values: impl Iterator<Item = f32>) {
        for (pixel, value) in self.values.iter_mut().zip(values) {
            *pixel = value;
        }
    }

    /// Sets each pixel to the mean of four pixels of `full`, which is twice as wide and high.
    pub(super) fn halve(&mut self, full: &Self) {
        for y in 0..self.height {
            let (upper, _) = full.row(2 * y).as_chunks::<2>();
            let (lower, _) = full.row(2 * y + 1).as_chunks::<2>();
            for ((pixel, [a, b]), [c, d]) in self.row_mut(y).iter_mut().zip(upper).zip(lower) {
                *pixel = 0.25 * ((a + b) + (c + d));
            }
        }
    }

    /// The bilinearly interpolated value at `(x, y)`; outside the image, the value at its border.
    pub(super) fn at(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (left, top) = (
            (x as usize).min(self.width - 2),
            (y as usize).min(self.height - 2),
        );
        let (along, down) = (x - left as f32, y - top as f32);
        let upper = &self.values[top * self.width + left..][..self.width + 2];
        let mix = |a: f32, b: f32| a + (b - a) * along;
        let (above, below) = (
            mix(upper[0], upper[1]),
            mix(upper[self.width], upper[self.width + 1]),
        );
        above + (below - above) * down
    }
}

/// A rectangle of pixels; `x1` and `y1` are exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) x0: usize,
    pub(super) x1: usize,
    pub(super) y0: usize,
    pub(super) y1: usize,
}

impl Region {
    /// The smallest rectangle around `region` and the given columns of row `y`, which is below it.
    pub(super) fn around(region: Option<Self>, columns: Range<usize>, y: usize) -> Self {
        let (x0, y0, x1) = region.map_or((columns.start, y, columns.end), |region| {
            (
                region.x0.min(columns.start),
                region.y0,
                region.x1.max(columns.end),
            )
        });
        Self {
            x0,
            x1,
            y0,
            y1: y + 1,
        }
    }

    /// Grows by `margin` on each side, within an image of this size.
    pub(super) fn grown(self, margin: usize, width: usize, height: usize) -> Self {
        Self {
            x0: self.x0.saturating_sub(margin),
            x1: (self.x1 + margin).min(width),
            y0: self.y0.saturating_sub(margin),
            y1: (self.y1 + margin).min(height),
        }
    }

    /// The same part of the image at half size.
    pub(super) fn halved(self) -> Self {
        Self {
            x0: self.x0 / 2,
            x1: self.x1.div_ceil(2),
            y0: self.y0 / 2,
            y1: self.y1.div_ceil(2),
        }
    }
}

/// Sums of the products of two planes over the window around each pixel.
///
/// Sums along the rows, then down the columns. Each sum is computed from its seven parts: a running sum would carry the
/// rounding errors of a hot spot to distant pixels.
#[derive(Clone, Debug, Default)]
pub(super) struct WindowSums {
    along: Vec<f32>,
    products: Vec<f32>,
    pairs: Vec<f32>,
    quads: Vec<f32>,
}

impl WindowSums {
    /// Fills `sums` over `region` with the window sums of `a` times `b`; outside the image the product is 0.
    pub(super) fn of_products(&mut self, [a, b]: [&Plane; 2], region: Region, sums: &mut Plane) {
        let around = region.grown(RADIUS, a.width, a.height);
        let columns = region.x1 - region.x0;
        // Rows of zeros above and below represent the outside of the image.
        self.along.clear();
        self.along
            .resize(columns * (region.y1 - region.y0 + 2 * RADIUS), 0.0);
        let first = around.y0 + RADIUS - region.y0;
        for (y, at) in (around.y0..around.y1).zip(first..) {
            self.along_row([a.row(y), b.row(y)], region, at * columns);
        }
        for y in region.y0..region.y1 {
            let from = (y - region.y0) * columns;
            let row = |number: usize| &self.along[from + number * columns..][..columns];
            let [r0, r1, r2, r3, r4, r5, r6] =
                [row(0), row(1), row(2), row(3), row(4), row(5), row(6)];
            let sums = &mut sums.row_mut(y)[region.x0..region.x1];
            for x in 0..columns {
                sums[x] = ((r0[x] + r1[x]) + (r2[x] + r3[x])) + ((r4[x] + r5[x]) + r6[x]);
            }
        }
    }

    /// Sums along one row, written to `along` from index `at`.
    fn along_row(&mut self, [a, b]: [&[f32]; 2], region: Region, at: usize) {
        let columns = region.x1 - region.x0;
        let padded = columns + 2 * RADIUS;
        self.products.clear();
        self.products.resize(padded, 0.0);
        self.pairs.resize(padded - 1, 0.0);
        self.quads.resize(padded - 3, 0.0);
        let (x0, x1) = (
            region.x0.saturating_sub(RADIUS),
            (region.x1 + RADIUS).min(a.len()),
        );
        let products = &mut self.products[x0 + RADIUS - region.x0..][..x1 - x0];
        for ((product, a), b) in products.iter_mut().zip(&a[x0..x1]).zip(&b[x0..x1]) {
            *product = a * b;
        }
        add(&self.products, &self.products[1..], &mut self.pairs);
        add(&self.pairs, &self.pairs[2..], &mut self.quads);
        let along = &mut self.along[at..][..columns];
        let rest = self.pairs[4..].iter().zip(&self.products[6..]);
        for ((sum, quad), (pair, product)) in along.iter_mut().zip(&self.quads).zip(rest) {
            *sum = quad + (pair + product);
        }
    }
}

/// `sums = a + b`, up to the shortest length.
fn add(a: &[f32], b: &[f32], sums: &mut [f32]) {
    for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
        *sum = a + b;
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::*;

    fn plane(width: usize, height: usize, value: impl Fn(usize, usize) -> f32) -> Plane {
        let mut plane = Plane::new(width, height);
        plane.fill((0..width * height).map(|at| value(at % width, at / width)));
        plane
    }

    #[test]
    fn window_sums_equal_direct_sums() {
        let (width, height) = (20, 14);
        let a = plane(width, height, |x, y| ((x * 7 + y * 13) % 11) as f32);
        let b = plane(width, height, |x, y| ((x * 5 + y * 3) % 7) as f32 - 3.0);
        let whole = Region {
            x0: 0,
            x1: width,
            y0: 0,
            y1: height,
        };
        let inside = Region {
            x0: 5,
            x1: 17,
            y0: 2,
            y1: 3,
        };
        for region in [whole, inside] {
            let mut sums = Plane::new(width, height);
            WindowSums::default().of_products([&a, &b], region, &mut sums);
            for (x, y) in
                (region.y0..region.y1).flat_map(|y| (region.x0..region.x1).map(move |x| (x, y)))
            {
                let window = Region {
                    x0: x,
                    x1: x + 1,
                    y0: y,
                    y1: y + 1,
                }
                .grown(RADIUS, width, height);
                let expected: f32 = (window.y0..window.y1)
                    .map(|y| {
                        (window.x0..window.x1)
                            .map(|x| a.row(y)[x] * b.row(y)[x])
                            .sum::<f32>()
                    })
                    .sum();
                assert_eq!(sums.row(y)[x], expected, "{x} {y} of {region:?}");
            }
        }
    }

    #[test]
    fn a_ramp_is_interpolated_between_pixels() {
        let ramp = plane(8, 6, |x, y| 2.0 * x as f32 + 10.0 * y as f32);
        for (x, y, expected) in [
            (0.0, 0.0, 0.0),
            (2.5, 1.25, 17.5),
            (7.0, 5.0, 64.0),
            (-3.0, 9.0, 50.0),
        ] {
            assert!((ramp.at(x, y) - expected).abs() < 1e-5, "{x} {y}");
        }
    }

    #[test]
    fn a_halved_image_keeps_its_means() {
        let full = plane(8, 6, |x, y| (x + 8 * y) as f32);
        let mut half = Plane::new(4, 3);
        half.halve(&full);
        assert_eq!(half.row(1)[2], (20.0 + 21.0 + 28.0 + 29.0) / 4.0);
    }
}
