//! The hidden state of an episode: everything that determines what the sensors measure.

use super::Purpose;
use super::background::Background;
use super::canvas::Canvas;
use super::co2_sensor::Scd41;
use super::draw::{Draw, Part, Wobble};
use super::electronics::Electronics;
use super::faults::Fault;
use super::fire::Fire;
use super::header::Header;
use super::nuisance::Nuisance;
use super::params::CheckedEpisodeParams;
use super::room::{Air, OUTDOOR_PPM, Room, Sources};
use super::scenario::Scenario;
use super::site::Site;

/// Slow change of the air temperature (heating, doors): K in either direction, and its rate in Hz.
const AIR_DRIFT: (f64, f64) = (0.6, 0.004);
/// How long the sources of CO2 have been active before the episode begins, s.
const BEFORE_S: i32 = 120;

/// The properties of a room and episode that the things in it depend on.
pub(super) struct Setting<'a> {
    pub(super) site: &'a Site,
    pub(super) air_c: f64,
    pub(super) duration_s: f64,
    pub(super) severity: f64,
}

/// The hidden state of one episode.
pub(super) struct Hidden {
    site: Site,
    background: Background,
    air_drift: Wobble,
    pub(super) fire: Option<Fire>,
    nuisances: Vec<Nuisance>,
    pub(super) faults: Vec<Fault>,
    electronics: Electronics,
    /// CO2 at the start, ppm, and the emission that keeps it there, kg/s.
    start_ppm: f64,
    base_kg_s: f64,
    co2_seed: u64,
    /// How long gas takes from the fire to the CO2 sensor, s.
    gas_travel_s: f64,
}

impl Hidden {
    /// Draws the hidden state of the episode with this header.
    pub(super) fn draw(
        params: &CheckedEpisodeParams,
        seed: u64,
        purpose: Purpose,
        header: &Header,
    ) -> Self {
        let site = Site::draw(seed, purpose, header.site);
        let mut draw = Draw::new(seed, purpose, Part::Hidden, header.episode.index());
        let air_c = site.air_c + draw.normal(0.0, 1.5);
        let setting = Setting {
            site: &site,
            air_c,
            duration_s: f64::from(header.duration_s),
            severity: params.severity,
        };
        let draw = &mut draw;
        let fire = header
            .ignition_s
            .map(|ignition| Fire::draw(header.scenario, ignition, &setting, draw));
        let nuisances = draw_nuisances(params, header.scenario, &setting, draw);
        let faulty = draw.chance(0.5 * params.severity);
        let start_ppm = OUTDOOR_PPM + draw.log_uniform(20.0, 900.0);
        Self {
            background: Background::paint(&site.texture, air_c, site.ceiling_row()),
            air_drift: Wobble::new(draw.seed(), AIR_DRIFT.1),
            fire,
            nuisances,
            faults: faulty
                .then(|| Fault::draw(setting.duration_s, draw))
                .into_iter()
                .collect(),
            electronics: Electronics::draw(site.gain, site.offset_c, draw),
            start_ppm,
            base_kg_s: base_kg_s(&site, start_ppm, draw),
            co2_seed: draw.seed(),
            // 0.5 m/s along the ceiling (assumption), across at most half of the room.
            gas_travel_s: draw.uniform(0.0, 0.5) * site.depth_m / 0.5,
            site,
        }
    }

    /// Paints the scene at a time; returns the fire's largest change of a pixel, C.
    pub(super) fn paint(&self, time_s: f64, canvas: &mut Canvas) -> f32 {
        let ceiling_k = self.fire.map_or(0.0, |fire| fire.ceiling_k(time_s));
        canvas.start(&self.background, ceiling_k, self.shift(time_s));
        for nuisance in &self.nuisances {
            nuisance.paint(time_s, canvas);
        }
        let change = self.fire.map_or(0.0, |fire| fire.paint(time_s, canvas));
        // The ceiling counts only if the camera sees it.
        let ceiling_in_view = self.site.ceiling_row() > 0.0;
        if ceiling_in_view {
            change.max(ceiling_k as f32)
        } else {
            change
        }
    }

