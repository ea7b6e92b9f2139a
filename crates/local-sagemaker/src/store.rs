//! Named records in memory, mirrored one JSON file each, so that a killed server finds them
//! again.
//!
//! A file is written beside its final name and renamed over it: a reader sees the old record or
//! the new one. The files are not synced to the disk: they outlive the process, not a loss of
//! power.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, chain};
use crate::log;

/// Records of one kind by name, in a directory of their own.
pub(crate) struct Table<T> {
    /// Holds `NAME.json` for each record.
    dir: PathBuf,
    /// The records, which the files only follow.
    rows: Mutex<BTreeMap<String, T>>,
}

impl<T: Serialize + DeserializeOwned + Clone> Table<T> {
    /// Reads all records of `dir`, which is made when it is missing.
    pub(crate) fn open(dir: PathBuf) -> Result<Self, Error> {
        fs::create_dir_all(&dir).map_err(Error::io("create", &dir))?;
        let mut rows = BTreeMap::new();
        for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
            let path = entry.map_err(Error::io("list", &dir))?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .and_then(|name| name.strip_suffix(".json"));
            if let Some(name) = name {
                rows.insert(name.to_owned(), load(&path)?);
            }
        }
        Ok(Self {
            dir,
            rows: Mutex::new(rows),
        })
    }

    /// A copy of one record.
    pub(crate) fn get(&self, name: &str) -> Option<T> {
        locked(&self.rows).get(name).cloned()
    }

    /// Copies of all records, by name.
    pub(crate) fn all(&self) -> Vec<T> {
        locked(&self.rows).values().cloned().collect()
    }

    /// Whether a record is such a one.
    pub(crate) fn any(&self, mut wanted: impl FnMut(&T) -> bool) -> bool {
        locked(&self.rows).values().any(&mut wanted)
    }

    /// Adds a record unless the name is taken: false then, and nothing has changed.
    pub(crate) fn insert_new(&self, name: &str, row: T) -> Result<bool, Error> {
        let mut rows = locked(&self.rows);
        if rows.contains_key(name) {
            return Ok(false);
        }
        save(&self.file(name), &row)?;
        rows.insert(name.to_owned(), row);
        Ok(true)
    }

    /// Changes a record in place and gives a copy of the result; `None` when there is no such
    /// record. A file that cannot be written is logged: the record in memory stays the truth
    /// until the server ends.
    pub(crate) fn update(&self, name: &str, change: impl FnOnce(&mut T)) -> Option<T> {
        let mut rows = locked(&self.rows);
        let row = rows.get_mut(name)?;
        change(row);
        self.keep(name, row);
        Some(row.clone())
    }

    /// Writes a record that has changed.
    fn keep(&self, name: &str, row: &T) {
        if let Err(error) = save(&self.file(name), row) {
            log::line(&format!(
                "record {name} is kept in memory only: {}",
                chain(&error)
            ));
        }
    }

    /// Shows a part of the first wanted record to `change`, and keeps the record if that has
    /// changed it; `None` when there is no such record.
    pub(crate) fn adjust<P: Clone + PartialEq>(
        &self,
        wanted: impl Fn(&T) -> bool,
        part: impl Fn(&mut T) -> &mut P,
        change: &mut dyn FnMut(&mut P),
    ) -> Option<()> {
        let mut rows = locked(&self.rows);
        let (name, row) = rows.iter_mut().find(|(_, row)| wanted(row))?;
        let part = part(row);
        let before = part.clone();
        change(part);
        if *part != before {
            self.keep(name, row);
        }
        Some(())
    }

    /// Removes a record and gives it back.
    pub(crate) fn remove(&self, name: &str) -> Option<T> {
        let mut rows = locked(&self.rows);
        let row = rows.remove(name)?;
        if let Err(error) = fs::remove_file(self.file(name)) {
            log::line(&format!(
                "record {name} comes back at the next start: {error}"
            ));
        }
        Some(row)
    }

    /// Names are checked before they come here, so they stay in the directory.
    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.json"))
    }
}

/// Writes `value` as JSON so that `path` holds the old or the new bytes, never half of them.
pub(crate) fn save(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    // Pretty: people look into these files when something is wrong.
    let text = serde_json::to_vec_pretty(value).map_err(|source| Error::Corrupt {
        path: path.to_owned(),
        source,
    })?;
    let draft = path.with_extension("draft");
    fs::write(&draft, text).map_err(Error::io("write", &draft))?;
    fs::rename(&draft, path).map_err(Error::io("replace", path))
}

/// Reads what [`save`] wrote.
pub(crate) fn load<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&text).map_err(|source| Error::Corrupt {
        path: path.to_owned(),
        source,
    })
}

/// The lock's content even if a thread panicked while holding it: records are replaced whole,
/// never left half-changed.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(dir: &Path) -> Table<u32> {
        Table::open(dir.join("numbers")).unwrap()
    }

    #[test]
    fn records_come_back_after_a_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let first = table(dir.path());
        assert!(first.insert_new("a", 1).unwrap());
        assert!(first.insert_new("b", 2).unwrap());
        assert_eq!(first.update("a", |row| *row += 10), Some(11));
        assert_eq!(first.remove("b"), Some(2));
        let second = table(dir.path());
        assert_eq!(second.all(), [11]);
        assert_eq!(second.get("b"), None);
    }

    #[test]
    fn a_taken_name_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let table = table(dir.path());
        assert!(table.insert_new("a", 1).unwrap());
        assert!(!table.insert_new("a", 2).unwrap());
        assert_eq!(table.get("a"), Some(1));
        assert_eq!(table.update("missing", |row| *row = 0), None);
    }

    #[test]
    fn a_draft_left_by_a_kill_is_not_a_record() {
        let dir = tempfile::tempdir().unwrap();
        let first = table(dir.path());
        first.insert_new("a", 1).unwrap();
        fs::write(dir.path().join("numbers/a.draft"), "{").unwrap();
        assert_eq!(table(dir.path()).all(), [1]);
    }

    #[test]
    fn a_broken_record_is_named() {
        let dir = tempfile::tempdir().unwrap();
        table(dir.path());
        fs::write(dir.path().join("numbers/a.json"), "{").unwrap();
        let error = Table::<u32>::open(dir.path().join("numbers"))
            .err()
            .unwrap();
        assert!(
            chain(&error).contains("a.json is not a record of this server"),
            "{}",
            chain(&error)
        );
    }
}
