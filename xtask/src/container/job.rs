//! Training and serving in a container.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::json;

use crate::{opt_ml, programs};

/// podman with its own image store, separate from the user's.
pub(super) struct Podman {
    store: PathBuf,
    /// State of running containers.
    running: PathBuf,
    image: String,
    /// Name of the container that serves.
    name: String,
}

/// The documented request: the first 18 features as CSV.
const ROW: &str = "25.0,5.0,45.0,40.0,10.0,5.0,2.0,1.0,3.0,1.5,5.0,2.0,30.0,5.0,1.0,450.0,50.0,5.0";

/// Time limit of steps that should take a second.
const TIMEOUT: Duration = Duration::from_mins(1);

impl Podman {
    pub(super) fn new(dir: &Path, image: &str) -> anyhow::Result<Self> {
        let store = dir.join("podman");
        std::fs::create_dir_all(&store)?;
        // podman limits this path to 50 characters, which a path below `target` may exceed.
        let running = std::env::temp_dir().join(format!("fire-check-{}", std::process::id()));
        std::fs::create_dir_all(&running)?;
        Ok(Self {
            store,
            running,
            image: image.to_owned(),
            name: format!("fire-check-{}", std::process::id()),
        })
    }

    /// A call of podman, with runc: crun does not work where both versions of cgroups are mounted.
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

    /// A container as SageMaker runs it: as root and without a network. The limits are explicit
    /// because podman's defaults are more than an unprivileged machine grants.
    fn run(&self, flags: &[&str]) -> Command {
        let mut command = self.podman(&["run", "--network", "none"]);
        command
            .args(["--ulimit", "nofile=4096:4096"])
            .args(["--ulimit", "nproc=1000:1000"])
            .args(flags);
        command
    }

    pub(super) fn pull(&self, digest: &str) -> anyhow::Result<()> {
        programs::output(&mut self.podman(&[
            "pull",
            "--quiet",
            "--tls-verify=false",
            &self.image,
        ]))?;
        let digests = programs::output(&mut self.podman(&[
            "image",
            "inspect",
            "--format",
            "{{.Digest}}",
            &self.image,
        ]))?;
        ensure!(digests == digest, "podman pulled {digests}, not {digest}");
        Ok(())
    }

    /// Runs a training job that must succeed.
    pub(super) fn check_training(&self, opt_ml: &Path) -> anyhow::Result<()> {
        let mount = format!("{}:/opt/ml", opt_ml.display());
        let printed = programs::output(
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
                "the job did not print `{expected}`"
            );
        }
        for file in [
            "model/model.bin",
            "model/metrics.json",
            "output/data/test.csv",
        ] {
            ensure!(opt_ml.join(file).is_file(), "the job did not write {file}");
        }
        Ok(())
    }

    /// Runs jobs that must fail, each with its exit code.
    pub(super) fn check_failures(&self, dir: &Path) -> anyhow::Result<()> {
        let opt_ml = dir.join("opt-ml-bad");
        opt_ml::write_hyperparameters(&opt_ml, &json!({"algorithm": "no_such_learner"}))?;
        let mount = format!("{}:/opt/ml", opt_ml.display());
        let code = |argument: &str| -> anyhow::Result<Option<i32>> {
            let mut command = self.run(&["--rm", "--volume", &mount, &self.image]);
            Ok(command.arg(argument).stderr(Stdio::null()).status()?.code())
        };
        ensure!(
            code("train")? == Some(1),
            "a failing job did not exit with 1"
        );
        let failure = std::fs::read_to_string(opt_ml.join("output/failure"))?;
        ensure!(
            failure.contains("no_such_learner"),
            "output/failure does not name the invalid value: {failure}"
        );
        ensure!(
            code("serve")? == Some(1),
            "serving without a model did not exit with 1"
        );
        ensure!(
            code("dance")? == Some(2),
            "invalid usage did not exit with 2"
        );
        Ok(())
    }

    /// Runs the endpoint in a read-only container, sends it a request from inside its network, and
    /// stops it with SIGTERM.
    pub(super) fn check_serving(&self, opt_ml: &Path) -> anyhow::Result<()> {
        let mount = format!("{}:/opt/ml/model:ro", opt_ml.join("model").display());
        let flags = ["--detach", "--read-only", "--name", &self.name];
        programs::output(
            self.run(&flags)
                .args(["--volume", &mount, &self.image])
                .arg("serve"),
        )?;
        let process = programs::output(&mut self.podman(&[
            "inspect",
            "--format",
            "{{.State.Pid}}",
            &self.name,
        ]))?;
        let ping = "GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let deadline = Instant::now() + TIMEOUT;
        while !request(&process, ping).is_ok_and(|response| response.starts_with("HTTP/1.1 200")) {
            if Instant::now() > deadline {
                let log = programs::output(&mut self.podman(&["logs", &self.name]))?;
                bail!("/ping does not return 200: {log}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let length = ROW.len();
        let invocation = format!(
            "POST /invocations HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: text/csv\r\n\
             content-length: {length}\r\n\r\n{ROW}"
        );
        let response = request(&process, &invocation)?;
        ensure!(
            response.starts_with("HTTP/1.1 200") && response.contains("fire_probability"),
            "the endpoint responds with {response}"
        );
        let stopping = Instant::now();
        programs::output(&mut self.podman(&["stop", "--time", "30", &self.name]))?;
        ensure!(
            stopping.elapsed() < Duration::from_secs(25),
            "the endpoint ignores SIGTERM"
        );
        let code = programs::output(&mut self.podman(&[
            "inspect",
            "--format",
            "{{.State.ExitCode}}",
            &self.name,
        ]))?;
        ensure!(code == "0", "the endpoint exited with {code}");
        Ok(())
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // A failed check must not leave a container running. Errors are ignored: the store is deleted next.
        for arguments in [
            &["rm", "--force", "--ignore", &self.name][..],
            &["rmi", "--force", &self.image],
        ] {
            let mut command = self.podman(arguments);
            let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
        let _ = std::fs::remove_dir_all(&self.running);
    }
}

/// Sends one request from inside the network namespace of a process; nothing outside reaches it.
fn request(process: &str, request: &str) -> anyhow::Result<String> {
    let script = "exec 3<>/dev/tcp/127.0.0.1/8080 && printf %s \"$REQUEST\" >&3 && cat <&3";
    let output = Command::new("nsenter")
        .args(["--target", process, "--net", "bash", "-c", script])
        .env("REQUEST", request)
        .stderr(Stdio::null())
        .output()
        .context("cannot run nsenter")?;
    ensure!(output.status.success(), "the endpoint does not respond");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
