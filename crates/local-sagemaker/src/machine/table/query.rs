//! Lists of records: which ones, in which order, and from where on.

use serde::{Deserialize, Serialize};

use super::Index;

/// The order of a list. Names break ties, so the order is the same in every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SortBy {
    /// By name.
    Name,
    /// By creation time.
    Created,
    /// By status.
    Status,
}

/// The position of a record in a list: what it is sorted by, with empty values for the other keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The creation time, in milliseconds since the epoch.
    pub(crate) time: u64,
    /// The status.
    pub(crate) status: String,
    /// The name.
    pub(crate) name: String,
}

/// Times from `from` on and before `to`, in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Period {
    /// The earliest time.
    pub(crate) from: Option<f64>,
    /// The end.
    pub(crate) to: Option<f64>,
}

/// The records of a list.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// Only names that contain this text.
    pub(crate) name_contains: Option<String>,
    /// Only records with this status.
    pub(crate) status: Option<String>,
    /// Only records created in this period.
    pub(crate) created: Period,
    /// Only records modified in this period.
    pub(crate) modified: Period,
    /// The order.
    pub(crate) sort_by: SortBy,
    /// Whether the order is ascending.
    pub(crate) ascending: bool,
    /// Only records after this one.
    pub(crate) after: Option<Position>,
    /// Most records.
    pub(crate) limit: usize,
}

impl Query {
    /// The statement, whose parameters are the query's members in their order.
    pub(super) fn sql(&self) -> String {
        let (key, position) = match self.sort_by {
            SortBy::Name => ("name", "?10"),
            SortBy::Created => ("created, name", "?8, ?10"),
            SortBy::Status => ("status, name", "?9, ?10"),
        };
        let (sign, direction) = if self.ascending {
            (">", "ASC")
        } else {
            ("<", "DESC")
        };
        let order = key.replace(", ", &format!(" {direction}, "));
        format!(
            "SELECT name, record FROM records WHERE kind = ?1
                AND (?2 IS NULL OR instr(name, ?2) > 0) AND (?3 IS NULL OR status = ?3)
                AND (?4 IS NULL OR created >= ?4) AND (?5 IS NULL OR created < ?5)
                AND (?6 IS NULL OR modified >= ?6) AND (?7 IS NULL OR modified < ?7)
                AND ({key}) {sign} ({position}) ORDER BY {order} {direction}"
        )
    }

    /// The position before the first record of the list.
    pub(super) fn start(&self) -> Position {
        let beyond = char::MAX.to_string();
        match &self.after {
            Some(position) => position.clone(),
            None if self.ascending => Position {
                time: 0,
                status: String::new(),
                name: String::new(),
            },
            None => Position {
                time: i64::MAX as u64,
                status: beyond.clone(),
                name: beyond,
            },
        }
    }

    /// The position of a record.
    pub(super) fn position(&self, name: String, index: &Index) -> Position {
        let (time, status) = match self.sort_by {
            // Names are unique, so no other key is needed.
            SortBy::Name => (0, ""),
            SortBy::Status => (0, index.status),
            SortBy::Created => (index.created, ""),
        };
        Position {
            time,
            status: status.to_owned(),
            name,
        }
    }
}
