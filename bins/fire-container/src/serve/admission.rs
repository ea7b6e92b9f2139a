//! Admission control: limits the memory used by bodies and the number of large requests processed at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::limits::Limits;
use super::rejection::Rejection;

/// The bytes of all request and response bodies in memory.
///
/// A counter rather than a [`Semaphore`], because a computed response is counted even if it exceeds the limit; a
/// semaphore would make it wait.
#[derive(Debug)]
pub(super) struct MemoryBudget {
    limit: usize,
    used: AtomicUsize,
}

/// One request's share of the budget; dropping it returns the bytes.
#[derive(Debug)]
pub(super) struct MemoryPermit {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl MemoryBudget {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        let used = AtomicUsize::new(0);
        Arc::new(Self { limit, used })
    }

    /// A permit for 0 bytes, which can grow.
    pub(super) fn permit(self: &Arc<Self>) -> MemoryPermit {
        MemoryPermit {
            budget: self.clone(),
            bytes: 0,
        }
    }

    /// Bytes in use.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl MemoryPermit {
    /// Adds bytes; returns false if that exceeds the limit. Either way, they are counted until the permit is dropped.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        // Relaxed suffices: the counter guards no other memory.
        let before = self.budget.used.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        before + bytes <= self.budget.limit
    }

    /// Replaces the bytes counted so far, even beyond the limit, because the response already exists.
    pub(super) fn replace(&mut self, bytes: usize) {
        self.budget.used.fetch_add(bytes, Ordering::Relaxed);
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for MemoryPermit {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A bounded queue for expensive requests: one per core is processed, a few wait, and the rest are rejected.
#[derive(Debug)]
pub(super) struct WorkQueue {
    /// One permit per request that is being processed or waits.
    admitted: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    timeout: Duration,
}

/// Permission to process one request, released when dropped.
#[derive(Debug)]
pub(super) struct WorkPermit {
    _admitted: OwnedSemaphorePermit,
    _worker: OwnedSemaphorePermit,
}

impl WorkQueue {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            admitted: Arc::new(Semaphore::new(limits.workers + limits.queue)),
            workers: Arc::new(Semaphore::new(limits.workers)),
            timeout: limits.queue_timeout,
        }
    }

    /// Waits for a worker; 503 if the queue is full, or if no worker is free in time.
    pub(super) async fn acquire(&self) -> Result<WorkPermit, Rejection> {
        let full = || Rejection::busy("the queue for large requests is full");
        let admitted = self.admitted.clone().try_acquire_owned();
        let admitted = admitted.map_err(|_| full())?;
        match timeout(self.timeout, self.workers.clone().acquire_owned()).await {
            Ok(Ok(worker)) => Ok(WorkPermit {
                _admitted: admitted,
                _worker: worker,
            }),
            _ => Err(full()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_returned_when_a_permit_is_dropped() {
        let budget = MemoryBudget::new(100);
        let mut first = budget.permit();
        assert!(first.grow(60) && first.grow(40));
        let mut second = budget.permit();
        assert!(!second.grow(1));
        drop(second);
        first.replace(70);
        assert_eq!(budget.used(), 70);
        assert!(budget.permit().grow(30));
        assert!(!budget.permit().grow(31));
        drop(first);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn requests_are_rejected_when_the_queue_is_full_or_no_worker_is_free_in_time() {
        let queue = WorkQueue::new(&Limits {
            workers: 1,
            queue: 1,
            queue_timeout: Duration::from_millis(20),
            ..Limits::default()
        });
        let first = queue.acquire().await.unwrap();
        let (second, third) = tokio::join!(queue.acquire(), queue.acquire());
        assert!(second.is_err() && third.is_err());
        drop(first);
        assert!(queue.acquire().await.is_ok());
    }
}
