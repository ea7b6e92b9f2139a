//! Radiance in the camera's band, and the temperature that the camera reports for it.
//!
//! A Lepton measures radiance between 8 and 14 micrometres and reports the temperature of a black surface with the same
//! radiance. Surfaces that share a pixel therefore mix by radiance, not by temperature.

use std::sync::LazyLock;

/// First and second radiation constants for wavelengths in micrometres: W um^4 / (m^2 sr), um K (CODATA).
const C1: f64 = 1.191_042_97e8;
const C2: f64 = 14_387.768_8;
/// The band of the Lepton, micrometres (datasheet).
const BAND_UM: (f64, f64) = (8.0, 14.0);
/// Intervals of Simpson's rule over the band; twice as many change every temperature by less than 1 mK.
const INTERVALS: usize = 48;

/// The table spans 200 to 1600 K: from colder than any scene to hotter than a flame.
const LOWEST_C: f32 = 200.0 - 273.15;
const KELVINS: usize = 1_401;
/// Steps of the inverse table.
const STEPS: usize = 4_096;

/// Radiance in the band by temperature, and temperature by radiance.
pub(super) struct Band {
    radiance: Vec<f32>,
    /// Indexed by the fourth root of the radiance, in which the temperature is nearly linear.
    celsius: Vec<f32>,
    root_low: f32,
    roots_per_step: f32,
}

impl Band {
    /// The table, computed once per process.
    pub(super) fn table() -> &'static Self {
        static TABLE: LazyLock<Band> = LazyLock::new(Band::new);
        &TABLE
    }

    fn new() -> Self {
        let kelvins = (0..KELVINS).map(|k| 200.0 + k as f64);
        let radiance: Vec<f32> = kelvins.map(|kelvin| band_radiance(kelvin) as f32).collect();
        let root_low = fourth_root(radiance[0]);
        let root_high = fourth_root(radiance[KELVINS - 1]);
        let step = (root_high - root_low) / (STEPS - 1) as f32;
        let mut at = 0;
        let celsius = (0..STEPS).map(|i| {
            let root = root_low + step * i as f32;
            while at + 2 < KELVINS && fourth_root(radiance[at + 1]) < root {
                at += 1;
            }
            let [low, high] = [radiance[at], radiance[at + 1]];
            LOWEST_C + at as f32 + (root * root * root * root - low) / (high - low)
        });
        Self {
            celsius: celsius.collect(),
            root_low,
            roots_per_step: 1.0 / step,
            radiance,
        }
    }

    /// Radiance of a black surface in the band, W / (m^2 sr).
    #[inline]
    pub(super) fn radiance(&self, celsius: f32) -> f32 {
        let position = (celsius - LOWEST_C).clamp(0.0, (KELVINS - 1) as f32 - 0.001);
        let at = position as usize;
        let [low, high] = [self.radiance[at], self.radiance[at + 1]];
        low + (high - low) * (position - at as f32)
    }

    /// Temperature of a black surface with this radiance in the band.
    #[inline]
    pub(super) fn celsius(&self, radiance: f32) -> f32 {
        let position = (fourth_root(radiance) - self.root_low) * self.roots_per_step;
        let position = position.clamp(0.0, (STEPS - 1) as f32 - 0.001);
        let at = position as usize;
        let [low, high] = [self.celsius[at], self.celsius[at + 1]];
        low + (high - low) * (position - at as f32)
    }

    /// The temperature of a pixel of which a surface of radiance `front` covers the given share.
    #[inline]
    pub(super) fn mixed(&self, behind_c: f32, front: f32, share: f32) -> f32 {
        let behind = self.radiance(behind_c);
        self.celsius(behind + (front - behind) * share)
    }
}

fn fourth_root(value: f32) -> f32 {
    value.max(0.0).sqrt().sqrt()
}

/// Planck's law integrated over the band.
fn band_radiance(kelvin: f64) -> f64 {
    let (low, high) = BAND_UM;
    let step = (high - low) / INTERVALS as f64;
    let sum: f64 = (0..=INTERVALS)
        .map(|i| {
            let weight = match i {
                0 | INTERVALS => 1.0,
                i if i % 2 == 1 => 4.0,
                _ => 2.0,
            };
            let um = low + step * i as f64;
            weight * C1 / (um * um * um * um * um * (libm::exp(C2 / (um * kelvin)) - 1.0))
        })
        .sum();
    sum * step / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reading of a pixel of which a surface covers the share `fill`, in front of a wall at 22 C.
    fn reading(kelvin: f32, emissivity: f32, fill: f32) -> f32 {
        let band = Band::table();
        band.mixed(22.0, band.radiance(kelvin - 273.15), emissivity * fill)
    }

    #[test]
    fn partly_covered_pixels_follow_plancks_law() {
        // Computed independently of this code.
        let cases = [
            (1100.0, 0.3, 0.05, 58.0),
            (1100.0, 0.3, 0.10, 86.0),
            (1100.0, 0.3, 0.25, 152.0),
            (1100.0, 0.3, 1.00, 366.0),
            (1100.0, 0.1, 1.00, 182.0),
            (600.0, 0.95, 0.05, 51.0),
            (600.0, 0.95, 0.10, 75.0),
            (600.0, 0.95, 1.00, 316.0),
        ];
        for (kelvin, emissivity, fill, expected) in cases {
            let found = reading(kelvin, emissivity, fill);
            assert!(
                (found - expected).abs() < 2.0,
                "{kelvin} K {emissivity} {fill}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn conversion_to_radiance_and_back_is_exact_to_a_hundredth() {
        let band = Band::table();
        for tenth in -300..9_000_i16 {
            let celsius = f32::from(tenth) / 10.0;
            let back = band.celsius(band.radiance(celsius));
            assert!(
                (back - celsius).abs() < 0.01,
                "{celsius} came back as {back}"
            );
        }
    }

    #[test]
    fn a_surface_that_covers_nothing_changes_nothing() {
        let band = Band::table();
        assert!((band.mixed(22.0, band.radiance(800.0), 0.0) - 22.0).abs() < 0.01);
    }
}
