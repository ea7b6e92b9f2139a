//! ROC, precision-recall, calibration and threshold curves, and the confusion matrix at the chosen threshold.

use ensemble::metrics::{BandPoint, Confusion, Scores};
use maud::{Markup, html};

use super::table::{count, four_digits, interval, or_dash};
use super::{Contents, Figure, Key, Table};
use crate::charts::{Axis, Chart, Mark, Paint};
use crate::curves::{Curves, y_at};
use crate::models::ENSEMBLE;

/// Number of steps between 0 and 1 in the tables of a curve's points.
const STEPS: u32 = 10;

pub(super) fn section(contents: &Contents) -> anyhow::Result<Markup> {
    if contents.curves.is_empty() {
        return Ok(html! {
            p.note { "There are no curves: no model has test predictions for rows of both classes." }
        });
    }
    let charts = Charts { contents };
    let mut figures = vec![
        charts.roc()?,
        charts.precision_recall()?,
        charts.calibration()?,
    ];
    // The ensemble first.
    for curves in contents.curves.iter().rev() {
        figures.push(thresholds(curves)?);
    }
    Ok(html! {
        p { "Shaded bands are pointwise 95 % bootstrap intervals of the curves they surround. The bootstrap resamples whole "
            "groups of rows, because rows of one group are correlated." }
        div.figures { @for figure in &figures { (figure.markup()) } }
        h3 { "Decisions at the chosen thresholds" }
        p { "Each threshold maximizes F1 on the validation rows." }
        (confusion_matrix(&contents.curves).markup())
    })
}

/// The paint of a model, the same in every run.
fn paint(name: &str) -> Paint {
    let learners = ensemble::Algorithm::ALL.map(|algorithm| algorithm.to_string());
    let number = learners.iter().position(|learner| learner == name);
    Paint::Series(number.map_or(0, |number| number as u8 + 1))
}

/// The charts that show all models.
struct Charts<'a> {
    contents: &'a Contents<'a>,
}

