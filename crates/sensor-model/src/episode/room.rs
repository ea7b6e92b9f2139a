//! CO2 in a room: an upper layer filled by the fire's plume, and the air below it.
//!
//! A zone model like CFAST, reduced to what a CO2 sensor can measure. A fire's gas rises into the upper layer; emissions
//! of people, burners and engines mix with the air of the whole room. A test compares both layers with a run of CFAST
//! (`cfast_reference`).

use super::combustion::{RADIATIVE, plume_kg_s};

/// Air at 20 C, kg/m3, and its molar mass, kg/mol.
const AIR_KG_M3: f64 = 1.2;
const AIR_KG_MOL: f64 = 0.029;
const CO2_KG_MOL: f64 = 0.044;
/// Specific heat of air, kJ/(kg K).
const AIR_KJ_KG_K: f64 = 1.0;
/// Air temperature for densities, K.
const AIR_K: f64 = 293.0;
/// Share of the convective heat that the layer loses to the ceiling; fitted to the CFAST run.
const CEILING_LOSS: f64 = 0.5;
/// Outdoor air, ppm.
pub(super) const OUTDOOR_PPM: f64 = 420.0;
/// Width of the transition between the layers, m (assumption).
const EDGE_M: f64 = 0.2;

/// The room's geometry and ventilation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) floor_m2: f64,
    pub(super) ceiling_m: f64,
    /// Width and height of the opening, m; the layer spills through it once it reaches down to it.
    pub(super) opening_m: (f64, f64),
    /// Air changes per second.
    pub(super) air_changes_hz: f64,
    /// Rate at which the layers mix, per second.
    pub(super) mixing_hz: f64,
}

/// Heat and CO2 that enter the room.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sources {
    /// Heat of the fire, kW.
    pub(super) fire_kw: f64,
    /// CO2 of the fire, kg/s.
    pub(super) fire_kg_s: f64,
    /// CO2 of everything else, kg/s.
    pub(super) other_kg_s: f64,
}

/// The state of both layers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Air {
    room: Room,
    upper_kg: f64,
    upper_kj: f64,
    /// Concentration in the upper layer, ppm.
    pub(super) upper_ppm: f64,
    /// Concentration below it, ppm.
    pub(super) lower_ppm: f64,
}

impl Air {
    /// Mixed air, with a negligible upper layer.
    pub(super) fn mixed(room: Room, ppm: f64) -> Self {
        Self {
            upper_kg: 0.004 * room.floor_m2 * room.ceiling_m * AIR_KG_M3,
            room,
            upper_kj: 0.0,
            upper_ppm: ppm,
            lower_ppm: ppm,
        }
    }

    /// Height of the upper layer's lower edge above the floor, m.
    pub(super) fn edge_m(&self) -> f64 {
        let hotter = self.hotter_k();
        let upper_m3 = self.upper_kg / AIR_KG_M3 * (AIR_K + hotter) / AIR_K;
        (self.room.ceiling_m - upper_m3 / self.room.floor_m2).max(0.04 * self.room.ceiling_m)
    }

    /// The concentration at a height above the floor, ppm.
    pub(super) fn ppm_at(&self, height_m: f64) -> f64 {
        let share = ((height_m - self.edge_m()) / EDGE_M + 0.5).clamp(0.0, 1.0);
        self.lower_ppm + (self.upper_ppm - self.lower_ppm) * share
    }

    /// Advances by `step_s` seconds.
    pub(super) fn step(&mut self, sources: &Sources, step_s: f64) {
        let entrained_kg = step_s * plume_kg_s(sources.fire_kw, self.edge_m());
        let upper_mol = self.upper_kg / AIR_KG_MOL;
        let joined_mol = entrained_kg / AIR_KG_MOL;
        let fire_mol = step_s * sources.fire_kg_s / CO2_KG_MOL;
        self.upper_ppm =
            (self.upper_ppm * upper_mol + self.lower_ppm * joined_mol + 1e6 * fire_mol)
                / (upper_mol + joined_mol + fire_mol);
        self.upper_kg += entrained_kg;
        self.upper_kj += step_s * (1.0 - CEILING_LOSS) * (1.0 - RADIATIVE) * sources.fire_kw;
        self.spill(step_s);
        self.ventilate(sources.other_kg_s, step_s);
    }

