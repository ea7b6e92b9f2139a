//! The check `container`: our image in a real registry and under a real container runtime.
//!
//! The program is hardly optimised, which saves most of the build; everything else is as it is shipped.
//! The image is pushed to Debian's docker-registry, looked at by skopeo, and pulled and run by podman with runc as
//! SageMaker runs it: as root, without a network, `/opt/ml` from outside, the model read-only.

mod job;
mod registry;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{image, programs};
use job::Podman;
use registry::Registry;

pub(crate) use tools::PACKAGES;

/// Everything; an error says what did not hold.
pub(crate) fn check() -> anyhow::Result<()> {
    let folder = programs::folder()?.join("container-check");
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
        "two images of one program have two digests"
    );
    look(&to, &digest)?;
    let podman = Podman::new(&folder, &to)?;
    podman.pull(&digest)?;
    let opt_ml = lay_out(&folder)?;
    podman.trains(&opt_ml)?;
    podman.fails(&folder)?;
    podman.serves(&opt_ml)?;
    podman.remove();
    fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())
}

/// What skopeo, which shares no code with us, finds in the registry.
fn look(at: &str, digest: &str) -> anyhow::Result<()> {
    let inspect = |flags: &[&str]| -> anyhow::Result<Value> {
        let mut command = std::process::Command::new("skopeo");
        command.args(["inspect", "--tls-verify=false"]).args(flags);
        command.arg(format!("docker://{at}"));
        let (status, printed) = programs::output(&mut command)?;
        ensure!(status.success(), "skopeo cannot inspect the image");
        Ok(serde_json::from_slice(&printed)?)
    };
    let image = inspect(&[])?;
    ensure!(
        image["Digest"] == digest,
        "skopeo finds digest {}",
        image["Digest"]
    );
    let label = &image["Labels"]["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"];
    ensure!(
        label == "true",
        "skopeo finds no label that the port can be chosen"
    );
    let manifest = inspect(&["--raw"])?;
    let media_type = "application/vnd.docker.distribution.manifest.v2+json";
    ensure!(
        manifest["mediaType"] == media_type,
        "the manifest is {}, which SageMaker hosting refuses",
        manifest["mediaType"]
    );
    Ok(())
}

/// An `/opt/ml` with a small forest to train.
fn lay_out(folder: &Path) -> anyhow::Result<PathBuf> {
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
    let status = programs::run(command.arg(&data))?;
    ensure!(status.success(), "train-100k cannot make rows");
    let opt_ml = folder.join("opt-ml");
    settings(
        &opt_ml,
        "{\"algorithm\": \"random_forest\", \"n_estimators\": \"40\"}",
    )?;
    for part in ["train", "validation", "test"] {
        let channel = opt_ml.join("input/data").join(part);
        fs::create_dir_all(&channel)?;
        let name = "part-00000.parquet";
        fs::copy(data.join(part).join(name), channel.join(name))?;
    }
    Ok(opt_ml)
}

/// Writes the hyperparameters of a job.
fn settings(opt_ml: &Path, json: &str) -> anyhow::Result<()> {
    let config = opt_ml.join("input/config");
    fs::create_dir_all(&config)?;
    fs::write(config.join("hyperparameters.json"), json)?;
    Ok(())
}
