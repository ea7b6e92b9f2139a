//! The fire of an episode: how it grows, and how it looks to the camera.

use super::Setting;
use super::camera::Spot;
use super::canvas::{Canvas, Shape};
use super::combustion::{FlameSize, Growth, ceiling_jet_k};
use super::draw::{Draw, Wobble};
use super::scenario::Scenario;

/// Heat of combustion of wood that smoulders, kJ/g (SFPE handbook: 10 to 15 for chars and foams).
const SMOULDER_KJ_G: f64 = 12.0;
/// Maximum number of slices of a flame; a slice is at least 1.5 pixels high.
const SLICES: f64 = 14.0;

/// The kind of combustion, as far as the camera can tell.
#[derive(Clone, Copy, Debug)]
enum Burning {
    /// Flames over a bed of fuel.
    Flames {
        /// Temperature of the flames, C.
        flame_c: f64,
        /// Absorption by soot per metre: emissivity = 1 - exp(-soot * thickness).
        soot_per_m: f64,
        /// Temperature of the burning surface, C.
        bed_c: f64,
        /// Share of that surface in view: small in a waste bin, all of it on the floor.
        bed_share: f64,
    },
    /// A glowing or charring patch.
    Smoulder {
        /// Temperature of the visible surface, C.
        surface_c: f64,
        /// Radius of the patch at ignition, m.
        radius_m: f64,
        /// Growth of the radius, m/s.
        spread_m_s: f64,
    },
}

/// The hidden state of a fire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fire {
    growth: Growth,
    burning: Burning,
    spot: Spot,
    /// Something in front of the fire hides it up to this height above its base, m.
    hidden_m: f64,
    /// CO2 per unit of heat, kg/MJ.
    co2_kg_mj: f64,
    /// Height of the ceiling above the fire's base, and distance from the fire to the visible part of it, m.
    ceiling_m: f64,
    ceiling_distance_m: f64,
    flicker: Wobble,
}

impl Fire {
    /// A random fire of this scenario.
    pub(super) fn draw(
        scenario: Scenario,
        ignition_s: f64,
        setting: &Setting<'_>,
        draw: &mut Draw,
    ) -> Self {
        let site = setting.site;
        let distance_m = match scenario {
            Scenario::FlamingNear => draw.uniform(1.2, site.depth_m.min(4.5)),
            Scenario::FlamingFar => site.depth_m * draw.uniform(0.6, 1.0),
            _ => draw.uniform(1.5_f64.min(0.5 * site.depth_m), 0.9 * site.depth_m),
        };
        let base_m = draw.uniform(0.0, 1.0) * draw.uniform(0.0, 1.2);
        let (growth, burning) = match scenario {
            Scenario::Smouldering => smoulder(ignition_s, draw),
            Scenario::LiquidPool => pool(ignition_s, draw),
            _ => flames(scenario, ignition_s, setting.severity, draw),
        };
        Self {
            growth,
            burning,
            spot: site
                .camera
                .spot(distance_m, base_m, draw.uniform(-0.9, 0.9)),
            hidden_m: hidden(scenario, setting.severity, draw),
            // Cellulose 0.10, plastics and hydrocarbons 0.065 to 0.08; smouldering gives CO instead.
            co2_kg_mj: match scenario {
                Scenario::Smouldering => draw.uniform(0.02, 0.05),
                _ => draw.uniform(0.065, 0.105),
            },
            ceiling_m: site.ceiling_m - base_m.min(1.0),
            ceiling_distance_m: 0.25 * site.depth_m,
            flicker: Wobble::new(draw.seed(), 1.0),
        }
    }

    /// Heat release rate, kW.
    pub(super) fn heat_kw(&self, time_s: f64) -> f64 {
        self.growth.heat_kw(time_s)
    }

    /// CO2 emission, kg/s.
    pub(super) fn co2_kg_s(&self, time_s: f64) -> f64 {
        self.co2_kg_mj * self.heat_kw(time_s) / 1_000.0
    }

    /// Temperature rise of the ceiling's surface, K.
    ///
    /// Half of the jet's temperature (an assumption: the surface also loses heat to the board behind it), reached
    /// within about two minutes.
    pub(super) fn ceiling_k(&self, time_s: f64) -> f64 {
        let heat = self.heat_kw(time_s);
        if heat <= 0.0 {
            return 0.0;
        }
        0.5 * ceiling_jet_k(heat, self.ceiling_m, self.ceiling_distance_m)
            * self.warmed_up(time_s, 120.0)
    }

