//! The folder of one job, with its `/opt/ml` tree.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::request::{Channel, Plan};
use crate::services::s3::{Object, Storage};

/// The folder of one job.
pub(crate) struct JobDir {
    /// `jobs/NAME` in the state directory.
    job: PathBuf,
}

impl JobDir {
    /// The job in the folder `job`.
    pub(crate) fn new(job: PathBuf) -> Self {
        Self { job }
    }

    /// The container's `/opt/ml`.
    pub(crate) fn opt_ml(&self) -> PathBuf {
        self.job.join("opt/ml")
    }

    /// The link to the log stream of the job's latest start.
    pub(crate) fn log(&self) -> PathBuf {
        self.job.join("log")
    }

    /// Points the log link to this stream.
    pub(crate) fn link_log(&self, stream: &Path) -> io::Result<()> {
        let draft = self.draft("log.draft");
        let _ = fs::remove_file(&draft);
        std::os::unix::fs::symlink(stream, &draft)?;
        // Renamed over the old link, so that there is always a log to read.
        fs::rename(draft, self.log())
    }

    /// Removes the local checkpoints, after the instance was lost.
    pub(crate) fn remove_checkpoints(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.below("checkpoints")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// A path below `/opt/ml`.
    pub(crate) fn below(&self, path: &str) -> PathBuf {
        self.opt_ml().join(path)
    }

    /// A temporary file in the job's folder.
    pub(crate) fn draft(&self, name: &str) -> PathBuf {
        self.job.join(name)
    }

    /// Creates the folders and the three configuration files. Removes the files of an earlier start, except
    /// its checkpoints.
    pub(crate) fn prepare(&self, plan: &Plan) -> io::Result<()> {
        for folder in ["input", "model", "output"] {
            match fs::remove_dir_all(self.below(folder)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        for folder in [
            "input/config",
            "input/data",
            "model",
            "output/data",
            "checkpoints",
        ] {
            fs::create_dir_all(self.below(folder))?;
        }
        let config = |name: &str, value: &Value| {
            fs::write(self.below("input/config").join(name), value.to_string())
        };
        config("hyperparameters.json", &json!(plan.hyperparameters))?;
        config(
            "inputdataconfig.json",
            &plan
                .channels
                .iter()
                .map(|channel| (channel.name.clone(), entry(channel)))
                .collect(),
        )?;
        config("resourceconfig.json", &resources(&plan.instance_type))
    }

    /// Copies the channels and any stored checkpoints from the store.
    pub(crate) fn download(&self, plan: &Plan, storage: &Storage) -> io::Result<()> {
        for channel in &plan.channels {
            let folder = self.below("input/data").join(&channel.name);
            download_all(
                storage,
                &storage.objects(&channel.source)?,
                &channel.source.key,
                &folder,
            )?;
        }
        if let Some(source) = &plan.checkpoints {
            let folder = self.below("checkpoints");
            download_all(storage, &storage.objects(source)?, &source.key, &folder)?;
        }
        Ok(())
    }

    /// The files below `checkpoints`, with their relative paths.
    pub(crate) fn checkpoints(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let mut files = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(self.below("checkpoints").join(&folder))? {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let path = if folder.is_empty() {
                    name
                } else {
                    format!("{folder}/{name}")
                };
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path, entry.path()));
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// Removes all files of a deleted job.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.job) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes the tree of a job whose results are in the store; keeps the log.
    pub(crate) fn clear(&self) -> io::Result<()> {
        fs::remove_dir_all(self.job.join("opt"))
    }
}

/// A channel's entry in `inputdataconfig.json`.
fn entry(channel: &Channel) -> Value {
    // `FastFile` too: the files are where the mode puts them, although they are copies.
    let mut entry = json!({
        "TrainingInputMode": channel.input_mode,
        "S3DistributionType": channel.distribution,
        "RecordWrapperType": "None",
    });
    if let Some(content_type) = &channel.content_type {
        entry["ContentType"] = content_type.as_str().into();
    }
    entry
}

/// `resourceconfig.json`: a single instance on the loopback interface.
fn resources(instance_type: &str) -> Value {
    json!({
        "current_host": "algo-1",
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [{"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": ["algo-1"]}],
        "network_interface_name": "lo",
    })
}

/// Copies the objects below a prefix into `folder`, each to its path below the prefix. Keys that end with
/// a slash mark folders of the console and have no file.
pub(crate) fn download_all(
    storage: &Storage,
    objects: &[Object],
    prefix: &str,
    folder: &Path,
) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for object in objects {
        let key = &object.uri.key;
        if key.ends_with('/') {
            continue;
        }
        // A key may contain anything, but its file must be below the folder. Empty parts vanish, as they do
        // in paths.
        let parts = relative(key, prefix)
            .split('/')
            .filter(|part| !part.is_empty());
        let path: PathBuf = parts.clone().collect();
        if parts.clone().any(|part| part == "." || part == "..") {
            let message = format!("the key {key} cannot be the path of a file");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let target = folder.join(path);
        target.parent().map_or(Ok(()), fs::create_dir_all)?;
        // Copies, not links: a program may modify its inputs, which must not change the stored objects.
        storage.download(&object.uri, &target)?;
    }
    Ok(())
}

/// The path of an object in its channel's folder: the key without the prefix, or the file's name if the
/// prefix is the whole key. Of a prefix that ends within a name, only the folder is removed.
pub(super) fn relative<'a>(key: &'a str, prefix: &str) -> &'a str {
    let rest = key.strip_prefix(prefix).unwrap_or(key);
    let folder = prefix.rfind('/').map_or(0, |slash| slash + 1);
    match rest.strip_prefix('/') {
        Some(below) => below,
        None if prefix.len() == folder => rest,
        None => key.get(folder..).unwrap_or(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_keep_their_path_below_the_prefix() {
        for (key, prefix, expected) in [
            ("data/train/part-0.csv", "data/train", "part-0.csv"),
            ("data/train/part-0.csv", "data/train/", "part-0.csv"),
            ("data/train/deep/x.csv", "data/train", "deep/x.csv"),
            ("data/train.csv", "data/train.csv", "train.csv"),
            ("data/train-2/x.csv", "data/train", "train-2/x.csv"),
            ("x.csv", "", "x.csv"),
            ("x/y.csv", "", "x/y.csv"),
        ] {
            assert_eq!(relative(key, prefix), expected, "{key} below {prefix:?}");
        }
    }
}
