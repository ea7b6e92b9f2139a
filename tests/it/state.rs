//! What the local server keeps in its state directory, read from its database as a person with `sqlite3`
//! would read it: with the server running or without.

use rusqlite::{Connection, OpenFlags, params};

use crate::world::World;

/// The bucket of all runs.
pub(crate) const BUCKET: &str = "fire-detection-training-691595239825";

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
        let removed = self.database().unwrap().execute(sql, params![BUCKET, key]);
        assert_eq!(removed, Ok(1), "{key}");
    }

    /// The names of the records of one kind, such as `models`, that contain `part`.
    pub(crate) fn records(&self, kind: &str, part: &str) -> Vec<String> {
        let sql = "SELECT name FROM records WHERE kind = ?1 AND instr(name, ?2) ORDER BY name";
        self.names(sql, kind, part)
    }

    /// The texts that a query with two parameters finds; none without a database.
    fn names(&self, sql: &str, first: &str, second: &str) -> Vec<String> {
        let Some(database) = self.database() else {
            return Vec::new();
        };
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map(params![first, second], |row| row.get(0));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// The server's database, if there is one.
    fn database(&self) -> Option<Connection> {
        let path = self.state_dir().join("state.db");
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()
    }
}
