//! Small hot things: kettles, heat guns, drinks, soldering irons, toasters, lamps, candles.

use super::super::Setting;
use super::super::activity::Activity;
use super::super::camera::Spot;
use super::super::canvas::{Canvas, Shape};
use super::super::draw::{Draw, Wobble};

#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Object {
    spot: Spot,
    on: Activity,
    air_c: f64,
    celsius: f64,
    emissivity: f64,
    /// Half width and half height, m.
    size_m: (f64, f64),
    /// How far a hand moves it to either side, m.
    moved_m: f64,
    /// How much it warms what is around or above it, K, and the radius, m.
    halo: (f64, f64),
    motion: Wobble,
}

impl Object {
    /// Any small hot thing.
    pub(super) fn draw(setting: &Setting<'_>, draw: &mut Draw) -> Self {
        let base = Self::kettle(setting, draw);
        let on = |rise_s: f64, fall_s: f64, draw: &mut Draw| {
            Activity::draw(setting.duration_s, rise_s, fall_s, draw)
        };
        match draw.below(5) {
            // A hot drink, which appears from one moment to the next.
            0 => Self {
                on: on(1.0, 900.0, draw),
                celsius: draw.uniform(45.0, 85.0),
                size_m: (0.04, 0.05),
                halo: (0.0, 0.1),
                ..base
            },
            // A soldering iron: a tip of a few millimetres, and a hand.
            1 => Self {
                on: on(25.0, 120.0, draw),
                celsius: draw.uniform(250.0, 420.0),
                emissivity: 0.5,
                size_m: (0.008, 0.02),
                moved_m: 0.15,
                halo: (6.0, 0.12),
                ..base
            },
            // A toaster: glowing slots over a warm body.
            2 => Self {
                on: on(20.0, 60.0, draw),
                celsius: draw.uniform(120.0, 450.0),
                size_m: (0.1, 0.02),
                halo: (18.0, 0.22),
                ..base
            },
            // A lamp.
            3 => Self {
                on: on(40.0, 100.0, draw),
                celsius: draw.uniform(80.0, 260.0),
                size_m: (0.04, 0.04),
                halo: (5.0, 0.25),
                ..base
            },
            // A candle: the same hot gases as a fire, but only 80 W and under control.
            _ => Self {
                on: on(2.0, 2.0, draw),
                celsius: 900.0,
                emissivity: draw.uniform(0.02, 0.06),
                size_m: (0.006, 0.02),
                moved_m: 0.004,
                halo: (2.0, 0.06),
                motion: Wobble::new(draw.seed(), 6.0),
                ..base
            },
        }
    }

    /// A kettle or pot of boiling water; the plume of steam above it moves.
    pub(super) fn kettle(setting: &Setting<'_>, draw: &mut Draw) -> Self {
        let site = setting.site;
        let distance_m = draw.uniform(1.2, (0.9 * site.depth_m).max(1.5));
        Self {
            spot: site
                .camera
                .spot(distance_m, draw.uniform(0.5, 1.3), draw.uniform(-0.9, 0.9)),
            on: Activity::draw(setting.duration_s, draw.uniform(30.0, 120.0), 400.0, draw),
            air_c: setting.air_c,
            celsius: draw.uniform(60.0, 100.0),
            emissivity: draw.uniform(0.4, 0.95),
            size_m: (0.08, 0.1),
            moved_m: 0.0,
            halo: (draw.uniform(8.0, 45.0), draw.uniform(0.1, 0.3)),
            motion: Wobble::new(draw.seed(), 2.0),
        }
    }

    /// A hair dryer or heat gun: a hot nozzle, and the spot that it is pointed at.
    pub(super) fn heat_gun(setting: &Setting<'_>, draw: &mut Draw) -> Self {
        Self {
            on: Activity::draw(setting.duration_s, 8.0, 40.0, draw),
            celsius: draw.log_uniform(80.0, 350.0),
            size_m: (0.025, 0.025),
            moved_m: draw.uniform(0.05, 0.4),
            halo: (draw.uniform(10.0, 70.0), 0.15),
            motion: Wobble::new(draw.seed(), draw.uniform(0.3, 1.5)),
            ..Self::kettle(setting, draw)
        }
    }

    pub(super) fn paint(&self, time_s: f64, canvas: &mut Canvas) {
        let level = self.on.level(time_s);
        if level <= 0.0 {
            return;
        }
        let metre = self.spot.scale;
        let motion = self.motion.at(time_s);
        let (x, y) = (self.spot.x + self.moved_m * motion * metre, self.spot.y);
        let (kelvin, radius_m) = self.halo;
        let above = Shape::hump(
            (x + 0.3 * radius_m * motion * metre, y - radius_m * metre),
            (radius_m * metre, 1.4 * radius_m * metre),
        );
        canvas.warm(&above, kelvin * level * (0.8 + 0.2 * motion));
        let body = Shape::ellipse((x, y), (self.size_m.0 * metre, self.size_m.1 * metre));
        let celsius = self.air_c + (self.celsius - self.air_c) * level;
        canvas.cover(&body, celsius, self.emissivity);
    }
}
