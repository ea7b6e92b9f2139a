//! Filtering, sorting and paging for all `List...` operations.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::machine::clock::Timestamp;
use crate::protocol::validation::Violations;
use crate::protocol::{ApiError, Call};

/// The default of `MaxResults`.
const DEFAULT_PAGE: i64 = 10;

/// One listed resource.
pub(crate) struct Entry {
    /// The name; also the tie-breaker when sorting.
    pub(crate) name: String,
    /// `CreationTime`.
    pub(crate) created: Timestamp,
    /// `LastModifiedTime`.
    pub(crate) modified: Timestamp,
    /// The status on the wire; empty for resources without one.
    pub(crate) status: &'static str,
    /// The entry in the response.
    pub(crate) summary: Value,
}

/// The members common to the requests; not every operation has all of them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    /// Only names that contain this text.
    name_contains: Option<String>,
    /// Only resources with this status.
    status_equals: Option<String>,
    /// Only resources created at this time or later. All times are in seconds since the epoch.
    creation_time_after: Option<f64>,
    /// Only resources created before this time.
    creation_time_before: Option<f64>,
    /// Only resources modified at this time or later.
    last_modified_time_after: Option<f64>,
    /// Only resources modified before this time.
    last_modified_time_before: Option<f64>,
    /// `Name`, `CreationTime` (the default) or `Status`.
    sort_by: Option<String>,
    /// `Ascending` or `Descending`.
    sort_order: Option<String>,
    /// Page size, from 1 to 100.
    max_results: Option<i64>,
    /// The token from the previous page.
    next_token: Option<String>,
}

/// One page of `entries`. The token is the last name on the previous page, so resources added or removed
/// in the meantime do not shift the next page. `member` is the response member for the summaries;
/// `ascending` is the default order.
pub(crate) fn page(
    call: &Call,
    entries: Vec<Entry>,
    member: &str,
    ascending: bool,
) -> Result<Value, ApiError> {
    let request: Request = call.read()?;
    request.check()?;
    let mut entries: Vec<_> = entries
        .into_iter()
        .filter(|entry| request.matches(entry))
        .collect();
    let ascending = request
        .sort_order
        .as_deref()
        .map_or(ascending, |order| order == "Ascending");
    entries.sort_by(|a, b| {
        if ascending {
            request.compare(a, b)
        } else {
            request.compare(b, a)
        }
    });
    // If the token's resource has been deleted, its position is unknown and the token is rejected.
    if let Some(token) = &request.next_token {
        let last = entries.iter().position(|entry| entry.name == *token);
        let last =
            last.ok_or_else(|| ApiError::validation(format!("Invalid pagination token: {token}")))?;
        entries.drain(..=last);
    }
    let size = request.max_results.unwrap_or(DEFAULT_PAGE) as usize;
    let more = entries.len() > size;
    entries.truncate(size);
    let mut response = Map::new();
    if let (true, Some(last)) = (more, entries.last()) {
        response.insert("NextToken".into(), last.name.clone().into());
    }
    response.insert(
        member.into(),
        entries.into_iter().map(|entry| entry.summary).collect(),
    );
    Ok(Value::Object(response))
}

impl Request {
    /// Checks ranges and enumerations; errors have the service's wording.
    fn check(&self) -> Result<(), ApiError> {
        let mut violations = Violations::default();
        violations.range(
            "maxResults",
            self.max_results.unwrap_or(DEFAULT_PAGE),
            1,
            100,
        );
        violations.one_of(
            "sortOrder",
            self.sort_order.as_deref().unwrap_or("Ascending"),
            &["Ascending", "Descending"],
        );
        violations.one_of(
            "sortBy",
            self.sort_by.as_deref().unwrap_or("Name"),
            &["Name", "CreationTime", "Status"],
        );
        violations.finish()
    }

