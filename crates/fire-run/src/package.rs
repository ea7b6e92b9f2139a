//! `model.tar.gz`: SageMaker's archive of a trained model.

use std::fs;
use std::io::Read;
use std::path::Path;

use ensemble::artifact::{Artifact, MANIFEST_FILE, MODEL_FILE};

use crate::metrics::{Evaluation, METRICS_FILE};
use crate::{Error, archive};

/// A trained model and its evaluation.
///
/// ```text
/// model.tar.gz
/// ├── the model itself        ensemble::artifact::MODEL_FILE
/// ├── a readable manifest     ensemble::artifact::MANIFEST_FILE
/// └── metrics.json            training jobs write more fields than are read here
/// ```
#[derive(Debug)]
pub struct Package {
    /// The model.
    pub artifact: Artifact,
    /// Its alarm rule's trial and its scores by kind of recording.
    pub evaluation: Evaluation,
}

impl Package {
    /// A model that has not been evaluated.
    pub fn new(artifact: Artifact) -> Self {
        Self {
            artifact,
            evaluation: Evaluation::default(),
        }
    }

    /// Packs the model as SageMaker expects: relative paths, gzip. The same model always gives the
    /// same bytes.
    ///
    /// # Errors
    /// [`Error::Json`] if a metric cannot be serialized as JSON.
    pub fn pack(&self) -> Result<Vec<u8>, Error> {
        let manifest = serde_json::to_vec_pretty(&self.artifact.manifest());
        let metrics = serde_json::to_vec_pretty(&self.evaluation);
        archive::pack(&[
            (MODEL_FILE, &self.artifact.to_bytes()),
            (
                MANIFEST_FILE,
                &manifest.map_err(Error::json(MANIFEST_FILE))?,
            ),
            (METRICS_FILE, &metrics.map_err(Error::json(METRICS_FILE))?),
        ])
        .map_err(Error::Archive)
    }

    /// Reads a model; `schema` is the fingerprint of the feature schema that it must match.
    ///
    /// # Errors
    /// [`Error::Archive`], [`Error::Foreign`] or [`Error::NoFile`] for an archive without a model of this pipeline,
    /// [`Error::Model`] for an invalid model or another schema, [`Error::Json`] for invalid metrics.
    pub fn unpack(tar_gz: &[u8], schema: &str) -> Result<Self, Error> {
        let files = archive::unpack(tar_gz, |name| name == MODEL_FILE || name == METRICS_FILE)?;
        let model = files.get(MODEL_FILE).ok_or_else(no_model)?;
        // Models packed by other tools have no metrics.
        let evaluation = match files.get(METRICS_FILE) {
            Some(bytes) => Evaluation::from_json(bytes)?,
            None => Evaluation::default(),
        };
        Ok(Self {
            artifact: Artifact::from_bytes(model, schema)?,
            evaluation,
        })
    }
}

fn no_model() -> Error {
    Error::NoFile(MODEL_FILE.to_owned())
}

/// The bytes of the model at `path`: a `model.tar.gz`, the directory that it was unpacked to, or the
/// model file itself.
///
/// # Errors
/// [`Error::File`] for a file that cannot be read, otherwise as for [`unpack_model`].
pub fn read_model(path: &Path) -> Result<Vec<u8>, Error> {
    let path = if path.is_dir() {
        &path.join(MODEL_FILE)
    } else {
        path
    };
    let bytes = fs::read(path).map_err(Error::file("read", path))?;
    // Anything but gzip is treated as a bare model; its loader reports what is wrong with it.
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return unpack_model(bytes.as_slice());
    }
    Ok(bytes)
}

/// The bytes of the model in a `model.tar.gz`.
///
/// # Errors
/// [`Error::Archive`], [`Error::Foreign`] or [`Error::NoFile`] for an archive without a model file.
/// The model itself is not checked.
pub fn unpack_model(tar_gz: impl Read) -> Result<Vec<u8>, Error> {
    let mut files = archive::unpack(tar_gz, |name| name == MODEL_FILE)?;
    files.remove(MODEL_FILE).ok_or_else(no_model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_without_a_model_is_rejected_naming_the_missing_file() {
        let foreign = archive::pack(&[("xgboost-model", b"x")]).unwrap();
        let expected = format!("the archive has no file `{MODEL_FILE}`");
        for error in [
            Package::unpack(&foreign, "schema").map(|_| ()).unwrap_err(),
            unpack_model(foreign.as_slice()).map(|_| ()).unwrap_err(),
        ] {
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_model_is_found_in_an_archive_a_directory_and_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let bare = dir.path().join(MODEL_FILE);
        fs::write(&bare, b"model").unwrap();
        let packed = dir.path().join("model.tar.gz");
        fs::write(&packed, archive::pack(&[(MODEL_FILE, b"model")]).unwrap()).unwrap();
        for path in [dir.path(), &bare, &packed] {
            assert_eq!(read_model(path).unwrap(), b"model");
        }
        let error = read_model(&dir.path().join("missing")).unwrap_err();
        assert!(matches!(error, Error::File { action: "read", .. }));
    }
}
