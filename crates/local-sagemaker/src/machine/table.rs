//! Named records in memory, each mirrored to a JSON file, so that they survive a killed server.
//!
//! A file is written under a temporary name and then renamed, so a reader sees either the old or the new
//! record. Files are not synced to disk: they survive the process, but not a power failure.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::log;
use crate::error::{Error, chain};

/// Records of one type by name, in their own directory.
pub(crate) struct Table<T> {
    /// Holds `NAME.json` for each record.
    dir: PathBuf,
    /// The records, which take precedence over the files.
    rows: Mutex<BTreeMap<String, T>>,
}

impl<T: Serialize + DeserializeOwned + Clone> Table<T> {
    /// Opens `dir`, which is created if missing, and reads all records in it.
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
        lock(&self.rows).get(name).cloned()
    }

    /// Copies of all records, by name.
    pub(crate) fn all(&self) -> Vec<T> {
        lock(&self.rows).values().cloned().collect()
    }

    /// Whether any record satisfies the predicate.
    pub(crate) fn any(&self, mut predicate: impl FnMut(&T) -> bool) -> bool {
        lock(&self.rows).values().any(&mut predicate)
    }

    /// Adds a record. Returns false, and changes nothing, if the name is taken.
    pub(crate) fn insert_new(&self, name: &str, row: T) -> Result<bool, Error> {
        let mut rows = lock(&self.rows);
        if rows.contains_key(name) {
            return Ok(false);
        }
        // The file first: a record that is reported as created must survive a kill.
        save(&self.file(name), &row)?;
        rows.insert(name.to_owned(), row);
        Ok(true)
    }

    /// Changes a record in place and returns a copy of the result; `None` if there is no such record. If
    /// the file cannot be written, this is logged, and the change lasts only until the server stops.
    pub(crate) fn update(&self, name: &str, change: impl FnOnce(&mut T)) -> Option<T> {
        let mut rows = lock(&self.rows);
        let row = rows.get_mut(name)?;
        change(row);
        // Still locked, so that files are written in the order of the changes.
        self.persist(name, row);
        Some(row.clone())
    }

    /// Writes a changed record to its file.
    fn persist(&self, name: &str, row: &T) {
        if let Err(error) = save(&self.file(name), row) {
            log(&format!(
                "cannot write record {name}, which is now in memory only: {}",
                chain(&error)
            ));
        }
    }

    /// Calls `change` with a part of the first matching record, and writes the record if that changed it;
    /// `None` if no record matches.
    pub(crate) fn adjust<P: Clone + PartialEq>(
        &self,
        matches: impl Fn(&T) -> bool,
        part: impl Fn(&mut T) -> &mut P,
        change: &mut dyn FnMut(&mut P),
    ) -> Option<()> {
        let mut rows = lock(&self.rows);
        let (name, row) = rows.iter_mut().find(|(_, row)| matches(row))?;
        let part = part(row);
        let before = part.clone();
        change(part);
        if *part != before {
            self.persist(name, row);
        }
        Some(())
    }

    /// Removes a record and returns it.
    pub(crate) fn remove(&self, name: &str) -> Option<T> {
        let mut rows = lock(&self.rows);
        let row = rows.remove(name)?;
        if let Err(error) = fs::remove_file(self.file(name)) {
            log(&format!(
                "cannot remove record {name}, which will reappear after a restart: {error}"
            ));
        }
        Some(row)
    }

    /// The path of a record's file. Callers have checked the name, so it stays inside the directory.
    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.json"))
    }
}

/// Writes `value` as JSON; `path` always holds either the old or the new bytes.
pub(crate) fn save(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    // Pretty-printed for people who debug the server.
    let text = serde_json::to_vec_pretty(value).map_err(|source| Error::Corrupt {
        path: path.to_owned(),
        source,
    })?;
    let draft = path.with_extension("draft");
    fs::write(&draft, text).map_err(Error::io("write", &draft))?;
    fs::rename(&draft, path).map_err(Error::io("replace", path))
}

/// Reads a file written by [`save`].
pub(crate) fn load<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&text).map_err(|source| Error::Corrupt {
        path: path.to_owned(),
        source,
    })
}

/// Locks a mutex even if a thread panicked while holding it, which is safe because no data is left in an
/// inconsistent state.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(dir: &Path) -> Table<u32> {
        Table::open(dir.join("numbers")).unwrap()
    }

    #[test]
    fn records_survive_reopening() {
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
    fn a_temporary_file_left_by_a_kill_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        let first = table(dir.path());
        first.insert_new("a", 1).unwrap();
        fs::write(dir.path().join("numbers/a.draft"), "{").unwrap();
        assert_eq!(table(dir.path()).all(), [1]);
    }

    #[test]
    fn a_corrupt_record_is_named() {
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
