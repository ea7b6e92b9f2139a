//! The curves of one model on the test rows, reduced to visibly distinct points.

use ensemble::Predictions;
use ensemble::metrics::{
    BandPoint, CalibrationBin, Confusion, calibration_curve, calibration_intervals,
    precision_recall_band, precision_recall_curve, roc_band, roc_curve, threshold_curve,
};

use crate::models::Model;

/// Bins of the reliability diagram, as for the expected calibration error.
const BINS: usize = 10;
/// Steps between 0 and 1 at which bands and threshold curves are computed.
const STEPS: usize = 50;
/// Points closer than this in both directions look identical: the axes are about 400 units long.
const NEAR: f64 = 1.0 / 400.0;

/// The curves drawn for a model.
pub(crate) struct Curves {
    pub(crate) name: String,
    pub(crate) threshold: f64,
    /// False-positive rate and true-positive rate.
    pub(crate) roc: Vec<(f64, f64)>,
    pub(crate) roc_band: Vec<BandPoint>,
    /// Recall and precision.
    pub(crate) precision_recall: Vec<(f64, f64)>,
    pub(crate) precision_recall_band: Vec<BandPoint>,
    pub(crate) calibration: Vec<Bin>,
    /// Counts at thresholds from 0 to 1.
    pub(crate) thresholds: Vec<(f64, Confusion)>,
    /// Counts at the chosen threshold.
    pub(crate) chosen: Confusion,
}

/// A bin of the reliability diagram with the interval of its share of positives.
pub(crate) struct Bin {
    pub(crate) bin: CalibrationBin,
    pub(crate) interval: Option<[f64; 2]>,
}

impl Curves {
    /// The curves on the test rows; `None` if all rows are of one class.
    pub(crate) fn of(model: &Model) -> Option<Self> {
        let test = &model.test;
        let (labels, p) = (test.labels.as_slice(), test.probabilities.as_slice());
        let groups = Some(test.groups.as_slice());
        let roc = roc_curve(labels, p)
            .ok()?
            .iter()
            .map(|point| (point.false_positive_rate, point.true_positive_rate))
            .collect();
        let precision_recall = precision_recall_curve(labels, p)
            .ok()?
            .iter()
            .map(|point| (point.recall, point.precision))
            .collect();
        Some(Self {
            name: model.name.clone(),
            threshold: model.threshold,
            roc: thin(roc),
            roc_band: roc_band(labels, p, groups, STEPS).ok()?,
            precision_recall: thin(precision_recall),
            precision_recall_band: precision_recall_band(labels, p, groups, STEPS).ok()?,
            calibration: calibration(test)?,
            thresholds: threshold_curve(labels, p, STEPS).ok()?,
            chosen: Confusion::at(model.threshold, labels, p).ok()?,
        })
    }
}

fn calibration(test: &Predictions) -> Option<Vec<Bin>> {
    let (labels, p) = (&test.labels, &test.probabilities);
    let intervals = calibration_intervals(labels, p, Some(&test.groups), BINS).ok()?;
    let bins = calibration_curve(labels, p, BINS).ok()?.into_iter();
    let bins = bins.zip(intervals);
    Some(bins.map(|(bin, interval)| Bin { bin, interval }).collect())
}

/// The `y` of the last point of a curve at or before an `x`.
pub(crate) fn y_at(points: &[(f64, f64)], at: f64) -> Option<f64> {
    let after = points.partition_point(|point| point.0 <= at);
    points.get(after.checked_sub(1)?).map(|point| point.1)
}

/// Drops points that look identical to the last one kept; both ends stay.
fn thin(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let last = points.len().saturating_sub(1);
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (number, point) in points.into_iter().enumerate() {
        let near = kept.last().is_some_and(|before| {
            (before.0 - point.0).abs() < NEAR && (before.1 - point.1).abs() < NEAR
        });
        if !near || number == last {
            kept.push(point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(labels: Vec<u8>, probabilities: Vec<f64>) -> Model {
        let rows = labels.len() as u64;
        let test = Predictions {
            ids: (0..rows).collect(),
            groups: (0..rows).collect(),
            labels,
            probabilities,
            timeline: None,
        };
        Model {
            name: "m".to_owned(),
            threshold: 0.5,
            validation: test.clone(),
            test,
        }
    }

    #[test]
    fn a_long_curve_is_thinned_and_keeps_its_ends() {
        let points: Vec<_> = (0..=100_000)
            .map(|i| f64::from(i) / 1e5)
            .map(|x| (x, x * x))
            .collect();
        let kept = thin(points);
        assert!((100..1_000).contains(&kept.len()), "{}", kept.len());
        assert_eq!((kept[0], kept[kept.len() - 1]), ((0.0, 0.0), (1.0, 1.0)));
        assert!(thin(Vec::new()).is_empty());
    }

    #[test]
    fn curves_of_the_same_rows_are_consistent() {
        let labels: Vec<u8> = (0..500_u32).map(|i| u8::from(i * 37 % 100 < 45)).collect();
        let noise = |i: usize| (i * 7919 % 997) as f64 / 997.0;
        let p = (0..500)
            .map(|i| 0.3 * f64::from(labels[i]) + 0.7 * noise(i))
            .collect();
        let curves = Curves::of(&model(labels, p)).unwrap();
        let counted: u64 = curves.calibration.iter().map(|bin| bin.bin.rows).sum();
        assert_eq!(counted, 500);
        let at_half = curves.thresholds[STEPS / 2];
        assert_eq!(at_half, (0.5, curves.chosen));
        assert_eq!(curves.roc_band.len(), STEPS + 1);
        let [low, high] = curves.roc_band[STEPS / 2].interval;
        let height = y_at(&curves.roc, 0.5).unwrap();
        assert!(low <= height && height <= high, "{low} {height} {high}");
    }

    #[test]
    fn rows_of_one_class_have_no_curves() {
        assert!(Curves::of(&model(vec![1, 1], vec![0.2, 0.9])).is_none());
    }

    #[test]
    fn y_at_returns_the_last_point_at_or_before_x() {
        let points = [(0.0, 0.5), (0.0, 0.6), (1.0, 1.0)];
        assert_eq!(y_at(&points, 0.0), Some(0.6));
        assert_eq!(y_at(&points, 0.9), Some(0.6));
        assert_eq!(y_at(&points, -0.1), None);
    }
}
