//! The requests' shapes in AWS's service models, and the check of a request against them.
//!
//! `shapes.json` is written by `tests/clients/service_model.py` from botocore's models. The check covers
//! types, required members, enumerations, ranges, lengths and patterns of every member of every request,
//! so that the services only add the rules that the models lack. A member that the model does not have is
//! rejected: it belongs to a newer model, and nothing here would act on it.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::ApiError;
use super::validation::Violations;

/// The service models.
static MODEL: LazyLock<Model> = LazyLock::new(|| {
    // A constant of the program, which `every_pattern_is_understood` reads.
    serde_json::from_str(include_str!("shapes.json")).unwrap_or_default()
});

/// Maximum size in bytes of a compiled pattern; some repeat a class 2048 times.
const MAX_PATTERN: usize = 64 << 20;

/// All service models.
#[derive(Default, Deserialize)]
struct Model {
    /// The models by the service's name in botocore.
    services: BTreeMap<String, ServiceModel>,
}

/// The model of one service.
#[derive(Deserialize)]
pub(crate) struct ServiceModel {
    /// The request's shape of each operation.
    operations: BTreeMap<String, String>,
    /// The shapes by name.
    shapes: BTreeMap<String, Shape>,
}

/// The rules for one value.
#[derive(Deserialize)]
struct Shape {
    /// The type.
    #[serde(flatten)]
    kind: Kind,
    /// The lowest value or length.
    min: Option<i64>,
    /// The highest value or length.
    max: Option<i64>,
    /// The pattern that a string must match as a whole.
    pattern: Option<String>,
    /// The compiled pattern.
    #[serde(skip)]
    regex: OnceLock<Option<Regex>>,
    /// The allowed strings; empty if there is no such set.
    #[serde(default, rename = "enum")]
    allowed: Vec<String>,
}

/// The type of a value.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Kind {
    /// An object with known members.
    Structure {
        /// The shape of each member.
        members: BTreeMap<String, String>,
        /// The names of the required members.
        #[serde(default)]
        required: Vec<String>,
    },
    /// A list.
    List {
        /// The shape of the elements.
        member: String,
    },
    /// An object with any members.
    Map {
        /// The shape of the members' names.
        key: String,
        /// The shape of the members' values.
        value: String,
    },
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// A whole number.
    #[serde(alias = "long")]
    Integer,
    /// A number.
    #[serde(alias = "double", alias = "timestamp")]
    Float,
}

/// The model of a service, by its name in botocore.
pub(crate) fn service(name: &str) -> Option<&'static ServiceModel> {
    MODEL.services.get(name)
}

impl ServiceModel {
    /// Checks a request. Returns it without members that are null, which AWS treats like missing ones.
    ///
    /// # Errors
    /// `SerializationException` for a value of the wrong type, and `ValidationException` for everything
    /// else, with all violations in AWS's words.
    pub(crate) fn check(&self, operation: &str, request: &Value) -> Result<Value, ApiError> {
        let mut request = request.clone();
        remove_nulls(&mut request);
        let mut check = Check {
            model: self,
            operation,
            found: Violations::default(),
        };
        if let Some(shape) = self.operations.get(operation) {
            check.value("", &request, shape)?;
        }
        check.found.finish()?;
        Ok(request)
    }

    /// Whether the model has this operation.
    pub(crate) fn has(&self, operation: &str) -> bool {
        self.operations.contains_key(operation)
    }
}

#[cfg(test)]
impl ServiceModel {
    /// Whether a request of the operation can have a member at this path; `[]` follows a list.
    pub(crate) fn has_member(&self, operation: &str, path: &str) -> bool {
        let mut shape = self.operations.get(operation);
        for name in path.split('.') {
            let Some(Kind::Structure { members, .. }) = self.kind(shape) else {
                return false;
            };
            shape = members.get(name.trim_end_matches("[]"));
            if let (Some(Kind::List { member }), true) = (self.kind(shape), name.ends_with("[]")) {
                shape = Some(member);
            }
        }
        self.kind(shape).is_some()
    }

    /// The type of a shape.
    fn kind(&self, shape: Option<&String>) -> Option<&Kind> {
        Some(&self.shapes.get(shape?)?.kind)
    }
}

/// Removes all members that are null.
fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(remove_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(remove_nulls),
        _ => {}
    }
}

/// The check of one request.
struct Check<'a> {
    /// The service's model.
    model: &'a ServiceModel,
    /// The operation's name.
    operation: &'a str,
    /// The violations so far.
    found: Violations,
}

