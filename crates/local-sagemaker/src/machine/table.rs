//! Named records of one kind in the database.
//!
//! Records that are in use are also in memory; the others are read when they are needed, so thousands of
//! finished jobs cost neither memory nor time. A list is read from an index, in the order of the list, and
//! costs what its page contains.

mod query;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::database::Database;
use super::log;
use crate::error::{Error, chain};

pub(crate) use query::{Period, Position, Query, SortBy};

/// The tables of the records.
pub(crate) const SCHEMA: &str = include_str!("table/schema.sql");

/// A record.
pub(crate) trait Row: Serialize + DeserializeOwned + Clone {
    /// What records are found and sorted by.
    fn index(&self) -> Index;
}

/// What records are found and sorted by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Unique within the kind, whatever the case of its letters.
    pub(crate) arn: String,
    /// The creation time, in milliseconds since the epoch.
    pub(crate) created: u64,
    /// The time of the last modification, in milliseconds since the epoch.
    pub(crate) modified: u64,
    /// The status; empty for records without one.
    pub(crate) status: &'static str,
    /// Whether the record is in use, and so in memory.
    pub(crate) active: bool,
}

/// Records of one type by name.
pub(crate) struct Table<T> {
    /// Where they are stored.
    database: Arc<Database>,
    /// Their kind, which tells them from other tables' records.
    kind: &'static str,
    /// The records in use, which take precedence over the database.
    live: Mutex<BTreeMap<String, T>>,
}

impl<T: Row> Table<T> {
    /// Opens the records of one kind. Those that an earlier version kept as files in `former`, one for each
    /// record, are moved into the database.
    pub(crate) fn open(
        database: Arc<Database>,
        kind: &'static str,
        former: &Path,
    ) -> Result<Self, Error> {
        let table = Self {
            database,
            kind,
            live: Mutex::default(),
        };
        table.convert(former)?;
        let live = table.database.read(|records| {
            let sql = "SELECT name, record FROM records WHERE kind = ?1 AND active";
            let mut statement = records.prepare(sql)?;
            let rows = statement.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<(String, String)>>>()
        });
        let live = live.map_err(|source| table.failure(source))?;
        for (name, text) in live {
            let record = table.parse(&name, &text)?;
            lock(&table.live).insert(name, record);
        }
        Ok(table)
    }

    /// A copy of one record.
    pub(crate) fn get(&self, name: &str) -> Option<T> {
        let live = lock(&self.live).get(name).cloned();
        live.or_else(|| self.stored("name", name).map(|(_, record)| record))
    }

    /// Copies of the records in use, by name.
    pub(crate) fn active(&self) -> Vec<T> {
        lock(&self.live).values().cloned().collect()
    }

    /// Whether any record in use satisfies the predicate.
    pub(crate) fn any_active(&self, mut predicate: impl FnMut(&T) -> bool) -> bool {
        lock(&self.live).values().any(&mut predicate)
    }

    /// Adds a record. Returns false, and changes nothing, if its name or its ARN is taken.
    pub(crate) fn insert_new(&self, name: &str, row: T) -> Result<bool, Error> {
        // The database first: a record that is reported as created must survive a kill.
        let mut live = lock(&self.live);
        let inserted = self
            .database
            .write(|records| insert(records, self.kind, name, &row));
        if !inserted.map_err(|source| self.failure(source))? {
            return Ok(false);
        }
        if row.index().active {
            live.insert(name.to_owned(), row);
        }
        Ok(true)
    }

    /// Changes a record and returns a copy of the result; `None` if there is no such record. If the
    /// database cannot be written, this is logged, and the record is in memory until it can be.
    pub(crate) fn update(&self, name: &str, change: impl FnOnce(&mut T)) -> Option<T> {
        // Locked until the end, so that records are written in the order of the changes.
        let mut live = lock(&self.live);
        let stored = || self.stored("name", name).map(|(_, record)| record);
        let mut record = live.get(name).cloned().or_else(stored)?;
        change(&mut record);
        let written = self
            .database
            .write(|records| replace(records, self.kind, name, &record));
        if let Err(error) = &written {
            log(&format!(
                "cannot write record {name}, which is now in memory only: {}",
                chain(error)
            ));
        }
        if record.index().active || written.is_err() {
            live.insert(name.to_owned(), record.clone());
        } else {
            live.remove(name);
        }
        Some(record)
    }

