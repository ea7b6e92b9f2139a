//! The image under construction: what the camera would see without noise.

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
    /// A box whose columns lean by so many pixels per row.
    Box { lean: f32 },
    /// A hump that fades to nothing at the radius: surfaces warmed by something near them.
    Hump,
}

/// What a shape does to the pixels that it covers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Paint {
    /// A surface of that temperature; with an emissivity below 1, what lies behind shines through.
    Surface { celsius: f64, emissivity: f64 },
    /// Warms what is there.
    Warmth { kelvin: f64 },
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

    /// Share of the pixel at an offset from the centre that the shape covers.
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

    /// The shape widened to what the optics can resolve, and the share of it that is really covered.
    ///
    /// A point smaller than a pixel is spread over about one (the lens's point spread); its energy stays the same.
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
    /// By how much the picture has moved since the camera was set up.
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

    /// Starts an image: the background, seen by a camera that has moved by `shift` pixels.
    pub(super) fn start(&mut self, background: &Background, ceiling_k: f64, shift: (i32, i32)) {
        self.shift = shift;
        background.copy(&mut self.pixels, ceiling_k as f32, shift);
    }

    pub(super) fn pixels(&self) -> &[f32] {
        &self.pixels
    }

    /// Paints a shape; says by how much it changed the pixel that it changed most.
    pub(super) fn paint(&mut self, shape: &Shape, paint: Paint) -> f32 {
        let (shape, filled) = shape.resolved();
        match paint {
            Paint::Warmth { kelvin } => {
                let kelvin = kelvin as f32 * filled;
                self.each(&shape, |pixel, cover| pixel + kelvin * cover)
            }
            Paint::Surface {
                celsius,
                emissivity,
            } => {
                let (band, opacity) = (self.band, emissivity as f32 * filled);
                let front = band.radiance(celsius as f32);
                self.each(&shape, |pixel, cover| {
                    band.mixed(pixel, front, opacity * cover)
                })
            }
        }
    }

    /// Lets `change` say what each covered pixel becomes.
    fn each(&mut self, shape: &Shape, change: impl Fn(f32, f32) -> f32) -> f32 {
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

/// First pixel and end of what a shape can touch.
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
            canvas.paint(&shape, Paint::Warmth { kelvin: 1.0 });
            let found = f64::from(warmth(&canvas));
            assert!(
                (found / expected - 1.0).abs() < 0.12,
                "{shape:?}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn a_point_far_away_keeps_its_energy() {
        let sum = |radius| {
            let mut canvas = canvas();
            canvas.paint(
                &Shape::ellipse((80.0, 60.0), (radius, radius)),
                Paint::Warmth { kelvin: 100.0 },
            );
            warmth(&canvas)
        };
        let share = sum(0.1) / sum(0.4);
        assert!((share - 1.0 / 16.0).abs() < 0.01, "{share}");
    }

    #[test]
    fn what_lies_outside_the_image_is_cut_off() {
        for centre in [(-50.0, 60.0), (80.0, 500.0), (159.0, 119.0), (-3.0, -3.0)] {
            let mut canvas = canvas();
            let largest = canvas.paint(
                &Shape::ellipse(centre, (5.0, 5.0)),
                Paint::Warmth { kelvin: 1.0 },
            );
            assert_eq!(largest > 0.0, warmth(&canvas) > 0.0, "{centre:?}");
        }
    }
}
