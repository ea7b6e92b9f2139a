//! Preconditions. They are evaluated against the object in the same transaction that acts on it.

use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::errors::error;
use super::headers::timestamp;
use crate::store::{Object, StoreError};

/// The conditions of a read, or of the source of a copy.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadConditions {
    /// `If-Match`.
    pub(super) matches: Option<ETagCondition>,
    /// `If-None-Match`.
    pub(super) none_match: Option<ETagCondition>,
    /// `If-Modified-Since`.
    pub(super) modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`.
    pub(super) unmodified_since: Option<Timestamp>,
}

impl ReadConditions {
    /// Fails if the object is not to be read. A condition on the `ETag` takes precedence over the one on
    /// the time, as RFC 9110 (13.2.2) demands.
    pub(super) fn check(&self, object: &Object) -> Result<(), StoreError> {
        let modified = timestamp(object.modified);
        match (&self.matches, &self.unmodified_since) {
            (Some(condition), _) if !holds(condition, object) => {
                return Err(StoreError::PreconditionFailed("If-Match"));
            }
            (None, Some(time)) if modified > *time => {
                return Err(StoreError::PreconditionFailed("If-Unmodified-Since"));
            }
            _ => {}
        }
        match (&self.none_match, &self.modified_since) {
            (Some(condition), _) if holds(condition, object) => Err(StoreError::NotModified),
            (None, Some(time)) if modified <= *time => Err(StoreError::NotModified),
            _ => Ok(()),
        }
    }

    /// Like [`Self::check`] for the source of a copy, which fails where a read would say "not modified".
    pub(super) fn check_source(&self, object: &Object) -> Result<(), StoreError> {
        match self.check(object) {
            Err(StoreError::NotModified) => Err(StoreError::PreconditionFailed(
                "x-amz-copy-source-If-None-Match",
            )),
            checked => checked,
        }
    }
}

/// The conditions of a write.
#[derive(Clone, Debug, Default)]
pub(super) struct WriteConditions {
    /// `If-Match`: the `ETag` of the object that is replaced.
    matches: Option<ETagCondition>,
    /// `If-None-Match: *`: there is no object yet.
    absent: bool,
}

impl WriteConditions {
    /// Fails for conditions that S3 does not offer for writes.
    pub(super) fn new(
        matches: Option<ETagCondition>,
        none_match: Option<&ETagCondition>,
    ) -> S3Result<Self> {
        match none_match {
            Some(ETagCondition::ETag(_)) => {
                let message = "A header you provided implies functionality that is not implemented: \
                               If-None-Match of a write can only be *";
                Err(error(S3ErrorCode::NotImplemented, message))
            }
            _ => Ok(Self {
                matches,
                absent: none_match.is_some(),
            }),
        }
    }

    /// Fails if `old` is not to be replaced.
    pub(super) fn check(&self, old: Option<&Object>) -> Result<(), StoreError> {
        match (old, &self.matches) {
            (Some(_), _) if self.absent => Err(StoreError::PreconditionFailed("If-None-Match")),
            (None, Some(_)) => Err(StoreError::NoSuchKey),
            (Some(old), Some(condition)) if !holds(condition, old) => {
                Err(StoreError::PreconditionFailed("If-Match"))
            }
            _ => Ok(()),
        }
    }
}

/// Whether the `ETag` of an object is the expected one.
fn holds(condition: &ETagCondition, object: &Object) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == object.etag,
    }
}

/// The error of a version that cannot exist, because buckets have no versions here.
pub(super) fn check_version(version: Option<&str>) -> S3Result {
    match version {
        None | Some("null" | "") => Ok(()),
        Some(_) => Err(S3Error::with_message(
            S3ErrorCode::NoSuchVersion,
            "The specified version does not exist.",
        )),
    }
}
