//! One polling loop for everything that takes time.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind};

/// How often to look, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Pause between two looks.
    pub interval: Duration,
    /// Time after which to give up; none waits for ever.
    pub deadline: Option<Duration>,
}

impl Pace {
    /// Pause before the next look when `elapsed` has passed since the first one; none when the time
    /// is up.
    ///
    /// The last pause is cut so that the last look falls on the deadline itself.
    fn pause(&self, elapsed: Duration) -> Option<Duration> {
        match self.deadline {
            None => Some(self.interval),
            Some(deadline) => deadline
                .checked_sub(elapsed)
                .filter(|left| !left.is_zero())
                .map(|left| left.min(self.interval)),
        }
    }
}

/// Calls `look` at once and then at every interval until it returns a value.
///
/// `what` is what is waited for, as in "cannot wait any longer for {what}".
/// Fails with [`ErrorKind::Timeout`] at the deadline, which ends only the watching, and with the error of `look` as soon as it has
/// one.
pub async fn poll_until<T, L>(
    pace: Pace,
    what: &str,
    mut look: impl FnMut() -> L,
) -> Result<T, Error>
where
    L: Future<Output = Result<Option<T>, Error>>,
{
    let started = Instant::now();
    loop {
        if let Some(value) = look().await? {
            return Ok(value);
        }
        let Some(pause) = pace.pause(started.elapsed()) else {
            let waited = pace.deadline.unwrap_or_default();
            let message = format!("{what}: {waited:?} have passed; it goes on");
            return Err(Error::new(
                ErrorKind::Timeout,
                "wait any longer for",
                message,
            ));
        };
        // Not an interval timer: a look that takes long must not be followed by a burst of others.
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn pauses_are_the_interval_until_the_deadline_cuts_the_last_one() {
        let check = |deadline: Option<u64>, elapsed: u64, expected: Option<u64>| {
            let pace = Pace {
                interval: MS(100),
                deadline: deadline.map(MS),
            };
            assert_eq!(
                pace.pause(MS(elapsed)),
                expected.map(MS),
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

    #[tokio::test]
    async fn the_loop_ends_with_the_first_value_the_first_error_or_the_deadline() {
        let pace = Pace {
            interval: MS(1),
            deadline: Some(MS(20)),
        };
        let mut looks = 0;
        let third = poll_until(pace, "the third look", || {
            looks += 1;
            let looks = looks;
            async move { Ok((looks == 3).then_some(looks)) }
        });
        assert_eq!(third.await.unwrap(), 3);

        let error = poll_until::<(), _>(pace, "nothing", async || {
            Err(Error::new(ErrorKind::Denied, "look", "no"))
        });
        assert_eq!(error.await.unwrap_err().kind(), ErrorKind::Denied);

        let error = poll_until::<(), _>(pace, "the moon", async || Ok(None))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(
            error.to_string(),
            "cannot wait any longer for the moon: 20ms have passed; it goes on"
        );
    }
}