    /// Calls `change` with the record of this ARN, in upper or lower case, and stores what it changes;
    /// `None` if there is no such record.
    pub(crate) fn update_by_arn(&self, arn: &str, change: impl FnOnce(&mut T)) -> Option<()> {
        let (name, _) = self.stored("arn", &arn.to_lowercase())?;
        self.update(&name, change).map(drop)
    }

    /// The record of this ARN, in upper or lower case.
    pub(crate) fn find_by_arn(&self, arn: &str) -> Option<T> {
        let (name, _) = self.stored("arn", &arn.to_lowercase())?;
        self.get(&name)
    }

    /// Removes a record.
    pub(crate) fn remove(&self, name: &str) {
        let mut live = lock(&self.live);
        let sql = "DELETE FROM records WHERE kind = ?1 AND name = ?2";
        let removed = self
            .database
            .write(|records| records.execute(sql, [self.kind, name]));
        if let Err(error) = removed {
            log(&format!(
                "cannot remove record {name}, which will reappear after a restart: {error}"
            ));
        }
        live.remove(name);
    }

    /// The records of a list that `accept` accepts, at most one more than its limit.
    pub(crate) fn list_records(
        &self,
        query: &Query,
        accept: impl Fn(&T) -> bool,
    ) -> Result<Vec<(Position, T)>, Error> {
        let start = query.start();
        let rows = self.database.read(|records| {
            let mut found = Vec::new();
            let mut statement = records.prepare_cached(&query.sql())?;
            let mut rows = statement.query(params![
                self.kind,
                query.name_contains,
                query.status,
                query.created.from,
                query.created.to,
                query.modified.from,
                query.modified.to,
                start.time,
                start.status,
                start.name,
            ])?;
            // Rows are computed as they are read, so the ones that are not read cost nothing.
            while let Some(row) = rows.next()? {
                let (name, text): (String, String) = (row.get("name")?, row.get("record")?);
                let record: T = match self.parse(&name, &text) {
                    Ok(record) => record,
                    Err(error) => return Ok(Err(error)),
                };
                if !accept(&record) {
                    continue;
                }
                let index = record.index();
                found.push((query.position(name, &index), record));
                if found.len() > query.limit {
                    break;
                }
            }
            Ok(Ok(found))
        });
        rows.map_err(|source| self.failure(source))?
    }

    /// The record that has this value in a column, and its name.
    fn stored(&self, column: &str, value: &str) -> Option<(String, T)> {
        let sql = format!("SELECT name, record FROM records WHERE kind = ?1 AND {column} = ?2");
        let row = self.database.read(|records| {
            let mut statement = records.prepare_cached(&sql)?;
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            statement.query_row([self.kind, value], read).optional()
        });
        let parsed = match row.map_err(|source| self.failure(source)) {
            Ok(row) => row.map(|(name, text): (String, String)| {
                let record = self.parse(&name, &text);
                record.map(|record| (name, record))
            }),
            Err(error) => Some(Err(error)),
        };
        match parsed? {
            Ok(found) => Some(found),
            Err(error) => {
                log(&format!("cannot read record {value}: {}", chain(&error)));
                None
            }
        }
    }

    /// A record from its JSON.
    fn parse(&self, name: &str, text: &str) -> Result<T, Error> {
        serde_json::from_str(text).map_err(|source| Error::Corrupt {
            path: self.database.path().join(self.kind).join(name),
            source,
        })
    }

    /// An error of the database.
    fn failure(&self, source: rusqlite::Error) -> Error {
        Error::Database {
            path: self.database.path().to_owned(),
            source,
        }
    }

