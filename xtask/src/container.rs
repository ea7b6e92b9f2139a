//! The check `container`: our image in a real registry and under a real container runtime.
//!
//! The program is barely optimised, which saves most of the build time; everything else is as it
//! is shipped. The image is pushed to Debian's docker-registry and inspected by skopeo. Then podman
//! pulls it and runs it with runc, as SageMaker does: as root, without a network, with `/opt/ml`
//! mounted and the model read-only.

mod job;
mod registry;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::debian::Package;
use crate::{image, opt_ml, programs};
use job::Podman;
use registry::Registry;

/// The programs that the check needs.
pub(crate) const PACKAGES: [Package; 4] = [
    ("podman", "podman"),
    ("runc", "runc"),
    ("skopeo", "skopeo"),
    ("docker-registry", "docker-registry"),
];

/// Runs the check; the error is the reason why it failed.
pub(crate) fn check() -> anyhow::Result<()> {
    let dir = programs::directory()?.join("container-check");
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())?;
    }
    fs::create_dir_all(&dir)?;
    let program = image::static_program(image::CHECKED)?;
    let registry = Registry::start(&dir.join("registry"))?;
    let to = format!("{}/fire-container:check", registry.address);
    let digest = image::push(&program, &to)?;
    ensure!(
        image::push(&program, &to)? == digest,
        "two images of the same program have different digests"
    );
    inspect_image(&to, &digest)?;
    let podman = Podman::new(&dir, &to)?;
    podman.pull(&digest)?;
    let opt_ml = job_dir(&dir)?;
    podman.check_training(&opt_ml)?;
    podman.check_failures(&dir)?;
    podman.check_serving(&opt_ml)?;
    // Its image store cannot be deleted while podman uses it.
    drop(podman);
    fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())
}

/// Inspects the image with skopeo, which shares no code with us.
fn inspect_image(at: &str, digest: &str) -> anyhow::Result<()> {
    let inspect = |flags: &[&str]| -> anyhow::Result<Value> {
        let mut command = Command::new("skopeo");
        command.args(["inspect", "--tls-verify=false"]).args(flags);
        command.arg(format!("docker://{at}"));
        Ok(serde_json::from_str(&programs::output(&mut command)?)?)
    };
    let image = inspect(&[])?;
    ensure!(
        image["Digest"] == digest,
        "skopeo reports the digest {}",
        image["Digest"]
    );
    let label = &image["Labels"]["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"];
    ensure!(
        label == "true",
        "skopeo does not report the label that lets SageMaker choose the port"
    );
    let manifest = inspect(&["--raw"])?;
    let media_type = "application/vnd.docker.distribution.manifest.v2+json";
    ensure!(
        manifest["mediaType"] == media_type,
        "the manifest is of type {}, which SageMaker hosting rejects",
        manifest["mediaType"]
    );
    Ok(())
}

/// Writes an `/opt/ml` directory for a job that trains a small forest.
fn job_dir(dir: &Path) -> anyhow::Result<PathBuf> {
    let data = dir.join("data");
    let mut command = programs::program("train-100k")?;
    command.args("--quiet --profile original --samples 4000 --out".split(' '));
    programs::run_or_fail(command.arg(&data), "train-100k cannot generate rows")?;
    let opt_ml = dir.join("opt-ml");
    let hyperparameters = json!({"algorithm": "random_forest", "n_estimators": "40"});
    opt_ml::lay_out(&opt_ml, &data, &hyperparameters)?;
    Ok(opt_ml)
}
