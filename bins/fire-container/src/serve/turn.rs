//! Large requests take turns, a few wait, and more are sent away.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::limits::Limits;
use super::refusal::Refusal;

/// Work that takes more than a moment, one piece per core.
#[derive(Debug)]
pub(super) struct Turns {
    places: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    patience: Duration,
}

impl Turns {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.workers + limits.waiting)),
            workers: Arc::new(Semaphore::new(limits.workers)),
            patience: limits.turn,
        }
    }

    /// Waits for a turn, which ends when the permits are dropped.
    pub(super) async fn take(&self) -> Result<[OwnedSemaphorePermit; 2], Refusal> {
        let busy = || Refusal::busy("as many large requests as can wait are waiting");
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_| busy())?;
        match timeout(self.patience, self.workers.clone().acquire_owned()).await {
            Ok(Ok(worker)) => Ok([place, worker]),
            _ => Err(busy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_finds_no_place_or_no_worker_in_time_is_sent_away() {
        let turns = Turns::new(&Limits {
            workers: 1,
            waiting: 1,
            turn: Duration::from_millis(20),
            ..Limits::default()
        });
        let first = turns.take().await.unwrap();
        let (second, third) = tokio::join!(turns.take(), turns.take());
        assert!(second.is_err() && third.is_err());
        drop(first);
        assert!(turns.take().await.is_ok());
    }
}
