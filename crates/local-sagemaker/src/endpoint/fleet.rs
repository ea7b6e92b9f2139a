//! The variants of one deployment, each with its processes, and which of them answers a request.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::capture::Capture;
use super::replica::Replica;
use crate::store::locked;

/// Running variants with their shares of the traffic.
pub(crate) struct Fleet {
    /// In the order of the configuration.
    members: Vec<Arc<Member>>,
    /// Requests so far that named no variant.
    requests: AtomicU64,
    /// What is written down of requests and answers.
    pub(crate) capture: Option<Capture>,
}

/// One variant that runs.
pub(crate) struct Member {
    /// The variant's name.
    pub(crate) name: String,
    /// Its weight, which may change while it runs.
    weight: Mutex<f64>,
    /// Its processes, in the order of their numbers.
    replicas: Mutex<Vec<Arc<Replica>>>,
    /// Requests so far: whose turn it is, and how much there is to do.
    requests: AtomicU64,
}

impl Fleet {
    /// A fleet of variants that have all answered their `/ping`.
    pub(crate) fn new(members: Vec<Member>, capture: Option<Capture>) -> Self {
        Self {
            members: members.into_iter().map(Arc::new).collect(),
            requests: AtomicU64::new(0),
            capture,
        }
    }

    /// The variant of that name, or without a name the next one by weight.
    pub(crate) fn member(&self, target: Option<&str>) -> Option<&Arc<Member>> {
        let Some(target) = target else {
            let request = self.requests.fetch_add(1, Ordering::Relaxed);
            let weights: Vec<_> = self.members.iter().map(|member| member.weight()).collect();
            return self.members.get(choose(&weights, request)?);
        };
        self.named(target)
    }

    /// The variant of that name.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Member>> {
        self.members.iter().find(|member| member.name == name)
    }

    /// Ends all processes, at once.
    pub(crate) async fn stop(&self) {
        let replicas: Vec<_> = self
            .members
            .iter()
            .flat_map(|member| member.replicas())
            .collect();
        for replica in &replicas {
            replica.stop();
        }
        for replica in &replicas {
            replica.stopped().await;
        }
    }
}

impl Member {
    /// A variant whose processes have all answered their `/ping`.
    pub(crate) fn new(name: String, weight: f64, replicas: Vec<Replica>) -> Self {
        Self {
            name,
            weight: Mutex::new(weight),
            replicas: Mutex::new(replicas.into_iter().map(Arc::new).collect()),
            requests: AtomicU64::new(0),
        }
    }

    /// Its share of the traffic, against the sum of all.
    pub(crate) fn weight(&self) -> f64 {
        *locked(&self.weight)
    }

    /// From now on it has this share.
    pub(crate) fn weigh(&self, weight: f64) {
        *locked(&self.weight) = weight;
    }

    /// How many processes it has.
    pub(crate) fn count(&self) -> usize {
        locked(&self.replicas).len()
    }

    /// How many requests it has been given.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The process whose turn it is; one that is being started again only if there is no other.
    pub(crate) fn next(&self) -> Option<Arc<Replica>> {
        let turn = self.requests.fetch_add(1, Ordering::Relaxed) as usize;
        let replicas = locked(&self.replicas);
        let in_turn = || (0..replicas.len()).map(|step| &replicas[(turn + step) % replicas.len()]);
        let ready = in_turn().find(|replica| replica.is_ready());
        ready.or_else(|| in_turn().next()).cloned()
    }

    /// Adds processes that have answered their `/ping`.
    pub(crate) fn grow(&self, more: Vec<Replica>) {
        locked(&self.replicas).extend(more.into_iter().map(Arc::new));
    }

    /// Takes the processes beyond the first `count` out of the traffic, and ends them once the
    /// requests that they are answering are answered, or after `patience`.
    pub(crate) async fn shrink(&self, count: usize, patience: Duration) {
        let surplus = {
            let mut replicas = locked(&self.replicas);
            let count = count.min(replicas.len());
            replicas.split_off(count)
        };
        let mut ends: JoinSet<()> = surplus
            .into_iter()
            .map(|replica| async move {
                let deadline = Instant::now() + patience;
                while Arc::strong_count(&replica) > 1 && Instant::now() < deadline {
                    sleep(Duration::from_millis(20)).await;
                }
                replica.stop();
                replica.stopped().await;
            })
            .collect();
        while ends.join_next().await.is_some() {}
    }

    /// All processes.
    fn replicas(&self) -> Vec<Arc<Replica>> {
        locked(&self.replicas).clone()
    }
}

/// The index that request number `request` goes to. The multiples of the golden ratio fill the
/// unit interval evenly, so every stretch of requests comes close to the weights without a
/// random number.
fn choose(weights: &[f64], request: u64) -> Option<usize> {
    let total: f64 = weights.iter().sum();
    let mut left = evenly(request) * total;
    for (index, weight) in weights.iter().enumerate() {
        if left < *weight {
            return Some(index);
        }
        left -= weight;
    }
    // Rounding may leave a remainder beyond the last weight; without any weight nobody answers.
    weights.iter().rposition(|weight| *weight > 0.0)
}

/// Number `n` of a sequence that fills the interval from 0 to 1 evenly.
pub(crate) fn evenly(n: u64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    ((n % (1 << 32)) as f64 * GOLDEN).fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_shared_by_weight() {
        for (weights, expected) in [
            (vec![1.0], vec![1000]),
            (vec![1.0, 1.0], vec![500, 500]),
            (vec![9.0, 1.0], vec![900, 100]),
            (vec![0.0, 2.0, 2.0], vec![0, 500, 500]),
        ] {
            let mut counts = vec![0_i32; weights.len()];
            for request in 0..1000 {
                counts[choose(&weights, request).unwrap()] += 1;
            }
            for (count, expected) in counts.iter().zip(&expected) {
                assert!((count - expected).abs() <= 5, "{weights:?}: {counts:?}");
            }
        }
    }

    #[test]
    fn nobody_answers_without_weight() {
        assert_eq!(choose(&[0.0, 0.0], 7), None);
        assert_eq!(choose(&[], 7), None);
    }
}
