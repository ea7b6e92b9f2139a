//! Stores checkpoint files in S3 while the program runs, whenever they change.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, SystemTime};

use super::job_dir::{JobDir, relative};
use crate::protocol::names::S3Uri;
use crate::services::s3::Storage;

/// A file that changed more recently than this may be incomplete.
const SETTLED: Duration = Duration::from_millis(200);

/// The checkpoints of a job and their upload state.
pub(super) struct Checkpoints {
    /// Where they are stored; `None` if the job keeps none.
    target: Option<S3Uri>,
    /// Length and modification time of each file when it was stored.
    stored: BTreeMap<String, (u64, SystemTime)>,
}

impl Checkpoints {
    /// The checkpoints of a program that is about to start. Files downloaded from the store count as
    /// stored; others, left by a killed server, still have to be stored, or the next interruption loses
    /// them.
    pub(super) fn restore(
        target: Option<S3Uri>,
        job_dir: &JobDir,
        storage: &Storage,
    ) -> io::Result<Self> {
        let mut lengths = BTreeMap::new();
        if let Some(target) = &target {
            for object in storage.objects(target)? {
                let path = relative(&object.uri.key, &target.key).to_owned();
                lengths.insert(path, object.size);
            }
        }
        let mut checkpoints = Self::none(target);
        for (path, file) in job_dir.checkpoints()? {
            let metadata = file.metadata()?;
            // Only the lengths are comparable: the stored object has a different modification time.
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

    /// Stores the changed files and returns how many. Skips files that may be incomplete, unless the
    /// program has ended (`end`).
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
            // The program may remove old checkpoints at any time; they are kept in the store.
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