impl Check<'_> {
    /// Checks a value; `path` is empty for the request itself.
    fn value(&mut self, path: &str, value: &Value, shape: &str) -> Result<(), ApiError> {
        let model = self.model;
        let Some(shape) = model.shapes.get(shape) else {
            return Ok(());
        };
        match (&shape.kind, value) {
            (Kind::Structure { members, required }, Value::Object(values)) => {
                self.structure(path, values, members, required)
            }
            (Kind::List { member }, Value::Array(values)) => {
                self.length(path, values.len(), shape);
                for (index, value) in values.iter().enumerate() {
                    self.value(&format!("{path}.{}.member", index + 1), value, member)?;
                }
                Ok(())
            }
            (Kind::Map { key, value }, Value::Object(values)) => {
                self.length(path, values.len(), shape);
                for (name, member) in values {
                    self.value(path, &Value::String(name.clone()), key)?;
                    self.value(&format!("{path}.{name}.member"), member, value)?;
                }
                Ok(())
            }
            (Kind::String, Value::String(text)) => {
                self.text(path, text, shape);
                Ok(())
            }
            (Kind::Integer, Value::Number(number)) if !number.is_f64() => {
                let number = number.as_i64().unwrap_or(i64::MAX);
                let (least, most) = (shape.min.unwrap_or(i64::MIN), shape.max);
                self.found
                    .range(path, number, least, most.unwrap_or(i64::MAX));
                Ok(())
            }
            (Kind::Float, Value::Number(number)) => {
                let least = shape.min.unwrap_or(i64::MIN);
                if number.as_f64().is_some_and(|number| number < least as f64) {
                    self.found.below(path, number, least);
                }
                Ok(())
            }
            (Kind::Boolean, Value::Bool(_)) => Ok(()),
            (kind, value) => Err(wrong_type(path, value, kind)),
        }
    }

    /// Checks the members of a structure.
    fn structure(
        &mut self,
        path: &str,
        values: &Map<String, Value>,
        members: &BTreeMap<String, String>,
        required: &[String],
    ) -> Result<(), ApiError> {
        for name in required {
            if !values.contains_key(name) {
                self.found.missing(&join(path, name));
            }
        }
        for (name, value) in values {
            match members.get(name) {
                Some(shape) => self.value(&join(path, name), value, shape)?,
                None => self.found.unknown(self.operation, &join(path, name)),
            }
        }
        Ok(())
    }

    /// Checks the length of a list or a map.
    fn length(&mut self, path: &str, length: usize, shape: &Shape) {
        let length_fits = |most: i64| usize::try_from(most).is_ok_and(|most| length <= most);
        if let Some(least) = shape.min.filter(|least| (length as i64) < *least) {
            self.found
                .too_short(path, format!("[{length} members]"), least);
        } else if let Some(most) = shape.max.filter(|most| !length_fits(*most)) {
            self.found.count(path, length, most as usize);
        }
    }

    /// Checks a text: its length, its pattern or its set of values.
    fn text(&mut self, path: &str, text: &str, shape: &Shape) {
        let length = text.chars().count();
        if let Some(most) = shape.max.filter(|most| length > *most as usize) {
            self.found.length(path, text, most as usize);
        } else if let Some(least) = shape.min.filter(|least| length < *least as usize) {
            self.found.too_short(path, text, least);
        } else if !shape.matches(text) {
            let pattern = shape.pattern.as_deref().unwrap_or_default();
            self.found.mismatch(path, text, pattern);
        }
        if !shape.allowed.is_empty() {
            self.found.one_of(path, text, &shape.allowed);
        }
    }
}

