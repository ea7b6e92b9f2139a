//! One level of the pyramid.

use std::ops::Range;

use super::candidates::candidates;
use super::plane::{Plane, RADIUS, Region, WindowSums};
use crate::extract::gradient::Sobel;

/// Maximum number of rows without texture within a band. Around a smaller gap, the windows of two separate bands would
/// overlap and be computed twice.
const BAND_GAP: usize = 2 * RADIUS;

/// Two images of one size and the displacement from the newest to the previous one.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) newest: Plane,
    pub(super) previous: Plane,
    /// Displacement along the rows, in pixels of this level.
    pub(super) u: Plane,
    /// Displacement down the columns.
    pub(super) v: Plane,
    gradient: [Plane; 2],
    tensor: Tensor,
    change: Plane,
    pull: [Plane; 2],
    sums: WindowSums,
    sobel: Sobel,
}

/// Window sums of the products of the gradient with itself: how much texture there is, and in which directions.
#[derive(Clone, Debug)]
struct Tensor {
    xx: Plane,
    xy: Plane,
    yy: Plane,
}

impl Level {
    pub(super) fn new(width: usize, height: usize) -> Self {
        let plane = || Plane::new(width, height);
        Self {
            newest: plane(),
            previous: plane(),
            u: plane(),
            v: plane(),
            gradient: [plane(), plane()],
            tensor: Tensor {
                xx: plane(),
                xy: plane(),
                yy: plane(),
            },
            change: plane(),
            pull: [plane(), plane()],
            sums: WindowSums::default(),
            sobel: Sobel::default(),
        }
    }

    /// Sets both images to those of the level of twice the size, at half size.
    pub(super) fn halve(&mut self, full: &Self) {
        self.newest.halve(&full.newest);
        self.previous.halve(&full.previous);
    }

    /// Computes the gradient and structure tensor of the newest image where texture may be, and returns the smallest
    /// rectangles around all pixels whose smaller eigenvalue is at least `floor`, one for each band of rows, from the top.
    pub(super) fn textured(&mut self, floor: f32) -> Vec<Region> {
        self.differentiate(0..self.newest.height);
        let Some(candidates) = candidates(self.gradient.each_ref(), floor) else {
            return Vec::new();
        };
        self.sum_products(candidates);
        let mut bands: Vec<Region> = Vec::new();
        for y in candidates.y0..candidates.y1 {
            let columns = candidates.x0..candidates.x1;
            let Some(columns) = self.tensor.textured_in_row(y, columns, floor) else {
                continue;
            };
            match bands.last_mut() {
                Some(band) if y <= band.y1 + BAND_GAP => {
                    *band = Region::around(Some(*band), columns, y);
                }
                _ => bands.push(Region::around(None, columns, y)),
            }
        }
        bands
    }

    /// Computes the gradient and structure tensor of the newest image in `region`.
    pub(super) fn prepare(&mut self, region: Region) {
        let around = region.grown(RADIUS, self.newest.width, self.newest.height);
        self.differentiate(around.y0..around.y1);
        self.sum_products(region);
    }

    fn differentiate(&mut self, rows: Range<usize>) {
        let [dx, dy] = &mut self.gradient;
        for y in rows {
            self.sobel
                .row(self.newest.values(), y, [dx.row_mut(y), dy.row_mut(y)]);
        }
    }

    fn sum_products(&mut self, region: Region) {
        let [dx, dy] = &self.gradient;
        self.sums.of_products([dx, dx], region, &mut self.tensor.xx);
        self.sums.of_products([dx, dy], region, &mut self.tensor.xy);
        self.sums.of_products([dy, dy], region, &mut self.tensor.yy);
    }

    /// Sets the displacement to zero everywhere.
    pub(super) fn rest(&mut self) {
        self.u.fill(std::iter::repeat(0.0));
        self.v.fill(std::iter::repeat(0.0));
    }

    /// Sets the displacement in `region` to that of the level of half the size.
    pub(super) fn start_from(&mut self, half: &Self, region: Region) {
        for y in region.y0..region.y1 {
            for (to, from) in [(&mut self.u, &half.u), (&mut self.v, &half.v)] {
                let from = from.row(y / 2);
                let to = &mut to.row_mut(y)[region.x0..region.x1];
                for (x, to) in (region.x0..region.x1).zip(to) {
                    *to = 2.0 * from[x / 2];
                }
            }
        }
    }

