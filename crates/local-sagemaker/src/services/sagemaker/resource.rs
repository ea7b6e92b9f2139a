//! The common behaviour of models, endpoint configurations, endpoints and training jobs: each is created
//! under a unique name, looked up by it, listed and tagged.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::listing::{self, Entry};
use super::tags::{Tag, tags_in};
use crate::error::{Error, chain};
use crate::machine::clock::Timestamp;
use crate::machine::table::Table;
use crate::protocol::names::sagemaker_arn;
use crate::protocol::{ApiError, Call};

/// Maximum length of a `FailureReason`, in characters.
const MAX_REASON: usize = 1024;

/// The members that every record has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The name in the spelling of the request.
    pub(super) name: String,
    /// The region of the request.
    pub(super) region: String,
    /// `CreationTime`.
    pub(super) created: Timestamp,
    /// The resource's tags.
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
}

impl Header {
    /// The header of a resource created now by this call, or an error if its tags are invalid.
    pub(super) fn new(name: &str, call: &Call) -> Result<Self, ApiError> {
        Ok(Self {
            name: name.to_owned(),
            region: call.region.clone(),
            created: Timestamp::now(),
            tags: tags_in(&call.body)?,
        })
    }
}

/// A record of one kind of resource.
pub(crate) trait Resource: Serialize + DeserializeOwned + Clone {
    /// The resource type in ARNs; messages derive their wording from it.
    const KIND: &'static str;
    /// The request member that names a resource.
    const NAME_MEMBER: &'static str;
    /// The response member with the list of summaries.
    const LIST_MEMBER: &'static str;
    /// Whether lists are in ascending order by default.
    const ASCENDING: bool = false;

    /// The members that every record has.
    fn header(&self) -> &Header;

    /// Mutable access to these members.
    fn header_mut(&mut self) -> &mut Header;

    /// The entry in a list.
    fn summary(&self) -> Value;

    /// Whether the resource passes the filters that only its own list has.
    fn passes(&self, _request: &Value) -> bool {
        true
    }

    /// `LastModifiedTime`.
    fn modified(&self) -> Timestamp {
        self.header().created
    }

    /// The status on the wire; empty for resources without one.
    fn status(&self) -> &'static str {
        ""
    }

    /// The resource's ARN.
    fn arn(&self) -> String {
        sagemaker_arn(&self.header().region, Self::KIND, &self.header().name)
    }

    /// The error for a name that is taken.
    fn already_exists(arn: &str) -> ApiError {
        let text = format!(
            "Cannot create already existing {} \"{arn}\".",
            label::<Self>()
        );
        ApiError::validation(text)
    }

    /// The error for a resource that does not exist.
    fn not_found(arn: &str) -> ApiError {
        ApiError::validation(format!("Could not find {} \"{arn}\".", label::<Self>()))
    }
}

/// The name of a resource type in messages.
fn label<R: Resource>() -> String {
    let words = R::KIND.replace('-', " ");
    words.replace("config", "configuration")
}

impl<R: Resource> Table<R> {
    /// Opens the records in a folder of the state directory.
    pub(super) fn open_in(state_dir: &Path, folder: &str) -> Result<Self, Error> {
        Self::open(state_dir.join(folder))
    }

    /// Adds a new resource and returns its ARN. The name is checked and reserved atomically, so only one of
    /// two concurrent calls succeeds. Names that differ only in case have the same ARN, so they are taken
    /// together.
    pub(super) fn create(&self, record: R) -> Result<String, ApiError> {
        let (name, arn) = (record.header().name.clone(), record.arn());
        if self.any(|other| has_arn(other, &arn)) {
            return Err(R::already_exists(&arn));
        }
        match self.insert_new(&name, record) {
            Err(error) => Err(ApiError::internal(chain(&error))),
            Ok(false) => Err(R::already_exists(&arn)),
            Ok(true) => Ok(arn),
        }
    }

    /// The resource with this name, or a "not found" error whose ARN is in `region`.
    pub(super) fn find(&self, name: &str, region: &str) -> Result<R, ApiError> {
        let not_found = || R::not_found(&sagemaker_arn(region, R::KIND, name));
        self.get(name).ok_or_else(not_found)
    }

    /// The resource named in a request.
    pub(super) fn find_named(&self, call: &Call) -> Result<R, ApiError> {
        // The service's model requires the name.
        let name = call.body.get(R::NAME_MEMBER).and_then(Value::as_str);
        self.find(name.unwrap_or_default(), &call.region)
    }

    /// Calls `change` with the tags of the resource with this ARN, in upper or lower case; `None` if there
    /// is no such resource.
    pub(super) fn change_tags(
        &self,
        arn: &str,
        change: &mut dyn FnMut(&mut Vec<Tag>),
    ) -> Option<()> {
        self.adjust(
            |record| has_arn(record, arn),
            |record| &mut record.header_mut().tags,
            change,
        )
    }

    /// One page of a list.
    pub(super) fn list(&self, call: &Call) -> Result<Value, ApiError> {
        let records = self.all().into_iter();
        let records = records.filter(|record| record.passes(&call.body));
        let entries = records.map(|record| Entry {
            name: record.header().name.clone(),
            created: record.header().created,
            modified: record.modified(),
            status: record.status(),
            summary: record.summary(),
        });
        listing::page(call, entries.collect(), R::LIST_MEMBER, R::ASCENDING)
    }
}

/// Whether a resource has this ARN. Case does not matter: SageMaker's own ARNs have the name in lower case,
/// and clients build them from the name as it was given.
fn has_arn<R: Resource>(record: &R, arn: &str) -> bool {
    record.arn().eq_ignore_ascii_case(arn)
}

/// Copies the members of a request to the description of the resource it created. Nothing is left out:
/// `members::check` has rejected what the server neither does nor describes. Tags have an operation of
/// their own.
pub(super) fn echo(request: &Value, description: &mut Value) {
    for (name, value) in request.as_object().into_iter().flatten() {
        if name != "Tags" {
            description[name] = value.clone();
        }
    }
}

/// A `FailureReason`, truncated to its maximum length.
pub(super) fn failure_reason(reason: &str) -> String {
    reason.chars().take(MAX_REASON).collect()
}