impl Shape {
    /// Whether a text matches the pattern as a whole.
    fn matches(&self, text: &str) -> bool {
        let regex = self.regex.get_or_init(|| {
            let pattern = format!("\\A(?:{})\\z", self.pattern.as_deref()?);
            RegexBuilder::new(&pattern)
                .size_limit(MAX_PATTERN)
                .build()
                .ok()
        });
        regex.as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

/// The path of a member in a violation, where names begin with a lower-case letter.
fn join(path: &str, name: &str) -> String {
    let (first, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
    let dot = if path.is_empty() { "" } else { "." };
    format!("{path}{dot}{}{rest}", first.to_lowercase())
}

/// The error for a value of the wrong type.
fn wrong_type(path: &str, value: &Value, kind: &Kind) -> ApiError {
    let expected = match kind {
        Kind::Structure { .. } | Kind::Map { .. } => "an object",
        Kind::List { .. } => "a list",
        Kind::String => "a string",
        Kind::Boolean => "a boolean",
        Kind::Integer => "an integer",
        Kind::Float => "a number",
    };
    let member = if path.is_empty() {
        "of the request".to_owned()
    } else {
        format!("at '{path}'")
    };
    ApiError::new(
        "SerializationException",
        format!("The value {value} {member} has the wrong type; expected {expected}."),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The error for a request, or an empty string.
    fn error(operation: &str, request: &Value) -> String {
        let model = service("sagemaker").unwrap();
        let found = model.check(operation, request);
        found.map_or_else(|error| error.message().to_owned(), |_| String::new())
    }

    #[test]
    fn every_pattern_is_understood() {
        assert_eq!(MODEL.services.len(), 2);
        for (name, shape) in MODEL.services.values().flat_map(|model| &model.shapes) {
            shape.matches("");
            let compiled = shape.regex.get().unwrap().is_some();
            assert_eq!(compiled, shape.pattern.is_some(), "{name}");
        }
    }

    /// Checks the error for a request; empty for none.
    fn check(operation: &str, request: &Value, expected: &str) {
        let found = error(operation, request);
        let fits = found.contains(expected) && found.is_empty() == expected.is_empty();
        assert!(fits, "{operation} {request}: {found}");
    }

    #[test]
    fn every_rule_of_the_model_is_applied() {
        for (operation, request, expected) in [
            ("ListModels", json!({}), ""),
            ("ListModels", json!({"MaxResults": 100, "SortBy": null}), ""),
            (
                "ListModels",
                json!({"MaxResults": 101}),
                "at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100",
            ),
            (
                "ListModels",
                json!({"MaxResults": 0}),
                "greater than or equal to 1",
            ),
            (
                "ListModels",
                json!({"MaxResults": "many"}),
                "The value \"many\" at 'maxResults' has the wrong type; expected an integer.",
            ),
            (
                "ListModels",
                json!({"MaxResults": 1.5}),
                "expected an integer",
            ),
            (
                "ListModels",
                json!({"SortBy": "Status"}),
                "Value 'Status' at 'sortBy' failed to satisfy constraint: Member must satisfy enum value set: [Name, CreationTime]",
            ),
            (
                "ListModels",
                json!({"StatusEquals": "InService"}),
                "The local server does not know the member 'statusEquals' of ListModels",
            ),
            (
                "ListModels",
                json!({"CreationTimeAfter": "today"}),
                "expected a number",
            ),
            (
                "ListModels",
                json!([]),
                "The value [] of the request has the wrong type; expected an object.",
            ),
        ] {
            check(operation, &request, expected);
        }
    }

    #[test]
    fn every_rule_is_applied_inside_of_members() {
        let long = "a".repeat(64);
        for (operation, request, expected) in [
            (
                "DescribeModel",
                json!({}),
                "1 validation error detected: Value null at 'modelName' failed to satisfy constraint: Member must not be null",
            ),
            (
                "DescribeModel",
                json!({"ModelName": "a_b"}),
                "Member must satisfy regular expression pattern: ^[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?",
            ),
            (
                "DescribeModel",
                json!({"ModelName": long}),
                "less than or equal to 63",
            ),
            (
                "CreateTrainingJob",
                json!({"InputDataConfig": []}),
                "Value '[0 members]' at 'inputDataConfig' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ),
            (
                "CreateTrainingJob",
                json!({"HyperParameters": {"a": "x".repeat(2501)}}),
                "at 'hyperParameters.a.member' failed to satisfy constraint: Member must have length less than or equal to 2500",
            ),
            (
                "CreateTrainingJob",
                json!({"Environment": {"1": "x"}}),
                "Value '1' at 'environment' failed to satisfy constraint: Member must satisfy regular",
            ),
            (
                "CreateTrainingJob",
                json!({"InputDataConfig": [{"InputMode": "Disk"}]}),
                "at 'inputDataConfig.1.member.inputMode' failed to satisfy constraint: Member must satisfy enum value set: [Pipe, File, FastFile]",
            ),
            (
                "CreateTrainingJob",
                json!({"VpcConfig": {"Subnets": ["s"], "Zone": 1}}),
                "member 'vpcConfig.zone' of CreateTrainingJob",
            ),
            (
                "UpdateEndpointWeightsAndCapacities",
                json!({"EndpointName": "e", "DesiredWeightsAndCapacities": [{"VariantName": "v", "DesiredWeight": -0.5}]}),
                "Value '-0.5' at 'desiredWeightsAndCapacities.1.member.desiredWeight' failed to satisfy constraint: Member must have value greater than or equal to 0",
            ),
        ] {
            check(operation, &request, expected);
        }
    }

    #[test]
    fn members_that_are_null_are_missing_ones() {
        let model = service("sagemaker").unwrap();
        let request = json!({"SortBy": null, "NameContains": "a"});
        let checked = model.check("ListModels", &request).unwrap();
        assert_eq!(checked, json!({"NameContains": "a"}));
    }
}
