//! Model data that is not one archive: a single file, or all files below a prefix.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::replica::LaunchSpec;
use crate::machine::blocking;
use crate::protocol::names::S3Uri;
use crate::services::sagemaker::model::DataFormat;
use crate::services::sagemaker::training::download_all;

impl LaunchSpec {
    /// Copies the files at `url` into the model's directory, which appears only when it is complete.
    pub(super) async fn copy_files(&self, url: &str, model: PathBuf) -> Result<(), String> {
        let failed = |reason: &str| {
            format!(
                "Failed to download model data for container \"container_1\" from URL: \"{url}\".{reason}"
            )
        };
        let uri = S3Uri::parse(url).ok_or_else(|| failed(""))?;
        let single = self.variant.container.format == DataFormat::File;
        let storage = self.storage.clone();
        let draft = self.folder.join("opt/ml/model.draft");
        let copied = blocking(move || {
            let mut objects = storage.objects(&uri)?;
            if single {
                objects.retain(|object| object.uri == uri);
            }
            if objects.is_empty() {
                return Err(io::ErrorKind::NotFound.into());
            }
            let _ = fs::remove_dir_all(&draft);
            download_all(&storage, &objects, &uri.key, &draft)?;
            fs::rename(&draft, &model)
        });
        copied.await.map_err(|error| failed(&format!(" ({error})")))
    }
}
