//! Cooking: a pan on an electric or gas hob, an oven door, and occasionally a flare-up.

use super::super::Setting;
use super::super::activity::Activity;
use super::super::camera::Spot;
use super::super::canvas::{Canvas, Shape};
use super::super::draw::{Draw, Wobble};

/// Height of a hob above the floor, m.
const HOB_M: f64 = 0.9;

#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Cooking {
    hob: Spot,
    on: Activity,
    /// Height of the pan's image relative to its width: 1 from above, less from the side.
    flatness: f64,
    pan_c: f64,
    air_c: f64,
    gas: Option<Gas>,
    /// When the oven door is opened and closed, s.
    oven_s: Option<(f64, f64)>,
    stirring: Wobble,
}

/// A gas hob: flames without soot, and CO2.
#[derive(Clone, Copy, Debug)]
struct Gas {
    heat_kw: f64,
    /// When fat or spirit in the pan flares up and goes out, s. Controlled, so not labelled as fire.
    flare_s: Option<(f64, f64)>,
}

impl Cooking {
    pub(super) fn draw(setting: &Setting<'_>, draw: &mut Draw) -> Self {
        let site = setting.site;
        let distance_m = draw.uniform(1.2, (0.8 * site.depth_m).max(1.6));
        let moment = |share: f64, draw: &mut Draw| {
            let start = setting.duration_s * draw.uniform(0.1, 0.9);
            draw.chance(share)
                .then(|| (start, start + draw.log_uniform(2.0, 12.0)))
        };
        let gas = draw.chance(0.5).then(|| Gas {
            heat_kw: draw.uniform(1.0, 8.0),
            flare_s: moment(0.2, draw),
        });
        let above = (site.camera.height_m - HOB_M).max(0.0);
        Self {
            hob: site.camera.spot(distance_m, HOB_M, draw.uniform(-0.8, 0.8)),
            on: Activity::draw(setting.duration_s, draw.uniform(30.0, 150.0), 200.0, draw),
            flatness: (above / distance_m).clamp(0.15, 0.9),
            // Water keeps a pan at 100 C; frying reaches 250.
            pan_c: draw.uniform(95.0, 250.0),
            air_c: setting.air_c,
            gas,
            oven_s: moment(0.25, draw),
            stirring: Wobble::new(draw.seed(), 0.7),
        }
    }

    /// Methane: 0.050 kg/MJ.
    pub(super) fn co2_kg_s(&self, time_s: f64) -> f64 {
        match self.gas {
            Some(gas) if self.on.is_on(time_s) => 0.05 * gas.heat_kw / 1_000.0,
            _ => 0.0,
        }
    }

    pub(super) fn paint(&self, time_s: f64, canvas: &mut Canvas) {
        let metre = self.hob.scale;
        let level = self.on.level(time_s);
        if within(self.oven_s, time_s) {
            let oven = Shape::upright_box(
                (self.hob.x, self.hob.y + 0.45 * metre),
                (0.24 * metre, 0.18 * metre),
            );
            canvas.cover(&oven, self.air_c + 140.0 * level.max(0.5), 0.9);
        }
        let pan = Shape::ellipse(
            (self.hob.x, self.hob.y),
            (0.13 * metre, 0.13 * metre * self.flatness),
        );
        let stirred = 1.0 + 0.08 * self.stirring.at(time_s);
        let pan_c = self.air_c + (self.pan_c - self.air_c) * level * stirred;
        // Between bare metal, which radiates little, and food or enamel.
        canvas.cover(&pan, pan_c, 0.75);
        let steam = Shape::hump(
            (self.hob.x, self.hob.y - 0.3 * metre),
            (0.2 * metre, 0.35 * metre),
        );
        canvas.warm(&steam, 9.0 * level * (1.0 + self.stirring.at(time_s)));
        self.paint_gas(time_s, canvas);
    }

    fn paint_gas(&self, time_s: f64, canvas: &mut Canvas) {
        let Some(gas) = self.gas else { return };
        if !self.on.is_on(time_s) {
            return;
        }
        let metre = self.hob.scale;
        let flicker = self.stirring.at_rate(6.0);
        // A ring of small blue flames, of which the camera sees the near side.
        let ring = Shape::upright_box(
            (self.hob.x, self.hob.y + 0.05 * metre),
            (0.12 * metre, 0.015 * metre),
        );
        let emissivity = 0.02 + 0.01 * gas.heat_kw / 8.0 * (1.0 + flicker.at(time_s));
        canvas.cover(&ring, 1_000.0, emissivity);
        if within(gas.flare_s, time_s) {
            let high = 0.25 * (1.0 + 0.4 * flicker.at(time_s));
            let flare = Shape::ellipse(
                (self.hob.x, self.hob.y - high * metre),
                (0.1 * metre, high * metre),
            );
            canvas.cover(&flare, 850.0, 0.15);
        }
    }
}

fn within(span: Option<(f64, f64)>, time_s: f64) -> bool {
    span.is_some_and(|(start, end)| (start..end).contains(&time_s))
}
