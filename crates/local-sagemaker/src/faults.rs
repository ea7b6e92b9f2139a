//! Scripted faults: the user specifies faults at startup, and they occur reproducibly.
//!
//! A script names an operation, the affected calls and the effect on them, or a fault of the programs
//! behind the server. [`GRAMMAR`] explains the syntax.

mod errors;
mod operations;
mod script;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::Error;
use crate::machine::log;
use crate::machine::table::lock;
use script::{Program, Script};

pub(crate) use errors::{quota_message, scripted_error};
pub(crate) use script::{GRAMMAR, Interruption};

/// All faults of a server, and the counters that trigger them.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Faults that affect calls.
    calls: Vec<CallFault>,
    /// Faults that affect programs, in the order given.
    programs: Vec<Program>,
    /// Number of calls so far, by operation.
    counts: Mutex<BTreeMap<String, u64>>,
    /// Number of invocations so far, over all endpoints.
    invocations: AtomicU64,
}

/// A fault that affects some calls of one operation.
#[derive(Debug)]
struct CallFault {
    /// The operation's name.
    operation: String,
    /// The first affected call, counted from 1.
    first: u64,
    /// The last affected call.
    last: u64,
    /// The effect on these calls.
    effect: Effect,
}

/// The effect of a fault on a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The call fails with this error code and is not executed.
    Fail(String),
    /// The connection is reset, and the call is not executed.
    Reset,
    /// The call is executed, then the connection is reset.
    ResetAfter,
    /// The response is delayed.
    Delay(Duration),
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail(code) => f.write_str(code),
            Self::Reset => f.write_str("reset"),
            Self::ResetAfter => f.write_str("reset-after"),
            Self::Delay(time) => write!(f, "delay-{}ms", time.as_millis()),
        }
    }
}

impl Faults {
    /// Parses the scripts; the error names the first invalid one and explains the syntax.
    pub(crate) fn parse(scripts: &[String]) -> Result<Self, Error> {
        let mut faults = Self::default();
        for text in scripts {
            match script::parse(text) {
                Ok(Script::Call(fault)) => faults.calls.push(fault),
                Ok(Script::Program(program)) => faults.programs.push(program),
                Err(reason) => {
                    return Err(Error::Fault {
                        script: text.clone(),
                        reason: format!("{reason}\n{GRAMMAR}"),
                    });
                }
            }
        }
        Ok(faults)
    }

    /// Counts a call and returns the effects on it: any delays, then at most one other effect.
    pub(crate) fn effects(&self, operation: &str) -> Vec<Effect> {
        if self.calls.is_empty() {
            return Vec::new();
        }
        let number = {
            let mut counts = lock(&self.counts);
            let count = counts.entry(operation.to_owned()).or_default();
            *count += 1;
            *count
        };
        let matching = self.calls.iter().filter(|fault| {
            fault.operation == operation && (fault.first..=fault.last).contains(&number)
        });
        let (mut effects, others): (Vec<_>, Vec<_>) = matching
            .map(|fault| fault.effect.clone())
            .partition(|effect| matches!(effect, Effect::Delay(_)));
        // Delays can be combined, but of the other effects only the first applies.
        effects.extend(others.into_iter().next());
        for effect in &effects {
            log(&format!("fault at call {number} of {operation}: {effect}"));
        }
        effects
    }

    /// Counts an invocation that a container has answered; returns whether that container is to crash now.
    pub(crate) fn crash_is_due(&self) -> bool {
        let number = self.invocations.fetch_add(1, Ordering::Relaxed) + 1;
        self.programs.iter().any(|program| match program {
            Program::CrashAfter(after) => number == *after,
            Program::CrashEvery(every) => number.is_multiple_of(*every),
            Program::Interrupt(_) | Program::Capacity(_) => false,
        })
    }

    /// The next interruption of a spot job that has already been interrupted `before` times.
    pub(crate) fn interruption(&self, before: usize) -> Option<Interruption> {
        let mut interruptions = self.programs.iter().filter_map(|program| match program {
            Program::Interrupt(interruption) => Some(*interruption),
            _ => None,
        });
        interruptions.nth(before)
    }

    /// How long a spot job has to wait for an instance.
    pub(crate) fn capacity_wait(&self) -> Duration {
        let waits = self.programs.iter().filter_map(|program| match program {
            Program::Capacity(wait) => Some(*wait),
            _ => None,
        });
        waits.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(scripts: &[&str]) -> Faults {
        let scripts: Vec<_> = scripts.iter().map(ToString::to_string).collect();
        Faults::parse(&scripts).unwrap()
    }

    #[test]
    fn a_fault_affects_the_calls_it_names_and_no_others() {
        for (script, hit) in [
            ("DescribeEndpoint:3:reset", vec![3]),
            ("DescribeEndpoint:2-4:reset", vec![2, 3, 4]),
            ("DescribeEndpoint:4+:reset", vec![4, 5]),
            ("DescribeEndpoint:*:reset", vec![1, 2, 3, 4, 5]),
            ("ListEndpoints:1:reset", vec![]),
        ] {
            let faults = faults(&[script]);
            let found: Vec<_> = (1..=5)
                .filter(|_| faults.effects("DescribeEndpoint") == [Effect::Reset])
                .collect();
            assert_eq!(found, hit, "{script}");
        }
    }

    #[test]
    fn a_call_can_be_delayed_and_fail() {
        let faults = faults(&[
            "PutObject:1:SlowDown",
            "PutObject:1:delay-20ms",
            "PutObject:1:reset",
        ]);
        let delay = Effect::Delay(Duration::from_millis(20));
        assert_eq!(
            faults.effects("PutObject"),
            [delay, Effect::Fail("SlowDown".into())]
        );
        assert_eq!(faults.effects("PutObject"), []);
    }

    #[test]
    fn faults_of_programs_happen_in_order() {
        let faults = faults(&[
            "serve:crash-after:2",
            "serve:crash-every:3",
            "train:interrupt-after:checkpoint",
            "train:interrupt-after:1s",
            "train:capacity-after:2s",
        ]);
        let crashes: Vec<_> = (0..6).map(|_| faults.crash_is_due()).collect();
        assert_eq!(crashes, [false, true, true, false, false, true]);
        assert_eq!(faults.interruption(0), Some(Interruption::Checkpoint));
        let second = Interruption::After(Duration::from_secs(1));
        assert_eq!(faults.interruption(1), Some(second));
        assert_eq!(faults.interruption(2), None);
        assert_eq!(faults.capacity_wait(), Duration::from_secs(2));
    }
}
