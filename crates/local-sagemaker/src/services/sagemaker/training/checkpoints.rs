//! Stores checkpoints while the program runs, each file when it has changed.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, SystemTime};

use super::job_dir::{JobDir, relative};
use crate::protocol::names::S3Uri;
use crate::services::s3::Storage;

/// A file that changed more recently than this may still be being written.
const SETTLED: Duration = Duration::from_millis(200);

/// The checkpoints of a job, and which of them are stored.
pub(super) struct Checkpoints {
    /// Where they are stored; `None` if the job keeps none.
    target: Option<S3Uri>,
    /// Length and modification time of each file when it was stored.
    stored: BTreeMap<String, (u64, SystemTime)>,
}

impl Checkpoints {
    /// The checkpoints of a program that is about to start. Those that came from the store count as
    /// stored. A server may have been killed before it stored others; those still have to be stored, or
    /// they are lost with the next machine.
    pub(super) fn restore(
        target: Option<S3Uri>,
        job_dir: &JobDir,
        storage: &Storage,
    ) -> io::Result<Self> {
        let mut lengths = BTreeMap::new();
        if let Some(target) = &target {
            for object in storage.objects(target)? {
                let path = relative(&object.key, &target.key).to_owned();
                lengths.insert(path, object.path.metadata()?.len());
            }
        }
        let mut checkpoints = Self::none(target);
        for (path, file) in job_dir.checkpoints()? {
            let metadata = file.metadata()?;
            // Only lengths can be compared: a stored object has a modification time of its own.
            if lengths.get(&path) == Some(&metadata.len()) {
                let state = (metadata.len(), metadata.modified()?);
                checkpoints.stored.insert(path, state);
            }
        }
        Ok(checkpoints)
    }

    /// Assumes that nothing is stored yet.
    pub(super) fn none(target: Option<S3Uri>) -> Self {
        Self {
            target,
            stored: BTreeMap::new(),
        }
    }

    /// Stores the files that have changed and returns how many; at the `end`, also those that changed
    /// only just now.
    pub(super) async fn store(
        &mut self,
        job_dir: &JobDir,
        storage: &Storage,
        end: bool,
    ) -> io::Result<usize> {
        let Some(target) = self.target.clone() else {
            return Ok(0);
        };
        let mut count = 0;
        for (path, file) in job_dir.checkpoints()? {
            // A program may remove its old checkpoints at any time; they stay in the store.
            let Ok(metadata) = file.metadata() else {
                continue;
            };
            let state = (metadata.len(), metadata.modified()?);
            let settled = state.1.elapsed().is_ok_and(|age| age >= SETTLED);
            if self.stored.get(&path) == Some(&state) || !(settled || end) {
                continue;
            }
            match storage.put(&target.below(&path), &file).await {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                stored => {
                    stored?;
                    self.stored.insert(path, state);
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}