    /// Moves the files of an earlier version into the database. The records and the note that they have been
    /// moved are one transaction, so a killed conversion begins again or only removes what is left.
    fn convert(&self, former: &Path) -> Result<(), Error> {
        let files = match record_files(former) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            files => files.map_err(Error::io("read", former))?,
        };
        let mut records = Vec::new();
        for (name, text) in files {
            let record: T = serde_json::from_str(&text).map_err(|source| Error::Corrupt {
                path: former.join(format!("{name}.json")),
                source,
            })?;
            records.push((name, record));
        }
        let converted = self.database.write(|transaction| {
            let sql = "INSERT OR IGNORE INTO conversions (layout) VALUES (?1)";
            if transaction.execute(sql, [self.kind])? > 0 {
                for (name, record) in &records {
                    insert(transaction, self.kind, name, record)?;
                }
            }
            Ok(())
        });
        converted.map_err(|source| self.failure(source))?;
        fs::remove_dir_all(former).map_err(Error::io("remove", former))
    }
}

/// The names and texts of the record files in a directory.
fn record_files(directory: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.and_then(|name| name.strip_suffix(".json")) {
            files.push((name.to_owned(), fs::read_to_string(&path)?));
        }
    }
    Ok(files)
}

/// Adds a record, unless its name or its ARN is taken.
fn insert(
    transaction: &Transaction<'_>,
    kind: &str,
    name: &str,
    record: &impl Row,
) -> rusqlite::Result<bool> {
    Ok(write(transaction, "INSERT OR IGNORE", kind, (name, record))? > 0)
}

/// Stores a record in place of the one with its name.
fn replace(
    transaction: &Transaction<'_>,
    kind: &str,
    name: &str,
    record: &impl Row,
) -> rusqlite::Result<()> {
    write(transaction, "INSERT OR REPLACE", kind, (name, record)).map(drop)
}

