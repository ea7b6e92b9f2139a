//! The endpoint compared with its peers: one row, many rows, requests per second, start, memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::json;

use super::endpoint_server::Server;
use super::wrk::{self, Soak};
use super::{Args, endpoint_table, median, printed, read, rust_version};
use crate::{image, opt_ml, programs, venv};

/// Connections of a load: enough to keep two cores busy.
const CONNECTIONS: u32 = 16;
/// Starts, of which the median is reported.
const STARTS: usize = 11;

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) seconds: u32,
    pub(crate) program_bytes: u64,
    pub(crate) ours: Models,
    /// LightGBM in process, by model.
    pub(crate) lightgbm: BTreeMap<String, Rows>,
    /// At saturation.
    pub(crate) full: Load,
    /// At half the rate of [`full`](Self::full).
    pub(crate) half: Load,
    /// scikit-learn behind Flask and gunicorn, at saturation.
    pub(crate) flask: Load,
    /// Our endpoint and Flask at saturation, measured by wrk where it is installed.
    pub(crate) by_wrk: Option<[Load; 2]>,
    pub(crate) soak: Option<Soak>,
    pub(crate) cold_start_ms: f64,
    pub(crate) flask_cold_start_ms: f64,
    /// Our endpoint before and after the load.
    pub(crate) resident_bytes: [u64; 2],
}

/// Predictions for single rows and in batches.
#[derive(Debug, Deserialize)]
pub(crate) struct Rows {
    pub(crate) single_p50_us: f64,
    #[serde(rename = "rows_per_second")]
    pub(crate) per_second: f64,
    /// Including reading and writing CSV.
    #[serde(rename = "csv_rows_per_second")]
    pub(crate) csv_per_second: Option<f64>,
}

/// Our models in process.
#[derive(Debug, Deserialize)]
pub(crate) struct Models {
    #[serde(rename = "random_forest")]
    pub(crate) forest: Rows,
    #[serde(rename = "gradient_boosting")]
    pub(crate) boosting: Rows,
    pub(crate) ensemble: Rows,
}

/// A load as its client saw it.
#[derive(Debug, Deserialize)]
pub(crate) struct Load {
    pub(crate) requests_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) statuses: BTreeMap<String, u64>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let bench = Bench::new()?;
    if args.soak > 0 && !wrk::is_installed() {
        bail!("--soak needs wrk; on Debian: apt-get install wrk");
    }
    let findings = bench.measure(args)?;
    if args.output == "json" {
        let document = endpoint_table::document(&findings);
        println!("{document:#}");
    } else {
        endpoint_table::print(&findings);
    }
    Ok(ExitCode::SUCCESS)
}

