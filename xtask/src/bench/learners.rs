//! Ours and the peers' in alternation, on the same numbers and cores.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;

use super::contestants::{CONTESTANTS, Contestant, Program};
use super::{Args, median, table};
use crate::{programs, venv};

/// For everybody.
pub(crate) const THREADS: u32 = 2;

/// What the bench found out.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) runs: u32,
    /// By package.
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) sizes: Vec<Size>,
    pub(crate) public: Vec<Judged>,
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
    /// Median.
    pub(crate) seconds: f64,
    /// On rows that it has not seen; nothing of several fits.
    pub(crate) auc: Option<f64>,
    /// By how much the process grew at most, median.
    pub(crate) peak_bytes: f64,
}

/// One contestant's mean AUC over the splits of one public set.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) contestant: Contestant,
    pub(crate) set: String,
    pub(crate) auc: f64,
}

/// What either program prints for a set.
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
        println!(
            "{}",
            serde_json::to_string_pretty(&table::document(&findings))?
        );
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
    /// Data sets.
    folder: PathBuf,
}

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let scripts = programs::root()?.join("xtask/bench");
        let python = venv::python("learners", &scripts.join("requirements.txt"))?;
        Ok(Self {
            ours: build_bench(&["--package=ensemble"], "learners")?,
            python: python
                .context("the peers need Python 3; on Debian: apt-get install python3")?,
            scripts,
            folder: programs::folder()?.join("bench/learners"),
        })
    }

    fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(self.scripts.join(name));
        command
    }

    fn versions(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut versions: BTreeMap<_, _> =
            serde_json::from_str(&printed(self.script("peers.py").arg("--versions"))?)?;
        let rustc = printed(Command::new("rustc").arg("--version"))?;
        let number = rustc.split_whitespace().nth(1).unwrap_or_default();
        versions.insert("Rust".to_owned(), number.to_owned());
        Ok(versions)
    }

    /// All contestants on `rows` rows of profile `original`.
    fn size(&self, rows: u64, runs: u32, slow: bool) -> anyhow::Result<Size> {
        let data = self.original(rows)?;
        let mut lines: Vec<Vec<Line>> = CONTESTANTS.iter().map(|_| Vec::new()).collect();
        // Round by round, so that whatever else the machine does meets everybody.
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

    /// Writes the sets of one size, unless they are there.
    fn original(&self, rows: u64) -> anyhow::Result<PathBuf> {
        let out = self.folder.join(rows.to_string());
        if !out.join("original/test.y").exists() {
            let parts = out.join("parts");
            // 70 % of the samples are the training part.
            let samples = (rows * 10).div_ceil(7).to_string();
            let mut generate = programs::program("train-100k")?;
            generate.args(["--quiet", "--profile", "original", "--samples", &samples]);
            printed(generate.arg("--out").arg(&parts))?;
            printed(self.script("data.py").arg(parts).arg(&out))?;
        }
        Ok(out)
    }

    /// All contestants on the public sets.
    fn public(&self, slow: bool) -> anyhow::Result<Vec<Judged>> {
        let data = self.folder.join("public");
        printed(self.script("data.py").arg("--public").arg(&data))?;
        let mut sets = folders(&data)?;
        sets.sort();
        let mut judged = Vec::new();
        for contestant in CONTESTANTS {
            if contestant.is_judged_in_public(slow) {
                eprintln!("public sets: {}", contestant.learner);
                let lines = self.fit(&contestant, &data, &sets)?;
                judged.extend(mean_by_set(contestant, &lines));
            }
        }
        Ok(judged)
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
            .with_context(|| format!("{} printed: {text}", contestant.learner))
    }
}

/// Builds a bench with all optimisations and returns where it lies.
pub(super) fn build_bench(package: &[&str], name: &str) -> anyhow::Result<PathBuf> {
    let bench = format!("--bench={name}");
    let rest = [
        bench.as_str(),
        "--no-run",
        "--message-format=json-render-diagnostics",
    ];
    let arguments = [&["bench"], package, &rest].concat();
    let (status, output) = programs::output(&mut programs::cargo(&arguments)?)?;
    if !status.success() {
        bail!("the build failed");
    }
    // One JSON object a line for each thing that cargo made: https://doc.rust-lang.org/cargo/reference/external-tools.html
    let executable = String::from_utf8_lossy(&output)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|made| made["target"]["name"] == name)
        .find_map(|made| made["executable"].as_str().map(PathBuf::from));
    executable.context("cargo names no executable of the bench")
}

/// What a program printed.
pub(super) fn printed(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn folders(of: &Path) -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(of).with_context(|| of.display().to_string())?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

fn measured(contestant: Contestant, lines: &[Line]) -> Measured {
    let median_of =
        |figure: fn(&Line) -> f64| median(&lines.iter().map(figure).collect::<Vec<_>>());
    Measured {
        contestant,
        runs: lines.len(),
        seconds: median_of(|line| line.seconds),
        auc: lines[0].auc,
        peak_bytes: median_of(|line| line.peak_bytes as f64),
    }
}

/// The splits of a set are called `set-0`, `set-1` and so on.
fn mean_by_set(contestant: Contestant, lines: &[Line]) -> Vec<Judged> {
    let mut sets: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for line in lines {
        let set = line.set.rsplit_once('-').map_or("", |(set, _)| set);
        sets.entry(set).or_default().extend(line.auc);
    }
    sets.into_iter()
        .map(|(set, aucs)| Judged {
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
    fn splits_of_a_set_are_averaged() {
        let line = |set: &str, auc| Line {
            set: set.to_owned(),
            rows: 1,
            seconds: 1.0,
            peak_bytes: 1,
            auc: Some(auc),
        };
        let lines = [line("b-0", 0.5), line("a_c-0", 0.75), line("a_c-1", 0.25)];
        let judged = mean_by_set(CONTESTANTS[0], &lines);
        let found: Vec<_> = judged
            .iter()
            .map(|one| (one.set.as_str(), one.auc))
            .collect();
        assert_eq!(found, [("a_c", 0.5), ("b", 0.5)]);
    }
}
