//! A reader at a terminal: a folder with its own server, where the commands of a document run in order.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::inputs;
use super::parsers::program as called;
use super::placeholders::{MODELS, RUNS};
use super::words::Line;
use crate::state::content_file;
use crate::world::program;

/// As much of cargo as readers need here. The programs are built before the tests run.
const CARGO: &str = "#!/bin/sh
case \"$1\" in
    xtask) shift; exec xtask \"$@\" ;;
    build) ;;
    *) echo \"cargo $1 is not for a session\" >&2; exit 2 ;;
esac
";

/// Longer than any command takes here, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A command that runs until it is interrupted: what it prints once it works, and the exit code of an
/// interruption.
struct Endless {
    says: &'static str,
    exit: i32,
}

/// A folder with a state directory, and what was run in it.
pub(super) struct Session {
    folder: TempDir,
    /// The last command that wrote a shard; the reader's other machines run it with other numbers.
    shard: Option<String>,
    /// The second in which the last run started, or a later one: unnamed runs are named by the second.
    named_until: u64,
}

impl Session {
    pub(super) fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("here/.fire")).unwrap();
        let cargo = folder.path().join("bin/cargo");
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::write(&cargo, CARGO).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&cargo, mode).unwrap();
        Self {
            folder,
            shard: None,
            named_until: 0,
        }
    }

    /// Creates what a line reads, then runs the line as it is.
    pub(super) fn run(&mut self, line: &Line) -> Result<(), String> {
        for words in &line.commands {
            self.prepare(&Line::texts(words))?;
        }
        let starts_run = line.text.contains("train-100k") || line.text.contains("pipeline");
        if starts_run {
            // Readers do not start two runs within a second.
            wait_for(|| (now() > self.named_until).then_some(()));
        }
        let result = match line.commands.as_slice() {
            [words] => match endless(&Line::texts(words)) {
                Some(endless) => self.interrupt(&line.text, &endless),
                None => self.succeed(&line.text),
            },
            _ => self.succeed(&line.text),
        };
        if starts_run {
            self.named_until = now();
        }
        result
    }

    /// Creates what a command reads, unless an earlier command has created it.
    fn prepare(&mut self, words: &[&str]) -> Result<(), String> {
        let Some(((name, _), arguments)) = called(words) else {
            return Ok(());
        };
        for run in inputs::runs(name, arguments) {
            self.have_run(run)?;
        }
        if arguments.contains(&"--last") && !self.here().join(".fire/runs").exists() {
            self.have_run(RUNS[0])?;
        }
        if let Some(endpoint) = inputs::endpoint(name, arguments) {
            self.have_endpoint(endpoint)?;
        }
        for (path, make) in inputs::files(name, arguments) {
            let path = self.here().join(path);
            if !path.exists() {
                make(&path);
            }
        }
        for model in inputs::models(name, arguments) {
            self.have_model(model)?;
        }
        for parts in inputs::values(arguments, "--parts") {
            self.have_parts(parts)?;
        }
        if !inputs::values(arguments, "--shard").is_empty() {
            self.shard = Some(words.join(" "));
        }
        Ok(())
    }

    fn have_run(&self, run: &str) -> Result<(), String> {
        if self.here().join(".fire/runs").join(run).exists() {
            return Ok(());
        }
        let rows = "--profile original --samples 2000 --wait";
        self.succeed(&format!("train-100k --run {run} {rows}"))
    }

    fn have_endpoint(&self, endpoint: &str) -> Result<(), String> {
        let record = format!(".fire/endpoints/{endpoint}.json");
        if self.here().join(record).exists() {
            return Ok(());
        }
        self.have_run(RUNS[0])?;
        let deploy = format!("deploy-100k --model-uri {}", MODELS[0]);
        self.succeed(&format!("{deploy} --endpoint-name {endpoint} --wait"))
    }

    /// Copies a model's file from the bucket.
    fn have_model(&self, model: &str) -> Result<(), String> {
        let path = self.here().join(model);
        if path.exists() {
            return Ok(());
        }
        self.have_run(RUNS[0])?;
        let (_, key) = MODELS[0]
            .trim_start_matches("s3://")
            .split_once('/')
            .unwrap();
        let stored = content_file(&self.here().join(".fire"), key);
        let stored = stored.ok_or_else(|| format!("{key} is not stored"))?;
        let copied = fs::copy(&stored, &path);
        copied
            .map(drop)
            .map_err(|error| format!("{}: {error}", stored.display()))
    }

    /// Completes the folder of a dataset: the other shards if there is one, else everything.
    fn have_parts(&self, parts: &str) -> Result<(), String> {
        let Some(shard) = &self.shard else {
            if self.here().join(parts).exists() {
                return Ok(());
            }
            return self.succeed(&format!(
                "train-100k --samples 2000 --alarm-hours 0.1 --out {parts}"
            ));
        };
        let words: Vec<&str> = shard.split(' ').collect();
        let number = inputs::values(&words, "--shard")[0];
        let (own, of) = number.split_once('/').unwrap();
        let (own, of): (u32, u32) = (own.parse().unwrap(), of.parse().unwrap());
        for other in (1..=of).filter(|other| *other != own) {
            let shard = shard.replace(
                &format!("--shard {number}"),
                &format!("--shard {other}/{of}"),
            );
            self.succeed(&shard)?;
        }
        Ok(())
    }

    /// Runs a line that must succeed.
    fn succeed(&self, line: &str) -> Result<(), String> {
        let mut child = self.spawn(line, line);
        let status = wait_for(|| child.try_wait().unwrap());
        let Some(status) = status else {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(format!("`{line}` does not end\n{}", self.said()));
        };
        self.check_status(line, status, 0)
    }

    /// Runs a line until it prints that it works, then interrupts it.
    fn interrupt(&self, line: &str, endless: &Endless) -> Result<(), String> {
        // With `exec` the program replaces the shell, so that it gets the signal.
        let mut child = self.spawn(&format!("exec {line}"), line);
        let at_work = wait_for(|| {
            let ended = child.try_wait().unwrap().is_some();
            (ended || self.said().contains(endless.says)).then_some(())
        });
        let pid = child.id().to_string();
        let signal = ["-s", if at_work.is_some() { "TERM" } else { "KILL" }, &pid];
        // A program that has ended already is found by its exit code.
        drop(Command::new("kill").args(signal).output());
        let status = child.wait().unwrap();
        self.check_status(line, status, endless.exit)
    }

    fn check_status(&self, line: &str, status: ExitStatus, expected: i32) -> Result<(), String> {
        if status.code() == Some(expected) {
            return Ok(());
        }
        Err(format!("`{line}` ended with {status}\n{}", self.said()))
    }

    fn spawn(&self, script: &str, line: &str) -> Child {
        let [out, err] = self.streams().map(|path| File::create(path).unwrap());
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script])
            .current_dir(self.here())
            // None of the developer's own settings, keys or configuration files.
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", self.path())
            .env("CARGO", self.folder.path().join("bin/cargo"))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err);
        if line.starts_with("cargo xtask") {
            // Its default is the state directory of the workspace.
            shell.env("FIRE_STATE_DIR", self.here().join(".fire"));
        }
        if is_server(line) {
            // The state directory of this folder has a server already.
            shell.env("FIRE_STATE_DIR", self.folder.path().join("second"));
        }
        shell.spawn().unwrap()
    }

    fn path(&self) -> std::ffi::OsString {
        let programs = program("train-100k").parent().unwrap().to_owned();
        let given = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.folder.path().join("bin"), programs];
        std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&given))).unwrap()
    }

    fn here(&self) -> PathBuf {
        self.folder.path().join("here")
    }

    fn streams(&self) -> [PathBuf; 2] {
        ["out", "err"].map(|name| self.folder.path().join(name))
    }

    /// The output of the last command so far.
    fn said(&self) -> String {
        let [out, err] = self
            .streams()
            .map(|path| fs::read(path).unwrap_or_default());
        String::from_utf8_lossy(&[out, err].concat()).into_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A session that needed no server has nothing to stop.
        drop(
            Command::new(program("local-sagemaker"))
                .arg("--stop")
                .current_dir(self.here())
                .env_remove("FIRE_STATE_DIR")
                .output(),
        );
    }
}

/// Whether a command runs until it is interrupted.
fn endless(words: &[&str]) -> Option<Endless> {
    let (name, arguments) = words.split_first()?;
    if is_server(&words.join(" ")) {
        return Some(Endless {
            says: "listening on",
            exit: 0,
        });
    }
    let follows = arguments.contains(&"--follow");
    (*name == "monitor-100k" && follows).then_some(Endless {
        says: "InService",
        exit: 130,
    })
}

/// Whether this line starts the server and keeps it running.
fn is_server(line: &str) -> bool {
    let mut words = line.split(' ');
    words.next() == Some("local-sagemaker")
        && !words.any(|word| ["--stop", "--build-id", "--help", "--version"].contains(&word))
}

/// Calls `found` until it returns something; `None` when the time limit has passed.
fn wait_for<T>(mut found: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = found() {
            return Some(found);
        }
        if started.elapsed() > PATIENCE {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn now() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed();
    since.unwrap().as_secs()
}

/// Creates the file at a path.
pub(super) type Maker = fn(&Path);
