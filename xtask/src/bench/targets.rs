//! Targets of the learners, and whether they are met.

use serde_json::{Value, json};

use super::contestants::Task;
use super::learners::{Findings, Measured, Size};

/// A target and the measured value.
#[derive(Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) found: f64,
    pub(crate) target: f64,
    /// The worst value that is still acceptable; whether it is above or below `target` tells which
    /// direction is better.
    pub(crate) floor: f64,
    pub(crate) unit: &'static str,
}

impl Target {
    /// `met`, `floor` or `missed`.
    pub(crate) fn verdict(&self) -> &'static str {
        let sign = (self.target - self.floor).signum();
        if sign * (self.found - self.target) >= 0.0 {
            "met"
        } else if sign * (self.found - self.floor) >= 0.0 {
            "floor"
        } else {
            "missed"
        }
    }
}

/// Prints the targets as a table in Markdown.
pub(super) fn print(targets: &[Target], digits: usize) {
    println!("| | found | target | floor | |\n|---|---|---|---|---|");
    for one in targets {
        let (unit, verdict) = (one.unit, one.verdict());
        println!(
            "| {} | {:.digits$}{unit} | {}{unit} | {}{unit} | {verdict} |",
            one.what, one.found, one.target, one.floor
        );
    }
}

/// The targets as JSON.
pub(super) fn document(targets: &[Target]) -> Value {
    let target = |one: &Target| {
        json!({
            "what": one.what, "found": one.found, "target": one.target, "floor": one.floor,
            "verdict": one.verdict(),
        })
    };
    targets.iter().map(target).collect()
}

/// From this many rows on, the targets for large data apply.
const LARGE: u64 = 500_000;

/// All targets for which there are measurements.
pub(crate) fn all(findings: &Findings) -> Vec<Target> {
    let mut targets: Vec<_> = findings.sizes.iter().flat_map(of_size).collect();
    targets.extend(growth(&findings.sizes));
    targets.extend(accuracy(findings));
    targets
}

fn of_size(size: &Size) -> Vec<Target> {
    let target = |what: &str, found: Option<f64>, [target, floor]: [f64; 2], unit| {
        let what = format!("{what}, {} rows", size.rows);
        found.map(|found| Target {
            what,
            found,
            target,
            floor,
            unit,
        })
    };
    let times = |task, peers| times_faster(size, task, peers);
    let targets = if size.rows < LARGE {
        let fits = ours(size, Task::Together).map(|fits| fits.seconds);
        vec![
            target(
                "forest against scikit-learn",
                times(Task::Forest, &["scikit-learn"]),
                [100.0, 50.0],
                "x",
            ),
            target(
                "forest against LightGBM, XGBoost",
                times(Task::Forest, &["LightGBM", "XGBoost"]),
                [10.0, 6.0],
                "x",
            ),
            target(
                "boosting against the fastest",
                times(Task::Boosting, &[""]),
                [3.0, 2.0],
                "x",
            ),
            target("the three fits", fits, [0.8, 1.2], "s"),
        ]
    } else {
        let peaks = [Task::Forest, Task::Boosting].map(|task| ours(size, task));
        let peak = peaks
            .into_iter()
            .flatten()
            .map(|fit| fit.peak_bytes)
            .reduce(f64::max);
        vec![
            target(
                "boosting against LightGBM",
                times(Task::Boosting, &["LightGBM"]),
                [2.5, 1.5],
                "x",
            ),
            target(
                "forest against LightGBM",
                times(Task::Forest, &["LightGBM"]),
                [6.0, 3.0],
                "x",
            ),
            target(
                "peak memory a row",
                peak.map(|peak| peak / size.rows as f64),
                [60.0, 100.0],
                "B",
            ),
        ]
    };
    targets.into_iter().flatten().collect()
}

fn ours(size: &Size, task: Task) -> Option<&Measured> {
    let mut results = size.results.iter();
    results.find(|one| one.contestant.task == task && one.contestant.is_ours())
}

/// Contestants of `task` from other libraries.
fn peers(size: &Size, task: Task) -> impl Iterator<Item = &Measured> {
    let of_task = size
        .results
        .iter()
        .filter(move |one| one.contestant.task == task);
    of_task.filter(|one| !one.contestant.name.starts_with("ensemble"))
}

