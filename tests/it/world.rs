//! A state directory with its own server, and the programs called in process.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use ensemble::Algorithm;
use fire_cli::{Console, Exit, Format, Style};
use sagemaker_ops::{Backend, Clients};
use serde_json::Value;
use tempfile::TempDir;

/// Flags of a short run.
pub(crate) const SMALL: [&str; 8] = [
    "--profile",
    "original",
    "--samples",
    "3000",
    "--set",
    "rf.n_estimators=5",
    "--set",
    "gb.n_estimators=5",
];

/// The jobs of a run, one for each learner.
pub(crate) fn job_names(run: &str) -> Vec<String> {
    Algorithm::ALL
        .map(|algorithm| format!("flir-scd41-{}-100k-{run}", algorithm.short()))
        .into()
}

/// How a program ended: exit, standard output, standard error.
pub(crate) struct Ran {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Standard output, which must be one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    /// The last JSON line on standard output, which is the result.
    pub(crate) fn last_json(&self) -> Value {
        let line = self.out.lines().last().unwrap_or_default();
        serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    /// Asserts the exit, and shows the output if it differs.
    #[track_caller]
    pub(crate) fn ended(self, exit: Exit) -> Self {
        assert_eq!(self.exit, exit, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Asserts that standard error contains each of these texts.
    #[track_caller]
    pub(crate) fn said(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.err.contains(text), "`{text}` is not in: {}", self.err);
        }
    }
}

/// A fresh state directory. The first program that needs its server starts it; it stops when the world
/// is dropped.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// A path for a file of the test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn train(&self, flags: &[&str]) -> Ran {
        self.call("train-100k", flags, train_100k::run).await
    }

    pub(crate) async fn monitor(&self, flags: &[&str]) -> Ran {
        self.call("monitor-100k", flags, monitor_100k::run).await
    }

    pub(crate) async fn deploy(&self, flags: &[&str]) -> Ran {
        self.call("deploy-100k", flags, deploy_100k::run).await
    }

    pub(crate) async fn extract(&self, flags: &[&str]) -> Ran {
        self.call("extract-rows", flags, extract_rows::run).await
    }

    pub(crate) async fn report(&self, flags: &[&str]) -> Ran {
        self.call("report-100k", flags, report_100k::run).await
    }

    /// Calls a program as its `main` does, with JSON output and captured streams.
    async fn call<A: Parser>(
        &self,
        name: &str,
        flags: &[&str],
        run: impl AsyncFnOnce(A, &mut Console<'_>) -> anyhow::Result<Exit>,
    ) -> Ran {
        let state_dir = self.state_dir();
        let common = [
            "--state-dir",
            state_dir.to_str().unwrap(),
            "--output",
            "json",
        ];
        let words = std::iter::once(name)
            .chain(flags.iter().copied())
            .chain(common);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = match A::try_parse_from(words) {
            Ok(args) => {
                let style = Style {
                    format: Format::Json,
                    ..Style::default()
                };
                let mut console = Console::new(&mut out, &mut err, style);
                // On the heap: futures of whole programs are large.
                ended(Box::pin(run(args, &mut console)).await, &mut console)
            }
            Err(error) => {
                err.extend(error.to_string().into_bytes());
                Exit::Usage
            }
        };
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran {
            exit,
            out: text(out),
            err: text(err),
        }
    }

    /// Trains a small run and waits for it; returns the model URIs by job.
    pub(crate) async fn trained(&self, run: &str, samples: &str) -> Vec<String> {
        let flags = [
            "--run",
            run,
            "--samples",
            samples,
            "--alarm-hours",
            "0.2",
            "--wait",
        ];
        let small = ["--set", "rf.n_estimators=10", "--set", "gb.n_estimators=10"];
        let ran = self
            .train(&[&flags[..], &small[..]].concat())
            .await
            .ended(Exit::Done);
        texts(&ran.json()["jobs"], "model_uri")
    }

    /// SDK clients of this world's server, which is started if necessary.
    pub(crate) async fn clients(&self) -> Clients {
        let backend = fire_cli::local_backend(Some(&self.state_dir())).unwrap();
        Clients::connect(&Backend::Local(backend)).await.unwrap()
    }

    /// The server's own `server.json`.
    pub(crate) fn server(&self) -> Value {
        let bytes = std::fs::read(self.state_dir().join("server.json")).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Restarts the server with scripted faults.
    pub(crate) fn restart_with_faults(&self, faults: &str) {
        self.restart_with("FIRE_FAULTS", faults);
    }

    /// Restarts the server with a variable in its environment.
    pub(crate) fn restart_with(&self, variable: &str, value: &str) {
        self.stop_server();
        let mut server = Command::new(program("local-sagemaker"));
        server
            .args(["--detached", "--idle-seconds", "600", "--state-dir"])
            .arg(self.state_dir())
            .env(variable, value)
            .stdin(Stdio::null());
        drop(server.spawn().unwrap());
        self.wait_until("a server", || {
            self.state_dir().join("server.json").is_file()
        });
    }

    /// Waits until the server's log has this many lines with this text.
    pub(crate) fn wait_for_log(&self, text: &str, lines: usize) {
        let log = self.state_dir().join("server.log");
        self.wait_until(text, || {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            log.lines().filter(|line| line.contains(text)).count() >= lines
        });
    }

    /// Deletes an endpoint with its model and configuration, and waits until it is gone.
    pub(crate) async fn delete_endpoint(&self, name: &str) {
        let flags = ["--endpoint-name", name, "--delete"];
        self.deploy(&flags).await.ended(Exit::Done);
        let is_gone = || {
            !self
                .records("endpoints", name)
                .iter()
                .any(|found| found == name)
        };
        self.wait_until("end of the endpoint", is_gone);
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_so() {
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "no {what} in {}",
                self.state_dir().display()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn stop_server(&self) {
        let stop = Command::new(program("local-sagemaker"))
            .args(["--stop", "--state-dir"])
            .arg(self.state_dir())
            .stdin(Stdio::null())
            .output();
        // A world that never needed the server has nothing to stop.
        drop(stop);
    }

    /// Kills the server without warning, as a power cut would.
    pub(crate) fn kill_server(&self) {
        let pid = self.server()["pid"].to_string();
        assert!(
            Command::new("kill")
                .args(["-9", &pid])
                .status()
                .unwrap()
                .success()
        );
        // This takes the kernel a moment; the lock is free once the process is gone.
        while Path::new("/proc").join(&pid).join("exe").exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop_server();
    }
}

fn ended(result: anyhow::Result<Exit>, console: &mut Console<'_>) -> Exit {
    result.unwrap_or_else(|error| {
        console.warn(format!("error: {error:#}")).unwrap();
        fire_cli::exit_of(&error)
    })
}

/// The path of a program of the workspace, next to this test's folder.
pub(crate) fn program(name: &str) -> PathBuf {
    let executable = std::env::current_exe().unwrap();
    let folder = executable.ancestors().nth(2).unwrap();
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "{} is missing: cargo build --workspace",
        path.display()
    );
    path
}

/// Runs a program as a process of its own.
pub(crate) fn execute(name: &str, flags: &[&str]) -> Output {
    Command::new(program(name))
        .args(flags)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// One key of each object in a list.
#[track_caller]
pub(crate) fn texts(list: &Value, key: &str) -> Vec<String> {
    let items = list.as_array().unwrap();
    items
        .iter()
        .map(|item| item[key].as_str().unwrap().to_owned())
        .collect()
}
