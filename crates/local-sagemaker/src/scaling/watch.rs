//! Measures the load of each scalable target once a minute, and changes its fleet.

use std::sync::Arc;

use tokio::time::{MissedTickBehavior, interval};

use super::Scaling;
use super::target::{Activity, Target};
use super::track::{Bounds, Decision, History};
use crate::clock::Stamp;
use crate::endpoint::{Desired, Endpoints};
use crate::log;
use crate::store::locked;

/// What is known of the load of one target.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Requests at the last look; none at the first.
    requests: Option<u64>,
    /// The minutes before.
    history: History,
}

impl Scaling {
    /// Looks at all targets once a minute, for as long as it is polled.
    pub(crate) async fn watch(self: Arc<Self>, endpoints: Arc<Endpoints>) {
        let mut minutes = interval(self.minute);
        minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            minutes.tick().await;
            for target in self.table.all() {
                self.look(&target, &endpoints);
            }
        }
    }

    /// One look at one target.
    fn look(&self, target: &Target, endpoints: &Arc<Endpoints>) {
        // An endpoint that is changing has no load to judge by.
        let Some(load) = endpoints.load(&target.endpoint, &target.variant) else {
            return;
        };
        let decision = {
            let mut watches = locked(&self.watches);
            let watch = watches.entry(target.key()).or_default();
            // A fleet that has been replaced counts anew.
            let before = watch.requests.replace(load.requests);
            let before = before.filter(|before| *before <= load.requests);
            if let Some(before) = before {
                let per_instance = (load.requests - before) as f64 / load.instances.max(1) as f64;
                watch.history.minute(per_instance);
            }
            let bounds = Bounds {
                min: target.min,
                max: target.max,
                may_grow: !target.suspended.growing,
                may_shrink: !target.suspended.shrinking,
            };
            let count = load.instances as i64;
            // Of several policies, the one that wants most wins.
            let decisions = target
                .policies
                .values()
                .map(|policy| watch.history.decide(&policy.tracking, bounds, count));
            let decisions: Vec<_> = decisions.collect();
            let grows = |decision: &&Decision| decision.count > count;
            let largest = decisions
                .iter()
                .flatten()
                .max_by_key(|decision| decision.count);
            // All of them must agree to shrink.
            largest
                .filter(|d| grows(d) || decisions.iter().all(Option::is_some))
                .copied()
        };
        if let Some(decision) = decision {
            self.act(target, decision, (load.instances as i64, endpoints));
        }
    }

    /// Asks for another number of processes and notes how that went.
    fn act(&self, target: &Target, decision: Decision, (count, endpoints): (i64, &Arc<Endpoints>)) {
        let desired = Desired::count(&target.variant, decision.count as usize);
        let asked = endpoints.clone().scale(&target.endpoint, &desired);
        log::line(&format!(
            "auto scaling of {}: {count} to {} instances",
            target.resource(),
            decision.count
        ));
        if asked.is_ok()
            && let Some(watch) = locked(&self.watches).get_mut(&target.key())
        {
            watch.history.changed(decision.count > count);
        }
        let activity = Activity {
            cause: format!(
                "monitor alarm TargetTracking-{}-{} in state ALARM triggered the policy",
                target.resource(),
                decision.alarm
            ),
            count: decision.count,
            start: Stamp::now(),
            failure: asked.err().map(|error| error.message().to_owned()),
        };
        self.table
            .update(&target.key(), |target| target.note(activity));
    }
}
