//! Files that programs leave for each other and for people.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use crate::RunName;

/// The folder of a run's records: `runs/<run>` in the state directory.
pub fn run_folder(state_dir: &Path, run: &RunName) -> PathBuf {
    state_dir.join("runs").join(run.as_str())
}

/// Writes a document as JSON, beside its place first and then by rename, so that it is
/// never half written; missing folders are made.
pub fn write_json(path: &Path, document: &impl Serialize) -> anyhow::Result<()> {
    write_file(path, &serde_json::to_vec_pretty(document)?)
}

/// Writes a file in the same way.
pub fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_whole(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_replaces_the_one_before_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let run: RunName = "a".parse().unwrap();
        let path = run_folder(folder.path(), &run).join("train.json");
        for value in [1, 2] {
            write_json(&path, &value).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), value.to_string());
        }
        let files = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(files, 1);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = write_json(&file.join("below.json"), &1).unwrap_err();
        assert!(
            format!("{error:#}").contains("file/below.json"),
            "{error:#}"
        );
    }
}