    /// Paints the fire; returns the largest change of a pixel, C.
    pub(super) fn paint(&self, time_s: f64, canvas: &mut Canvas) -> f32 {
        let heat = self.heat_kw(time_s);
        if heat <= 0.0 {
            return 0.0;
        }
        let warmed = self.paint_surroundings(time_s, heat, canvas);
        let seen = match self.burning {
            Burning::Flames { .. } => self.paint_flames(time_s, heat, canvas),
            Burning::Smoulder { .. } => self.paint_patch(time_s, canvas),
        };
        warmed.max(seen)
    }

    /// The share of its final temperature rise that a surface near the fire has reached, with this time constant.
    fn warmed_up(&self, time_s: f64, constant_s: f64) -> f64 {
        1.0 - libm::exp(-(time_s - self.growth.ignition_s) / constant_s)
    }

    /// Floor, wall and furniture around the fire, warmed by its radiation even if the flames are hidden.
    ///
    /// At 0.3 m from 10 kW the flux is about 3 kW/m2, which keeps a dull surface 50 to 100 K above the air. The rise
    /// grows with the square root of the heat (assumption), the area with the size of the flame.
    fn paint_surroundings(&self, time_s: f64, heat: f64, canvas: &mut Canvas) -> f32 {
        let flame = FlameSize::of(heat);
        let (reaching, radius_m) = if self.hidden_m > 0.0 {
            (0.12, 0.5 + flame.height_m)
        } else {
            (1.0, 0.15 + 1.2 * flame.diameter_m)
        };
        let kelvin = reaching * (15.0 * libm::sqrt(heat)).min(200.0) * self.warmed_up(time_s, 90.0);
        let radius = radius_m * self.spot.scale;
        let above = self.hidden_m * self.spot.scale;
        let shape = Shape::hump((self.spot.x, self.spot.y - above), (radius, 0.7 * radius));
        canvas.warm(&shape, kelvin)
    }

    fn paint_patch(&self, time_s: f64, canvas: &mut Canvas) -> f32 {
        let Burning::Smoulder {
            surface_c,
            radius_m,
            spread_m_s,
        } = self.burning
        else {
            return 0.0;
        };
        let burning_s = time_s - self.growth.ignition_s;
        let radius = (radius_m + spread_m_s * burning_s) * self.spot.scale;
        // Draughts make the glow vary by a few percent.
        let glow = 1.0 + 0.06 * self.flicker.at_rate(0.3).at(time_s);
        let celsius = 20.0 + (surface_c - 20.0) * self.warmed_up(time_s, 40.0) * glow;
        let shape = Shape::ellipse((self.spot.x, self.spot.y), (radius, 0.6 * radius));
        canvas.cover(&shape, celsius, 0.9)
    }

    fn paint_flames(&self, time_s: f64, heat: f64, canvas: &mut Canvas) -> f32 {
        let Burning::Flames {
            flame_c,
            soot_per_m,
            bed_c,
            bed_share,
        } = self.burning
        else {
            return 0.0;
        };
        let flame = FlameSize::of(heat);
        let flicker = self.flicker.at_rate(2.0 * flame.flicker_hz());
        let scale = self.spot.scale;
        let height = flame.height_m * (1.0 + 0.3 * flicker.at(time_s));
        let slices = (height * scale / 1.5).clamp(1.0, SLICES).ceil();
        let half_slice = 0.5 * height * scale / slices;
        let mut largest = if self.hidden_m > 0.0 {
            0.0
        } else {
            self.paint_bed(&flame, (bed_c, bed_share), canvas)
        };
        for slice in 0..slices as u32 {
            let up = (f64::from(slice) + 0.5) / slices;
            if up * height < self.hidden_m {
                continue;
            }
            // Eddies rise, so the tip does now what the base did a moment ago.
            let here = flicker.at(time_s - up / flame.flicker_hz());
            let half_width = 0.5 * flame.diameter_m * libm::sqrt(1.0 - up) * (1.0 + 0.25 * here);
            let sway = 0.3
                * flame.diameter_m
                * up
                * flicker.at_rate(flame.flicker_hz()).at(time_s + 0.2 * up);
            // The tip is there only part of the time.
            let present = (1.6 - up + 0.6 * here).clamp(0.0, 1.0);
            let emissivity = present * (1.0 - libm::exp(-soot_per_m * 2.0 * half_width));
            let centre = (
                self.spot.x + sway * scale,
                self.spot.y - up * height * scale,
            );
            let shape = Shape::upright_box(centre, (half_width * scale, half_slice));
            largest = largest.max(canvas.cover(&shape, flame_c, emissivity));
        }
        largest
    }