impl Charts<'_> {
    fn curves(&self) -> &[Curves] {
        &self.contents.curves
    }

    /// The model with bands: the last one, which is the ensemble if there is one.
    fn main(&self) -> Option<&Curves> {
        self.curves().last()
    }

    fn scores(&self, name: &str) -> Option<&Scores> {
        let report = self.contents.report;
        if name == ENSEMBLE {
            return report.ensemble.as_ref()?.test.as_ref();
        }
        let job = report
            .jobs
            .iter()
            .find(|job| job.algorithm.to_string() == name);
        job?.test.as_ref()
    }

    /// A legend with a metric of each model.
    fn legend(&self, label: &str, of: impl Fn(&Scores) -> f64) -> Vec<Key> {
        let key = |curves: &Curves| {
            let value = or_dash(self.scores(&curves.name), |scores| four_digits(of(scores)));
            Key::line(
                paint(&curves.name),
                format!("{}, {label} {value}", curves.name),
            )
        };
        self.curves().iter().rev().map(key).collect()
    }

    /// A metric of each model in words.
    fn description(&self, label: &str, of: impl Fn(&Scores) -> String) -> String {
        let words = self.curves().iter().map(|curves| {
            let value = or_dash(self.scores(&curves.name), &of);
            format!("{}: {label} {value}", curves.name)
        });
        words.collect::<Vec<_>>().join("; ") + "."
    }

    /// The guide, the band of the main model, and the line of every model.
    fn marks(
        &self,
        guide: [(f64, f64); 2],
        line: impl Fn(&Curves) -> &Vec<(f64, f64)>,
        band: impl Fn(&Curves) -> &Vec<BandPoint>,
    ) -> Vec<Mark> {
        let mut marks = vec![Mark::Guide(guide)];
        marks.extend(self.main().map(|main| {
            let points = band(main).iter().map(|point| (point.at, point.interval));
            Mark::Band(paint(&main.name), points.collect())
        }));
        let lines = self.curves().iter();
        marks.extend(lines.map(|curves| Mark::Line(paint(&curves.name), line(curves).clone())));
        marks
    }

    fn roc(&self) -> anyhow::Result<Figure<'static>> {
        let auc =
            |scores: &Scores| format!("{:.4} (95 % {})", scores.auc, interval(scores.auc_interval));
        roc_figure(
            self.marks(
                RANDOM_GUESSING,
                |curves| &curves.roc,
                |curves| &curves.roc_band,
            ),
            self.description("AUC", auc),
            self.legend("AUC", |scores| scores.auc),
            self.points(FALSE_POSITIVE_RATE, |curves| &curves.roc),
        )
    }

    fn precision_recall(&self) -> anyhow::Result<Figure<'static>> {
        let share = self.main().map_or(0.0, |main| {
            let positives = main.chosen.true_positives + main.chosen.false_negatives;
            let others = main.chosen.false_positives + main.chosen.true_negatives;
            positives as f64 / (positives + others) as f64
        });
        let chart = Chart {
            x: Axis::share("recall: share of fire rows found"),
            y: Axis::share("precision: share of correct fire predictions"),
            marks: self.marks(
                [(0.0, share), (1.0, share)],
                |curves| &curves.precision_recall,
                |curves| &curves.precision_recall_band,
            ),
        };
        Ok(Figure {
            id: "precision-recall".into(),
            name: "Precision and recall".into(),
            reading: "Further to the upper right is better. The thin line is the share of fire rows, which is the precision of random guessing.",
            description: self.description("average precision", |scores| four_digits(scores.pr_auc)),
            drawing: chart.draw()?,
            legend: self.legend("PR-AUC", |scores| scores.pr_auc),
            table: self.points("recall", |curves| &curves.precision_recall),
        })
    }

    fn calibration(&self) -> anyhow::Result<Figure<'static>> {
        // The diagonal of perfect calibration.
        let mut marks = vec![Mark::Guide([(0.0, 0.0), (1.0, 1.0)])];
        for curves in self.curves() {
            let points = curves.calibration.iter();
            let points: Vec<_> = points
                .filter_map(|bin| Some((bin.bin.mean_probability?, bin.bin.positive_share?)))
                .collect();
            let is_main = self.main().is_some_and(|main| main.name == curves.name);
            if is_main {
                let places = curves.calibration.iter();
                marks.extend(places.filter_map(|bin| {
                    let place = (bin.bin.mean_probability?, bin.interval?);
                    Some(Mark::Interval(paint(&curves.name), place))
                }));
                marks.extend(
                    points
                        .iter()
                        .map(|&point| Mark::Dot(paint(&curves.name), point)),
                );
            }
            marks.push(Mark::Line(paint(&curves.name), points));
        }
        let chart = Chart {
            x: Axis::share("mean probability of the rows in a bin"),
            y: Axis::share("share of fire among them"),
            marks,
        };
        Ok(Figure {
            id: "calibration".into(),
            name: "Calibration".into(),
            reading: "On the thin line, 70 % of the rows with probability 0.7 are fire. Vertical lines are 95 % intervals.",
            description: self.description("expected calibration error", |scores| {
                four_digits(scores.ece)
            }),
            drawing: chart.draw()?,
            legend: self.legend("ECE", |scores| scores.ece),
            table: self.bins(),
        })
    }

    /// A table of all bins of the reliability diagram.
    fn bins(&self) -> Table {
        let mut rows = Vec::new();
        for curves in self.curves().iter().rev() {
            for bin in &curves.calibration {
                rows.push(vec![
                    curves.name.clone(),
                    format!("{:.1} to {:.1}", bin.bin.low, bin.bin.high),
                    count(bin.bin.rows),
                    or_dash(bin.bin.mean_probability, four_digits),
                    or_dash(bin.bin.positive_share, four_digits),
                    or_dash(bin.interval, interval),
                ]);
            }
        }
        let head = [
            "model",
            "bin",
            "rows",
            "mean probability",
            "share of fire",
            "95 % interval",
        ];
        Table::new("Bins of the reliability diagram", &head, rows)
    }

    fn points(&self, x: &str, points: impl Fn(&Curves) -> &Vec<(f64, f64)>) -> Table {
        let curves = self.curves().iter();
        let named = curves.map(|curves| (curves.name.as_str(), points(curves).as_slice()));
        points_table(x, &named.collect::<Vec<_>>())
    }
}

/// The diagonal of a ROC chart.
pub(super) const RANDOM_GUESSING: [(f64, f64); 2] = [(0.0, 0.0), (1.0, 1.0)];
/// The label of its horizontal axis.
pub(super) const FALSE_POSITIVE_RATE: &str = "false-positive rate";

