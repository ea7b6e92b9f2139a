//! Training and serving in the container.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::settings;
use super::tools::must;

/// podman with a store of its own.
pub(super) struct Podman {
    store: PathBuf,
    /// What podman keeps of containers that run.
    running: PathBuf,
    image: String,
    /// The container that serves.
    name: String,
}

/// The documented sample.
const ROW: &str = "25.0,5.0,45.0,40.0,10.0,5.0,2.0,1.0,3.0,1.5,5.0,2.0,30.0,5.0,1.0,450.0,50.0,5.0";

/// How long anything that should take a second may take.
const PATIENCE: Duration = Duration::from_mins(1);

impl Podman {
    pub(super) fn new(folder: &Path, image: &str) -> anyhow::Result<Self> {
        let store = folder.join("podman");
        std::fs::create_dir_all(&store)?;
        // podman takes no longer path than 50 characters for it.
        let running = std::env::temp_dir().join(format!("fire-check-{}", std::process::id()));
        std::fs::create_dir_all(&running)?;
        Ok(Self {
            store,
            running,
            image: image.to_owned(),
            name: format!("fire-check-{}", std::process::id()),
        })
    }

    /// runc, since crun refuses machines with both kinds of control groups.
    fn podman(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("podman");
        command
            .arg("--root")
            .arg(self.store.join("root"))
            .arg("--runroot")
            .arg(&self.running)
            .args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"])
            .args(["--runtime", "runc", "--events-backend", "none"])
            .args(arguments);
        command
    }

    /// As SageMaker runs it: no network, root, `/opt/ml` from outside. Limits are named because podman asks for more
    /// than an unprivileged machine grants.
    fn run(&self, flags: &[&str]) -> Command {
        let mut command = self.podman(&["run", "--network", "none"]);
        command
            .args(["--ulimit", "nofile=4096:4096"])
            .args(["--ulimit", "nproc=1000:1000"])
            .args(flags);
        command
    }

    pub(super) fn pull(&self, digest: &str) -> anyhow::Result<()> {
        must(&mut self.podman(&["pull", "--quiet", "--tls-verify=false", &self.image]))?;
        let digests =
            must(&mut self.podman(&["image", "inspect", "--format", "{{.Digest}}", &self.image]))?;
        ensure!(digests == digest, "podman has pulled {digests}");
        Ok(())
    }

    /// A job that ends well.
    pub(super) fn trains(&self, opt_ml: &Path) -> anyhow::Result<()> {
        let mount = format!("{}:/opt/ml", opt_ml.display());
        let printed = must(
            self.run(&["--rm", "--volume", &mount, &self.image])
                .arg("train"),
        )?;
        for expected in [
            "validation:auc=",
            "test:auc=",
            "model written to /opt/ml/model",
        ] {
            ensure!(
                printed.contains(expected),
                "the job does not print `{expected}`"
            );
        }
        for file in [
            "model/model.bin",
            "model/metrics.json",
            "output/data/test.csv",
        ] {
            ensure!(opt_ml.join(file).is_file(), "the job leaves no {file}");
        }
        Ok(())
    }

    /// Jobs that do not.
    pub(super) fn fails(&self, folder: &Path) -> anyhow::Result<()> {
        let opt_ml = folder.join("opt-ml-bad");
        settings(&opt_ml, "{\"algorithm\": \"no_such_learner\"}")?;
        let mount = format!("{}:/opt/ml", opt_ml.display());
        let code = |argument: &str| -> anyhow::Result<Option<i32>> {
            let mut command = self.run(&["--rm", "--volume", &mount, &self.image]);
            Ok(command.arg(argument).stderr(Stdio::null()).status()?.code())
        };
        ensure!(
            code("train")? == Some(1),
            "a job that fails does not end with 1"
        );
        let failure = std::fs::read_to_string(opt_ml.join("output/failure"))?;
        ensure!(
            failure.contains("no_such_learner"),
            "output/failure does not name the setting: {failure}"
        );
        ensure!(
            code("serve")? == Some(1),
            "serving without a model does not end with 1"
        );
        ensure!(code("dance")? == Some(2), "wrong usage does not end with 2");
        Ok(())
    }

    /// The endpoint on a read-only model in a read-only container, asked from within its network, ended by SIGTERM.
    pub(super) fn serves(&self, opt_ml: &Path) -> anyhow::Result<()> {
        let mount = format!("{}:/opt/ml/model:ro", opt_ml.join("model").display());
        let flags = ["--detach", "--read-only", "--name", &self.name];
        must(
            self.run(&flags)
                .args(["--volume", &mount, &self.image])
                .arg("serve"),
        )?;
        let process =
            must(&mut self.podman(&["inspect", "--format", "{{.State.Pid}}", &self.name]))?;
        let ping = "GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let deadline = Instant::now() + PATIENCE;
        while !ask(&process, ping).is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            if Instant::now() > deadline {
                let log = must(&mut self.podman(&["logs", &self.name]))?;
                bail!("no 200 on /ping: {log}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let length = ROW.len();
        let invocation = format!(
            "POST /invocations HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: text/csv\r\n\
             content-length: {length}\r\n\r\n{ROW}"
        );
        let answer = ask(&process, &invocation)?;
        ensure!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("fire_probability"),
            "the endpoint answers {answer}"
        );
        let stopping = Instant::now();
        must(&mut self.podman(&["stop", "--time", "30", &self.name]))?;
        ensure!(
            stopping.elapsed() < Duration::from_secs(25),
            "the endpoint does not heed SIGTERM"
        );
        let code =
            must(&mut self.podman(&["inspect", "--format", "{{.State.ExitCode}}", &self.name]))?;
        ensure!(code == "0", "the endpoint ends with {code}");
        Ok(())
    }

    /// Takes away what is left, as far as it can.
    pub(super) fn remove(&self) {
        for arguments in [
            &["rm", "--force", &self.name][..],
            &["rmi", "--force", &self.image],
        ] {
            let _ = self.podman(arguments).stdout(Stdio::null()).status();
        }
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // A check that failed must not leave a container running.
        let _ = self
            .podman(&["rm", "--force", "--ignore", &self.name])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let _ = std::fs::remove_dir_all(&self.running);
    }
}

/// One request in the network of a process, which nothing outside of it reaches.
fn ask(process: &str, request: &str) -> anyhow::Result<String> {
    let script = "exec 3<>/dev/tcp/127.0.0.1/8080 && printf %s \"$REQUEST\" >&3 && cat <&3";
    let output = Command::new("nsenter")
        .args(["--target", process, "--net", "bash", "-c", script])
        .env("REQUEST", request)
        .stderr(Stdio::null())
        .output()
        .context("cannot run nsenter")?;
    ensure!(output.status.success(), "no answer");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