    fn paint_bed(
        &self,
        flame: &FlameSize,
        (celsius, emissivity): (f64, f64),
        canvas: &mut Canvas,
    ) -> f32 {
        let radius = 0.5 * flame.diameter_m * self.spot.scale;
        let shape = Shape::ellipse((self.spot.x, self.spot.y), (radius, 0.35 * radius));
        canvas.cover(&shape, celsius, emissivity)
    }
}

/// A growing fire of solid fuel.
fn flames(
    scenario: Scenario,
    ignition_s: f64,
    severity: f64,
    draw: &mut Draw,
) -> (Growth, Burning) {
    let (lowest, highest, paces) = match scenario {
        Scenario::FlamingNear => (10.0, 400.0, [0.003, 0.0117, 0.0469]),
        Scenario::FlamingFar => (1.0, 60.0, [0.000_7, 0.003, 0.0117]),
        _ => (8.0, 250.0, [0.003, 0.0117, 0.0469]),
    };
    let growth = Growth {
        ignition_s,
        // Handbooks give 0 to 600 s; episodes last minutes, so fires with a long incubation would never grow.
        incubation_s: draw.log_uniform(2.0, 90.0),
        first_kw: draw.log_uniform(0.15, 1.5),
        alpha: draw.one_of(paces) * draw.log_uniform(0.7, 1.4),
        peak_kw: draw.log_uniform(lowest, lowest + (highest - lowest) * (1.0 - 0.7 * severity)),
    };
    let burning = Burning::Flames {
        // Turbulent diffusion flames: 1000 to 1250 K in the visible part (SFPE handbook).
        flame_c: draw.uniform(730.0, 980.0),
        // 0.4 (wood) to 2.5 (plastics) per metre.
        soot_per_m: draw.log_uniform(0.4, 2.5),
        bed_c: draw.uniform(320.0, 480.0),
        bed_share: draw.log_uniform(0.02, 0.9),
    };
    (growth, burning)
}

/// A pool of liquid, fully burning within seconds.
fn pool(ignition_s: f64, draw: &mut Draw) -> (Growth, Burning) {
    let growth = Growth {
        ignition_s,
        incubation_s: draw.uniform(0.0, 3.0),
        first_kw: draw.uniform(0.5, 3.0),
        alpha: 0.1876 * draw.log_uniform(1.0, 10.0),
        peak_kw: draw.log_uniform(3.0, 250.0),
    };
    let burning = Burning::Flames {
        flame_c: draw.uniform(750.0, 1_000.0),
        // Alcohols burn with almost no soot, fuels with a lot.
        soot_per_m: draw.one_of([0.25, 0.4, 1.5, 2.6]),
        // The surface of a liquid cannot be hotter than its boiling point.
        bed_c: draw.uniform(75.0, 170.0),
        bed_share: 0.9,
    };
    (growth, burning)
}

/// A smouldering fire: 1 to 5 g/min from a patch that spreads slowly (0.05 to 0.2 mm/s, Ohlemiller).
fn smoulder(ignition_s: f64, draw: &mut Draw) -> (Growth, Burning) {
    let grams_per_s = draw.log_uniform(1.0, 5.0) / 60.0;
    let peak_kw = grams_per_s * SMOULDER_KJ_G;
    let growth = Growth {
        ignition_s,
        incubation_s: 0.0,
        first_kw: 0.3 * peak_kw,
        alpha: peak_kw / 1e4,
        peak_kw,
    };
    let burning = Burning::Smoulder {
        // A buried front is a warm spot, an exposed one glows at 600 to 700 K.
        surface_c: draw.log_uniform(55.0, 420.0),
        radius_m: draw.log_uniform(0.008, 0.04),
        spread_m_s: draw.log_uniform(5e-5, 2e-4),
    };
    (growth, burning)
}

/// The height of the objects in front of the fire, m.
fn hidden(scenario: Scenario, severity: f64, draw: &mut Draw) -> f64 {
    if scenario == Scenario::FlamingOccluded {
        draw.uniform(0.1, 0.3 + 0.8 * severity)
    } else {
        0.0
    }
}
