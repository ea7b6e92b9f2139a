//! Our learners and the peers' in alternation, on the same data and cores.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use serde::Deserialize;

use super::contestants::{CONTESTANTS, Contestant, Program};
use super::{Args, median, printed, read, rust_version, table};
use crate::{image, programs, venv};

/// Threads of each contestant.
pub(crate) const THREADS: u32 = 2;

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) runs: u32,
    /// By package.
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) sizes: Vec<Size>,
    pub(crate) public: Vec<PublicScore>,
}

/// All contestants on one number of rows.
#[derive(Debug)]
pub(crate) struct Size {
    pub(crate) rows: u64,
    pub(crate) results: Vec<Measured>,
}

/// One contestant on one number of rows.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) contestant: Contestant,
    pub(crate) runs: usize,
    /// Median of the runs.
    pub(crate) seconds: f64,
    /// On held-out rows; `None` where several models are fitted at once.
    pub(crate) auc: Option<f64>,
    /// Median of the most by which the process grew.
    pub(crate) peak_bytes: f64,
}

/// One contestant's mean AUC over the splits of one public set.
#[derive(Debug)]
pub(crate) struct PublicScore {
    pub(crate) contestant: Contestant,
    pub(crate) set: String,
    pub(crate) auc: f64,
}

/// What our program and the peers' print for a set.
#[derive(Debug, Deserialize)]
struct Line {
    set: String,
    rows: u64,
    seconds: f64,
    peak_bytes: u64,
    auc: Option<f64>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let bench = Bench::new()?;
    let runs = args.runs.unwrap_or(7);
    let sizes = args.rows.iter();
    let findings = Findings {
        runs,
        versions: bench.versions()?,
        sizes: sizes
            .map(|&rows| bench.size(rows, runs, args.slow))
            .collect::<Result<_, _>>()?,
        public: bench.public(args.slow)?,
    };
    if args.output == "json" {
        println!("{:#}", table::document(&findings));
    } else {
        table::print(&findings);
    }
    Ok(ExitCode::SUCCESS)
}

/// The programs of both sides.
struct Bench {
    ours: PathBuf,
    python: PathBuf,
    /// `xtask/bench`.
    scripts: PathBuf,
    /// The datasets.
    folder: PathBuf,
}

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let scripts = programs::root().join("xtask/bench");
        let python = venv::python("learners", &scripts.join("requirements.txt"))?;
        Ok(Self {
            ours: build_bench(&["--package=ensemble"], "learners")?,
            python: python
                .context("the peers need Python 3; on Debian: apt-get install python3")?,
            scripts,
            folder: programs::directory()?.join("bench/learners"),
        })
    }

    fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(self.scripts.join(name));
        command
    }

    fn versions(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut versions: BTreeMap<_, _> = read(self.script("peers.py").arg("--versions"))?;
        versions.insert("Rust".to_owned(), rust_version()?);
        Ok(versions)
    }

    /// All contestants on `rows` rows of profile `original`.
    fn size(&self, rows: u64, runs: u32, slow: bool) -> anyhow::Result<Size> {
        let data = self.original(rows)?;
        let mut lines: Vec<Vec<Line>> = CONTESTANTS.iter().map(|_| Vec::new()).collect();
        // Contestants take turns, so that other work on the machine slows all of them.
        for run in 0..runs {
            for (contestant, lines) in CONTESTANTS.iter().zip(&mut lines) {
                if run < contestant.runs(runs, rows, slow) {
                    eprintln!("run {} of {runs}: {}", run + 1, contestant.learner);
                    lines.extend(self.fit(contestant, &data, &["original".to_owned()])?);
                }
            }
        }
        let results = CONTESTANTS
            .into_iter()
            .zip(&lines)
            .filter(|(_, lines)| !lines.is_empty())
            .map(|(contestant, lines)| measured(contestant, lines))
            .collect();
        let rows = lines.iter().flatten().next().map_or(rows, |line| line.rows);
        Ok(Size { rows, results })
    }

    /// Writes the sets of one size, unless they exist.
    fn original(&self, rows: u64) -> anyhow::Result<PathBuf> {
        let out = self.folder.join(rows.to_string());
        if !out.join("original/test.y").exists() {
            let dataset = out.join("parts");
            // 70 % of the samples are for training.
            let samples = (rows * 10).div_ceil(7).to_string();
            let mut generate = programs::program("train-100k")?;
            generate.args(["--quiet", "--profile", "original", "--samples", &samples]);
            printed(generate.arg("--out").arg(&dataset))?;
            printed(self.script("data.py").arg(dataset).arg(&out))?;
        }
        Ok(out)
    }

    /// All contestants on the public sets.
    fn public(&self, slow: bool) -> anyhow::Result<Vec<PublicScore>> {
        let data = self.folder.join("public");
        printed(self.script("data.py").arg("--public").arg(&data))?;
        let mut sets = names_in(&data)?;
        sets.sort();
        let mut scores = Vec::new();
        for contestant in CONTESTANTS {
            if contestant.takes_public_sets(slow) {
                eprintln!("public sets: {}", contestant.learner);
                let lines = self.fit(&contestant, &data, &sets)?;
                scores.extend(mean_by_set(contestant, &lines));
            }
        }
        Ok(scores)
    }

    fn fit(
        &self,
        contestant: &Contestant,
        data: &Path,
        sets: &[String],
    ) -> anyhow::Result<Vec<Line>> {
        let mut command = match contestant.program {
            Program::Ours => Command::new(&self.ours),
            Program::Peers => self.script("peers.py"),
        };
        command.arg(data).arg(THREADS.to_string());
        let text = printed(command.arg(contestant.learner).args(sets))?;
        let lines = text.lines().map(serde_json::from_str);
        lines
            .collect::<Result<_, _>>()
            .with_context(|| format!("unexpected output of {}: {text}", contestant.learner))
    }
}

