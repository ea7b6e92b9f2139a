//! Checkpoints: stored while the program runs, each file when it has changed.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, SystemTime};

use super::tree::{Tree, relative};
use crate::names::S3Uri;
use crate::s3::Storage;

/// A file that was changed so recently may still be being written.
const SETTLED: Duration = Duration::from_millis(200);

/// What is in the store already.
pub(super) struct Checkpoints {
    /// Where they go; none if the job keeps none.
    target: Option<S3Uri>,
    /// Length and time of change of each file, as it was stored.
    stored: BTreeMap<String, (u64, SystemTime)>,
}

impl Checkpoints {
    /// Those of a program that is about to start: what is there came from the store, unless a server was killed before
    /// it had stored them all. Those are still to be stored: the next machine that is lost must not take them along.
    pub(super) fn restored(
        target: Option<S3Uri>,
        tree: &Tree,
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
        for (path, file) in tree.checkpoints()? {
            let metadata = file.metadata()?;
            if lengths.get(&path) == Some(&metadata.len()) {
                let state = (metadata.len(), metadata.modified()?);
                checkpoints.stored.insert(path, state);
            }
        }
        Ok(checkpoints)
    }

    /// Nothing is in the store yet, as far as is known.
    pub(super) fn none(target: Option<S3Uri>) -> Self {
        Self {
            target,
            stored: BTreeMap::new(),
        }
    }

    /// Stores the files that have changed, and gives how many; at the `end` also those that have
    /// only just changed.
    pub(super) async fn store(
        &mut self,
        tree: &Tree,
        storage: &Storage,
        end: bool,
    ) -> io::Result<usize> {
        let Some(target) = self.target.clone() else {
            return Ok(0);
        };
        let mut count = 0;
        for (path, file) in tree.checkpoints()? {
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
