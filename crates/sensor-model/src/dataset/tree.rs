//! The data files in a directory tree, as SageMaker makes it of the objects below an S3 prefix.

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::error::Error;

/// A file or directory of a channel that is not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Why it is not read.
    pub reason: SkipReason,
    /// Path below the directory of the channel.
    pub path: PathBuf,
}

/// Why a file or directory of a channel is not read; as text, what such files are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// The name begins with `.` or `_`, by which Hadoop, Spark and Athena mark what is not data, or ends with `.crc`, as
    /// checksums do.
    Hidden,
    /// There is nothing in it; S3 consoles create empty objects as directories.
    Empty,
    /// [`RowWriter`](crate::RowWriter) has not finished it.
    Unfinished,
    /// A link to a directory, which could lead back to itself.
    LinkedDirectory,
    /// A pipe, socket or device, which might never end.
    Special,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hidden => "hidden files and markers",
            Self::Empty => "empty files",
            Self::Unfinished => "unfinished files",
            Self::LinkedDirectory => "links to directories",
            Self::Special => "pipes, sockets and devices",
        })
    }
}

/// What a directory tree contains.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Paths of the files to read, below the root, in order.
    pub(super) files: Vec<PathBuf>,
    /// Everything else.
    pub(super) skipped: Vec<Skipped>,
}

impl Tree {
    /// Lists the files below a directory.
    ///
    /// # Errors
    /// [`Error::Read`] if a directory cannot be read or an entry is a broken link.
    pub(super) fn below(root: &Path) -> Result<Self, Error> {
        let mut tree = Self::default();
        let mut pending = vec![root.to_owned()];
        while let Some(dir) = pending.pop() {
            for entry in fs::read_dir(&dir).map_err(unreadable(&dir))? {
                let entry = entry.map_err(unreadable(&dir))?;
                let path = entry.path();
                match Found::of(&entry).map_err(unreadable(&path))? {
                    Found::Directory => pending.push(path),
                    Found::File => tree.files.push(below(root, &path)),
                    Found::Skip(reason) => {
                        let path = below(root, &path);
                        tree.skipped.push(Skipped { reason, path });
                    }
                }
            }
        }
        // The order of rows must not depend on the file system, as that of a directory listing does.
        tree.files.sort();
        Ok(tree)
    }
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::Read {
        path: path.to_owned(),
        source,
    }
}

fn below(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

/// What an entry of a directory is.
enum Found {
    Directory,
    File,
    Skip(SkipReason),
}

impl Found {
    fn of(entry: &DirEntry) -> io::Result<Self> {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if is_hidden(&name) {
            return Ok(Self::Skip(SkipReason::Hidden));
        }
        // Follows links: volumes of Kubernetes link to their files.
        let target = fs::metadata(entry.path())?;
        if target.is_dir() {
            let linked = entry.file_type()?.is_symlink();
            return Ok(if linked {
                Self::Skip(SkipReason::LinkedDirectory)
            } else {
                Self::Directory
            });
        }
        Ok(if !target.is_file() {
            Self::Skip(SkipReason::Special)
        } else if target.len() == 0 {
            Self::Skip(SkipReason::Empty)
        } else if name.ends_with(".partial") {
            Self::Skip(SkipReason::Unfinished)
        } else {
            Self::File
        })
    }
}

/// Whether a name marks what is not data. `_key=value` is a partition, as in Spark.
fn is_hidden(name: &str) -> bool {
    let marked = name.starts_with('.') || (name.starts_with('_') && !name.contains('='));
    marked || name.to_ascii_lowercase().ends_with(".crc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_markers_are_told_from_names_of_data() {
        for name in [
            "_SUCCESS",
            "_metadata",
            "_common_metadata",
            "_delta_log",
            "_temporary",
            "_committed_17",
            ".part-00000.crc",
            "part-00000.crc",
            ".ipynb_checkpoints",
            ".DS_Store",
        ] {
            assert!(is_hidden(name), "{name}");
        }
        for name in [
            "part-00000",
            "rows.csv",
            "ROWS.CSV",
            "ds=1",
            "_ds=1",
            "a_b",
            "crc",
        ] {
            assert!(!is_hidden(name), "{name}");
        }
    }
}
