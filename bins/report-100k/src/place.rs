//! Where a run's traces are, and where reports on it go.

use std::path::{Path, PathBuf};

use fire_cli::{Console, Project};
use fire_run::{RunName, layout, records};
use sagemaker_ops::Clients;

use crate::gather::Source;

/// Where reports are made of and written to.
pub(crate) struct Place<'a> {
    pub(crate) state_dir: &'a Path,
    pub(crate) clients: &'a Clients,
    pub(crate) project: &'a Project,
}

impl Place<'_> {
    pub(crate) fn folder(&self, run: &RunName) -> PathBuf {
        records::folder(self.state_dir, run)
    }

    pub(crate) fn source<'s>(&'s self, folder: &'s Path) -> Source<'s> {
        Source {
            clients: self.clients,
            project: self.project,
            records: folder,
        }
    }

    /// Writes a file of a run here and in S3, and says where it is.
    pub(crate) async fn keep(
        &self,
        run: &RunName,
        (file, bytes): (&str, Vec<u8>),
        console: &mut Console<'_>,
    ) -> anyhow::Result<()> {
        let path = self.folder(run).join(file);
        records::write_file(&path, &bytes)?;
        let uri = self.project.uri(&layout::result(run, file));
        sagemaker_ops::storage::put_bytes(self.clients, &uri, bytes).await?;
        console.say(format!("report: {} and {uri}", path.display()))?;
        Ok(())
    }
}
