//! Application Auto Scaling for variants of endpoints: `RegisterScalableTarget`,
//! `DescribeScalableTargets`, `DeregisterScalableTarget`, `PutScalingPolicy`,
//! `DescribeScalingPolicies`, `DeleteScalingPolicy`, `DescribeScalingActivities`.
//!
//! Policies track a target number of invocations per instance per minute. `tracking` makes the decisions,
//! as pure arithmetic; the loop here measures the load and carries them out. The length of a minute is
//! configurable, because at AWS's pace a fleet takes a quarter of an hour to shrink.

mod operations;
mod target;
mod tracking;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};

use crate::error::Error;
use crate::machine::clock::Timestamp;
use crate::machine::database::Database;
use crate::machine::log;
use crate::machine::table::{Table, lock};
use crate::protocol::{ApiError, Call};
use crate::services::members;
use crate::services::sagemaker::endpoint::{DesiredCapacity, Endpoints, Load, Update, Variant};
use target::{Activity, Target};
use tracking::{Bounds, Decision, History};

/// All scalable targets.
pub(crate) struct Scaling {
    /// The record of each target, with its policies and activities.
    table: Table<Target>,
    /// The observed load of each target.
    loads: Mutex<BTreeMap<String, ObservedLoad>>,
    /// Length of a minute.
    minute: Duration,
}

/// The observed load of one target.
#[derive(Debug, Default)]
struct ObservedLoad {
    /// The number of requests at the last measurement, if any.
    requests: Option<u64>,
    /// The load over the last few minutes.
    history: History,
}

impl Scaling {
    /// Opens the targets of a state directory.
    pub(crate) fn open(
        state_dir: &Path,
        database: Arc<Database>,
        minute: Duration,
    ) -> Result<Arc<Self>, Error> {
        let legacy_dir = state_dir.join("scalable-targets");
        Ok(Arc::new(Self {
            table: Table::open(database, "scalable-targets", &legacy_dir)?,
            loads: Mutex::default(),
            minute,
        }))
    }

    /// Handles one call to the service.
    pub(crate) fn handle(
        &self,
        operation: &str,
        call: &Call,
        endpoints: &Endpoints,
    ) -> Result<Value, ApiError> {
        let call = &members::check("application-autoscaling", operation, call)?;
        match operation {
            "RegisterScalableTarget" => self.register(call, endpoints),
            "DescribeScalableTargets" => self.describe_targets(call),
            "DeregisterScalableTarget" => self.deregister(call),
            "PutScalingPolicy" => self.put_policy(call),
            "DescribeScalingPolicies" => self.describe_policies(call),
            "DeleteScalingPolicy" => self.delete_policy(call),
            "DescribeScalingActivities" => self.describe_activities(call),
            other => Err(ApiError::unknown_operation(&format!(
                "AnyScaleFrontendService.{other}"
            ))),
        }
    }

    /// Checks that an update may begin: it must neither remove a scalable target's variant nor change its
    /// instance type.
    pub(crate) fn check_update(&self, update: &Update) -> Result<(), ApiError> {
        for target in self.table.active() {
            if target.endpoint != update.endpoint() {
                continue;
            }
            let instance_type = |variants: &[Variant]| {
                let found = variants
                    .iter()
                    .find(|variant| variant.name == target.variant);
                found.and_then(|variant| variant.instance_type.clone())
            };
            let (old, new) = (
                instance_type(&update.record.current.variants),
                instance_type(&update.next.variants),
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

    /// Removes the targets of an endpoint that is being deleted.
    pub(crate) fn remove_endpoint(&self, endpoint: &str) {
        for target in self.table.active() {
            if target.endpoint == endpoint {
                self.remove(&target);
            }
        }
    }

    /// Removes targets whose variant no longer exists.
    pub(crate) fn prune(&self, endpoints: &Endpoints) {
        for target in self.table.active() {
            if endpoints
                .variant(&target.endpoint, &target.variant)
                .is_none()
            {
                self.remove(&target);
            }
        }
    }

    /// Removes a target with its policies, activities and load.
    fn remove(&self, target: &Target) {
        self.table.remove(&target.key());
        lock(&self.loads).remove(&target.key());
    }

    /// Checks all targets once a minute, for as long as it is polled.
    pub(crate) async fn run(self: Arc<Self>, endpoints: Arc<Endpoints>) {
        let mut minutes = interval(self.minute);
        minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            minutes.tick().await;
            for target in self.table.active() {
                self.check_target(&target, &endpoints);
            }
        }
    }

    /// Measures the load of one target and acts on it.
    fn check_target(&self, target: &Target, endpoints: &Arc<Endpoints>) {
        // The load is unknown while the endpoint is being changed.
        let Some(load) = endpoints.load(&target.endpoint, &target.variant) else {
            return;
        };
        if let Some(decision) = self.decide(target, load) {
            self.act(target, decision, load.instances, endpoints);
        }
    }

    /// Adds the last minute's load to a target's history, and decides whether to scale.
    fn decide(&self, target: &Target, load: Load) -> Option<Decision> {
        // The lock is released before the decision is carried out, because `act` takes it again.
        let mut loads = lock(&self.loads);
        let observed = loads.entry(target.key()).or_default();
        let before = observed.requests.replace(load.requests);
        // If the count went down, it belongs to a new fleet, which starts at zero.
        if let Some(before) = before.filter(|before| *before <= load.requests) {
            let per_instance = (load.requests - before) as f64 / load.instances.max(1) as f64;
            observed.history.add_minute(per_instance);
        }
        let bounds = Bounds {
            min: target.min,
            max: target.max,
            may_grow: !target.suspended.growing,
            may_shrink: !target.suspended.shrinking,
        };
        let count = load.instances as i64;
        let policies = target.policies.values();
        let decisions: Vec<_> = policies
            .map(|policy| observed.history.decide(&policy.tracking, bounds, count))
            .collect();
        // If there are several policies, the one that asks for the most instances wins; the fleet shrinks only if all of them
        // decide to shrink it.
        let largest = decisions
            .iter()
            .flatten()
            .max_by_key(|decision| decision.count)?;
        let agreed = largest.count > count || decisions.iter().all(Option::is_some);
        agreed.then_some(*largest)
    }

    /// Changes the instance count, and records the activity.
    fn act(
        &self,
        target: &Target,
        decision: Decision,
        instances: usize,
        endpoints: &Arc<Endpoints>,
    ) {
        let desired = DesiredCapacity::count(&target.variant, decision.count as usize);
        let result = endpoints.clone().scale(&target.endpoint, &desired);
        log(&format!(
            "auto scaling of {}: {instances} to {} instances",
            target.resource(),
            decision.count
        ));
        if result.is_ok()
            && let Some(observed) = lock(&self.loads).get_mut(&target.key())
        {
            observed.history.restart(decision.count > instances as i64);
        }
        let activity = Activity {
            cause: format!(
                "monitor alarm TargetTracking-{}-{} in state ALARM triggered the policy",
                target.resource(),
                decision.alarm
            ),
            count: decision.count,
            start: Timestamp::now(),
            failure: result.err().map(|error| error.message().to_owned()),
        };
        self.table
            .update(&target.key(), |target| target.note(activity));
    }
}
