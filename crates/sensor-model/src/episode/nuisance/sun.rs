//! Sunlight: warm patches with sharp edges, and glints on shiny objects.

use super::super::Setting;
use super::super::canvas::{Canvas, Outline, Shape};
use super::super::draw::{Draw, Wobble};

/// A patch on the floor or a wall, 6 to 40 K above its surroundings, that moves with the sun.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct SunPatch {
    shape: Shape,
    /// Pixels per second: the sun moves 15 degrees an hour.
    drift: f32,
    kelvin: f64,
    clouds: Wobble,
    /// 0: clear sky, 1: broken clouds.
    cloudiness: f64,
}

impl SunPatch {
    pub(super) fn draw(_: &Setting<'_>, draw: &mut Draw) -> Self {
        let outline = Outline::Box {
            lean: draw.uniform(-0.8, 0.8) as f32,
        };
        let centre = (draw.uniform(10.0, 150.0), draw.uniform(40.0, 110.0));
        Self {
            shape: Shape::new(
                outline,
                centre,
                (draw.log_uniform(3.0, 30.0), draw.log_uniform(3.0, 22.0)),
            ),
            drift: draw.uniform(-0.08, 0.08) as f32,
            kelvin: draw.log_uniform(6.0, 40.0),
            clouds: Wobble::new(draw.seed(), draw.log_uniform(0.01, 0.12)),
            cloudiness: draw.uniform(0.0, 1.0) * draw.uniform(0.0, 1.0),
        }
    }

    pub(super) fn paint(&self, time_s: f64, canvas: &mut Canvas) {
        let shape = Shape {
            x: self.shape.x + self.drift * time_s as f32,
            ..self.shape
        };
        let clouded = (0.5 - 1.5 * self.clouds.at(time_s)).clamp(0.0, 1.0);
        let kelvin = self.kelvin * (1.0 - self.cloudiness * clouded);
        canvas.warm(&shape, kelvin);
    }
}

/// The reflection of the sun or a hot lamp in metal or glass: small, bright, and never still for long.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Glint {
    shape: Shape,
    /// Apparent temperature in a perfect mirror, C.
    celsius: f64,
    reflectance: f64,
    sway: Wobble,
    /// Pixels to either side.
    amplitude: f64,
}

impl Glint {
    pub(super) fn draw(setting: &Setting<'_>, draw: &mut Draw) -> Self {
        let spot = setting.site.camera.spot(
            draw.uniform(1.5, setting.site.depth_m),
            draw.uniform(0.3, 1.6),
            draw.uniform(-0.9, 0.9),
        );
        Self {
            shape: Shape::ellipse(
                (spot.x, spot.y),
                (draw.log_uniform(0.3, 4.0), draw.log_uniform(0.3, 3.0)),
            ),
            celsius: draw.log_uniform(60.0, 400.0),
            reflectance: draw.log_uniform(0.1, 0.9),
            sway: Wobble::new(draw.seed(), draw.log_uniform(0.05, 3.0)),
            amplitude: draw.log_uniform(0.1, 6.0),
        }
    }

    pub(super) fn paint(&self, time_s: f64, canvas: &mut Canvas) {
        let sway = self.sway.at(time_s);
        let shape = Shape {
            x: self.shape.x + (self.amplitude * sway) as f32,
            ..self.shape
        };
        let emissivity = self.reflectance * (0.75 + 0.25 * self.sway.at(time_s + 100.0));
        canvas.cover(&shape, self.celsius, emissivity);
    }
}
