//! Confidence bands of curves.

use super::interval::Ranked;
use super::resample::{Units, percentile_interval};
use super::{calibration_curve, same_length};
use crate::error::DataError;

/// The 95 % percentile bootstrap interval of a curve at one point of its horizontal axis. The intervals are pointwise:
/// their joint coverage of the whole curve is lower.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    /// False positive rate of a ROC curve, or recall of a precision-recall curve.
    pub at: f64,
    /// The interval of the true positive rate, or of the precision.
    pub interval: [f64; 2],
}

/// The band of the ROC curve at `steps + 1` evenly spaced false positive rates from 0 to 1, interpolated linearly.
///
/// Groups are drawn as for [`auc_interval`](super::auc_interval). Empty if no resample has both classes.
pub fn roc_band(
    labels: &[u8],
    probabilities: &[f64],
    groups: Option<&[u64]>,
    steps: usize,
) -> Result<Vec<BandPoint>, DataError> {
    band(labels, probabilities, groups, &grid(steps), roc_at)
}

/// The band of the precision-recall curve at `steps + 1` evenly spaced recalls from 0 to 1: the precision at the
/// highest threshold that reaches each recall.
///
/// Groups are drawn as for [`auc_interval`](super::auc_interval). Empty without positives.
pub fn precision_recall_band(
    labels: &[u8],
    probabilities: &[f64],
    groups: Option<&[u64]>,
    steps: usize,
) -> Result<Vec<BandPoint>, DataError> {
    band(labels, probabilities, groups, &grid(steps), precision_at)
}

/// The 95 % intervals of the share of positives in each bin of [`calibration_curve`]; `None` for an empty bin.
pub fn calibration_intervals(
    labels: &[u8],
    probabilities: &[f64],
    groups: Option<&[u64]>,
    bins: usize,
) -> Result<Vec<Option<[f64; 2]>>, DataError> {
    same_length(labels, probabilities, groups)?;
    let units = Units::new(labels.len(), groups);
    let bins = bins.max(1);
    let bin_of = |p: &f64| ((p * bins as f64) as usize).min(bins - 1);
    let bin_of_row: Vec<usize> = probabilities.iter().map(bin_of).collect();
    let resampled = units.resampled(SEED, |draws| {
        let mut counts = vec![(0_u64, 0_u64); bins];
        for ((&bin, &label), &unit) in bin_of_row.iter().zip(labels).zip(&units.of_row) {
            let weight = u64::from(draws[unit]);
            counts[bin].0 += weight;
            counts[bin].1 += weight * u64::from(label == 1);
        }
        Some(counts)
    });
    let known = calibration_curve(labels, probabilities, bins)?;
    let interval = |bin: usize| {
        let shares = resampled.iter().map(|counts| counts[bin]);
        let drawn = shares.filter(|(rows, _)| *rows > 0);
        percentile_interval(
            drawn
                .map(|(rows, positives)| positives as f64 / rows as f64)
                .collect(),
        )
    };
    let filled = known.iter().enumerate();
    Ok(filled
        .map(|(bin, known)| (known.rows > 0).then(|| interval(bin)).flatten())
        .collect())
}

/// The bootstrap seed; constant, so that equal predictions have equal bands in every report.
const SEED: u64 = 0;

fn grid(steps: usize) -> Vec<f64> {
    let steps = steps.max(1);
    (0..=steps).map(|step| step as f64 / steps as f64).collect()
}

/// The numbers of true and false positives at a threshold, counting each row as often as its unit was drawn.
type Called = [u64; 2];

/// Evaluates the curve of one resample at the grid points; `None` if a class is missing.
type CurveAt = fn(&[Called], &[f64]) -> Option<Vec<f64>>;

fn band(
    labels: &[u8],
    probabilities: &[f64],
    groups: Option<&[u64]>,
    grid: &[f64],
    curve: CurveAt,
) -> Result<Vec<BandPoint>, DataError> {
    same_length(labels, probabilities, groups)?;
    let units = Units::new(labels.len(), groups);
    let ranked = Ranked::new(labels, probabilities, &units.of_row);
    let curves = units.resampled(SEED, |draws| curve(&ranked.called(draws), grid));
    let point = |(number, &at): (usize, &f64)| {
        let heights = curves.iter().map(|curve| curve[number]).collect();
        let interval = percentile_interval(heights)?;
        Some(BandPoint { at, interval })
    };
    Ok(grid.iter().enumerate().filter_map(point).collect())
}

