//! A reader at a terminal: one folder with its server, in which the commands of a document are run in their order.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::inputs;
use super::parsers::program as called;
use super::placeholders::{MODELS, RUNS};
use super::words::Line;
use crate::world::program;

/// Cargo as far as readers need it here. The programs are built before tests run.
const CARGO: &str = "#!/bin/sh
case \"$1\" in
    xtask) shift; exec xtask \"$@\" ;;
    build) ;;
    *) echo \"cargo $1 is not for a session\" >&2; exit 2 ;;
esac
";

/// Nothing here takes as long, on a machine that does much else.
const PATIENCE: Duration = Duration::from_mins(2);

/// A command that goes on until it is interrupted: what it says when it is at work, and its exit code then.
struct Lasting {
    says: &'static str,
    exit: i32,
}

/// A folder with a state directory, and what has been run in it.
pub(super) struct Session {
    folder: TempDir,
    /// The command of the last shard of a dataset, which other machines run with other numbers.
    shard: Option<String>,
    /// A second not before the one in which a run was begun: runs without a name are named by it.
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

    /// Runs a line as it stands, after having made what it reads.
    pub(super) fn run(&mut self, line: &Line) -> Result<(), String> {
        for words in &line.commands {
            self.prepare(&Line::texts(words))?;
        }
        let begins_run = line.text.contains("train-100k") || line.text.contains("pipeline");
        if begins_run {
            // Readers do not begin two within a second.
            awaited(|| (now() > self.named_until).then_some(()));
        }
        let done = match line.commands.as_slice() {
            [words] => match lasting(&Line::texts(words)) {
                Some(lasting) => self.interrupted(&line.text, &lasting),
                None => self.done(&line.text),
            },
            _ => self.done(&line.text),
        };
        if begins_run {
            self.named_until = now();
        }
        done
    }

    /// Makes what a command reads and what nothing before it has made.
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
        self.done(&format!("train-100k --run {run} {rows}"))
    }

    fn have_endpoint(&self, endpoint: &str) -> Result<(), String> {
        let record = format!(".fire/endpoints/{endpoint}.json");
        if self.here().join(record).exists() {
            return Ok(());
        }
        self.have_run(RUNS[0])?;
        let deploy = format!("deploy-100k --model-uri {}", MODELS[0]);
        self.done(&format!("{deploy} --endpoint-name {endpoint} --wait"))
    }

    /// A model's file as it lies in the bucket.
    fn have_model(&self, model: &str) -> Result<(), String> {
        let path = self.here().join(model);
        if path.exists() {
            return Ok(());
        }
        self.have_run(RUNS[0])?;
        let key = MODELS[0].trim_start_matches("s3://");
        let stored = self.here().join(".fire/s3").join(key);
        let copied = fs::copy(&stored, &path);
        copied
            .map(drop)
            .map_err(|error| format!("{}: {error}", stored.display()))
    }

    /// A dataset's folder, whole: what the reader's other machines add to a shard, or all of it.
    fn have_parts(&self, parts: &str) -> Result<(), String> {
        let Some(shard) = &self.shard else {
            if self.here().join(parts).exists() {
                return Ok(());
            }
            return self.done(&format!(
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
            self.done(&shard)?;
        }
        Ok(())
    }

    /// Runs a line to its end, which has to be a good one.
    fn done(&self, line: &str) -> Result<(), String> {
        let mut child = self.started(line, line);
        let status = awaited(|| child.try_wait().unwrap());
        let Some(status) = status else {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(format!("`{line}` does not end\n{}", self.said()));
        };
        self.judged(line, status, 0)
    }

    /// Runs a line until it says that it is at work, and interrupts it.
    fn interrupted(&self, line: &str, lasting: &Lasting) -> Result<(), String> {
        // The shell gives its place to the program, which then gets the signal.
        let mut child = self.started(&format!("exec {line}"), line);
        let at_work = awaited(|| {
            let ended = child.try_wait().unwrap().is_some();
            (ended || self.said().contains(lasting.says)).then_some(())
        });
        let pid = child.id().to_string();
        let signal = ["-s", if at_work.is_some() { "TERM" } else { "KILL" }, &pid];
        // One that has ended by itself is found by its exit code.
        drop(Command::new("kill").args(signal).output());
        let status = child.wait().unwrap();
        self.judged(line, status, lasting.exit)
    }

    fn judged(&self, line: &str, status: ExitStatus, expected: i32) -> Result<(), String> {
        if status.code() == Some(expected) {
            return Ok(());
        }
        Err(format!("`{line}` ends with {status}\n{}", self.said()))
    }

    fn started(&self, script: &str, line: &str) -> Child {
        let [out, err] = self.streams().map(|path| File::create(path).unwrap());
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script])
            .current_dir(self.here())
            // Nothing of the tester's own settings, keys or configuration files.
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", self.path())
            .env("CARGO", self.folder.path().join("bin/cargo"))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err);
        if line.starts_with("cargo xtask") {
            // It would take the state directory of the workspace.
            shell.env("FIRE_STATE_DIR", self.here().join(".fire"));
        }
        if is_server(line) {
            // That of this folder has a server.
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

    /// What the last command has written so far.
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

/// Whether a command goes on until it is interrupted.
fn lasting(words: &[&str]) -> Option<Lasting> {
    let (name, arguments) = words.split_first()?;
    if is_server(&words.join(" ")) {
        return Some(Lasting {
            says: "listening on",
            exit: 0,
        });
    }
    let follows = arguments.contains(&"--follow");
    (*name == "monitor-100k" && follows).then_some(Lasting {
        says: "InService",
        exit: 130,
    })
}

/// Whether this starts the server, and does not only ask something of it.
fn is_server(line: &str) -> bool {
    let mut words = line.split(' ');
    words.next() == Some("local-sagemaker")
        && !words.any(|word| ["--stop", "--build-id", "--help", "--version"].contains(&word))
}

/// What `found` gives in the end; nothing after a time in which it must have come.
fn awaited<T>(mut found: impl FnMut() -> Option<T>) -> Option<T> {
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

/// Makes the file at a path.
pub(super) type Maker = fn(&Path);
