//! The server's database: one `SQLite` file in the state directory.
//!
//! `SQLite`, because what it has committed survives a killed process without waiting for the disk, and
//! because a person can look inside with the `sqlite3` program while the server runs. (redb, the
//! alternative without C, loses commits of a killed process unless each waits for the disk.)
//!
//! The journal is a write-ahead log with `synchronous = NORMAL`. A commit is in the operating system's
//! hands when it returns, so it survives the process; a power failure may undo the last commits, but
//! never half of one. The disk is only waited for when the log is moved into the database.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::table::lock;
use crate::error::Error;

/// How long a call waits while another process, such as `sqlite3`, has locked the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Most connections that are kept for readers. More readers at once open their own.
const IDLE_READERS: usize = 8;
/// Prepared statements kept by a connection; more than there are in the source.
const STATEMENTS: usize = 128;

/// The first script of every schema: the layouts of earlier versions that have been converted.
const CONVERSIONS: &str =
    "CREATE TABLE conversions (layout TEXT PRIMARY KEY) STRICT, WITHOUT ROWID";

/// A database with one writer and any number of readers, who see the last commit.
#[derive(Debug)]
pub(crate) struct Database {
    /// The file.
    path: PathBuf,
    /// The only connection that writes.
    writer: Mutex<Connection>,
    /// Connections that no reader uses at the moment.
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    /// Opens `path`, which is created if missing, and brings it to the newest schema: `migrations` are
    /// scripts, each of which takes the schema from the version that is its index to the next one.
    pub(crate) fn open(path: PathBuf, migrations: &[&str]) -> Result<Self, Error> {
        let failed = |source| Error::Database {
            path: path.clone(),
            source,
        };
        let mut writer = connect(&path).map_err(failed)?;
        migrate(&mut writer, migrations).map_err(failed)?;
        Ok(Self {
            writer: Mutex::new(writer),
            idle: Mutex::new(Vec::new()),
            path,
        })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads from one snapshot, however many statements `work` executes.
    pub(crate) fn read<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = lock(&self.idle).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        let result = {
            // Dropping it ends the snapshot.
            let snapshot = connection.transaction()?;
            work(&snapshot)
        };
        let mut idle = lock(&self.idle);
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        result
    }

    /// Executes `work` in a transaction, which is committed if it succeeds and undone otherwise. Writers
    /// follow one another, so what `work` has read is true until the commit.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        // A panic between two statements has undone its transaction.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}

/// Whether the reason of an error is that the disk is full.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Opens a connection with the settings that the module's documentation explains.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Executes the scripts that the file has not seen yet, all or none.
fn migrate(connection: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let scripts = std::iter::once(&CONVERSIONS).chain(migrations);
    for script in scripts.skip(version) {
        transaction.execute_batch(script)?;
    }
    // One more than there are migrations, for the script that comes first.
    if version <= migrations.len() {
        transaction.pragma_update(None, "user_version", migrations.len() + 1)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIGRATIONS: [&str; 2] = [
        "CREATE TABLE t(a INTEGER) STRICT",
        "ALTER TABLE t ADD COLUMN b INTEGER",
    ];

    fn count(database: &Database) -> i64 {
        let count = |connection: &Connection| {
            connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        };
        database.read(count).unwrap()
    }

    #[test]
    fn each_migration_is_executed_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.db");
        drop(Database::open(path.clone(), &MIGRATIONS[..1]).unwrap());
        for _ in 0..2 {
            let database = Database::open(path.clone(), &MIGRATIONS).unwrap();
            let insert = |tx: &Transaction<'_>| tx.execute("INSERT INTO t VALUES (1, 2)", []);
            database.write(insert).unwrap();
        }
        assert_eq!(count(&Database::open(path, &MIGRATIONS).unwrap()), 2);
    }

    #[test]
    fn a_failed_transaction_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(dir.path().join("state.db"), &MIGRATIONS).unwrap();
        let outcome = database.write(|tx| {
            tx.execute("INSERT INTO t VALUES (1, 2)", [])?;
            tx.execute("INSERT INTO missing VALUES (1)", [])
        });
        assert!(outcome.is_err());
        assert_eq!(count(&database), 0);
    }

    #[test]
    fn readers_see_the_last_commit_while_a_write_is_in_progress() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(dir.path().join("state.db"), &MIGRATIONS).unwrap();
        let write = |tx: &Transaction<'_>| {
            tx.execute("INSERT INTO t VALUES (1, 2)", [])?;
            assert_eq!(count(&database), 0);
            Ok::<_, rusqlite::Error>(())
        };
        database.write(write).unwrap();
        assert_eq!(count(&database), 1);
    }
}
