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
    let folder = programs::directory()?.join("container-check");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(&folder)?;
    let program = image::static_program(image::CHECKED)?;
    let registry = Registry::start(&folder.join("registry"))?;
    let to = format!("{}/fire-container:check", registry.address);
    let digest = image::push(&program, &to)?;
    ensure!(
        image::push(&program, &to)? == digest,
        "two images of the same program have different digests"
    );
    inspect_image(&to, &digest)?;
    let podman = Podman::new(&folder, &to)?;
    podman.pull(&digest)?;
    let opt_ml = job_folder(&folder)?;
    podman.check_training(&opt_ml)?;
    podman.check_failures(&folder)?;
    podman.check_serving(&opt_ml)?;
    podman.remove();
    fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())
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
fn job_folder(folder: &Path) -> anyhow::Result<PathBuf> {
    let data = folder.join("data");
    let mut command = programs::program("train-100k")?;
    command.args([
        "--quiet",
        "--profile",
        "original",
        "--samples",
        "4000",
        "--out",
    ]);
    programs::run_or_fail(command.arg(&data), "train-100k cannot generate rows")?;
    let opt_ml = folder.join("opt-ml");
    let hyperparameters = json!({"algorithm": "random_forest", "n_estimators": "40"});
    opt_ml::lay_out(&opt_ml, &data, &hyperparameters)?;
    Ok(opt_ml)
}
