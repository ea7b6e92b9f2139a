//! Exit codes and the mapping of errors to them.

use std::fmt;
use std::process::{ExitCode, ExitStatus};

use sagemaker_ops::ErrorKind;

/// The outcome of a program. The numbers are part of the documented interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything was done as requested.
    Done = 0,
    /// The work itself failed: a job or endpoint failed, or a prediction was wrong.
    WorkFailed = 1,
    /// The arguments or the input were invalid.
    Usage = 2,
    /// The backend cannot be reached or rejects a call (credentials, permissions, quota).
    Backend = 3,
    /// The `--timeout` elapsed; the work continues.
    TimedOut = 4,
    /// Ctrl-C or SIGTERM; a message lists what keeps running remotely.
    Interrupted = 130,
}

impl Exit {
    const ALL: [Self; 6] = [
        Self::Done,
        Self::WorkFailed,
        Self::Usage,
        Self::Backend,
        Self::TimedOut,
        Self::Interrupted,
    ];

    /// The outcome of another program; a signal or an unknown code counts as [`Self::WorkFailed`].
    pub fn of_program(status: ExitStatus) -> Self {
        let code = status.code();
        let known = Self::ALL
            .into_iter()
            .find(|exit| code == Some(*exit as i32));
        known.unwrap_or(Self::WorkFailed)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// An error with the exit code assigned where it occurred.
#[derive(Debug)]
struct WithExit {
    exit: Exit,
    error: anyhow::Error,
}

impl fmt::Display for WithExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for WithExit {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// Marks an error as invalid usage or input (exit code 2).
pub fn usage(error: impl Into<anyhow::Error>) -> anyhow::Error {
    with_exit(Exit::Usage, error.into())
}

/// Marks an error as failed work (exit code 1).
pub fn failed(error: impl Into<anyhow::Error>) -> anyhow::Error {
    with_exit(Exit::WorkFailed, error.into())
}

fn with_exit(exit: Exit, error: anyhow::Error) -> anyhow::Error {
    anyhow::Error::new(WithExit { exit, error })
}

/// The exit code of the first cause that has one, else [`Exit::WorkFailed`].
pub fn exit_of(error: &anyhow::Error) -> Exit {
    error
        .chain()
        .find_map(exit_of_cause)
        .unwrap_or(Exit::WorkFailed)
}

fn exit_of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(error) = cause.downcast_ref::<WithExit>() {
        return Some(error.exit);
    }
    if let Some(error) = cause.downcast_ref::<sagemaker_ops::Error>() {
        return Some(of_kind(error.kind()));
    }
    if let Some(error) = cause.downcast_ref::<fire_run::Error>() {
        return Some(match error {
            fire_run::Error::File { .. } => Exit::WorkFailed,
            _ => Exit::Usage,
        });
    }
    let io = cause.downcast_ref::<std::io::Error>()?;
    // A reader that stops early (`| head`) is not a failure.
    (io.kind() == std::io::ErrorKind::BrokenPipe).then_some(Exit::Done)
}

fn of_kind(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Invalid => Exit::Usage,
        ErrorKind::Timeout => Exit::TimedOut,
        ErrorKind::Model => Exit::WorkFailed,
        _ => Exit::Backend,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};

    use super::*;

    #[test]
    fn added_context_does_not_change_the_exit_code() {
        let cases = [
            (usage(anyhow!("bad flag")), Exit::Usage),
            (failed(anyhow!("job failed")), Exit::WorkFailed),
            (anyhow!("undecided"), Exit::WorkFailed),
            (
                std::io::Error::from(std::io::ErrorKind::BrokenPipe).into(),
                Exit::Done,
            ),
        ];
        for (error, expected) in cases {
            let error = Err::<(), _>(error).context("while testing").unwrap_err();
            assert_eq!(exit_of(&error), expected, "{error:#}");
        }
    }

    #[test]
    fn exit_statuses_of_other_programs_are_mapped_back() {
        use std::os::unix::process::ExitStatusExt as _;
        for exit in Exit::ALL {
            let status = ExitStatus::from_raw((exit as i32) << 8);
            assert_eq!(Exit::of_program(status), exit);
        }
        let killed = ExitStatus::from_raw(9);
        assert_eq!(Exit::of_program(killed), Exit::WorkFailed);
    }

    #[test]
    fn an_error_with_an_exit_code_shows_its_causes_once() {
        let error = usage(anyhow!("cell is not a number").context("line 3"));
        assert_eq!(format!("{error:#}"), "line 3: cell is not a number");
    }
}
