//! Filtering, sorting and paging for all `List...` operations.

mod token;

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::machine::clock::Timestamp;
use crate::protocol::{ApiError, Call};
use token::{Position, Token};

/// The default of `MaxResults`.
const DEFAULT_PAGE: usize = 10;

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
    max_results: Option<usize>,
    /// The token from the previous page.
    next_token: Option<String>,
}

/// One page of `entries`. The token holds the position of the last entry of the previous page, so
/// resources that are added or removed in the meantime, even that entry, do not shift the next page.
/// `member` is the response member for the summaries; `ascending` is the default order.
pub(crate) fn page(
    call: &Call,
    entries: Vec<Entry>,
    member: &str,
    ascending: bool,
) -> Result<Value, ApiError> {
    let request: Request = call.read()?;
    let order = request.order(member, ascending);
    let mut entries: Vec<_> = entries
        .into_iter()
        .filter(|entry| request.matches(entry))
        .map(|entry| (request.position(&entry), entry))
        .collect();
    entries.sort_by(|(a, _), (b, _)| order.compare(a, b));
    if let Some(token) = &request.next_token {
        let last = order.read(token)?;
        entries.retain(|(position, _)| order.compare(position, &last) == Ordering::Greater);
    }
    let size = request.max_results.unwrap_or(DEFAULT_PAGE);
    let more = entries.len() > size;
    entries.truncate(size);
    let mut response = Map::new();
    if let (true, Some((last, _))) = (more, entries.last()) {
        response.insert("NextToken".into(), order.write(last).into());
    }
    response.insert(
        member.into(),
        entries
            .into_iter()
            .map(|(_, entry)| entry.summary)
            .collect(),
    );
    Ok(Value::Object(response))
}

impl Request {
    /// The order of the list.
    fn order(&self, list: &str, ascending: bool) -> Token {
        let sort_order = self.sort_order.as_deref();
        Token {
            list: list.to_owned(),
            sort_by: self.sort_by.as_deref().unwrap_or("CreationTime").to_owned(),
            ascending: sort_order.map_or(ascending, |order| order == "Ascending"),
        }
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

    /// The position of an entry. Ties are broken by name, so the order is the same in every call.
    fn position(&self, entry: &Entry) -> Position {
        let (time, status) = match self.sort_by.as_deref() {
            // Names are unique, so no other key is needed.
            Some("Name") => (0, ""),
            Some("Status") => (0, entry.status),
            _ => (entry.created.millis(), ""),
        };
        Position {
            time,
            status: status.to_owned(),
            name: entry.name.clone(),
        }
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
        for body in [
            json!({"MaxResults": 2}),
            json!({"MaxResults": 2, "SortOrder": "Descending"}),
            json!({"MaxResults": 2, "SortBy": "Name"}),
            json!({"MaxResults": 2, "SortBy": "Status", "SortOrder": "Descending"}),
        ] {
            let all = list(json!({"SortBy": body["SortBy"], "SortOrder": body["SortOrder"]}));
            let (mut names, token) = list(body.clone()).unwrap();
            let mut next = body.clone();
            next["NextToken"] = token.unwrap().into();
            let (rest, last) = list(next).unwrap();
            names.extend(rest);
            assert_eq!((names, last), (all.unwrap().0, None), "{body}");
        }
    }

    #[test]
    fn a_page_begins_after_the_last_entry_even_if_that_was_deleted() {
        let request = json!({"MaxResults": 2});
        let (first, token) = list(request).unwrap();
        assert_eq!(first, ["b-rf", "a-gb"]);
        // Neither of the first two resources exists any more.
        let rest = json!({"NextToken": token, "NameContains": "c-"});
        assert_eq!(list(rest).unwrap().0, ["c-rf"]);
    }

    #[test]
    fn a_token_of_another_list_is_rejected() {
        let token = list(json!({"MaxResults": 1})).unwrap().1.unwrap();
        for (body, expected) in [
            (
                json!({"NextToken": "gone"}),
                "it is not one of this server's",
            ),
            (
                json!({"NextToken": token, "SortBy": "Name"}),
                "it is of a list in another order",
            ),
            (
                json!({"NextToken": token, "SortOrder": "Descending"}),
                "it is of a list in another order",
            ),
        ] {
            let found = list(body.clone()).unwrap_err();
            let expected = format!("Invalid pagination token because {expected}");
            assert!(found.contains(&expected), "{body}: {found}");
        }
        let call = Call {
            region: "us-east-1".into(),
            body: json!({"NextToken": token}),
        };
        let found = page(&call, Vec::new(), "Others", true).unwrap_err();
        assert!(found.message().contains("it is of another operation"));
    }
}