    /// Whether an entry passes the filters.
    fn matches(&self, entry: &Entry) -> bool {
        let after =
            |bound: Option<f64>, time: Timestamp| bound.is_none_or(|bound| time.seconds() >= bound);
        let before =
            |bound: Option<f64>, time: Timestamp| bound.is_none_or(|bound| time.seconds() < bound);
        self.name_contains
            .as_ref()
            .is_none_or(|part| entry.name.contains(part))
            && self
                .status_equals
                .as_ref()
                .is_none_or(|status| entry.status == status)
            && after(self.creation_time_after, entry.created)
            && before(self.creation_time_before, entry.created)
            && after(self.last_modified_time_after, entry.modified)
            && before(self.last_modified_time_before, entry.modified)
    }

    /// Ascending order. Ties are broken by name, so the order is the same in every call.
    fn compare(&self, a: &Entry, b: &Entry) -> Ordering {
        // Sorting by name needs no primary key, because names break the ties.
        let primary = match self.sort_by.as_deref() {
            Some("Name") => Ordering::Equal,
            Some("Status") => a.status.cmp(b.status),
            _ => a.created.cmp(&b.created),
        };
        primary.then_with(|| a.name.cmp(&b.name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn list(body: Value) -> Result<(Vec<String>, Option<String>), String> {
        let entry = |(name, created, status): (&str, u64, &'static str)| Entry {
            name: name.into(),
            created: from_value(json!(created * 1000)).unwrap(),
            modified: from_value(json!(created * 1000 + 500)).unwrap(),
            status,
            summary: json!(name),
        };
        let entries = [
            ("b-rf", 1, "Failed"),
            ("a-gb", 2, "Completed"),
            ("c-rf", 3, "Completed"),
        ]
        .map(entry);
        let call = Call {
            region: "us-east-1".into(),
            body,
        };
        let response = page(&call, entries.into(), "Names", true)
            .map_err(|error| error.message().to_owned())?;
        Ok((
            from_value(response["Names"].clone()).unwrap(),
            response
                .get("NextToken")
                .map(|token| token.as_str().unwrap().into()),
        ))
    }

    #[test]
    fn entries_are_filtered_and_sorted() {
        for (body, expected) in [
            (json!({}), vec!["b-rf", "a-gb", "c-rf"]),
            (
                json!({"SortOrder": "Descending"}),
                vec!["c-rf", "a-gb", "b-rf"],
            ),
            (json!({"SortBy": "Name"}), vec!["a-gb", "b-rf", "c-rf"]),
            (
                json!({"SortBy": "Status", "SortOrder": "Descending"}),
                vec!["b-rf", "c-rf", "a-gb"],
            ),
            (json!({"NameContains": "rf"}), vec!["b-rf", "c-rf"]),
            (json!({"StatusEquals": "Completed"}), vec!["a-gb", "c-rf"]),
            (json!({"CreationTimeAfter": 2.0}), vec!["a-gb", "c-rf"]),
            (json!({"CreationTimeBefore": 2.0}), vec!["b-rf"]),
            (
                json!({"LastModifiedTimeAfter": 2.4, "LastModifiedTimeBefore": 3.0}),
                vec!["a-gb"],
            ),
        ] {
            assert_eq!(list(body.clone()).unwrap().0, expected, "{body}");
        }
    }

    #[test]
    fn pages_have_no_gaps_or_repetitions() {
        let (first, token) = list(json!({"MaxResults": 2})).unwrap();
        assert_eq!(
            (first, token.as_deref()),
            (vec!["b-rf".into(), "a-gb".into()], Some("a-gb"))
        );
        assert_eq!(
            list(json!({"MaxResults": 2, "NextToken": "a-gb"})).unwrap(),
            (vec!["c-rf".into()], None)
        );
    }

    #[test]
    fn an_invalid_request_is_rejected() {
        for (body, expected) in [
            (json!({"MaxResults": 0}), "at 'maxResults'"),
            (json!({"SortBy": "Colour"}), "at 'sortBy'"),
            (json!({"NextToken": "gone"}), "Invalid pagination token"),
            (json!({"MaxResults": "many"}), "invalid type"),
        ] {
            let found = list(body.clone()).unwrap_err();
            assert!(found.contains(expected), "{body}: {found}");
        }
    }
}
