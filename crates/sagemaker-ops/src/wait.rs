//! The polling loop shared by all operations that wait.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;

/// The interval, time limit and error tolerance of polling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The pause between two polls.
    pub interval: Duration,
    /// The time limit; `None` waits forever.
    pub deadline: Option<Duration>,
    /// The number of consecutive transient errors ([`Error::is_passing`]) to ignore. The SDK has
    /// already retried each of them.
    pub tolerated_errors: u32,
}

impl Pace {
    /// The same pace with the rest of the time limit, `elapsed` of which has passed.
    #[must_use]
    pub fn after(self, elapsed: Duration) -> Self {
        Self {
            deadline: self.deadline.map(|all| all.saturating_sub(elapsed)),
            ..self
        }
    }

    /// The pause before the next poll if `elapsed` has passed since the first one; `None` after the
    /// deadline.
    ///
    /// The last pause is shortened to make the last poll exactly at the deadline.
    fn pause(&self, elapsed: Duration) -> Option<Duration> {
        let left = self.after(elapsed).deadline.unwrap_or(Duration::MAX);
        (!left.is_zero()).then_some(left.min(self.interval))
    }
}

/// Calls `poll` immediately and then after every interval until it returns a value.
///
/// `awaited` is used in messages: "cannot finish waiting for {awaited}".
///
/// # Errors
/// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) at the deadline; the awaited work continues.
/// Any other error of `poll`, except up to [`Pace::tolerated_errors`] consecutive transient ones.
pub async fn poll_until<T, P>(
    pace: Pace,
    awaited: &str,
    mut poll: impl FnMut() -> P,
) -> Result<T, Error>
where
    P: Future<Output = Result<Option<T>, Error>>,
{
    let mut polling = Polling::new(pace);
    loop {
        if let Some(value) = polling.after(awaited, poll().await).await? {
            return Ok(value);
        }
    }
}

/// The loop body of [`poll_until`], for callers whose `poll` mutably borrows local state.
pub(crate) struct Polling {
    pace: Pace,
    started: Instant,
    /// Consecutive tolerated errors.
    errors: u32,
}

impl Polling {
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            pace,
            started: Instant::now(),
            errors: 0,
        }
    }

    /// Returns the result of a poll that ends the loop; otherwise pauses and returns `None`.
    pub(crate) async fn after<T>(
        &mut self,
        awaited: &str,
        polled: Result<Option<T>, Error>,
    ) -> Result<Option<T>, Error> {
        match polled {
            Ok(None) => self.errors = 0,
            Err(error) if error.is_passing() && self.errors < self.pace.tolerated_errors => {
                self.errors += 1;
            }
            ended => return ended,
        }
        let Some(pause) = self.pace.pause(self.started.elapsed()) else {
            let waited = self.pace.deadline.unwrap_or_default();
            return Err(Error::timeout(awaited, waited));
        };
        // Not an interval timer, which would fire several times in a row after a slow poll.
        tokio::time::sleep(pause).await;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_deadline_shortens_the_last_pause() {
        let check = |deadline: Option<u64>, elapsed: u64, expected: Option<u64>| {
            let pace = Pace {
                interval: ms(100),
                deadline: deadline.map(ms),
                tolerated_errors: 0,
            };
            assert_eq!(
                pace.pause(ms(elapsed)),
                expected.map(ms),
                "{deadline:?} at {elapsed} ms"
            );
        };
        check(None, 1_000_000, Some(100));
        check(Some(250), 0, Some(100));
        check(Some(250), 200, Some(50));
        check(Some(250), 250, None);
        check(Some(250), 300, None);
        check(Some(0), 0, None);
    }

    const PACE: Pace = Pace {
        interval: ms(1),
        deadline: Some(ms(20)),
        tolerated_errors: 2,
    };

    #[tokio::test]
    async fn polling_ends_with_the_first_value_or_at_the_deadline() {
        let mut polls = 0;
        let third = poll_until(PACE, "the third poll", || {
            polls += 1;
            let polls = polls;
            async move { Ok((polls == 3).then_some(polls)) }
        });
        assert_eq!(third.await.unwrap(), 3);

        let error = poll_until::<(), _>(PACE, "the moon", async || Ok(None)).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(
            error.to_string(),
            "cannot finish waiting for the moon: the time limit of 20ms has passed, but the work \
             continues"
        );
    }

    #[tokio::test]
    async fn only_transient_errors_are_tolerated_up_to_a_consecutive_limit() {
        // Each script has one outcome per poll: a kind of error, or `None` for "not yet".
        let check = async |script: &[Option<ErrorKind>], polls: usize, expected: ErrorKind| {
            let mut outcomes = script.iter().cycle();
            let mut made = 0;
            let error = poll_until::<(), _>(PACE, "x", || {
                made += 1;
                let kind = outcomes.next().copied().flatten();
                let error = kind.map(|kind| Error::new(kind, "poll", "x"));
                async move { error.map_or(Ok(None), Err) }
            });
            assert_eq!(error.await.unwrap_err().kind(), expected, "{script:?}");
            if expected != ErrorKind::Timeout {
                assert_eq!(made, polls, "{script:?}");
            }
        };
        let (denied, broken) = (Some(ErrorKind::Denied), Some(ErrorKind::Transport));
        check(&[denied], 1, ErrorKind::Denied).await;
        check(&[broken], 3, ErrorKind::Transport).await;
        check(&[broken, broken, None], 0, ErrorKind::Timeout).await;
    }
}