/// Executes an insertion, and returns the number of rows that it has changed.
fn write(
    records: &Connection,
    verb: &str,
    kind: &str,
    (name, record): (&str, &impl Row),
) -> rusqlite::Result<usize> {
    let index = record.index();
    let text = serde_json::to_string(record)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let sql = format!(
        "{verb} INTO records (kind, name, arn, created, modified, status, active, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    );
    records.prepare_cached(&sql)?.execute(params![
        kind,
        name,
        index.arn.to_lowercase(),
        index.created,
        index.modified,
        index.status,
        index.active,
        text,
    ])
}

/// Locks a mutex even if a thread panicked while holding it, which is safe because no data is left in an
/// inconsistent state.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// A record for tests.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Number {
        created: u64,
        done: bool,
    }

    impl Row for Number {
        fn index(&self) -> Index {
            Index {
                arn: format!("arn:{}", self.created),
                created: self.created / 10,
                modified: self.created,
                status: if self.done { "Done" } else { "Busy" },
                active: !self.done,
            }
        }
    }

    fn number(created: u64) -> Number {
        Number {
            created,
            done: false,
        }
    }

    fn table(dir: &Path) -> Table<Number> {
        let database = Database::open(dir.join("state.db"), &[SCHEMA]).unwrap();
        Table::open(Arc::new(database), "numbers", &dir.join("numbers")).unwrap()
    }

    #[test]
    fn records_survive_reopening_in_use_or_not() {
        let dir = tempfile::tempdir().unwrap();
        let first = table(dir.path());
        for (name, created) in [("a", 1), ("b", 2), ("c", 3)] {
            assert!(first.insert_new(name, number(created)).unwrap());
        }
        first.update("a", |row| row.done = true).unwrap();
        first.update("b", |row| row.created = 20).unwrap();
        first.remove("c");
        let second = table(dir.path());
        assert_eq!(second.active(), [number(20)]);
        assert!(second.get("a").unwrap().done);
        assert_eq!(second.get("c"), None);
        second.update("a", |row| row.done = false).unwrap();
        assert_eq!(second.active().len(), 2);
    }

    #[test]
    fn a_taken_name_or_arn_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let table = table(dir.path());
        assert!(table.insert_new("a", number(1)).unwrap());
        assert!(!table.insert_new("a", number(2)).unwrap());
        assert!(!table.insert_new("b", number(1)).unwrap());
        assert_eq!(table.get("a"), Some(number(1)));
        assert_eq!(table.update("missing", |row| row.done = true), None);
        assert!(
            table
                .update_by_arn("ARN:1", |row| row.done = true)
                .is_some()
        );
        assert!(table.find_by_arn("arn:1").unwrap().done);
    }

    /// All records, oldest first.
    fn all() -> Query {
        Query {
            name_contains: None,
            status: None,
            created: Period::default(),
            modified: Period::default(),
            sort_by: SortBy::Created,
            ascending: true,
            after: None,
            limit: 10,
        }
    }

    #[test]
    fn lists_are_filtered_sorted_and_paged() {
        let dir = tempfile::tempdir().unwrap();
        let table = table(dir.path());
        for (name, created, done) in [("b", 10, true), ("a", 21, false), ("c", 22, true)] {
            table.insert_new(name, number(created)).unwrap();
            table.update(name, |row| row.done = done).unwrap();
        }
        let names = |query: &Query| {
            let rows = table.list_records(query, |_| true).unwrap();
            rows.into_iter().map(|(at, _)| at.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&all()), ["b", "a", "c"]);
        let with = |change: &dyn Fn(&mut Query)| {
            let mut query = all();
            change(&mut query);
            query
        };
        for (query, expected) in [
            (with(&|query| query.ascending = false), vec!["c", "a", "b"]),
            (
                with(&|query| query.sort_by = SortBy::Name),
                vec!["a", "b", "c"],
            ),
            (
                with(&|query| query.sort_by = SortBy::Status),
                vec!["a", "b", "c"],
            ),
            (
                with(&|query| query.name_contains = Some("b".into())),
                vec!["b"],
            ),
            (
                with(&|query| query.status = Some("Done".into())),
                vec!["b", "c"],
            ),
            (
                with(&|query| query.created.from = Some(1.5)),
                vec!["a", "c"],
            ),
            (with(&|query| query.modified.from = Some(22.0)), vec!["c"]),
            (
                with(&|query| query.modified.to = Some(21.5)),
                vec!["b", "a"],
            ),
        ] {
            assert_eq!(names(&query), expected, "{query:?}");
            // Page by page it is the same list.
            let mut paged = Vec::new();
            let mut page = Query {
                limit: 0,
                ..query.clone()
            };
            loop {
                let rows = table.list_records(&page, |_| true).unwrap();
                let Some((position, _)) = rows.into_iter().next() else {
                    break;
                };
                paged.push(position.name.clone());
                page.after = Some(position);
            }
            assert_eq!(paged, expected, "{query:?}");
        }
        assert_eq!(table.list_records(&all(), |row| row.done).unwrap().len(), 2);
    }

    #[test]
    fn the_files_of_earlier_versions_are_moved_once() {
        let dir = tempfile::tempdir().unwrap();
        let former = dir.path().join("numbers");
        let write = |text: &str| {
            fs::create_dir_all(&former).unwrap();
            fs::write(former.join("a.json"), text).unwrap();
            fs::write(former.join("a.draft"), "{").unwrap();
        };
        write(r#"{"created":1,"done":true}"#);
        table(dir.path())
            .update("a", |row| row.created = 5)
            .unwrap();
        assert!(!former.exists());
        // A server that was killed before it could remove the files.
        write(r#"{"created":1,"done":true}"#);
        assert_eq!(table(dir.path()).get("a").unwrap().created, 5);
        assert!(!former.exists());
    }

    #[test]
    fn a_corrupt_file_is_named_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let former = dir.path().join("numbers");
        fs::create_dir(&former).unwrap();
        fs::write(former.join("a.json"), "{").unwrap();
        let database = Database::open(dir.path().join("state.db"), &[SCHEMA]).unwrap();
        let opened = Table::<Number>::open(Arc::new(database), "numbers", &former);
        let message = chain(&opened.err().unwrap());
        assert!(
            message.contains("a.json is not a record of this server"),
            "{message}"
        );
        assert!(former.join("a.json").exists());
    }
}