/// How many times as long as ours the fastest peer takes, among those whose names start with one of
/// `prefixes`.
fn times_faster(size: &Size, task: Task, prefixes: &[&str]) -> Option<f64> {
    let named = |peer: &&Measured| {
        let mut prefixes = prefixes.iter();
        prefixes.any(|prefix| peer.contestant.name.starts_with(prefix))
    };
    let fastest = peers(size, task)
        .filter(named)
        .map(|peer| peer.seconds)
        .reduce(f64::min)?;
    Some(fastest / ours(size, task)?.seconds)
}

/// Time per row of the largest size, relative to the smallest.
fn growth(sizes: &[Size]) -> Vec<Target> {
    let smallest = sizes.iter().min_by_key(|size| size.rows);
    let largest = sizes.iter().max_by_key(|size| size.rows);
    let (Some(small), Some(large)) = (smallest, largest) else {
        return Vec::new();
    };
    if small.rows == large.rows {
        return Vec::new();
    }
    let per_row = |size: &Size, task| ours(size, task).map(|fit| fit.seconds / size.rows as f64);
    let of_task = |(task, name)| {
        Some(Target {
            what: format!(
                "{name}, time a row, {} against {} rows",
                large.rows, small.rows
            ),
            found: per_row(large, task)? / per_row(small, task)?,
            target: 1.3,
            floor: 2.0,
            unit: "x",
        })
    };
    [(Task::Forest, "forest"), (Task::Boosting, "boosting")]
        .into_iter()
        .filter_map(of_task)
        .collect()
}

/// How far our AUC is below the best peer's.
fn accuracy(findings: &Findings) -> Vec<Target> {
    let mut targets = Vec::new();
    for task in [Task::Forest, Task::Boosting, Task::Logistic] {
        for size in &findings.sizes {
            let best = peers(size, task)
                .filter_map(|peer| peer.auc)
                .reduce(f64::max);
            let own = ours(size, task).and_then(|fit| fit.auc);
            let set = format!("original, {} rows", size.rows);
            targets.extend(shortfall(task, &set, own, best));
        }
        let mut sets: Vec<_> = findings.public.iter().map(|one| &one.set).collect();
        sets.sort();
        sets.dedup();
        for set in sets {
            let of_set = || {
                let scores = findings.public.iter();
                scores.filter(|one| one.contestant.task == task && one.set == *set)
            };
            let own = of_set()
                .find(|one| one.contestant.is_ours())
                .map(|one| one.auc);
            let best = of_set()
                .filter(|one| !one.contestant.name.starts_with("ensemble"))
                .map(|one| one.auc)
                .reduce(f64::max);
            targets.extend(shortfall(task, set, own, best));
        }
    }
    targets
}

fn shortfall(task: Task, set: &str, own: Option<f64>, best: Option<f64>) -> Option<Target> {
    Some(Target {
        what: format!("AUC below the best peer's: {}, {set}", task.title()),
        found: best? - own?,
        target: 0.001,
        floor: 0.003,
        unit: "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::contestants::CONTESTANTS;

    #[test]
    fn a_verdict_follows_the_better_direction() {
        let check = |found, target, floor, expected: &str| {
            let target = Target {
                what: String::new(),
                found,
                target,
                floor,
                unit: "",
            };
            assert_eq!(target.verdict(), expected, "{target:?}");
        };
        check(120.0, 100.0, 50.0, "met");
        check(50.0, 100.0, 50.0, "floor");
        check(49.0, 100.0, 50.0, "missed");
        check(0.7, 0.8, 1.2, "met");
        check(1.0, 0.8, 1.2, "floor");
        check(1.3, 0.8, 1.2, "missed");
        check(-0.01, 0.001, 0.003, "met");
    }

    #[test]
    fn ratios_are_relative_to_the_fastest_peer() {
        let size = |rows, ours: f64| Size {
            rows,
            results: CONTESTANTS
                .into_iter()
                .zip([
                    ours, 50.0, 20.0, 4.0, 3.0, ours, 50.0, 90.0, 2.0, 1.5, 1.2, 1.8,
                ])
                .map(|(contestant, seconds)| Measured {
                    contestant,
                    runs: 1,
                    seconds,
                    auc: None,
                    peak_bytes: 2e6,
                })
                .collect(),
        };
        let findings = Findings {
            runs: 1,
            versions: std::collections::BTreeMap::new(),
            sizes: vec![size(70_000, 0.2), size(1_000_000, 4.0)],
            public: Vec::new(),
        };
        let found: Vec<_> = all(&findings)
            .iter()
            .map(|target| (target.found * 100.0).round() / 100.0)
            .collect();
        let growth = 1.4;
        assert_eq!(found, [100.0, 15.0, 6.0, 0.3, 1.0, 2.0, growth, growth]);
    }
}