    /// Hot gas leaves below the lintel at a rate given by its buoyancy (orifice coefficient 0.7).
    fn spill(&mut self, step_s: f64) {
        let (width_m, lintel_m) = self.room.opening_m;
        let deep_m = (lintel_m - self.edge_m()).max(0.0);
        let buoyancy = libm::sqrt(2.0 * 9.81 * self.hotter_k() / AIR_K);
        let out_kg_s =
            0.7 * 2.0 / 3.0 * AIR_KG_M3 * width_m * buoyancy * deep_m * libm::sqrt(deep_m);
        // The layer cannot grow beyond the room.
        let full_kg = 0.96 * self.room.floor_m2 * self.room.ceiling_m * AIR_KG_M3 * AIR_K
            / (AIR_K + self.hotter_k());
        let left_kg = (self.upper_kg - step_s * out_kg_s)
            .min(full_kg)
            .max(0.1 * self.upper_kg);
        self.upper_kj *= left_kg / self.upper_kg;
        self.upper_kg = left_kg;
    }

    fn ventilate(&mut self, other_kg_s: f64, step_s: f64) {
        let room_mol = self.room.floor_m2 * self.room.ceiling_m * AIR_KG_M3 / AIR_KG_MOL;
        let emitted = 1e6 * step_s * other_kg_s / CO2_KG_MOL / room_mol;
        let mixing = (step_s * self.room.mixing_hz).min(0.5);
        let upper_share = (self.upper_kg / AIR_KG_MOL / room_mol).min(0.96);
        let apart = self.upper_ppm - self.lower_ppm;
        self.upper_ppm -= apart * mixing * (1.0 - upper_share);
        self.lower_ppm += apart * mixing * upper_share;
        for ppm in [&mut self.upper_ppm, &mut self.lower_ppm] {
            *ppm += emitted - (*ppm - OUTDOOR_PPM) * step_s * self.room.air_changes_hz;
        }
    }