/// The programs of both sides.
struct Bench {
    /// `fire-container` as in the image.
    program: PathBuf,
    /// `bins/fire-container/benches/endpoint.rs`.
    client: PathBuf,
    python: PathBuf,
    scripts: PathBuf,
    folder: PathBuf,
}

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let scripts = programs::root().join("xtask/bench");
        let python = venv::python("endpoint", &scripts.join("endpoint-requirements.txt"))?;
        // The benchmark first: cargo also builds the program for it, with more features, in the place
        // of the one that is measured.
        let client = image::optimised_bench("endpoint")?;
        Ok(Self {
            program: image::static_program(image::SHIPPED)?,
            client,
            python: python
                .context("the peers need Python 3; on Debian: apt-get install python3")?,
            scripts,
            folder: programs::directory()?.join("bench/endpoint"),
        })
    }

    fn measure(&self, args: &Args) -> anyhow::Result<Findings> {
        let seconds = args.seconds;
        let data = self.dataset()?;
        let model = self.model(&data)?;
        let peers = self.peers()?;
        eprintln!("rows in this process");
        let test = data.join("test/part-00000.parquet");
        let mut answers = Command::new(&self.client);
        answers.arg("answers").arg(model.join("model")).arg(test);
        let mut rows = self.script("rows");
        rows.arg(&peers).arg(self.folder.join("original"));
        let (ours, lightgbm) = (read(&mut answers)?, read(&mut rows)?);
        eprintln!("our endpoint");
        let starts = (0..STARTS).map(|_| {
            let server = Server::ours(&self.program, &model)?;
            Ok(server.cold_start.as_secs_f64() * 1e3)
        });
        let starts: Vec<f64> = starts.collect::<anyhow::Result<_>>()?;
        let server = Server::ours(&self.program, &model)?;
        let before = server.resident()?;
        let full = self.load(&server, seconds, 0.0)?;
        let half = self.load(&server, seconds, full.requests_per_second / 2.0)?;
        let after = server.resident()?;
        let by_wrk = wrk::is_installed();
        let wrk_of = |server: &Server| {
            let load = || wrk::load(server, &self.scripts, seconds);
            by_wrk.then(load).transpose()
        };
        let ours_by_wrk = wrk_of(&server)?;
        let soak = || wrk::soak(&server, &self.scripts, args.soak);
        let soak = (args.soak > 0).then(soak).transpose()?;
        drop(server);
        eprintln!("scikit-learn behind Flask and gunicorn");
        let server = Server::peers(&self.python, &self.scripts, &peers)?;
        let flask = self.load(&server, seconds, 0.0)?;
        let by_wrk = ours_by_wrk.zip(wrk_of(&server)?);
        Ok(Findings {
            versions: self.versions()?,
            seconds,
            program_bytes: fs::metadata(&self.program)?.len(),
            ours,
            lightgbm,
            full,
            half,
            flask,
            by_wrk: by_wrk.map(|(ours, flask)| [ours, flask]),
            soak,
            cold_start_ms: median(&starts),
            flask_cold_start_ms: server.cold_start.as_secs_f64() * 1e3,
            resident_bytes: [before, after],
        })
    }

    fn script(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg(self.scripts.join("endpoint_peers.py"))
            .arg(verb);
        command
    }

    fn versions(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut versions: BTreeMap<String, String> = read(&mut self.script("versions"))?;
        versions.insert("Rust".to_owned(), rust_version()?);
        Ok(versions)
    }

    fn load(&self, server: &Server, seconds: u32, rate: f64) -> anyhow::Result<Load> {
        let mut client = Command::new(&self.client);
        client.args(["load", &server.address, &CONNECTIONS.to_string()]);
        read(client.args([seconds.to_string(), rate.to_string()]))
    }

    /// Writes a dataset of 100,000 rows, and the same as raw numbers for the peers.
    fn dataset(&self) -> anyhow::Result<PathBuf> {
        let dataset = self.folder.join("parts");
        if !self.folder.join("original/test.y").exists() {
            eprintln!("rows");
            let mut generate = programs::program("train-100k")?;
            generate.args([
                "--quiet",
                "--profile",
                "original",
                "--samples",
                "100000",
                "--out",
            ]);
            printed(generate.arg(&dataset))?;
            let mut raw = Command::new(&self.python);
            raw.arg(self.scripts.join("data.py"));
            printed(raw.arg(&dataset).arg(&self.folder))?;
        }
        Ok(dataset)
    }

    /// Trains three models and combines them in an `/opt/ml`.
    fn model(&self, data: &Path) -> anyhow::Result<PathBuf> {
        let mut combine = Command::new(&self.client);
        let opt_ml = self.folder.join("opt-ml");
        combine.arg("combine").arg(opt_ml.join("model"));
        for algorithm in ["random_forest", "gradient_boosting", "logistic_regression"] {
            let job = self.folder.join(algorithm);
            let mut hyperparameters = json!({ "algorithm": algorithm });
            // All 200 trees are kept, as the peers keep theirs.
            if algorithm == "gradient_boosting" {
                hyperparameters["early_stopping_rounds"] = "0".into();
            }
            opt_ml::lay_out(&job, data, &hyperparameters)?;
            eprintln!("{algorithm}");
            let mut train = Command::new(&self.program);
            printed(train.args(["train", "--opt-ml"]).arg(&job))?;
            combine.arg(job.join("model"));
        }
        printed(&mut combine)?;
        Ok(opt_ml)
    }

    /// Fits the peers' models, once for all calls of this benchmark.
    fn peers(&self) -> anyhow::Result<PathBuf> {
        let models = self.folder.join("peers");
        if !models.join("sklearn.pickle").exists() {
            eprintln!("the peers' models, which takes minutes");
            let mut fit = self.script("fit");
            printed(fit.arg(self.folder.join("original")).arg(&models))?;
        }
        Ok(models)
    }
}
