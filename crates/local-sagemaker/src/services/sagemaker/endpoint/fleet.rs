//! The running variants of one deployment, with their containers, and the choice of a container for each
//! request.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::capture::Capture;
use super::replica::Replica;
use super::traffic;
use crate::machine::table::lock;

/// Running variants with their shares of the traffic.
pub(crate) struct Fleet {
    /// In the order of the configuration.
    variants: Vec<Arc<RunningVariant>>,
    /// Number of requests without a target variant.
    requests: AtomicU64,
    /// The data capture settings.
    pub(crate) capture: Option<Capture>,
}

/// One running variant.
pub(crate) struct RunningVariant {
    /// The variant's name.
    pub(crate) name: String,
    /// Its traffic weight, which may change while it runs.
    weight: Mutex<f64>,
    /// Its containers, in order of their numbers.
    replicas: Mutex<Vec<Arc<Replica>>>,
    /// Number of requests so far: selects the next container, and measures the load.
    requests: AtomicU64,
}

impl Fleet {
    /// A fleet of variants that have all answered `/ping`.
    pub(crate) fn new(variants: Vec<RunningVariant>, capture: Option<Capture>) -> Self {
        Self {
            variants: variants.into_iter().map(Arc::new).collect(),
            requests: AtomicU64::new(0),
            capture,
        }
    }

    /// The variant named `target`; without a target, the next one by traffic weight.
    pub(crate) fn select(&self, target: Option<&str>) -> Option<&Arc<RunningVariant>> {
        let Some(target) = target else {
            let request = self.requests.fetch_add(1, Ordering::Relaxed);
            let weights: Vec<_> = self
                .variants
                .iter()
                .map(|variant| variant.weight())
                .collect();
            return self.variants.get(traffic::choose(&weights, request)?);
        };
        self.variant(target)
    }

    /// The variant with this name.
    pub(crate) fn variant(&self, name: &str) -> Option<&Arc<RunningVariant>> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// Stops all containers concurrently.
    pub(crate) async fn stop(&self) {
        let replicas: Vec<_> = self
            .variants
            .iter()
            .flat_map(|variant| variant.replicas())
            .collect();
        for replica in &replicas {
            replica.stop();
        }
        for replica in &replicas {
            replica.wait_until_stopped().await;
        }
    }
}

impl RunningVariant {
    /// A variant whose containers have all answered `/ping`.
    pub(crate) fn new(name: String, weight: f64, replicas: Vec<Replica>) -> Self {
        Self {
            name,
            weight: Mutex::new(weight),
            replicas: Mutex::new(replicas.into_iter().map(Arc::new).collect()),
            requests: AtomicU64::new(0),
        }
    }

    /// Its traffic weight, relative to the sum of all weights.
    pub(crate) fn weight(&self) -> f64 {
        *lock(&self.weight)
    }

    /// Changes its traffic weight.
    pub(crate) fn set_weight(&self, weight: f64) {
        *lock(&self.weight) = weight;
    }

    /// Number of its containers.
    pub(crate) fn count(&self) -> usize {
        lock(&self.replicas).len()
    }

    /// Number of requests it has been selected for.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The next container in turn; one that is restarting only if no other is ready.
    pub(crate) fn next(&self) -> Option<Arc<Replica>> {
        let turn = self.requests.fetch_add(1, Ordering::Relaxed) as usize;
        // Locked only while a container is selected, never while it responds.
        let replicas = lock(&self.replicas);
        let in_turn = || (0..replicas.len()).map(|step| &replicas[(turn + step) % replicas.len()]);
        let ready = in_turn().find(|replica| replica.is_ready());
        ready.or_else(|| in_turn().next()).cloned()
    }

    /// Adds containers that have answered `/ping`.
    pub(crate) fn grow(&self, more: Vec<Replica>) {
        lock(&self.replicas).extend(more.into_iter().map(Arc::new));
    }

    /// Takes all containers but the first `count` out of service, and stops each once its pending requests
    /// have completed, or after `limit`.
    pub(crate) async fn shrink(&self, count: usize, limit: Duration) {
        let surplus = {
            let mut replicas = lock(&self.replicas);
            let count = count.min(replicas.len());
            replicas.split_off(count)
        };
        let mut ends: JoinSet<()> = surplus
            .into_iter()
            .map(|replica| async move {
                let deadline = Instant::now() + limit;
                // Each pending request holds a reference; the last one left is ours.
                while Arc::strong_count(&replica) > 1 && Instant::now() < deadline {
                    sleep(Duration::from_millis(20)).await;
                }
                replica.stop();
                replica.wait_until_stopped().await;
            })
            .collect();
        while ends.join_next().await.is_some() {}
    }

    /// All containers.
    fn replicas(&self) -> Vec<Arc<Replica>> {
        lock(&self.replicas).clone()
    }
}
