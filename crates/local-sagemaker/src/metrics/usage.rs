//! What processes use of the machine, as `/proc` tells it.

use std::collections::BTreeMap;
use std::fs;

use tokio::time::Instant;

use crate::process::Identity;

/// Clock ticks a second in `/proc`: the same on every Linux that this is built for.
const TICKS: f64 = 100.0;

/// Whose process it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Watched {
    /// One of an endpoint's variant.
    Variant {
        /// The endpoint's name.
        endpoint: String,
        /// The variant's name.
        variant: String,
    },
    /// That of a training job: `JOB/algo-1`.
    Job(String),
}

/// What a process uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Percent of one processor since the last look; none at the first.
    pub(crate) cpu_percent: Option<f64>,
    /// Percent of the machine's memory.
    pub(crate) memory_percent: f64,
}

/// What earlier looks have seen.
#[derive(Default)]
pub(crate) struct Looks(BTreeMap<i32, (Identity, f64, Instant)>);

impl Looks {
    /// Looks at a process; none if it has gone.
    pub(crate) fn look(&mut self, identity: Identity) -> Option<Usage> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", identity.pid())).ok()?;
        let status = fs::read_to_string(format!("/proc/{}/status", identity.pid())).ok()?;
        let (seconds, now) = (busy_seconds(&stat)?, Instant::now());
        let before = self.0.insert(identity.pid(), (identity, seconds, now));
        let before = before.filter(|(known, _, _)| *known == identity);
        let cpu_percent = before.and_then(|(_, earlier, then)| {
            let elapsed = now.duration_since(then).as_secs_f64();
            (elapsed > 0.0).then(|| 100.0 * (seconds - earlier).max(0.0) / elapsed)
        });
        let memory = fs::read_to_string("/proc/meminfo").ok()?;
        Some(Usage {
            cpu_percent,
            memory_percent: 100.0 * kilobytes(&status, "VmRSS:")?
                / kilobytes(&memory, "MemTotal:")?,
        })
    }

    /// Forgets the processes that are not among these.
    pub(crate) fn keep(&mut self, alive: &[Identity]) {
        self.0
            .retain(|_, (identity, _, _)| alive.contains(identity));
    }
}

/// Seconds of processor time in a line of `/proc/PID/stat`: fields 14 and 15.
fn busy_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(14 - 3);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / TICKS)
}

/// The kilobytes on the line that begins so.
fn kilobytes(text: &str, start: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(start))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let mut looks = Looks::default();
        let own = Identity::of(std::process::id() as i32).unwrap();
        let first = looks.look(own).unwrap();
        assert!(first.cpu_percent.is_none());
        assert!(first.memory_percent > 0.0 && first.memory_percent < 100.0);
        let begin = Instant::now();
        while begin.elapsed().as_millis() < 60 {
            std::hint::spin_loop();
        }
        assert!(looks.look(own).unwrap().cpu_percent.unwrap() > 1.0);
        looks.keep(&[]);
        assert!(looks.look(own).unwrap().cpu_percent.is_none());
    }
}
