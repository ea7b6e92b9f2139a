//! A person who sits, stands or walks.

use super::super::Setting;
use super::super::camera::Spot;
use super::super::canvas::{Canvas, Shape};
use super::super::draw::{Draw, Wobble};

/// CO2 of a sedentary adult, kg/s: 0.0052 L/s (Persily and de Jonge 2017) of 1.84 kg/m3.
const CO2_KG_S: f64 = 0.0052e-3 * 1.84;

#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Person {
    feet: Spot,
    /// How far they move to either side, pixels, and how that varies with time.
    roam: f64,
    path: Wobble,
    skin_c: f64,
    clothes_c: f64,
    /// Share of the radiation that reaches the camera: 1 directly, less by reflection in glass or metal.
    seen: f64,
    exertion: f64,
}

impl Person {
    pub(super) fn draw(setting: &Setting<'_>, draw: &mut Draw) -> Self {
        let distance_m = draw.uniform(
            1.5_f64.min(0.5 * setting.site.depth_m),
            0.9 * setting.site.depth_m,
        );
        let feet = setting
            .site
            .camera
            .spot(distance_m, 0.0, draw.uniform(-0.7, 0.7));
        let walks = draw.chance(0.6);
        let roam = if walks {
            draw.uniform(20.0, 110.0)
        } else {
            draw.uniform(0.5, 4.0)
        };
        // The wobble covers its whole range about once per period, so speed and range determine the period.
        let pace_m_s = if walks { draw.uniform(0.2, 1.3) } else { 0.03 };
        Self {
            feet,
            roam,
            path: Wobble::new(draw.seed(), pace_m_s * feet.scale / roam),
            skin_c: draw.uniform(31.0, 35.5),
            clothes_c: setting.air_c + (33.0 - setting.air_c) * draw.uniform(0.3, 0.7),
            seen: 1.0,
            exertion: if walks { draw.uniform(1.2, 2.5) } else { 1.0 },
        }
    }

    /// A person mirrored in a window or a metal surface, which reflects 10 to 35 % in this band.
    pub(super) fn mirrored(setting: &Setting<'_>, draw: &mut Draw) -> Self {
        Self {
            seen: draw.uniform(0.1, 0.35),
            ..Self::draw(setting, draw)
        }
    }

    pub(super) fn co2_kg_s(&self) -> f64 {
        CO2_KG_S * self.exertion
    }

    pub(super) fn paint(&self, time_s: f64, canvas: &mut Canvas) {
        let x = self.feet.x + self.roam * self.path.at(time_s);
        // Walking moves the body up and down by two centimetres.
        let bob = 0.02 * self.path.at_rate(2.0).at(time_s);
        let metre = self.feet.scale;
        let part = |up: f64| (x, self.feet.y - (up + bob) * metre);
        let limbs = [
            (
                Shape::upright_box(part(0.4), (0.13 * metre, 0.4 * metre)),
                self.clothes_c - 1.0,
            ),
            (
                Shape::ellipse(part(1.1), (0.24 * metre, 0.36 * metre)),
                self.clothes_c,
            ),
            (
                Shape::ellipse(part(1.6), (0.09 * metre, 0.13 * metre)),
                self.skin_c,
            ),
        ];
        for (shape, celsius) in limbs {
            canvas.cover(&shape, celsius, 0.97 * self.seen);
        }
    }
}