    /// Improves the displacement in `region`.
    ///
    /// The previous image is linearised around the current displacement `g`, so the improved one `d` must satisfy
    /// `gradient * d = newest(p) - previous(p + g) + gradient * g` at all pixels `p` of the window.
    pub(super) fn step(&mut self, region: Region, floor: f32) {
        let around = region.grown(RADIUS, self.newest.width, self.newest.height);
        for y in around.y0..around.y1 {
            self.change_in_row(y, around);
        }
        for (gradient, pull) in self.gradient.iter().zip(&mut self.pull) {
            self.sums
                .of_products([gradient, &self.change], region, pull);
        }
        for y in region.y0..region.y1 {
            let pull = self.pull.each_ref().map(|pull| pull.row(y));
            let flow = [self.u.row_mut(y), self.v.row_mut(y)];
            self.tensor
                .solve_row(y, floor, (region.x0..region.x1, pull, flow));
        }
    }

    /// The right-hand side of the equation of [`step`](Self::step).
    fn change_in_row(&mut self, y: usize, region: Region) {
        let (newest, previous) = (self.newest.row(y), self.previous.row(y));
        let [dx, dy] = self.gradient.each_ref().map(|gradient| gradient.row(y));
        let (u, v) = (self.u.row(y), self.v.row(y));
        let change = self.change.row_mut(y);
        for x in region.x0..region.x1 {
            // Most pixels are at rest, and the interpolation is the most expensive part.
            change[x] = if u[x] == 0.0 && v[x] == 0.0 {
                newest[x] - previous[x]
            } else {
                let moved = self.previous.at(x as f32 + u[x], y as f32 + v[x]);
                newest[x] - moved + dx[x] * u[x] + dy[x] * v[x]
            };
        }
    }
}

impl Tensor {
    /// The columns from the first to the last textured pixel of a row.
    fn textured_in_row(&self, y: usize, columns: Range<usize>, floor: f32) -> Option<Range<usize>> {
        let [xx, xy, yy] =
            [&self.xx, &self.xy, &self.yy].map(|plane| &plane.row(y)[columns.clone()]);
        let mut textured = xx
            .iter()
            .zip(xy)
            .zip(yy)
            .map(|((&xx, &xy), &yy)| is_textured([xx, xy, yy], floor));
        // Test the whole row first, without branches: most rows have no textured pixel.
        if !textured.clone().fold(false, |any, textured| any | textured) {
            return None;
        }
        let first = textured.clone().position(|textured| textured)?;
        let last = textured.rposition(|textured| textured)?;
        Some(columns.start + first..columns.start + last + 1)
    }

    /// Solves the two equations of each pixel in a row; the displacement of a pixel without texture is 0.
    fn solve_row(
        &self,
        y: usize,
        floor: f32,
        (columns, [pull_x, pull_y], [u, v]): (Range<usize>, [&[f32]; 2], [&mut [f32]; 2]),
    ) {
        let (xx, xy, yy) = (self.xx.row(y), self.xy.row(y), self.yy.row(y));
        for x in columns {
            let determinant = xx[x] * yy[x] - xy[x] * xy[x];
            let textured = is_textured([xx[x], xy[x], yy[x]], floor);
            let inverse = if textured { 1.0 / determinant } else { 0.0 };
            u[x] = (yy[x] * pull_x[x] - xy[x] * pull_y[x]) * inverse;
            v[x] = (xx[x] * pull_y[x] - xy[x] * pull_x[x]) * inverse;
        }
    }
}

/// Whether the smaller eigenvalue of `[[xx, xy], [xy, yy]]` is at least `floor`, which is above 0.
///
/// This is the case if the matrix minus `floor` on its diagonal has no negative eigenvalue, which needs no square root.
fn is_textured([xx, xy, yy]: [f32; 3], floor: f32) -> bool {
    let (a, b) = (xx - floor, yy - floor);
    let smaller = |a: f32, b: f32| if a < b { a } else { b };
    // One comparison instead of three, so that a row is tested without a branch per pixel.
    smaller(smaller(a, b), a * b - xy * xy) >= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texture_is_measured_by_the_smaller_eigenvalue() {
        // Eigenvalues by hand: of [[5, 3], [3, 5]] they are 2 and 8.
        let cases = [
            ([5.0, 3.0, 5.0], 2.0, true),
            ([5.0, 3.0, 5.0], 2.1, false),
            ([9.0, 0.0, 0.5], 1.0, false),
            ([0.5, 0.0, 0.5], 1.0, false),
            ([1.0, 0.0, 1.0], 1.0, true),
        ];
        for (tensor, floor, expected) in cases {
            assert_eq!(is_textured(tensor, floor), expected, "{tensor:?} {floor}");
        }
    }
}
