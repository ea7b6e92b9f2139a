//! `AddTags`, `ListTags` and `DeleteTags`. Tags are part of the resource's record, so they are deleted
//! with it.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::protocol::{ApiError, Call};

/// Maximum number of tags of a resource.
const MAX_TAGS: usize = 50;
/// Tags per page of `ListTags`.
const PAGE: usize = 50;

/// Finds a resource by ARN and calls the callback to read or change its tags; `None` if there is no such
/// resource.
pub(crate) type TagAccess<'a> = &'a dyn Fn(&str, &mut dyn FnMut(&mut Vec<Tag>)) -> Option<()>;

/// One tag.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    /// The key, unique within a resource.
    key: String,
    /// The value.
    value: String,
}

/// The members of all three requests.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    /// The resource's ARN.
    resource_arn: String,
    /// Tags to add.
    #[serde(default)]
    tags: Vec<Tag>,
    /// Keys of tags to remove.
    #[serde(default)]
    tag_keys: Vec<String>,
    /// The token from the previous page.
    next_token: Option<String>,
}

/// The tags in a create request.
pub(crate) fn tags_in(request: &Value) -> Vec<Tag> {
    let tags = request.get("Tags").cloned().unwrap_or_else(|| json!([]));
    serde_json::from_value(tags).unwrap_or_default()
}

/// `AddTags`; replaces the value of an existing key.
pub(crate) fn add(call: &Call, change_tags: TagAccess<'_>) -> Result<Value, ApiError> {
    let request: Request = call.read()?;
    for tag in &request.tags {
        tag.check()?;
    }
    let mut outcome = Ok(Vec::new());
    let mut change = |tags: &mut Vec<Tag>| {
        // On a copy, so that an error changes nothing.
        let mut changed = tags.clone();
        for tag in &request.tags {
            changed.retain(|old| old.key != tag.key);
            changed.push(tag.clone());
        }
        outcome = if changed.len() > MAX_TAGS {
            Err(ApiError::new(
                "ResourceLimitExceeded",
                format!("A resource can have at most {MAX_TAGS} tags."),
            ))
        } else {
            tags.clone_from(&changed);
            Ok(changed)
        };
    };
    change_tags(&request.resource_arn, &mut change)
        .ok_or_else(|| missing(&request.resource_arn))?;
    outcome.map(|tags| json!({"Tags": tags}))
}

/// `ListTags`.
pub(crate) fn list(call: &Call, change_tags: TagAccess<'_>) -> Result<Value, ApiError> {
    let request: Request = call.read()?;
    let mut found = Vec::new();
    change_tags(&request.resource_arn, &mut |tags| found.clone_from(tags))
        .ok_or_else(|| missing(&request.resource_arn))?;
    let start = match &request.next_token {
        None => 0,
        Some(token) => token
            .parse()
            .map_err(|_| ApiError::validation(format!("Invalid pagination token: {token}")))?,
    };
    let page: Vec<_> = found.iter().skip(start).take(PAGE).collect();
    let mut response = json!({"Tags": page});
    if start + PAGE < found.len() {
        response["NextToken"] = (start + PAGE).to_string().into();
    }
    Ok(response)
}

/// `DeleteTags`; ignores keys that do not exist.
pub(crate) fn delete(call: &Call, change_tags: TagAccess<'_>) -> Result<Value, ApiError> {
    let request: Request = call.read()?;
    let mut change = |tags: &mut Vec<Tag>| tags.retain(|tag| !request.tag_keys.contains(&tag.key));
    change_tags(&request.resource_arn, &mut change)
        .ok_or_else(|| missing(&request.resource_arn))?;
    Ok(json!({}))
}

impl Tag {
    /// Checks the key and the value against AWS's rules.
    fn check(&self) -> Result<(), ApiError> {
        let rule = if self.key.is_empty() || self.key.chars().count() > 128 {
            "Tag keys have 1 to 128 characters"
        } else if self.value.chars().count() > 256 {
            "Tag values have at most 256 characters"
        } else if self.key.to_lowercase().starts_with("aws:") {
            "aws: prefixed tag key names are not allowed for external use"
        } else {
            return Ok(());
        };
        Err(ApiError::validation(format!("{rule}: '{}'", self.key)))
    }
}

/// The error for a resource that does not exist.
fn missing(arn: &str) -> ApiError {
    ApiError::validation(format!("Could not find resource \"{arn}\"."))
}
