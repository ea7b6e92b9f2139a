//! The label rule of profile `original`.

use crate::schema::Feature;

/// Score of a row in hundredths, 0 to 100.
///
/// Whole hundredths, because sums of 0.15 and 0.3 in binary would fall beside the exact value 1
/// at which the expectation has its kink.
pub(crate) fn score_hundredths(row: &[f32]) -> u32 {
    let value = |feature: Feature| row[feature.index()];
    let above = |feature, limit| value(feature) > limit;
    let conditions = [
        (30, above(Feature::TMax, 60.0)),
        (25, above(Feature::TP95, 55.0)),
        (20, above(Feature::TMean, 40.0)),
        (20, above(Feature::THotAreaPct, 15.0)),
        (15, above(Feature::THotLargestBlobPct, 5.0)),
        (15, above(Feature::TGradMean, 8.0)),
        (15, above(Feature::TDiffMean, 12.0)),
        (25, above(Feature::GasVal, 800.0)),
        (20, above(Feature::GasDelta, 150.0)),
        (
            30,
            above(Feature::TMax, 70.0) && above(Feature::GasVal, 1000.0),
        ),
        (
            20,
            above(Feature::THotAreaPct, 20.0) && above(Feature::TGradMean, 10.0),
        ),
    ];
    let sum: u32 = conditions
        .iter()
        .filter(|(_, holds)| *holds)
        .map(|(weight, _)| weight)
        .sum();
    sum.min(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::FEATURE_COUNT;

    fn check(values: &[(Feature, f32)], expected: u32) {
        let mut row = [0.0; FEATURE_COUNT];
        for &(feature, value) in values {
            row[feature.index()] = value;
        }
        assert_eq!(score_hundredths(&row), expected, "{values:?}");
    }

    #[test]
    fn each_condition_adds_its_weight_and_the_sum_stops_at_one() {
        use Feature::*;
        check(&[], 0);
        check(&[(TMax, 60.0)], 0);
        check(&[(TMax, 60.1)], 30);
        check(&[(TP95, 55.5)], 25);
        check(&[(TMean, 41.0)], 20);
        check(&[(THotAreaPct, 16.0)], 20);
        check(&[(THotLargestBlobPct, 5.1)], 15);
        check(&[(TGradMean, 8.1)], 15);
        check(&[(TDiffMean, 12.1)], 15);
        check(&[(GasVal, 801.0)], 25);
        check(&[(GasDelta, 151.0)], 20);
        check(&[(TMax, 71.0), (GasVal, 1001.0)], 85);
        check(&[(THotAreaPct, 21.0), (TGradMean, 10.1)], 55);
        check(&[(TMax, 71.0), (GasVal, 1001.0), (GasDelta, 151.0)], 100);
    }

    #[test]
    fn a_missing_value_meets_no_condition() {
        check(&[(Feature::TMax, f32::NAN), (Feature::GasVal, 900.0)], 25);
    }
}