fn roc_at(called: &[Called], grid: &[f64]) -> Option<Vec<f64>> {
    let &[positives, negatives] = called.last()?;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let point = |[found, wrong]: Called| {
        let rate = wrong as f64 / negatives as f64;
        (rate, found as f64 / positives as f64)
    };
    let mut heights = Vec::with_capacity(grid.len());
    let (mut before, mut rest) = ((0.0, 0.0), called.iter().copied().map(point).peekable());
    for &at in grid {
        // At a vertical step of the curve, take its upper end.
        while let Some(next) = rest.next_if(|next| next.0 <= at) {
            before = next;
        }
        let height = rest.peek().map_or(before.1, |after| {
            before.1 + (after.1 - before.1) * (at - before.0) / (after.0 - before.0)
        });
        heights.push(height);
    }
    Some(heights)
}

fn precision_at(called: &[Called], grid: &[f64]) -> Option<Vec<f64>> {
    let &[positives, _] = called.last()?;
    if positives == 0 {
        return None;
    }
    let mut rest = called
        .iter()
        .filter(|[found, wrong]| found + wrong > 0)
        .peekable();
    let mut heights = Vec::with_capacity(grid.len());
    for &at in grid {
        while rest
            .next_if(|[found, _]| (*found as f64) < at * positives as f64)
            .is_some()
        {}
        let [found, wrong] = **rest.peek()?;
        heights.push(found as f64 / (found + wrong) as f64);
    }
    Some(heights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roc_curve_is_interpolated_linearly_and_steps_take_the_upper_end() {
        // Points (0, 1/2), (1/2, 1/2), (1, 1).
        let heights = roc_at(&[[1, 0], [1, 1], [2, 2]], &[0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(heights.unwrap(), [0.5, 0.5, 0.5, 0.75, 1.0]);
        assert_eq!(roc_at(&[[2, 0]], &[0.0]), None);
        assert_eq!(roc_at(&[], &[0.0]), None);
    }

    #[test]
    fn precision_is_taken_at_the_highest_threshold_that_reaches_the_recall() {
        let heights = precision_at(&[[0, 0], [1, 0], [1, 1], [2, 2]], &[0.0, 0.5, 0.75, 1.0]);
        assert_eq!(heights.unwrap(), [1.0, 1.0, 0.5, 0.5]);
        assert_eq!(precision_at(&[[0, 3]], &[0.0]), None);
    }

    #[test]
    fn a_band_depends_on_groups_and_not_on_copies_of_rows() {
        let labels: Vec<u8> = (0..600_u32).map(|i| u8::from(i * 37 % 100 < 45)).collect();
        let noise = |i: usize| (i * 7919 % 997) as f64 / 997.0;
        let p: Vec<f64> = (0..600)
            .map(|i| 0.25 * f64::from(labels[i]) + 0.75 * noise(i))
            .collect();
        let groups: Vec<u64> = (0..600).map(|row| row / 30).collect();
        for curve in [roc_band, precision_recall_band] {
            let width = |band: &[BandPoint]| -> f64 {
                band.iter()
                    .map(|point| point.interval[1] - point.interval[0])
                    .sum()
            };
            let single = curve(&labels, &p, None, 10).unwrap();
            assert_eq!((single.len(), single[5].at), (11, 0.5));
            assert!(width(&single) > 0.0);
            let copied: Vec<u64> = (0..600).chain(0..600).collect();
            let twice = curve(&labels.repeat(2), &p.repeat(2), Some(&copied), 10).unwrap();
            assert_eq!(single, twice, "copies of rows add no information");
            assert_ne!(
                width(&single),
                width(&curve(&labels, &p, Some(&groups), 10).unwrap())
            );
        }
    }

    #[test]
    fn a_bin_of_equal_labels_has_an_interval_of_width_0() {
        let labels = [1, 1, 1, 0, 1, 0];
        let intervals =
            calibration_intervals(&labels, &[0.9, 0.9, 0.9, 0.1, 0.1, 0.1], None, 5).unwrap();
        assert_eq!(intervals[4], Some([1.0, 1.0]));
        assert_eq!(intervals[2], None);
        let [low, high] = intervals[0].unwrap();
        assert!(low < 1.0 / 3.0 && high > 1.0 / 3.0);
    }
}
