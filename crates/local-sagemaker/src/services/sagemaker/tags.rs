//! `AddTags`, `ListTags` and `DeleteTags`. Tags are part of the resource's record, so they are deleted
//! with it.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::protocol::{ApiError, Call};

/// Maximum number of tags of a resource.
const MAX_TAGS: usize = 50;

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
    /// Never valid, because all tags fit on the first page, whose least size is 50.
    next_token: Option<String>,
}

/// The tags in a create request.
pub(crate) fn tags_in(request: &Value) -> Result<Vec<Tag>, ApiError> {
    let tags = request.get("Tags").cloned().unwrap_or_else(|| json!([]));
    let tags = serde_json::from_value(tags)
        .map_err(|error| ApiError::new("SerializationException", error.to_string()))?;
    merged(&[], tags)
}

/// `AddTags`; replaces the value of an existing key.
pub(crate) fn add(call: &Call, change_tags: TagAccess<'_>) -> Result<Value, ApiError> {
    let request: Request = call.read()?;
    let mut outcome = Ok(Vec::new());
    let mut change = |tags: &mut Vec<Tag>| {
        // On a copy, so that an error changes nothing.
        outcome = merged(tags, request.tags.clone());
        if let Ok(changed) = &outcome {
            tags.clone_from(changed);
        }
    };
    change_tags(&request.resource_arn, &mut change)
        .ok_or_else(|| missing(&request.resource_arn))?;
    outcome.map(|tags| json!({"Tags": tags}))
}

/// The tags of a resource after `added` have been added to `old`: the one rule for tags, whether a
/// resource is created with them or gets them later.
fn merged(old: &[Tag], added: Vec<Tag>) -> Result<Vec<Tag>, ApiError> {
    for (index, tag) in added.iter().enumerate() {
        tag.check()?;
        if added[..index].iter().any(|other| other.key == tag.key) {
            let text = format!("Tag keys must be unique: '{}' is given twice.", tag.key);
            return Err(ApiError::validation(text));
        }
    }
    let replaced = |tag: &Tag| added.iter().any(|new| new.key == tag.key);
    let mut tags: Vec<_> = old.iter().filter(|tag| !replaced(tag)).cloned().collect();
    tags.extend(added);
    if tags.len() > MAX_TAGS {
        return Err(ApiError::new(
            "ResourceLimitExceeded",
            format!("A resource can have at most {MAX_TAGS} tags."),
        ));
    }
    Ok(tags)
}

/// `ListTags`.
pub(crate) fn list(call: &Call, change_tags: TagAccess<'_>) -> Result<Value, ApiError> {
    let request: Request = call.read()?;
    let mut found = Vec::new();
    change_tags(&request.resource_arn, &mut |tags| found.clone_from(tags))
        .ok_or_else(|| missing(&request.resource_arn))?;
    if request.next_token.is_some() {
        let text = "Invalid pagination token because all tags are on the first page.";
        return Err(ApiError::validation(text));
    }
    Ok(json!({"Tags": found}))
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
    /// Rejects keys that are reserved for AWS; the service's model covers lengths and letters.
    fn check(&self) -> Result<(), ApiError> {
        if self.key.to_lowercase().starts_with("aws:") {
            return Err(ApiError::validation(format!(
                "aws: prefixed tag key names are not allowed for external use: '{}'",
                self.key
            )));
        }
        Ok(())
    }
}

/// The error for a resource that does not exist.
fn missing(arn: &str) -> ApiError {
    ApiError::validation(format!("Could not find resource \"{arn}\"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys after adding tags with these keys to a resource with `old`, or the error.
    fn keys(old: &[&str], added: &[&str]) -> String {
        let tags = |keys: &[&str]| {
            let tag = |key: &&str| Tag {
                key: (*key).to_owned(),
                value: String::new(),
            };
            keys.iter().map(tag).collect::<Vec<_>>()
        };
        match merged(&tags(old), tags(added)) {
            Ok(tags) => {
                let keys: Vec<_> = tags.iter().map(|tag| tag.key.as_str()).collect();
                keys.join(" ")
            }
            Err(error) => format!("{}: {}", error.code(), error.message()),
        }
    }

    #[test]
    fn one_rule_holds_for_tags_at_creation_and_later() {
        let many: Vec<_> = (0..50).map(|number| number.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        for (old, added, expected) in [
            (&[][..], &["a", "b"][..], "a b"),
            (&["a", "b"], &["c", "a"], "b c a"),
            (&[], &["a", "A"], "a A"),
            (
                &[],
                &["a", "a"],
                "ValidationException: Tag keys must be unique: 'a'",
            ),
            (&[], &["Aws:a"], "ValidationException: aws: prefixed"),
            (&many, &["1"], "0 2"),
            (&many, &["50"], "ResourceLimitExceeded"),
        ] {
            let found = keys(old, added);
            assert!(found.starts_with(expected), "{added:?}: {found}");
        }
    }
}
