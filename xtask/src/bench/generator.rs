//! Both generators and the extractor, and profile `original` compared with numpy.

mod demands;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::learners::{THREADS, build_bench};
use super::{Args, joined, machine, median, read, rust_version, today};
use crate::{programs, venv};
use demands::{Demand, demands};

/// The recording that the extractor is timed on.
const RECORDING: &str = "lepton35_y16/thermal_20260512_151542.raw.y16.gz";
/// How often its 82 frames are extracted in one run.
const ROUNDS: u32 = 50;
/// Whole episodes, in sensor-hours.
const HOURS: u32 = 4;
/// Fewer runs for simulation, which takes most of the benchmark's time.
const EPISODE_RUNS: u32 = 3;
/// Rows that `--slow` simulates.
const FULL_ROWS: u64 = 1_000_000;

/// What is timed, in the order of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Original { threads: u32 },
    Numpy { generator: &'static str },
    Episodes { rows: u64 },
    WholeEpisodes,
    Extraction,
}

/// What a program prints about one run.
#[derive(Debug, Deserialize)]
struct Line {
    rows: u64,
    seconds: f64,
    /// Drawing without labels; numpy only.
    draws_seconds: Option<f64>,
    #[serde(default)]
    frames: u64,
    peak_bytes: Option<u64>,
    numpy: Option<String>,
}

/// Medians of the runs of one kind of work.
#[derive(Debug)]
struct Measured {
    work: Work,
    rows: u64,
    seconds: f64,
    draws_seconds: Option<f64>,
    frames: u64,
    peak_bytes: Option<f64>,
    runs: usize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let bench = Bench::new()?;
    let runs = args.runs.unwrap_or(5);
    let mut lines: Vec<(Work, Vec<Line>)> = bench
        .works(args)
        .into_iter()
        .map(|work| (work, Vec::new()))
        .collect();
    // Everything takes turns, so that other work on the machine slows all of it.
    for run in 0..runs {
        for (work, lines) in &mut lines {
            if run < work.runs(runs) {
                eprintln!("run {} of {runs}: {}", run + 1, work.name());
                lines.push(bench.measure(*work, args.samples)?);
            }
        }
    }
    let all: Vec<_> = lines
        .iter()
        .map(|(work, lines)| measured(*work, lines))
        .collect();
    let versions = versions(&lines)?;
    if args.output == "json" {
        println!("{:#}", document(&all, &versions));
    } else {
        print(&all, &versions);
    }
    Ok(ExitCode::SUCCESS)
}

/// The programs of both sides.
struct Bench {
    ours: PathBuf,
    python: PathBuf,
    scripts: PathBuf,
    recording: Option<PathBuf>,
}

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let root = programs::root();
        let scripts = root.join("xtask/bench");
        let python = venv::python("learners", &scripts.join("requirements.txt"))?;
        let data = std::env::var_os("FIRE_DATA_DIR")
            .map_or_else(|| root.join("../shared/data"), PathBuf::from);
        Ok(Self {
            // Without data files, which are not needed here: they bring polars, minutes of building.
            ours: build_bench(
                &["--package=sensor-model", "--no-default-features"],
                "generator",
            )?,
            python: python.context("numpy needs Python 3; on Debian: apt-get install python3")?,
            scripts,
            recording: Some(data.join(RECORDING)).filter(|path| path.is_file()),
        })
    }

    fn works(&self, args: &Args) -> Vec<Work> {
        let mut works = vec![
            Work::Original { threads: 1 },
            Work::Original { threads: THREADS },
            Work::Numpy {
                generator: "legacy",
            },
            Work::Numpy { generator: "pcg64" },
            Work::Episodes { rows: args.samples },
            Work::WholeEpisodes,
        ];
        if self.recording.is_some() {
            works.push(Work::Extraction);
        } else {
            eprintln!("not measured: the extractor, because {RECORDING} is not in FIRE_DATA_DIR");
        }
        if args.slow {
            works.push(Work::Episodes { rows: FULL_ROWS });
        }
        works
    }

    fn measure(&self, work: Work, samples: u64) -> anyhow::Result<Line> {
        let ours = |what: &str, amount: &str, second: u32| {
            let mut command = Command::new(&self.ours);
            command.args([what, amount, &second.to_string()]);
            command
        };
        let rows = samples.to_string();
        let mut command = match work {
            Work::Original { threads } => ours("original", &rows, threads),
            Work::Numpy { generator } => {
                let mut command = Command::new(&self.python);
                command.arg(self.scripts.join("draws.py"));
                command.args([&rows, generator]);
                command
            }
            Work::Episodes { rows } => ours("episode", &rows.to_string(), THREADS),
            Work::WholeEpisodes => ours("alarms", &HOURS.to_string(), THREADS),
            Work::Extraction => {
                let recording = self.recording.as_deref().unwrap_or(Path::new(RECORDING));
                ours("extract", &recording.to_string_lossy(), ROUNDS)
            }
        };
        read(&mut command).with_context(|| work.name())
    }
}

