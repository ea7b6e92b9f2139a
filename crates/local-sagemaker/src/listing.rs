//! Filters, order and pages of the `List...` operations, which are the same for all of them.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::clock::Stamp;
use crate::names::Violations;
use crate::wire::{ApiError, Call};

/// `MaxResults` when none is given.
const DEFAULT_PAGE: i64 = 10;

/// One listed resource.
pub(crate) struct Entry {
    /// The name, which also breaks ties of the order.
    pub(crate) name: String,
    /// `CreationTime`.
    pub(crate) created: Stamp,
    /// `LastModifiedTime`.
    pub(crate) modified: Stamp,
    /// The status on the wire; empty where the resource has none.
    pub(crate) status: &'static str,
    /// What the answer shows of it.
    pub(crate) summary: Value,
}

/// What differs from operation to operation.
pub(crate) struct Listing {
    /// The member that holds the summaries.
    pub(crate) result: &'static str,
    /// The order when none is asked for.
    pub(crate) ascending: bool,
}

/// The members that the requests have in common; some operations lack a few.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    /// Only names with this text in them.
    name_contains: Option<String>,
    /// Only resources in this status.
    status_equals: Option<String>,
    /// Only what was made at this time or later; seconds since the epoch, as all times here.
    creation_time_after: Option<f64>,
    /// Only what was made before.
    creation_time_before: Option<f64>,
    /// Only what was changed at this time or later.
    last_modified_time_after: Option<f64>,
    /// Only what was changed before.
    last_modified_time_before: Option<f64>,
    /// `Name`, `CreationTime` (the default) or `Status`.
    sort_by: Option<String>,
    /// `Ascending` or `Descending`.
    sort_order: Option<String>,
    /// At most this many a page, from 1 to 100.
    max_results: Option<i64>,
    /// Where the page before ended.
    next_token: Option<String>,
}

/// One page of `entries`. The token is the last name of the page before, so that a page never
/// depends on what was added or removed meanwhile elsewhere.
pub(crate) fn page(call: &Call, entries: Vec<Entry>, listing: &Listing) -> Result<Value, ApiError> {
    let request: Request = call.read()?;
    request.check()?;
    let mut entries: Vec<_> = entries
        .into_iter()
        .filter(|entry| request.keeps(entry))
        .collect();
    let ascending = request
        .sort_order
        .as_deref()
        .map_or(listing.ascending, |order| order == "Ascending");
    entries.sort_by(|a, b| {
        if ascending {
            request.compare(a, b)
        } else {
            request.compare(b, a)
        }
    });
    // A token whose resource has been deleted is refused rather than guessed at.
    if let Some(token) = &request.next_token {
        let last = entries.iter().position(|entry| entry.name == *token);
        let last =
            last.ok_or_else(|| ApiError::validation(format!("Invalid pagination token: {token}")))?;
        entries.drain(..=last);
    }
    let size = request.max_results.unwrap_or(DEFAULT_PAGE) as usize;
    let more = entries.len() > size;
    entries.truncate(size);
    let mut answer = Map::new();
    if let (true, Some(last)) = (more, entries.last()) {
        answer.insert("NextToken".into(), last.name.clone().into());
    }
    answer.insert(
        listing.result.into(),
        entries.into_iter().map(|entry| entry.summary).collect(),
    );
    Ok(Value::Object(answer))
}

impl Request {
    /// Bounds and closed sets, in the service's words.
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

    /// Whether the filters let an entry through.
    fn keeps(&self, entry: &Entry) -> bool {
        let after =
            |bound: Option<f64>, time: Stamp| bound.is_none_or(|bound| time.seconds() >= bound);
        let before =
            |bound: Option<f64>, time: Stamp| bound.is_none_or(|bound| time.seconds() < bound);
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

    /// The ascending order; names break ties, so that it is the same on every call.
    fn compare(&self, a: &Entry, b: &Entry) -> Ordering {
        // Sorting by name needs no first key: ties are broken by name.
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
        let listing = Listing {
            result: "Names",
            ascending: true,
        };
        let answer =
            page(&call, entries.into(), &listing).map_err(|error| error.message().to_owned())?;
        Ok((
            from_value(answer["Names"].clone()).unwrap(),
            answer
                .get("NextToken")
                .map(|token| token.as_str().unwrap().into()),
        ))
    }

    #[test]
    fn filters_and_orders() {
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
    fn pages_follow_each_other_without_gap_or_repetition() {
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
    fn a_bad_request_is_refused() {
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
