//! The variants of one deployment, and which of them answers a request.

use std::sync::atomic::{AtomicU64, Ordering};

use super::replica::Replica;

/// Running variants with their shares of the traffic.
pub(crate) struct Fleet {
    /// In the order of the configuration.
    members: Vec<Member>,
    /// Requests so far that named no variant.
    requests: AtomicU64,
}

/// One variant that runs.
pub(crate) struct Member {
    /// The variant's name.
    pub(crate) name: String,
    /// Its weight.
    pub(crate) weight: f64,
    /// Its process.
    pub(crate) replica: Replica,
}

impl Fleet {
    /// A fleet of variants that have all answered their `/ping`.
    pub(crate) fn new(members: Vec<Member>) -> Self {
        Self {
            members,
            requests: AtomicU64::new(0),
        }
    }

    /// The variant of that name, or without a name the next one by weight.
    pub(crate) fn member(&self, target: Option<&str>) -> Option<&Member> {
        let Some(target) = target else {
            let request = self.requests.fetch_add(1, Ordering::Relaxed);
            let weights: Vec<_> = self.members.iter().map(|member| member.weight).collect();
            return self.members.get(choose(&weights, request)?);
        };
        self.members.iter().find(|member| member.name == target)
    }

    /// Ends all processes, at once.
    pub(crate) async fn stop(&self) {
        for member in &self.members {
            member.replica.stop();
        }
        for member in &self.members {
            member.replica.stopped().await;
        }
    }
}

/// The index that request number `request` goes to. The multiples of the golden ratio fill the
/// unit interval evenly, so every stretch of requests comes close to the weights without a
/// random number.
fn choose(weights: &[f64], request: u64) -> Option<usize> {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let total: f64 = weights.iter().sum();
    let mut left = ((request % (1 << 32)) as f64 * GOLDEN).fract() * total;
    for (index, weight) in weights.iter().enumerate() {
        if left < *weight {
            return Some(index);
        }
        left -= weight;
    }
    // Rounding may leave a remainder beyond the last weight; without any weight nobody answers.
    weights.iter().rposition(|weight| *weight > 0.0)
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