impl Work {
    /// How often it runs if `requested` rounds are requested.
    fn runs(self, requested: u32) -> u32 {
        match self {
            Self::Episodes { rows: FULL_ROWS } => 1,
            Self::Episodes { .. } | Self::WholeEpisodes => requested.min(EPISODE_RUNS),
            _ => requested,
        }
    }

    fn name(self) -> String {
        let threads =
            |threads: u32| format!("{threads} thread{}", if threads == 1 { "" } else { "s" });
        match self {
            Self::Original { threads: count } => format!("profile original, {}", threads(count)),
            Self::Numpy { generator } => format!("numpy, {generator}"),
            Self::Episodes { .. } => format!("profile episode, {}", threads(THREADS)),
            Self::WholeEpisodes => format!("whole episodes of {HOURS} h, {}", threads(THREADS)),
            Self::Extraction => "extractor on real frames, 1 thread".to_owned(),
        }
    }
}

fn measured(work: Work, lines: &[Line]) -> Measured {
    let median_of = |value: &dyn Fn(&Line) -> Option<f64>| {
        let values: Vec<_> = lines.iter().filter_map(value).collect();
        (!values.is_empty()).then(|| median(&values))
    };
    Measured {
        work,
        rows: lines.first().map_or(0, |line| line.rows),
        seconds: median_of(&|line| Some(line.seconds)).unwrap_or(f64::NAN),
        draws_seconds: median_of(&|line| line.draws_seconds),
        frames: lines.first().map_or(0, |line| line.frames),
        peak_bytes: median_of(&|line| line.peak_bytes.map(|bytes| bytes as f64)),
        runs: lines.len(),
    }
}

fn print(all: &[Measured], versions: &[(String, String)]) {
    let versions = joined(versions.iter().map(|(name, version)| (name, version)));
    println!("{}; {}; {versions}", machine(), today());
    println!("\n| | rows | median s | rows/s | frames a row | peak MB | runs |");
    println!("|---|---|---|---|---|---|---|");
    for one in all {
        let frames = match one.frames {
            0 => String::new(),
            frames => format!("{:.2}", frames as f64 / one.rows as f64),
        };
        let peak = one.peak_bytes.map(|bytes| format!("{:.0}", bytes / 1e6));
        println!(
            "| {} | {} | {:.3} | {:.0} | {frames} | {} | {} |",
            one.work.name(),
            one.rows,
            one.seconds,
            one.rows as f64 / one.seconds,
            peak.unwrap_or_default(),
            one.runs
        );
        if let Some(seconds) = one.draws_seconds {
            let rate = one.rows as f64 / seconds;
            println!(
                "| {}, draws alone | {} | {seconds:.3} | {rate:.0} | | | {} |",
                one.work.name(),
                one.rows,
                one.runs
            );
        }
    }
    println!("\n| | found | asked | |\n|---|---|---|---|");
    for Demand {
        what,
        found,
        unit,
        asked,
    } in demands(all)
    {
        let verdict = asked.verdict(found);
        println!("| {what} | {found:.2} {unit} | {asked} | {verdict} |");
    }
}

/// The results as JSON; the keys are stable.
fn document(all: &[Measured], versions: &[(String, String)]) -> Value {
    let measured = all.iter().map(|one| {
        json!({
            "what": one.work.name(),
            "rows": one.rows,
            "frames": one.frames,
            "median_seconds": one.seconds,
            "draws_median_seconds": one.draws_seconds,
            "peak_bytes": one.peak_bytes,
            "runs": one.runs,
        })
    });
    let demands = demands(all);
    let targets = demands.iter().map(|one| {
        json!({
            "what": one.what,
            "found": one.found,
            "unit": one.unit,
            "asked": one.asked.to_string(),
            "verdict": one.asked.verdict(one.found),
        })
    });
    let versions: serde_json::Map<_, _> = versions
        .iter()
        .map(|(name, version)| (name.clone(), json!(version)))
        .collect();
    json!({
        "machine": machine(),
        "date": today(),
        "versions": versions,
        "measured": measured.collect::<Vec<_>>(),
        "targets": targets.collect::<Vec<_>>(),
    })
}

fn versions(lines: &[(Work, Vec<Line>)]) -> anyhow::Result<Vec<(String, String)>> {
    let numpy = lines
        .iter()
        .flat_map(|(_, lines)| lines)
        .find_map(|line| line.numpy.clone());
    Ok(vec![
        ("Rust".to_owned(), rust_version()?),
        ("numpy".to_owned(), numpy.unwrap_or_default()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_rows_are_simulated_once() {
        assert_eq!(Work::Episodes { rows: FULL_ROWS }.runs(9), 1);
        assert_eq!(Work::Episodes { rows: 100_000 }.runs(9), EPISODE_RUNS);
        assert_eq!(Work::Extraction.runs(9), 9);
    }
}
