//! Application Auto Scaling for variants of endpoints: `RegisterScalableTarget`,
//! `DescribeScalableTargets`, `DeregisterScalableTarget`, `PutScalingPolicy`,
//! `DescribeScalingPolicies`, `DeleteScalingPolicy`, `DescribeScalingActivities`.
//!
//! Policies track a target of invocations per instance and minute. What they decide is in
//! `track`, as pure arithmetic; `watch` measures the load and brings it about. A minute of
//! theirs can be made shorter, so that one need not wait a quarter of an hour to see a fleet
//! shrink.

mod ask;
mod policy;
mod target;
mod track;
mod watch;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::endpoint::{Endpoints, Update, Variant};
use crate::error::Error;
use crate::store::{Table, locked};
use crate::wire::{ApiError, Call, unknown_operation};
use target::Target;
use watch::Watch;

/// All scalable targets.
pub(crate) struct Scaling {
    /// By endpoint and variant; policies and activities are kept with their target.
    table: Table<Target>,
    /// What is known of the load of each.
    watches: Mutex<BTreeMap<String, Watch>>,
    /// How long a minute takes.
    minute: Duration,
}

impl Scaling {
    /// Opens the targets of a state directory.
    pub(crate) fn open(state_dir: &Path, minute: Duration) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self {
            table: Table::open(state_dir.join("scalable-targets"))?,
            watches: Mutex::default(),
            minute,
        }))
    }

    /// One call of the service.
    pub(crate) fn answer(
        &self,
        operation: &str,
        call: &Call,
        endpoints: &Endpoints,
    ) -> Result<Value, ApiError> {
        match operation {
            "RegisterScalableTarget" => self.register(call, endpoints),
            "DescribeScalableTargets" => self.describe_targets(call),
            "DeregisterScalableTarget" => self.deregister(call),
            "PutScalingPolicy" => self.put_policy(call),
            "DescribeScalingPolicies" => self.describe_policies(call),
            "DeleteScalingPolicy" => self.delete_policy(call),
            "DescribeScalingActivities" => self.describe_activities(call),
            other => Err(unknown_operation(&format!(
                "AnyScaleFrontendService.{other}"
            ))),
        }
    }

    /// Whether an update may begin: a variant that is scaled can neither go nor change its kind
    /// of instances.
    pub(crate) fn allows(&self, update: &Update) -> Result<(), ApiError> {
        for target in self.table.all() {
            if target.endpoint != update.record.name {
                continue;
            }
            let kind = |variants: &[Variant]| {
                let found = variants
                    .iter()
                    .find(|variant| variant.name == target.variant);
                found.and_then(|variant| variant.instance_type.clone())
            };
            let (old, new) = (
                kind(&update.record.current.variants),
                kind(&update.next.variants),
            );
            if old != new {
                return Err(ApiError::validation(format!(
                    "The variant(s) \"{}\" must be deregistered as scalable targets with AutoScaling before they can \
                     be removed or have their instance type updated.",
                    target.variant
                )));
            }
        }
        Ok(())
    }

    /// An endpoint is being deleted, and with it go its targets.
    pub(crate) fn forget(&self, endpoint: &str) {
        for target in self.table.all() {
            if target.endpoint == endpoint {
                self.remove(&target);
            }
        }
    }

    /// Removes the targets of endpoints that are there no more.
    pub(crate) fn prune(&self, endpoints: &Endpoints) {
        for target in self.table.all() {
            if endpoints
                .variant(&target.endpoint, &target.variant)
                .is_none()
            {
                self.remove(&target);
            }
        }
    }

    /// Removes a target with everything that belongs to it.
    fn remove(&self, target: &Target) {
        self.table.remove(&target.key());
        locked(&self.watches).remove(&target.key());
    }
}
