//! What the local server keeps in its state directory, read from its database as a person with `sqlite3`
//! would read it: with the server running or without.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};

use crate::world::World;

/// The bucket of all runs.
pub(crate) const BUCKET: &str = "fire-detection-training-691595239825";

/// The file with the content of an object that was stored in one piece.
pub(crate) fn content_file(state_dir: &Path, key: &str) -> Option<PathBuf> {
    let database = database(state_dir)?;
    let sql = "SELECT content FROM objects WHERE bucket = ?1 AND key = ?2 AND parts = 0";
    let found = database.query_row(sql, params![BUCKET, key], |row| row.get(0));
    let content: u64 = found.ok()?;
    let directory = state_dir
        .join("contents")
        .join((content / 1000).to_string());
    Some(directory.join(content.to_string()))
}

/// The server's database, if there is one.
fn database(state_dir: &Path) -> Option<Connection> {
    let path = state_dir.join("state.db");
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()
}

impl World {
    /// The keys in the bucket that begin with `prefix`, sorted.
    pub(crate) fn keys(&self, prefix: &str) -> Vec<String> {
        let sql = "SELECT key FROM objects WHERE bucket = ?1 AND substr(key, 1, length(?2)) = ?2 ORDER BY key";
        self.names(sql, BUCKET, prefix)
    }

    /// Whether the bucket has this key.
    pub(crate) fn has_object(&self, key: &str) -> bool {
        self.keys(key).iter().any(|found| found == key)
    }

    /// Removes an object behind the server's back.
    pub(crate) fn remove_object(&self, key: &str) {
        let sql = "DELETE FROM objects WHERE bucket = ?1 AND key = ?2";
        let removed = database(&self.state_dir())
            .unwrap()
            .execute(sql, params![BUCKET, key]);
        assert_eq!(removed, Ok(1), "{key}");
    }

    /// The names of the records of one kind, such as `models`, that contain `part`.
    pub(crate) fn records(&self, kind: &str, part: &str) -> Vec<String> {
        let sql = "SELECT name FROM records WHERE kind = ?1 AND instr(name, ?2) ORDER BY name";
        self.names(sql, kind, part)
    }

    /// The texts that a query with two parameters finds; none without a database.
    fn names(&self, sql: &str, first: &str, second: &str) -> Vec<String> {
        let Some(database) = database(&self.state_dir()) else {
            return Vec::new();
        };
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map(params![first, second], |row| row.get(0));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }
}
