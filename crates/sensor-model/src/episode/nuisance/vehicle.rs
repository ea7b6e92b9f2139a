//! A car, a forklift, a generator: warm bodywork, hot exhaust, CO2.

use super::super::Setting;
use super::super::camera::Spot;
use super::super::canvas::{Canvas, Shape};
use super::super::draw::{Draw, Wobble};

#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Vehicle {
    ground: Spot,
    /// Size relative to a car.
    size: f64,
    body_c: f64,
    exhaust_c: f64,
    /// How far it drives to either side, pixels.
    roam: f64,
    path: Wobble,
    /// When the engine starts, s.
    running_from_s: f64,
    co2_kg_s: f64,
}

impl Vehicle {
    pub(super) fn draw(setting: &Setting<'_>, draw: &mut Draw) -> Self {
        let depth_m = setting.site.depth_m;
        let distance_m = draw.uniform(0.4, 0.95) * depth_m.max(3.5);
        let camera = setting.site.camera;
        let ground = camera.spot(distance_m, 0.0, draw.uniform(-0.8, 0.8));
        let drives = draw.chance(0.6);
        let roam = if drives {
            draw.uniform(15.0, 120.0)
        } else {
            0.3
        };
        let pace_m_s = draw.uniform(0.3, 2.0);
        let size = draw.uniform(0.4, 1.0) * (depth_m / 8.0).min(1.0);
        Self {
            ground,
            size,
            body_c: setting.air_c + draw.uniform(3.0, 25.0),
            exhaust_c: draw.log_uniform(55.0, 220.0),
            roam,
            path: Wobble::new(
                draw.seed(),
                if drives {
                    pace_m_s * ground.scale / roam
                } else {
                    5.0
                },
            ),
            running_from_s: draw.uniform(-0.5, 0.8) * setting.duration_s,
            // An idling car burns about 0.6 L of petrol an hour, 2.3 kg CO2 per litre; small engines less.
            co2_kg_s: size * draw.log_uniform(0.5e-4, 4e-4),
        }
    }

    pub(super) fn co2_kg_s(&self, time_s: f64) -> f64 {
        if time_s >= self.running_from_s {
            self.co2_kg_s
        } else {
            0.0
        }
    }

    pub(super) fn paint(&self, time_s: f64, canvas: &mut Canvas) {
        let metre = self.ground.scale * self.size;
        let x = self.ground.x + self.roam * self.path.at(time_s);
        let at = |right: f64, up: f64| (x + right * metre, self.ground.y - up * metre);
        // The engine warms up within minutes.
        let warm = 1.0 - libm::exp(-(time_s - self.running_from_s).max(0.0) / 90.0);
        let body = Shape::upright_box(at(0.0, 0.7), (0.9 * metre, 0.45 * metre));
        canvas.cover(&body, self.body_c, 0.85);
        let hood = Shape::upright_box(at(0.55, 0.75), (0.3 * metre, 0.2 * metre));
        canvas.cover(&hood, self.body_c + 30.0 * warm, 0.85);
        let exhaust_c = self.body_c + (self.exhaust_c - self.body_c).max(0.0) * warm;
        let exhaust = Shape::ellipse(at(-0.8, 0.25), (0.06 * metre, 0.05 * metre));
        canvas.cover(&exhaust, exhaust_c, 0.85);
        let plume = Shape::hump(at(-1.0, 0.2), (0.35 * metre, 0.2 * metre));
        canvas.warm(&plume, 8.0 * warm);
    }
}