    /// The image that the camera reports for a painted scene.
    pub(super) fn report(&self, time_s: f64, canvas: &Canvas) -> Vec<f32> {
        let faults: f64 = self.faults.iter().map(|fault| fault.offset_k(time_s)).sum();
        let air_k = AIR_DRIFT.0 * self.air_drift.at(time_s);
        let mut celsius = self
            .electronics
            .report(time_s, canvas.pixels(), faults + air_k);
        for fault in &self.faults {
            fault.add_bad_pixels(&mut celsius, self.electronics.gain.highest_c);
        }
        celsius
    }

    /// Whether the camera's shutter is closed, as its telemetry reports.
    pub(super) fn shutter_was_closed(&self, time_s: f64) -> bool {
        self.electronics.shutter_was_closed(time_s)
    }

    /// The CO2 sensor's reading with all faults; `None` if it sends none.
    pub(super) fn reading(&self, sensor: &Scd41, time_s: f64) -> Option<crate::co2::Co2Reading> {
        let start = Some(sensor.read(time_s));
        self.faults
            .iter()
            .fold(start, |reading, fault| fault.reading(reading?))
    }

    /// The room's air and the CO2 sensor at the start of the episode.
    pub(super) fn gas_at_start(&self) -> (Air, Scd41) {
        let site = &self.site;
        let room = Room {
            floor_m2: site.floor_m2,
            ceiling_m: site.ceiling_m,
            // A door is ajar (assumption).
            opening_m: (0.3, 2.0),
            air_changes_hz: site.air_changes_hz,
            mixing_hz: 1.0 / 900.0,
        };
        let mut air = Air::mixed(room, self.start_ppm);
        let noise_ppm = site.co2.noise_ppm;
        let mut sensor = Scd41::new(
            self.start_ppm,
            noise_ppm,
            site.co2.offset_ppm,
            self.co2_seed,
        );
        for second in -BEFORE_S..0 {
            self.step_air(f64::from(second), &mut air, &mut sensor);
        }
        (air, sensor)
    }

    /// Advances air and sensor by the second that ends at `time_s`.
    pub(super) fn step_air(&self, time_s: f64, air: &mut Air, sensor: &mut Scd41) {
        let fire_s = time_s - self.gas_travel_s;
        let sources = Sources {
            fire_kw: self.fire.map_or(0.0, |fire| fire.heat_kw(fire_s)),
            fire_kg_s: self.fire.map_or(0.0, |fire| fire.co2_kg_s(fire_s)),
            other_kg_s: self.base_kg_s
                + self
                    .nuisances
                    .iter()
                    .map(|thing| thing.co2_kg_s(time_s))
                    .sum::<f64>(),
        };
        air.step(&sources, 1.0);
        sensor.follow(air.ppm_at(self.site.co2.height_m), 1.0);
    }

    fn shift(&self, time_s: f64) -> (i32, i32) {
        self.faults.iter().fold((0, 0), |sum, fault| {
            let shift = fault.shift(time_s);
            (sum.0 + shift.0, sum.1 + shift.1)
        })
    }
}

/// The warm things in addition to a fire, or instead of one.
fn draw_nuisances(
    params: &CheckedEpisodeParams,
    scenario: Scenario,
    setting: &Setting<'_>,
    draw: &mut Draw,
) -> Vec<Nuisance> {
    let mut nuisances = Nuisance::draw(scenario, setting, draw);
    if draw.chance(0.2 + 0.5 * params.severity) {
        let weights = Scenario::ALL.map(|other| {
            let wanted =
                !other.is_fire() && other != Scenario::EmptyRoom && scenario != Scenario::EmptyRoom;
            if wanted {
                params.scenario_weights[other.index()]
            } else {
                0.0
            }
        });
        if weights.iter().any(|&weight| weight > 0.0) {
            nuisances.extend(Nuisance::draw(
                Scenario::ALL[draw.weighted(&weights)],
                setting,
                draw,
            ));
        }
    }
    nuisances
}

/// The emission (people elsewhere in the room, less the fresh air) at which the level changes by only a few ppm per
/// minute: in 99 % of the office minutes in `uci_occupancy` the change is less than 14 to 26 ppm/min.
fn base_kg_s(site: &Site, start_ppm: f64, draw: &mut Draw) -> f64 {
    let room_mol = site.volume_m3() * 1.2 / 0.029;
    let slope_ppm_s = draw.normal(0.0, 4.0) / 60.0;
    let held_ppm_s = site.air_changes_hz * (start_ppm - OUTDOOR_PPM);
    (held_ppm_s + slope_ppm_s) * 1e-6 * room_mol * 0.044
}
