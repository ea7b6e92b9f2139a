//! Example rows that are stored with a model to check its predictions wherever it is served.

use crate::schema::{FEATURE_COUNT, REQUIRED_COUNT};

/// A named example row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// The situation that the row represents.
    pub name: &'static str,
    /// The feature values; NaN is a missing value.
    pub row: [f32; FEATURE_COUNT],
    /// The class that a good model must predict, true for fire; `None` if either is acceptable.
    pub expected: Option<bool>,
}

/// An obvious fire, a calm room, and the documented request.
pub fn probes() -> [Probe; 3] {
    [
        Probe {
            name: "fire",
            row: row([
                48.0, 12.0, 95.0, 70.0, 35.0, 18.0, 12.0, 4.0, 16.0, 6.0, 6.0, 3.0, 60.0, 20.0,
                8.0, 1200.0, 250.0, 20.0,
            ]),
            expected: Some(true),
        },
        Probe {
            name: "calm room",
            row: row([
                22.0, 2.0, 26.0, 24.5, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.5, 0.8, 25.0, 0.0, 0.0,
                420.0, 0.0, 0.0,
            ]),
            expected: Some(false),
        },
        Probe {
            name: "documented sample",
            row: row([
                25.0, 5.0, 45.0, 40.0, 10.0, 5.0, 2.0, 1.0, 3.0, 1.5, 5.0, 2.0, 30.0, 5.0, 1.0,
                450.0, 50.0, 5.0,
            ]),
            expected: None,
        },
    ]
}

/// A row with these values for the features of the documented request; newer features are missing.
fn row(documented: [f32; REQUIRED_COUNT]) -> [f32; FEATURE_COUNT] {
    let mut row = [f32::NAN; FEATURE_COUNT];
    row[..REQUIRED_COUNT].copy_from_slice(&documented);
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::original::score_hundredths;
    use crate::schema::Feature;

    #[test]
    fn the_original_rule_is_certain_about_fire_and_calm_room() {
        let [fire, calm, sample] = probes();
        assert!(score_hundredths(&fire.row) >= 100);
        assert_eq!(score_hundredths(&calm.row), 0);
        assert_eq!(sample.expected, None);
    }

    #[test]
    fn the_probes_are_within_the_valid_ranges() {
        for probe in probes() {
            assert!(
                probe.row[..REQUIRED_COUNT]
                    .iter()
                    .all(|value| !value.is_nan())
            );
            for feature in Feature::ALL {
                let value = probe.row[feature.index()];
                assert!(
                    value.is_nan() || feature.range().contains(&value),
                    "{} {feature:?}",
                    probe.name
                );
            }
        }
    }
}
