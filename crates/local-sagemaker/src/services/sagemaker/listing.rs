//! Filtering, sorting and paging for all `List...` operations.

mod token;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::machine::table::{Period, Position, Query, SortBy};
use crate::protocol::{ApiError, Call};
use token::Token;

/// The default of `MaxResults`.
const DEFAULT_PAGE: usize = 10;

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

/// A list that a call asks for.
pub(crate) struct List {
    /// Which records, in which order.
    query: Query,
    /// What its tokens say about it.
    order: Token,
}

impl List {
    /// The list of a call. Its token holds the position of the last entry of the previous page, so resources
    /// that are added or removed in the meantime, even that entry, do not shift the next page. `member` is the
    /// response member for the entries; `ascending` is the default order.
    pub(crate) fn of(call: &Call, member: &str, ascending: bool) -> Result<Self, ApiError> {
        let request: Request = call.read()?;
        let order = request.order(member, ascending);
        let sort_by = match request.sort_by.as_deref() {
            Some("Name") => SortBy::Name,
            Some("Status") => SortBy::Status,
            _ => SortBy::Created,
        };
        let millis = |seconds: Option<f64>| seconds.map(|seconds| seconds * 1000.0);
        let query = Query {
            name_contains: request.name_contains,
            status: request.status_equals,
            created: Period {
                from: millis(request.creation_time_after),
                to: millis(request.creation_time_before),
            },
            modified: Period {
                from: millis(request.last_modified_time_after),
                to: millis(request.last_modified_time_before),
            },
            sort_by,
            ascending: order.ascending,
            after: request
                .next_token
                .map(|token| order.read(&token))
                .transpose()?,
            limit: request.max_results.unwrap_or(DEFAULT_PAGE),
        };
        Ok(Self { query, order })
    }

    /// Which records it contains.
    pub(crate) fn query(&self) -> &Query {
        &self.query
    }

    /// The response with these entries, of which there may be one more than fits.
    pub(crate) fn page(&self, mut entries: Vec<(Position, Value)>) -> Value {
        let more = entries.len() > self.query.limit;
        entries.truncate(self.query.limit);
        let mut response = Map::new();
        if let (true, Some((last, _))) = (more, entries.last()) {
            response.insert("NextToken".into(), self.order.write(last).into());
        }
        let entries = entries.into_iter().map(|(_, entry)| entry);
        response.insert(self.order.list.clone(), entries.collect());
        Value::Object(response)
    }
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
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(body: Value, member: &str) -> Result<List, String> {
        let call = Call {
            region: "us-east-1".into(),
            body,
        };
        List::of(&call, member, true).map_err(|error| error.message().to_owned())
    }

    fn position(name: &str) -> Position {
        Position {
            time: 5,
            status: String::new(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn a_page_is_followed_by_the_records_after_its_last_entry() {
        let first = list(json!({"MaxResults": 2}), "Names").unwrap();
        let entries = ["a", "b", "c"].map(|name| (position(name), json!(name)));
        let response = first.page(entries.to_vec());
        assert_eq!(response["Names"], json!(["a", "b"]));
        let next = list(json!({"NextToken": response["NextToken"]}), "Names").unwrap();
        assert_eq!(next.query().after, Some(position("b")));
        let last = next.page(entries[2..].to_vec());
        assert_eq!(last, json!({"Names": ["c"]}));
    }

    #[test]
    fn a_token_of_another_list_is_rejected() {
        let first = list(json!({"MaxResults": 1}), "Names").unwrap();
        let entries = ["a", "b"].map(|name| (position(name), json!(name)));
        let token = first.page(entries.to_vec())["NextToken"].clone();
        for (body, member, expected) in [
            (
                json!({"NextToken": "gone"}),
                "Names",
                "it is not one of this server's",
            ),
            (
                json!({"NextToken": token, "SortBy": "Name"}),
                "Names",
                "it is of a list in another order",
            ),
            (
                json!({"NextToken": token, "SortOrder": "Descending"}),
                "Names",
                "it is of a list in another order",
            ),
            (
                json!({"NextToken": token}),
                "Others",
                "it is of another operation",
            ),
        ] {
            let found = list(body.clone(), member).err().unwrap();
            let expected = format!("Invalid pagination token because {expected}");
            assert!(found.contains(&expected), "{body}: {found}");
        }
    }
}