/// Builds a benchmark with all optimisations, and returns its path.
pub(super) fn build_bench(package: &[&str], name: &str) -> anyhow::Result<PathBuf> {
    let bench = format!("--bench={name}");
    let arguments = [&["bench"], package, &[bench.as_str()]].concat();
    image::built_bench(programs::cargo(&arguments), name)
}

/// The names of the files and directories in a directory.
fn names_in(of: &Path) -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(of).with_context(|| of.display().to_string())?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

fn measured(contestant: Contestant, lines: &[Line]) -> Measured {
    let median_of = |value: fn(&Line) -> f64| median(&lines.iter().map(value).collect::<Vec<_>>());
    Measured {
        contestant,
        runs: lines.len(),
        seconds: median_of(|line| line.seconds),
        auc: lines[0].auc,
        peak_bytes: median_of(|line| line.peak_bytes as f64),
    }
}

/// Averages the splits of each set, which are named `set-0`, `set-1` and so on.
fn mean_by_set(contestant: Contestant, lines: &[Line]) -> Vec<PublicScore> {
    let mut sets: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for line in lines {
        let set = line.set.rsplit_once('-').map_or("", |(set, _)| set);
        sets.entry(set).or_default().extend(line.auc);
    }
    sets.into_iter()
        .map(|(set, aucs)| PublicScore {
            contestant,
            set: set.to_owned(),
            auc: aucs.iter().sum::<f64>() / aucs.len() as f64,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_splits_of_a_set_are_averaged() {
        let line = |set: &str, auc| Line {
            set: set.to_owned(),
            rows: 1,
            seconds: 1.0,
            peak_bytes: 1,
            auc: Some(auc),
        };
        let lines = [line("b-0", 0.5), line("a_c-0", 0.75), line("a_c-1", 0.25)];
        let scores = mean_by_set(CONTESTANTS[0], &lines);
        let found: Vec<_> = scores
            .iter()
            .map(|one| (one.set.as_str(), one.auc))
            .collect();
        assert_eq!(found, [("a_c", 0.5), ("b", 0.5)]);
    }
}
