//! Properties that every row must have, whatever its source.

use std::fmt::Display;

use sensor_model::Feature;

/// Asserts that each value is missing or in its physical range, and that the values are consistent with each other.
#[track_caller]
pub(crate) fn assert_possible(row: &[f32], which: impl Display) {
    let value = |feature: Feature| row[feature.index()];
    for feature in Feature::ALL {
        // No range includes infinity, and percentages are at most 100.
        assert!(
            value(feature).is_nan() || feature.range().contains(&value(feature)),
            "{which}: {} is {}",
            feature.name(),
            value(feature)
        );
    }
    let [max, p95, mean] = [Feature::TMax, Feature::TP95, Feature::TMean].map(value);
    let [area, blob] = [Feature::THotAreaPct, Feature::THotLargestBlobPct].map(value);
    // The values of one image are all present or all missing.
    let image = [max, p95, mean, area, blob];
    if image.iter().all(|value| value.is_nan()) {
        return;
    }
    assert!(max >= p95 && max >= mean, "{which}: {max} {p95} {mean}");
    assert!(blob <= area, "{which}: {blob} {area}");
}
