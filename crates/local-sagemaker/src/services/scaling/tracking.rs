//! The decisions of a target tracking policy, based on the load of the last minutes.
//!
//! AWS sets two alarms on the metric: the fleet grows after three minutes above the target, and shrinks
//! after fifteen minutes below 90 % of it. The new size is the one at which each instance would have the
//! target's load, rounded up in both cases.

use std::collections::VecDeque;

use super::target::Tracking;

/// Minutes above the target before the fleet grows.
const HIGH_MINUTES: usize = 3;
/// Minutes below the target before the fleet shrinks.
const LOW_MINUTES: usize = 15;
/// The share of the target below which a fleet is too large.
const LOW_SHARE: f64 = 0.9;

/// The load of the last minutes, and the last change.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Invocations per instance for each minute, newest last.
    minutes: VecDeque<f64>,
    /// Minutes since the fleet last changed; `None` if it never has.
    quiet: Option<f64>,
    /// Whether the last change made the fleet larger.
    grew: bool,
}

/// The bounds of a target, and the permitted directions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The minimum number of instances.
    pub(super) min: i64,
    /// The maximum number of instances.
    pub(super) max: i64,
    /// Whether the fleet may grow.
    pub(super) may_grow: bool,
    /// Whether the fleet may shrink.
    pub(super) may_shrink: bool,
}

/// A decision to change the number of instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// The new number of instances.
    pub(super) count: i64,
    /// The alarm that triggered it.
    pub(super) alarm: &'static str,
}

impl History {
    /// Adds a minute with this many invocations per instance.
    pub(super) fn add_minute(&mut self, load: f64) {
        self.minutes.push_back(load);
        if self.minutes.len() > LOW_MINUTES {
            self.minutes.pop_front();
        }
        if let Some(quiet) = &mut self.quiet {
            *quiet += 1.0;
        }
    }

    /// The decision for a fleet of `count` instances, if it should change.
    pub(super) fn decide(
        &self,
        tracking: &Tracking,
        bounds: Bounds,
        count: i64,
    ) -> Option<Decision> {
        let outside = if count < bounds.min {
            Some(("AlarmHigh", bounds.min))
        } else if count > bounds.max {
            Some(("AlarmLow", bounds.max))
        } else {
            None
        };
        if let Some((alarm, count)) = outside {
            return Some(Decision { count, alarm });
        }
        let load = *self.minutes.back()?;
        let desired = (load * count as f64 / tracking.target_value).ceil() as i64;
        let desired = desired.clamp(bounds.min, bounds.max);
        let cooled = |seconds: u32| {
            self.quiet
                .is_none_or(|quiet| quiet * 60.0 >= f64::from(seconds))
        };
        let last = |minutes: usize, holds: &dyn Fn(f64) -> bool| {
            self.minutes.len() >= minutes
                && self
                    .minutes
                    .iter()
                    .rev()
                    .take(minutes)
                    .all(|load| holds(*load))
        };
        let high = last(HIGH_MINUTES, &|load| load > tracking.target_value);
        if high
            && desired > count
            && bounds.may_grow
            && (!self.grew || cooled(tracking.scale_out_cooldown))
        {
            return Some(Decision {
                count: desired,
                alarm: "AlarmHigh",
            });
        }
        let low = last(LOW_MINUTES, &|load| {
            load < tracking.target_value * LOW_SHARE
        });
        let may_shrink = bounds.may_shrink && !tracking.disable_scale_in;
        if low && desired < count && may_shrink && cooled(tracking.scale_in_cooldown) {
            return Some(Decision {
                count: desired,
                alarm: "AlarmLow",
            });
        }
        None
    }

    /// Starts over after a change of the fleet, for which earlier loads are irrelevant.
    pub(super) fn restart(&mut self, grew: bool) {
        self.minutes.clear();
        self.quiet = Some(0.0);
        self.grew = grew;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        min: 1,
        max: 4,
        may_grow: true,
        may_shrink: true,
    };
    const TRACKING: Tracking = Tracking {
        target_value: 70.0,
        scale_out_cooldown: 300,
        scale_in_cooldown: 300,
        disable_scale_in: false,
    };

    fn history(loads: &[f64]) -> History {
        let mut history = History::default();
        for load in loads {
            history.add_minute(*load);
        }
        history
    }

    #[test]
    fn a_fleet_grows_after_three_minutes_and_shrinks_after_fifteen() {
        for (loads, count, expected) in [
            (vec![200.0; 2], 1, None),
            (vec![200.0; 3], 1, Some((3, "AlarmHigh"))),
            (vec![70.0; 20], 1, None),
            (vec![900.0; 3], 2, Some((4, "AlarmHigh"))),
            (vec![900.0; 3], 4, None),
            (vec![200.0, 60.0, 200.0], 1, None),
            (vec![10.0; 14], 4, None),
            (vec![10.0; 15], 4, Some((1, "AlarmLow"))),
            (vec![50.0; 15], 4, Some((3, "AlarmLow"))),
            (vec![65.0; 15], 4, None),
            (vec![0.0; 15], 1, None),
            (vec![], 0, Some((1, "AlarmHigh"))),
            (vec![], 6, Some((4, "AlarmLow"))),
        ] {
            let found = history(&loads).decide(&TRACKING, BOUNDS, count);
            let expected = expected.map(|(count, alarm)| Decision { count, alarm });
            assert_eq!(found, expected, "{loads:?} with {count}");
        }
    }

    #[test]
    fn a_fleet_does_not_grow_again_during_the_cooldown() {
        let mut history = history(&[200.0; 3]);
        history.restart(true);
        let grows_after = (1..20).find(|_| {
            history.add_minute(200.0);
            history.decide(&TRACKING, BOUNDS, 2).is_some()
        });
        assert_eq!(grows_after, Some(5));
        history.restart(false);
        let grows_after = (1..20).find(|_| {
            history.add_minute(200.0);
            history.decide(&TRACKING, BOUNDS, 2).is_some()
        });
        assert_eq!(
            grows_after,
            Some(3),
            "after shrinking, growing does not wait"
        );
    }

    #[test]
    fn suspended_and_disabled_scaling_does_not_happen() {
        let no_growth = Bounds {
            may_grow: false,
            ..BOUNDS
        };
        assert_eq!(history(&[200.0; 3]).decide(&TRACKING, no_growth, 1), None);
        let no_shrinking = Bounds {
            may_shrink: false,
            ..BOUNDS
        };
        assert_eq!(history(&[1.0; 15]).decide(&TRACKING, no_shrinking, 2), None);
        let only_out = Tracking {
            disable_scale_in: true,
            ..TRACKING
        };
        assert_eq!(history(&[1.0; 15]).decide(&only_out, BOUNDS, 2), None);
    }
}
