//! Fire dynamics by textbook formulas. Heat in kW, lengths in m, temperatures in K above the air.

/// Share of the heat that is radiated; 0.35 as in the CFAST reference run.
pub(super) const RADIATIVE: f64 = 0.35;
/// Heat release per unit of burning area, kW/m2 (SFPE handbook, ordinary combustibles).
const KW_PER_M2: f64 = 500.0;

/// Growth with the square of time after an incubation period: `Q = alpha (t - t0)^2` up to a peak (NFPA 72, annex B).
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    /// When combustion begins, in seconds from the episode's start.
    pub(super) ignition_s: f64,
    /// Time before the first small flame grows, s.
    pub(super) incubation_s: f64,
    /// Heat release of the first small flame, kW.
    pub(super) first_kw: f64,
    /// Growth, kW/s2: 0.00293 slow, 0.0117 medium, 0.0469 fast, 0.1876 ultrafast.
    pub(super) alpha: f64,
    /// Limit set by fuel or air, kW.
    pub(super) peak_kw: f64,
}

impl Growth {
    /// Heat release rate at a time in the episode, kW.
    pub(super) fn heat_kw(&self, time_s: f64) -> f64 {
        let burning_s = time_s - self.ignition_s;
        if burning_s < 0.0 {
            return 0.0;
        }
        let growing_s = (burning_s - self.incubation_s).max(0.0);
        // Even the first flame takes a few seconds to form.
        let first_kw = self.first_kw * (burning_s / 5.0).min(1.0);
        (self.alpha * growing_s * growing_s)
            .max(first_kw)
            .min(self.peak_kw)
    }
}

/// Base and height of a flame, m.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlameSize {
    pub(super) diameter_m: f64,
    pub(super) height_m: f64,
}

impl FlameSize {
    /// Heskestad's mean flame height, `L = 0.235 Q^0.4 - 1.02 D`; at least 0.3 D, because a wide, weak fire still has low flames.
    pub(super) fn of(heat_kw: f64) -> Self {
        let diameter_m = libm::sqrt(4.0 * heat_kw / (KW_PER_M2 * std::f64::consts::PI));
        let height_m = 0.235 * libm::pow(heat_kw, 0.4) - 1.02 * diameter_m;
        Self {
            diameter_m,
            height_m: height_m.max(0.3 * diameter_m),
        }
    }

    /// Puffing frequency, `1.5 / sqrt(D)` Hz (Pagni).
    pub(super) fn flicker_hz(&self) -> f64 {
        1.5 / libm::sqrt(self.diameter_m.max(0.01))
    }
}

/// Alpert's ceiling jet: the gas's temperature rise above the air, at a horizontal distance under a ceiling.
pub(super) fn ceiling_jet_k(heat_kw: f64, ceiling_m: f64, distance_m: f64) -> f64 {
    if distance_m <= 0.18 * ceiling_m {
        16.9 * libm::pow(heat_kw, 2.0 / 3.0) / libm::pow(ceiling_m, 5.0 / 3.0)
    } else {
        5.38 * libm::pow(heat_kw / distance_m, 2.0 / 3.0) / ceiling_m
    }
}

/// Heskestad's plume: mass flow of rising gas at a height above the fire, kg/s.
pub(super) fn plume_kg_s(heat_kw: f64, height_m: f64) -> f64 {
    if heat_kw <= 0.0 || height_m <= 0.0 {
        return 0.0;
    }
    let convective = (1.0 - RADIATIVE) * heat_kw;
    let flame = FlameSize::of(heat_kw);
    if height_m <= flame.height_m {
        return 0.0056 * convective * height_m / flame.height_m;
    }
    let origin = 0.083 * libm::pow(heat_kw, 0.4) - 1.02 * flame.diameter_m;
    let rise = (height_m - origin).max(0.0);
    0.071 * libm::cbrt(convective) * libm::pow(rise, 5.0 / 3.0) + 0.0018 * convective
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIUM: Growth = Growth {
        ignition_s: 10.0,
        incubation_s: 0.0,
        first_kw: 0.1,
        alpha: 0.01172,
        peak_kw: 150.0,
    };

    #[test]
    fn heat_grows_with_the_square_of_time_up_to_the_peak() {
        for (time, expected) in [
            (9.9, 0.0),
            (40.0, 10.5),
            (70.0, 42.2),
            (100.0, 94.9),
            (200.0, 150.0),
        ] {
            let found = MEDIUM.heat_kw(time);
            assert!(
                (found - expected).abs() < 0.1,
                "{time} s: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn a_medium_fire_has_the_flames_of_the_tables() {
        for (heat, diameter, height, flicker) in [
            (10.5, 0.16, 0.44, 3.7),
            (42.2, 0.33, 0.72, 2.6),
            (169.0, 0.66, 1.16, 1.9),
        ] {
            let flame = FlameSize::of(heat);
            assert!((flame.diameter_m - diameter).abs() < 0.01, "{flame:?}");
            assert!((flame.height_m - height).abs() < 0.01, "{flame:?}");
            assert!((flame.flicker_hz() - flicker).abs() < 0.1, "{flame:?}");
        }
    }

    #[test]
    fn the_ceiling_is_hottest_above_the_fire() {
        let rises = [0.0, 0.4, 1.0, 3.0, 8.0].map(|distance| ceiling_jet_k(100.0, 2.5, distance));
        assert!(rises.is_sorted_by(|near, far| near >= far), "{rises:?}");
    }
}
