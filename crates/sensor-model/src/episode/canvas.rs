//! The image being painted: what the camera would see without noise.

use crate::frame::{FRAME_HEIGHT, FRAME_PIXELS, FRAME_WIDTH};

use super::background::Background;
use super::radiometry::Band;

/// A region of the image; positions and radii in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) outline: Outline,
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) rx: f32,
    pub(super) ry: f32,
}

/// How much of each pixel a shape covers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outline {
    /// An ellipse with a sharp edge, one pixel wide in the image.
    Ellipse,
    /// A box whose sides lean by this many pixels per row.
    Box { lean: f32 },
    /// Fades to nothing at the radius, like surfaces warmed by something nearby.
    Hump,
}

impl Shape {
    pub(super) fn new(outline: Outline, (x, y): (f64, f64), (rx, ry): (f64, f64)) -> Self {
        Self {
            outline,
            x: x as f32,
            y: y as f32,
            rx: rx.max(0.0) as f32,
            ry: ry.max(0.0) as f32,
        }
    }

    pub(super) fn ellipse(centre: (f64, f64), radii: (f64, f64)) -> Self {
        Self::new(Outline::Ellipse, centre, radii)
    }

    pub(super) fn upright_box(centre: (f64, f64), radii: (f64, f64)) -> Self {
        Self::new(Outline::Box { lean: 0.0 }, centre, radii)
    }

    pub(super) fn hump(centre: (f64, f64), radii: (f64, f64)) -> Self {
        Self::new(Outline::Hump, centre, radii)
    }

    /// The share of the pixel at this offset from the centre that the shape covers.
    #[inline]
    fn coverage(&self, dx: f32, dy: f32) -> f32 {
        match self.outline {
            Outline::Ellipse => {
                let (u, v) = (dx / self.rx, dy / self.ry);
                ((1.0 - (u * u + v * v).sqrt()) * self.rx.min(self.ry) + 0.5).clamp(0.0, 1.0)
            }
            Outline::Box { lean } => {
                let across = (self.rx - (dx - lean * dy).abs() + 0.5).clamp(0.0, 1.0);
                across * (self.ry - dy.abs() + 0.5).clamp(0.0, 1.0)
            }
            Outline::Hump => {
                let (u, v) = (dx / self.rx, dy / self.ry);
                let left = (1.0 - u * u - v * v).max(0.0);
                left * left
            }
        }
    }

    /// The shape widened to what the optics can resolve, and the share of the wider shape that it really covers.
    ///
    /// The lens spreads a point smaller than a pixel over about one pixel; its energy stays the same.
    fn resolved(&self) -> (Self, f32) {
        const RESOLVED: f32 = 0.75;
        let wide = Self {
            rx: self.rx.max(RESOLVED),
            ry: self.ry.max(RESOLVED),
            ..*self
        };
        (wide, self.rx * self.ry / (wide.rx * wide.ry))
    }
}

/// The pixels, in degrees Celsius.
pub(super) struct Canvas {
    pixels: Vec<f32>,
    /// The displacement of the image since the camera was set up.
    shift: (i32, i32),
    band: &'static Band,
}

impl Canvas {
    pub(super) fn new() -> Self {
        Self {
            pixels: vec![0.0; FRAME_PIXELS],
            shift: (0, 0),
            band: Band::table(),
        }
    }

    /// Starts an image with the background, as seen by a camera that has moved by `shift` pixels.
    pub(super) fn start(&mut self, background: &Background, ceiling_k: f64, shift: (i32, i32)) {
        self.shift = shift;
        background.copy(&mut self.pixels, ceiling_k as f32, shift);
    }

    pub(super) fn pixels(&self) -> &[f32] {
        &self.pixels
    }

    /// Warms the pixels of a shape; returns the largest change of a pixel.
    pub(super) fn warm(&mut self, shape: &Shape, kelvin: f64) -> f32 {
        let (shape, filled) = shape.resolved();
        let kelvin = kelvin as f32 * filled;
        self.change(&shape, |pixel, cover| pixel + kelvin * cover)
    }