/// A ROC chart of any models.
pub(super) fn roc_figure(
    marks: Vec<Mark>,
    description: String,
    legend: Vec<Key>,
    table: Table,
) -> anyhow::Result<Figure<'static>> {
    let chart = Chart {
        x: Axis::share(FALSE_POSITIVE_RATE),
        y: Axis::share("true-positive rate (recall)"),
        marks,
    };
    Ok(Figure {
        id: "roc".into(),
        name: "Receiver operating characteristic".into(),
        reading: "Further to the upper left is better. The thin line shows random guessing.",
        description,
        drawing: chart.draw()?,
        legend,
        table,
    })
}

/// A table of a few points of each named curve; `x` is the label of the horizontal axis.
pub(super) fn points_table(x: &str, curves: &[(&str, &[(f64, f64)])]) -> Table {
    let rows = (0..=STEPS).map(|step| {
        let at = f64::from(step) / f64::from(STEPS);
        let heights = curves
            .iter()
            .map(|(_, points)| or_dash(y_at(points, at), four_digits));
        std::iter::once(format!("{at:.1}")).chain(heights).collect()
    });
    let names = curves.iter().map(|(name, _)| *name);
    let head: Vec<&str> = std::iter::once(x).chain(names).collect();
    Table::new("Points of the curves", &head, rows.collect())
}

/// A metric of the decisions at one threshold.
type OfCounts = fn(&Confusion) -> f64;

/// Precision, recall and F1 of one model as functions of the threshold.
fn thresholds(curves: &Curves) -> anyhow::Result<Figure<'_>> {
    let metrics: [(&str, OfCounts); 3] = [
        ("F1", Confusion::f1),
        ("precision", Confusion::precision),
        ("recall", Confusion::recall),
    ];
    let mut marks = vec![Mark::Guide([
        (curves.threshold, 0.0),
        (curves.threshold, 1.0),
    ])];
    let mut legend = Vec::new();
    for (number, (name, of)) in metrics.iter().enumerate() {
        let paint = Paint::Series(number as u8);
        // Precision is undefined, not 0, where no row is predicted as fire.
        let has_precision = |counts: &Confusion| counts.true_positives + counts.false_positives > 0;
        let points = curves
            .thresholds
            .iter()
            .filter(|(_, counts)| has_precision(counts));
        marks.push(Mark::Line(
            paint,
            points.map(|(at, counts)| (*at, of(counts))).collect(),
        ));
        legend.push(Key::line(paint, *name));
    }
    let chart = Chart {
        x: Axis::share("threshold"),
        y: Axis::share("metric on the test rows"),
        marks,
    };
    let step = curves
        .thresholds
        .len()
        .div_ceil(STEPS as usize * 2 + 1)
        .max(1);
    let rows = curves.thresholds.iter().step_by(step).map(|(at, counts)| {
        let values = metrics.iter().map(|(_, of)| four_digits(of(counts)));
        std::iter::once(format!("{at:.2}")).chain(values).collect()
    });
    let chosen = &curves.chosen;
    Ok(Figure {
        // The name of a second model of the same algorithm contains a `#`.
        id: format!("thresholds-{}", curves.name.replace(['_', '#'], "-")).into(),
        name: format!("Thresholds of {}", curves.name.replace('_', " ")).into(),
        reading: "The vertical line is the threshold chosen on the validation rows.",
        description: format!(
            "At the chosen threshold {:.4}: F1 {:.4}, precision {:.4}, recall {:.4}.",
            curves.threshold,
            chosen.f1(),
            chosen.precision(),
            chosen.recall()
        ),
        drawing: chart.draw()?,
        legend,
        table: Table::new(
            "Metrics by threshold",
            &["threshold", "F1", "precision", "recall"],
            rows.collect(),
        ),
    })
}

fn confusion_matrix(models: &[Curves]) -> Table {
    let row = |curves: &Curves| {
        let chosen = &curves.chosen;
        let counts = [
            chosen.true_positives,
            chosen.false_negatives,
            chosen.false_positives,
            chosen.true_negatives,
        ];
        let shares = [
            chosen.accuracy(),
            chosen.f1(),
            chosen.precision(),
            chosen.recall(),
        ];
        [curves.name.clone(), four_digits(curves.threshold)]
            .into_iter()
            .chain(counts.map(count))
            .chain(shares.map(four_digits))
            .collect()
    };
    let head = [
        "model",
        "threshold",
        "true positives",
        "false negatives",
        "false positives",
        "true negatives",
        "accuracy",
        "F1",
        "precision",
        "recall",
    ];
    Table {
        main: models.iter().position(|curves| curves.name == ENSEMBLE),
        ..Table::new(
            "Confusion matrices on the test rows at each model’s threshold",
            &head,
            models.iter().map(row).collect(),
        )
    }
}
