//! Processor and memory use of processes, from `/proc`.

use std::collections::BTreeMap;
use std::fs;

use tokio::time::Instant;

use crate::machine::process::ProcessId;

/// Clock ticks per second in `/proc`, the same on every supported Linux.
const TICKS: f64 = 100.0;

/// The owner of a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ProcessOwner {
    /// An instance of an endpoint's variant.
    Variant {
        /// The endpoint's name.
        endpoint: String,
        /// The variant's name.
        variant: String,
    },
    /// A training job: `JOB/algo-1`.
    Job(String),
}

/// The resource use of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Percent of one processor since the last sample; `None` for the first.
    pub(crate) cpu_percent: Option<f64>,
    /// Percent of the machine's memory.
    pub(crate) memory_percent: f64,
}

/// The last sample of each process.
#[derive(Default)]
pub(crate) struct UsageSampler(BTreeMap<i32, (ProcessId, f64, Instant)>);

impl UsageSampler {
    /// Samples a process; `None` if it has ended.
    pub(crate) fn sample(&mut self, identity: ProcessId) -> Option<Usage> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", identity.pid())).ok()?;
        let status = fs::read_to_string(format!("/proc/{}/status", identity.pid())).ok()?;
        let (seconds, now) = (busy_seconds(&stat)?, Instant::now());
        let before = self.0.insert(identity.pid(), (identity, seconds, now));
        // The process id may have been reused since the last sample.
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

    /// Forgets all other processes.
    pub(crate) fn keep(&mut self, alive: &[ProcessId]) {
        self.0
            .retain(|_, (identity, _, _)| alive.contains(identity));
    }
}

/// Processor time in seconds from a line of `/proc/PID/stat`: fields 14 and 15.
fn busy_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(14 - 3);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / TICKS)
}

/// The number of kilobytes on the line that begins with `start`.
fn kilobytes(text: &str, start: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(start))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_time_and_memory() {
        let mut sampler = UsageSampler::default();
        let own = ProcessId::of(std::process::id() as i32).unwrap();
        let first = sampler.sample(own).unwrap();
        assert!(first.cpu_percent.is_none());
        assert!(first.memory_percent > 0.0 && first.memory_percent < 100.0);
        let begin = Instant::now();
        while begin.elapsed().as_millis() < 60 {
            std::hint::spin_loop();
        }
        assert!(sampler.sample(own).unwrap().cpu_percent.unwrap() > 1.0);
        sampler.keep(&[]);
        assert!(sampler.sample(own).unwrap().cpu_percent.is_none());
    }
}
