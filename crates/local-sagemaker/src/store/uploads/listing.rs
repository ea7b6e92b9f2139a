//! Lists of unfinished uploads, a page at a time.

use rusqlite::{Connection, params};

use super::{Upload, read_upload};
use crate::store::buckets::require_bucket;
use crate::store::list::{group, next_key, successor};
use crate::store::{Store, StoreError};

/// The page of a list of uploads that is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct UploadQuery {
    /// Only keys that begin with this text.
    pub(crate) prefix: String,
    /// Keys that have this text after the prefix are grouped up to its end. Empty: no groups.
    pub(crate) delimiter: String,
    /// Only keys after this one, or uploads of this key after `after_id`.
    pub(crate) after: String,
    /// See `after`; empty for none.
    pub(crate) after_id: String,
    /// Most uploads and groups on the page.
    pub(crate) limit: usize,
}

/// A page of a list of uploads.
#[derive(Clone, Debug, Default)]
pub(crate) struct UploadPage {
    /// Uploads that belong to no group, by key and time.
    pub(crate) uploads: Vec<Upload>,
    /// Groups of keys.
    pub(crate) prefixes: Vec<String>,
    /// Whether there are more.
    pub(crate) more: bool,
    /// The key and the id that the next page follows; a group has no id.
    pub(crate) last: Option<(String, String)>,
}

impl Store {
    /// One page of the unfinished uploads of a bucket.
    pub(crate) fn uploads(
        &self,
        bucket: &str,
        query: &UploadQuery,
    ) -> Result<UploadPage, StoreError> {
        self.database.read(|index| {
            require_bucket(index, bucket)?;
            let mut page = UploadPage::default();
            let mut from = Some(query.start());
            while let Some(start) = from {
                from = query.fill(index, bucket, &start, &mut page)?;
            }
            Ok(page)
        })
    }
}

impl UploadQuery {
    /// The key and the id from which the page begins; the id counts only for this key.
    fn start(&self) -> (String, String) {
        match (&self.after, &self.after_id) {
            (after, _) if after.is_empty() => (self.prefix.clone(), String::new()),
            (after, id) if id.is_empty() => {
                let group = self.group(after).and_then(successor);
                let next = group.unwrap_or_else(|| next_key(after));
                (next.max(self.prefix.clone()), String::new())
            }
            (after, id) => (after.clone(), next_key(id)),
        }
    }

    /// The group of a key, if it has one.
    fn group<'a>(&self, key: &'a str) -> Option<&'a str> {
        group(key, &self.prefix, &self.delimiter)
    }

    /// Adds the uploads from `start` on, up to and including the next group. Returns where to go on.
    fn fill(
        &self,
        index: &Connection,
        bucket: &str,
        start: &(String, String),
        page: &mut UploadPage,
    ) -> Result<Option<(String, String)>, StoreError> {
        let sql = "SELECT * FROM uploads WHERE bucket = ?1 AND (key, id) >= (?2, ?3)
            AND completed IS NULL ORDER BY key, id";
        let mut statement = index.prepare_cached(sql)?;
        let mut rows = statement.query(params![bucket, start.0, start.1])?;
        while let Some(row) = rows.next()? {
            let upload = read_upload(row)?;
            if !upload.key.starts_with(&self.prefix) {
                return Ok(None);
            }
            if page.uploads.len() + page.prefixes.len() == self.limit {
                page.more = true;
                return Ok(None);
            }
            if let Some(group) = self.group(&upload.key) {
                page.prefixes.push(group.to_owned());
                page.last = Some((group.to_owned(), String::new()));
                return Ok(successor(group).map(|next| (next, String::new())));
            }
            page.last = Some((upload.key.clone(), upload.id.clone()));
            page.uploads.push(upload);
        }
        Ok(None)
    }
}
