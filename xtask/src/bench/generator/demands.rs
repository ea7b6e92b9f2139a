//! Targets of the generators and of the extractor, and whether they are met.

use std::fmt;

use super::super::learners::THREADS;
use super::{FULL_ROWS, Measured, Work};

/// A target and the measured value.
pub(super) struct Demand {
    pub(super) what: String,
    pub(super) found: f64,
    pub(super) unit: &'static str,
    pub(super) asked: Asked,
}

pub(super) enum Asked {
    Least(f64),
    Most(f64),
    /// The target, and the worst value that is still acceptable.
    MostOrElse(f64, f64),
}

impl Asked {
    pub(super) fn verdict(&self, found: f64) -> &'static str {
        match *self {
            Self::Least(aim) if found >= aim => "met",
            Self::Most(aim) | Self::MostOrElse(aim, _) if found <= aim => "met",
            Self::MostOrElse(_, floor) if found <= floor => "floor",
            _ => "missed",
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Least(aim) => write!(f, "at least {aim}"),
            Self::Most(aim) => write!(f, "at most {aim}"),
            Self::MostOrElse(aim, floor) => write!(f, "at most {aim}, floor {floor}"),
        }
    }
}

/// All targets for which there are measurements.
pub(super) fn demands(all: &[Measured]) -> Vec<Demand> {
    let seconds = |work| {
        let found = all.iter().find(|one| one.work == work);
        found.map(|one| one.seconds)
    };
    let mut demands = Vec::new();
    let mut demand = |what: &str, found: Option<f64>, unit, asked| {
        demands.extend(found.map(|found| Demand {
            what: what.to_owned(),
            found,
            unit,
            asked,
        }));
    };
    let numpy = all
        .iter()
        .filter(|one| matches!(one.work, Work::Numpy { .. }));
    let draws = numpy.filter_map(|one| one.draws_seconds).reduce(f64::min);
    for threads in [1, THREADS] {
        let times = draws.zip(seconds(Work::Original { threads }));
        let times = times.map(|(numpy, ours)| numpy / ours);
        let what = format!(
            "profile original on {threads} thread(s), labels included, against numpy's faster generator, draws alone"
        );
        demand(&what, times, "x", Asked::Least(2.0));
    }
    for one in all {
        match one.work {
            Work::Episodes { rows } if rows != FULL_ROWS => demand(
                "100,000 rows of profile episode",
                Some(one.seconds * 1e5 / one.rows as f64),
                "s",
                Asked::MostOrElse(60.0, 180.0),
            ),
            Work::Episodes { .. } => demand(
                "peak memory of 1,000,000 rows",
                one.peak_bytes.map(|bytes| bytes / 1e9),
                "GB",
                Asked::Most(1.0),
            ),
            Work::Extraction => demand(
                "extractor, one thread",
                Some(one.frames as f64 / one.seconds),
                "frames/s",
                Asked::Least(2_000.0),
            ),
            _ => {}
        }
    }
    demands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(work: Work, seconds: f64) -> Measured {
        Measured {
            work,
            rows: 100_000,
            seconds,
            draws_seconds: matches!(work, Work::Numpy { .. }).then_some(0.8 * seconds),
            frames: 600_000,
            peak_bytes: Some(5e8),
            runs: 3,
        }
    }

    #[test]
    fn ratios_are_relative_to_the_faster_numpy_generator() {
        let all = [
            one(Work::Original { threads: 1 }, 0.1),
            one(
                Work::Numpy {
                    generator: "legacy",
                },
                0.5,
            ),
            one(Work::Numpy { generator: "pcg64" }, 0.2),
            one(Work::Episodes { rows: 100_000 }, 90.0),
            one(Work::Episodes { rows: FULL_ROWS }, 900.0),
            one(Work::Extraction, 100.0),
        ];
        let found: Vec<_> = demands(&all)
            .iter()
            .map(|demand| {
                let verdict = demand.asked.verdict(demand.found);
                ((demand.found * 100.0).round() / 100.0, verdict)
            })
            .collect();
        let expected = [
            (1.6, "missed"),
            (90.0, "floor"),
            (0.5, "met"),
            (6_000.0, "met"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn without_a_measurement_there_is_no_target() {
        assert!(demands(&[one(Work::WholeEpisodes, 1.0)]).is_empty());
    }
}