    /// Covers a shape with a surface; returns the largest change of a pixel. With an emissivity below 1, what is behind
    /// it shines through.
    pub(super) fn cover(&mut self, shape: &Shape, celsius: f64, emissivity: f64) -> f32 {
        let (shape, filled) = shape.resolved();
        let (band, opacity) = (self.band, emissivity as f32 * filled);
        let front = band.radiance(celsius as f32);
        self.change(&shape, |pixel, cover| {
            band.mixed(pixel, front, opacity * cover)
        })
    }

    /// Replaces each covered pixel by `change` of its value and its covered share; returns the largest change.
    fn change(&mut self, shape: &Shape, change: impl Fn(f32, f32) -> f32) -> f32 {
        let (x, y) = (shape.x + self.shift.0 as f32, shape.y + self.shift.1 as f32);
        let lean = match shape.outline {
            Outline::Box { lean } => (lean * shape.ry).abs(),
            _ => 0.0,
        };
        let (left, right) = span(x, shape.rx + lean, FRAME_WIDTH);
        let (top, bottom) = span(y, shape.ry, FRAME_HEIGHT);
        let mut largest: f32 = 0.0;
        for row in top..bottom {
            let pixels =
                &mut self.pixels[row * FRAME_WIDTH + left..row * FRAME_WIDTH + right.max(left)];
            for (column, pixel) in (left..).zip(pixels) {
                let cover = shape.coverage(column as f32 - x, row as f32 - y);
                if cover > 0.0 {
                    let changed = change(*pixel, cover);
                    largest = largest.max((changed - *pixel).abs());
                    *pixel = changed;
                }
            }
        }
        largest
    }
}

/// The range of pixels that a shape can touch, from the first to one past the last.
fn span(centre: f32, radius: f32, size: usize) -> (usize, usize) {
    let first = (centre - radius - 1.0).floor().clamp(0.0, size as f32);
    let end = (centre + radius + 2.0).ceil().clamp(0.0, size as f32);
    (first as usize, end as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas() -> Canvas {
        let mut canvas = Canvas::new();
        canvas.start(&Background::plain(20.0), 0.0, (0, 0));
        canvas
    }

    fn warmth(canvas: &Canvas) -> f32 {
        canvas.pixels().iter().map(|pixel| pixel - 20.0).sum()
    }

    #[test]
    fn shapes_cover_their_area() {
        let circle = std::f64::consts::PI;
        let cases = [
            (Shape::ellipse((80.0, 60.0), (10.0, 10.0)), circle * 100.0),
            (Shape::ellipse((80.0, 60.0), (3.0, 20.0)), circle * 60.0),
            (Shape::upright_box((80.3, 60.2), (8.0, 5.0)), 160.0),
            (
                Shape::new(Outline::Box { lean: 0.5 }, (80.0, 60.0), (8.0, 5.0)),
                160.0,
            ),
            (
                Shape::hump((80.0, 60.0), (10.0, 10.0)),
                circle * 100.0 / 3.0,
            ),
        ];
        for (shape, expected) in cases {
            let mut canvas = canvas();
            canvas.warm(&shape, 1.0);
            let found = f64::from(warmth(&canvas));
            assert!(
                (found / expected - 1.0).abs() < 0.12,
                "{shape:?}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn a_distant_point_keeps_its_energy() {
        let sum = |radius| {
            let mut canvas = canvas();
            canvas.warm(&Shape::ellipse((80.0, 60.0), (radius, radius)), 100.0);
            warmth(&canvas)
        };
        let share = sum(0.1) / sum(0.4);
        assert!((share - 1.0 / 16.0).abs() < 0.01, "{share}");
    }

    #[test]
    fn shapes_are_clipped_at_the_border() {
        for centre in [(-50.0, 60.0), (80.0, 500.0), (159.0, 119.0), (-3.0, -3.0)] {
            let mut canvas = canvas();
            let largest = canvas.warm(&Shape::ellipse(centre, (5.0, 5.0)), 1.0);
            assert_eq!(largest > 0.0, warmth(&canvas) > 0.0, "{centre:?}");
        }
    }
}