    /// Temperature of the upper layer above that of the air, K.
    fn hotter_k(&self) -> f64 {
        self.upper_kj / (self.upper_kg * AIR_KJ_KG_K)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_card::assert_on_card;
    use crate::real_data::real_text;

    const CLOSED: Room = Room {
        floor_m2: 20.0,
        ceiling_m: 2.5,
        opening_m: (0.1, 2.0),
        air_changes_hz: 0.0,
        mixing_hz: 0.0,
    };

    fn after(seconds: u32, room: Room, sources: &Sources) -> Air {
        let mut air = Air::mixed(room, 420.0);
        for _ in 0..seconds {
            air.step(sources, 1.0);
        }
        air
    }

    #[test]
    fn a_sitting_person_raises_fifty_cubic_metres_by_six_ppm_a_minute() {
        let person = Sources {
            other_kg_s: 0.0052e-3 * 1.84,
            ..Sources::default()
        };
        let rise = after(60, CLOSED, &person).lower_ppm - 420.0;
        assert!((rise - 6.2).abs() < 0.4, "{rise}");
    }

    #[test]
    fn ventilation_lowers_the_concentration() {
        let mut air = Air::mixed(
            Room {
                air_changes_hz: 6.0 / 3_600.0,
                ..CLOSED
            },
            1_420.0,
        );
        for _ in 0..600 {
            air.step(&Sources::default(), 1.0);
        }
        // One air change leaves 1/e of the excess.
        assert!(
            (air.lower_ppm - 420.0 - 368.0).abs() < 5.0,
            "{}",
            air.lower_ppm
        );
    }

    #[test]
    fn the_layer_descends_and_the_air_below_stays_clean() {
        let fire = Sources {
            fire_kw: 50.0,
            fire_kg_s: 0.005,
            other_kg_s: 0.0,
        };
        let air = after(60, CLOSED, &fire);
        assert!(air.edge_m() < 1.6, "{}", air.edge_m());
        assert!((air.lower_ppm - 420.0).abs() < 1e-6);
        assert!(
            air.ppm_at(2.4) > 1_500.0 && air.ppm_at(0.3) < 421.0,
            "{air:?}"
        );
    }

    /// Time in s, heat in kW, and the rise of CO2 in the upper and lower layer in ppm, by NIST's CFAST.
    fn cfast_run() -> Option<Vec<[f64; 4]>> {
        let name = "cfast_reference/room_compartments.csv";
        let text = real_text(name, "the layers of CO2 against CFAST")?;
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let columns = ["Time", "HRR_1", "ULCO2_1", "LLCO2_1"];
        let at = columns.map(|name| header.iter().position(|column| *column == name).unwrap());
        let rows = lines.skip(3).map(|line| {
            let cells: Vec<f64> = line
                .split(',')
                .map(|cell| cell.trim().parse().unwrap())
                .collect();
            let [time, watt, upper, lower] = at.map(|column| cells[column]);
            [time, watt / 1e3, 1e6 * upper, 1e6 * lower]
        });
        Some(rows.collect())
    }

    /// Time in s, and the rise of CO2 in both layers in ppm: here and by CFAST.
    struct Risen {
        time_s: f64,
        upper: [f64; 2],
        lower: [f64; 2],
    }

    /// The fire of the CFAST run in our model of the room, until air runs short, long after an alarm is due.
    fn risen(run: &[[f64; 4]]) -> Vec<Risen> {
        let mut air = Air::mixed(CLOSED, OUTDOOR_PPM);
        let pairs = run.windows(2).take_while(|pair| pair[1][0] <= 150.0);
        let step = |pair: &[[f64; 4]]| {
            let ([from, heat, ..], [time_s, _, upper, lower]) = (pair[0], pair[1]);
            let sources = Sources {
                fire_kw: heat,
                // 1.72 kg CO2 per kg of wood of 17 MJ/kg.
                fire_kg_s: 0.101 * heat / 1e3,
                other_kg_s: 0.0,
            };
            for _ in 0..5 {
                air.step(&sources, (time_s - from) / 5.0);
            }
            Risen {
                time_s,
                upper: [air.upper_ppm - OUTDOOR_PPM, upper],
                lower: [air.lower_ppm - OUTDOOR_PPM, lower],
            }
        };
        pairs.map(step).collect()
    }

    #[test]
    fn both_layers_rise_as_in_the_cfast_run() {
        let Some(run) = cfast_run() else { return };
        let risen = risen(&run);
        for at in risen.iter().filter(|at| at.time_s >= 30.0) {
            let [ours, theirs] = at.upper;
            assert!(
                (ours / theirs - 1.0).abs() < 0.3,
                "{} s: {ours} ppm, CFAST {theirs}",
                at.time_s
            );
        }
        // From 140 s on, with the layer 0.3 m above the floor, CFAST returns some of it to the air below.
        for at in risen.iter().filter(|at| at.time_s < 140.0) {
            let [ours, theirs] = at.lower;
            assert!(
                (ours - theirs).abs() < 1.0,
                "{} s: {ours} ppm, CFAST {theirs}",
                at.time_s
            );
        }
        let shown = |layer: fn(&Risen) -> [f64; 2], whose: usize| {
            let times = [30.0, 60.0, 90.0, 120.0];
            let values = times.map(|time_s| {
                let at = risen.iter().find(|at| at.time_s >= time_s).unwrap();
                // No minus before a zero.
                format!("{:.0}", layer(at)[whose] + 0.0)
            });
            format!("{} after 30, 60, 90, 120 s", values.join(", "))
        };
        let [upper, lower]: [fn(&Risen) -> [f64; 2]; 2] = [|at| at.upper, |at| at.lower];
        for (what, layer, held_to) in [
            ("under the ceiling", upper, "30 % from 30 to 150 s"),
            ("below", lower, "1 ppm until 140 s"),
        ] {
            let what = format!("rise of CO2 {what}, ppm");
            let (ours, cfast) = (shown(layer, 0), format!("CFAST {}", shown(layer, 1)));
            assert_on_card(&what, [&ours, &cfast, held_to]);
        }
    }
}
