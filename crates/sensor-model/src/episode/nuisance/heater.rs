//! Radiators, glowing heaters and stoves.

use super::super::Setting;
use super::super::activity::Activity;
use super::super::camera::Spot;
use super::super::canvas::{Canvas, Shape};
use super::super::draw::{Draw, Wobble};

#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Heater {
    kind: Kind,
    spot: Spot,
    on: Activity,
    celsius: f64,
    air_c: f64,
    /// Flicker of a stove's flames, or the thermostat's cycle.
    rhythm: Wobble,
    /// CO2 at full power, kg/s.
    co2_kg_s: f64,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Radiator,
    /// Glowing bars.
    Infrared,
    /// Flames behind glass, which is opaque in this band, so the camera sees the glass's temperature.
    Stove,
}

impl Heater {
    pub(super) fn draw(setting: &Setting<'_>, draw: &mut Draw) -> Self {
        let site = setting.site;
        let distance_m = draw.uniform(1.5_f64.min(0.5 * site.depth_m), site.depth_m);
        let kind = draw.one_of([Kind::Radiator, Kind::Infrared, Kind::Stove]);
        let (height_m, celsius, rise_s, rhythm_hz) = match kind {
            Kind::Radiator => (0.4, draw.uniform(45.0, 80.0), 240.0, 0.004),
            Kind::Infrared => (
                draw.uniform(0.2, 2.0),
                draw.log_uniform(150.0, 650.0),
                12.0,
                0.01,
            ),
            Kind::Stove => (0.5, draw.uniform(80.0, 300.0), 300.0, 2.0),
        };
        let gas = matches!(kind, Kind::Infrared) && draw.chance(0.3);
        Self {
            kind,
            spot: site
                .camera
                .spot(distance_m, height_m, draw.uniform(-0.9, 0.9)),
            on: Activity::draw(setting.duration_s, rise_s, 2.0 * rise_s, draw),
            celsius,
            air_c: setting.air_c,
            rhythm: Wobble::new(draw.seed(), rhythm_hz),
            // An unvented gas heater of 3 kW at 0.050 kg/MJ; a stove's gas leaves through the chimney.
            co2_kg_s: if gas { 0.05 * 0.003 } else { 0.0 },
        }
    }

    pub(super) fn co2_kg_s(&self, time_s: f64) -> f64 {
        if self.on.is_on(time_s) {
            self.co2_kg_s
        } else {
            0.0
        }
    }

    pub(super) fn paint(&self, time_s: f64, canvas: &mut Canvas) {
        let rhythm = self.rhythm.at(time_s);
        let metre = self.spot.scale;
        let at = |up: f64| (self.spot.x, self.spot.y - up * metre);
        let level = self.on.level(time_s);
        let celsius = |share: f64| self.air_c + (self.celsius - self.air_c) * level * share;
        // Air that rises from the heater warms the wall above it.
        let wall = Shape::hump(at(0.7), (0.5 * metre, 0.6 * metre));
        canvas.warm(&wall, 6.0 * level);
        match self.kind {
            Kind::Radiator => {
                let panel = Shape::upright_box(at(0.0), (0.5 * metre, 0.3 * metre));
                canvas.cover(&panel, celsius(1.0 + 0.12 * rhythm), 0.9);
            }
            Kind::Infrared => {
                for bar in [-0.08, 0.08] {
                    let shape = Shape::upright_box(at(bar), (0.2 * metre, 0.012 * metre));
                    // The thermostat switches the bars off for a while.
                    canvas.cover(&shape, celsius((1.2 + rhythm).clamp(0.3, 1.0)), 0.9);
                }
            }
            Kind::Stove => {
                let body = Shape::upright_box(at(0.0), (0.3 * metre, 0.4 * metre));
                canvas.cover(&body, celsius(0.4), 0.9);
                let glass = Shape::upright_box(at(0.05), (0.18 * metre, 0.15 * metre));
                canvas.cover(&glass, celsius(1.0 + 0.02 * rhythm), 0.9);
            }
        }
    }
}
