//! Tags: `AddTags`, `ListTags`, `DeleteTags`. They are kept with the resource that they are on,
//! so they come and go with it.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::{ApiError, Call};

/// The most tags that a resource has.
const MOST_TAGS: usize = 50;
/// Tags on a page of `ListTags`.
const PAGE: usize = 50;

/// What finds the tags of a resource by its name and changes them; none if there is no such
/// resource.
pub(crate) type Tagged<'a> = &'a dyn Fn(&str, &mut dyn FnMut(&mut Vec<Tag>)) -> Option<()>;

/// One tag.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    /// Its key, unique within a resource.
    key: String,
    /// Its value.
    value: String,
}

/// The members of the three requests.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    /// The resource.
    resource_arn: String,
    /// What is added.
    #[serde(default)]
    tags: Vec<Tag>,
    /// What is removed.
    #[serde(default)]
    tag_keys: Vec<String>,
    /// Where the page begins.
    next_token: Option<String>,
}

/// The tags in the request that a resource was created with.
pub(crate) fn of_request(request: &Value) -> Vec<Tag> {
    let tags = request.get("Tags").cloned().unwrap_or_else(|| json!([]));
    serde_json::from_value(tags).unwrap_or_default()
}

/// `AddTags`: a key that is there gets the new value.
pub(crate) fn add(call: &Call, tagged: Tagged<'_>) -> Result<Value, ApiError> {
    let request: Request = call.read()?;
    for tag in &request.tags {
        tag.check()?;
    }
    let mut outcome = Ok(Vec::new());
    let mut change = |tags: &mut Vec<Tag>| {
        let mut changed = tags.clone();
        for tag in &request.tags {
            changed.retain(|old| old.key != tag.key);
            changed.push(tag.clone());
        }
        outcome = if changed.len() > MOST_TAGS {
            Err(ApiError::new(
                "ResourceLimitExceeded",
                format!("A resource can have at most {MOST_TAGS} tags."),
            ))
        } else {
            tags.clone_from(&changed);
            Ok(changed)
        };
    };
    tagged(&request.resource_arn, &mut change).ok_or_else(|| missing(&request.resource_arn))?;
    outcome.map(|tags| json!({"Tags": tags}))
}

/// `ListTags`.
pub(crate) fn list(call: &Call, tagged: Tagged<'_>) -> Result<Value, ApiError> {
    let request: Request = call.read()?;
    let mut found = Vec::new();
    tagged(&request.resource_arn, &mut |tags| found.clone_from(tags))
        .ok_or_else(|| missing(&request.resource_arn))?;
    let start = match &request.next_token {
        None => 0,
        Some(token) => token
            .parse()
            .map_err(|_| ApiError::validation(format!("Invalid pagination token: {token}")))?,
    };
    let page: Vec<_> = found.iter().skip(start).take(PAGE).collect();
    let mut answer = json!({"Tags": page});
    if start + PAGE < found.len() {
        answer["NextToken"] = (start + PAGE).to_string().into();
    }
    Ok(answer)
}

/// `DeleteTags`: a key that is not there is no error.
pub(crate) fn delete(call: &Call, tagged: Tagged<'_>) -> Result<Value, ApiError> {
    let request: Request = call.read()?;
    let mut change = |tags: &mut Vec<Tag>| tags.retain(|tag| !request.tag_keys.contains(&tag.key));
    tagged(&request.resource_arn, &mut change).ok_or_else(|| missing(&request.resource_arn))?;
    Ok(json!({}))
}

impl Tag {
    /// AWS's rules for keys and values.
    fn check(&self) -> Result<(), ApiError> {
        let wrong = if self.key.is_empty() || self.key.chars().count() > 128 {
            "Tag keys have 1 to 128 characters"
        } else if self.value.chars().count() > 256 {
            "Tag values have at most 256 characters"
        } else if self.key.to_lowercase().starts_with("aws:") {
            "aws: prefixed tag key names are not allowed for external use"
        } else {
            return Ok(());
        };
        Err(ApiError::validation(format!("{wrong}: '{}'", self.key)))
    }
}

/// The refusal of a resource that is not there.
fn missing(arn: &str) -> ApiError {
    ApiError::validation(format!("Could not find resource \"{arn}\"."))
}
