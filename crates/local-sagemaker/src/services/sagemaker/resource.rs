//! The common behaviour of models, endpoint configurations, endpoints and training jobs: each is created
//! under a unique name, looked up by it, listed and tagged.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Shared;
use super::listing::List;
use super::tags::{Tag, tags_in};
use crate::error::{Error, chain};
use crate::machine::clock::Timestamp;
use crate::machine::table::{Index, Position, Row, Table};
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

    /// Whether the server works with the record between calls.
    fn is_active(&self) -> bool {
        false
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

/// The case of an ARN does not matter: SageMaker's own have the name in lower case, and clients build them
/// from the name as it was given.
impl<R: Resource> Row for R {
    fn index(&self) -> Index {
        Index {
            arn: self.arn(),
            created: self.header().created.millis(),
            modified: self.modified().millis(),
            status: self.status(),
            active: self.is_active(),
        }
    }
}

impl<R: Resource> Table<R> {
    /// Opens the records of one kind, which earlier versions kept in a directory of the same name.
    pub(super) fn open_in(shared: &Shared, kind: &'static str) -> Result<Self, Error> {
        let former = shared.state_dir.join(kind);
        Self::open(shared.database.clone(), kind, &former)
    }

    /// Adds a new resource and returns its ARN. The name is checked and reserved atomically, so only one of
    /// two concurrent calls succeeds. Names that differ only in case have the same ARN, so they are taken
    /// together.
    pub(super) fn create(&self, record: R) -> Result<String, ApiError> {
        let (name, arn) = (record.header().name.clone(), record.arn());
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
        let mut tags = self.find_by_arn(arn)?.header().tags.clone();
        let before = tags.clone();
        change(&mut tags);
        if tags == before {
            // Only read, or rejected.
            return Some(());
        }
        // Once more, with the record locked.
        self.update_by_arn(arn, |record| change(&mut record.header_mut().tags))
    }

    /// One page of a list.
    pub(super) fn list(&self, call: &Call) -> Result<Value, ApiError> {
        let list = List::of(call, R::LIST_MEMBER, R::ASCENDING)?;
        let found = self.list_records(list.query(), |record| record.passes(&call.body));
        let found = found.map_err(|error| ApiError::internal(chain(&error)))?;
        let summary = |(position, record): (Position, R)| (position, record.summary());
        Ok(list.page(found.into_iter().map(summary).collect()))
    }
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
