//! Lists of objects, a page at a time. A page costs what it contains, wherever in the bucket it begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, Row, params};

use super::attributes::Checksums;
use super::buckets::require_bucket;
use super::{Store, StoreError, json};

/// The first byte of every continuation token, for the day when tokens change.
const TOKEN_VERSION: char = '1';

/// The page of a list that is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListQuery {
    /// Only keys that begin with this text.
    pub(crate) prefix: String,
    /// Keys that have this text after the prefix are grouped up to its end. Empty: no groups.
    pub(crate) delimiter: String,
    /// Only keys after this one, without the group that it belongs to.
    pub(crate) after: String,
    /// The token of the previous page, in place of `after`.
    pub(crate) token: Option<String>,
    /// Most keys and groups on the page.
    pub(crate) limit: usize,
}

/// A key on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The key.
    pub(crate) key: String,
    /// The object's length in bytes.
    pub(crate) size: u64,
    /// Its `ETag`, without quotes.
    pub(crate) etag: String,
    /// The time of its last modification, in milliseconds since the epoch.
    pub(crate) modified: i64,
    /// Its storage class.
    pub(crate) storage_class: String,
    /// Its checksums.
    pub(crate) checksums: Checksums,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// Keys that belong to no group.
    pub(crate) objects: Vec<Listed>,
    /// Groups: common prefixes, up to and including the delimiter.
    pub(crate) prefixes: Vec<String>,
    /// The token of the next page, if there is one.
    pub(crate) next: Option<String>,
    /// The last key or group of the page.
    pub(crate) last: Option<String>,
}

impl Store {
    /// One page of a bucket's keys, in the order of their bytes.
    pub(crate) fn list(&self, bucket: &str, query: &ListQuery) -> Result<Page, StoreError> {
        self.database.read(|index| {
            require_bucket(index, bucket)?;
            let mut from = Some(query.start()?.max(query.prefix.clone()));
            let mut page = Page::default();
            if query.limit == 0 {
                return Ok(page);
            }
            while let Some(start) = from {
                from = query.fill(index, bucket, &start, &mut page)?;
            }
            Ok(page)
        })
    }
}

impl ListQuery {
    /// The least key that may be on the page.
    fn start(&self) -> Result<String, StoreError> {
        if let Some(token) = &self.token {
            return decode(token).ok_or(StoreError::InvalidToken);
        }
        if self.after.is_empty() {
            return Ok(String::new());
        }
        match self.group(&self.after) {
            // Only a group of the very last characters has no successor.
            Some(group) => Ok(successor(group).unwrap_or_else(|| next_key(&self.after))),
            None => Ok(next_key(&self.after)),
        }
    }

    /// The group of a key, if it has one.
    fn group<'a>(&self, key: &'a str) -> Option<&'a str> {
        group(key, &self.prefix, &self.delimiter)
    }

    /// Adds the keys from `start` on, up to and including the next group. Returns where to go on, if the
    /// page has room and the bucket may have more keys.
    fn fill(
        &self,
        index: &Connection,
        bucket: &str,
        start: &str,
        page: &mut Page,
    ) -> Result<Option<String>, StoreError> {
        let sql = "SELECT key, size, etag, modified, storage_class, attributes -> '$.checksums' AS checksums FROM objects
            WHERE bucket = ?1 AND key >= ?2 ORDER BY key";
        let mut statement = index.prepare_cached(sql)?;
        // Rows are computed as they are read, so the ones that are not read cost nothing.
        let mut rows = statement.query(params![bucket, start])?;
        while let Some(row) = rows.next()? {
            let key = row
                .get_ref("key")?
                .as_str()
                .map_err(rusqlite::Error::from)?;
            if !key.starts_with(self.prefix.as_str()) {
                return Ok(None);
            }
            if page.objects.len() + page.prefixes.len() == self.limit {
                page.next = Some(encode(key));
                return Ok(None);
            }
            if let Some(group) = self.group(key) {
                page.prefixes.push(group.to_owned());
                page.last = Some(group.to_owned());
                return Ok(successor(group));
            }
            page.last = Some(key.to_owned());
            page.objects.push(read(row)?);
        }
        Ok(None)
    }
}

/// The group of a key in a list: the key up to the end of the first delimiter after the prefix.
pub(super) fn group<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    if delimiter.is_empty() {
        return None;
    }
    let end = key.strip_prefix(prefix)?.find(delimiter)? + delimiter.len();
    Some(&key[..prefix.len() + end])
}

/// A row of the list.
fn read(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        key: row.get("key")?,
        size: row.get("size")?,
        etag: row.get("etag")?,
        modified: row.get("modified")?,
        storage_class: row.get("storage_class")?,
        checksums: json(row, "checksums")?,
    })
}

/// The least text after all those that begin with `prefix`; `None` if there is none.
pub(super) fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // In UTF-8, the order of bytes is that of the characters. Surrogates are not characters.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// The least key after this one.
pub(super) fn next_key(key: &str) -> String {
    format!("{key}\0")
}

/// The token of the page that begins with the least key from `start` on.
fn encode(start: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{TOKEN_VERSION}{start}"))
}

/// The start of a token's page.
fn decode(token: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix(TOKEN_VERSION).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_follows_every_text_with_the_prefix() {
        for (prefix, expected) in [
            ("a", Some("b")),
            ("a/", Some("a0")),
            ("\u{d7ff}", Some("\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
            ("", None),
        ] {
            assert_eq!(successor(prefix).as_deref(), expected, "{prefix:?}");
        }
    }

    #[test]
    fn only_tokens_of_a_page_are_accepted() {
        assert_eq!(decode(&encode("a+b/ü")).as_deref(), Some("a+b/ü"));
        for token in ["", "a", "!", &URL_SAFE_NO_PAD.encode("2key")] {
            assert_eq!(decode(token), None, "{token:?}");
        }
    }
}
