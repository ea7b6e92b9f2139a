//! Shows the log lines of jobs or an endpoint, each line once.

use std::collections::BTreeSet;
use std::time::Duration;

use fire_cli::{Console, log_command};
use sagemaker_ops::logs::{Follower, LogLine, LogSource};
use sagemaker_ops::{BackendKind, Clients, ErrorKind};

use crate::output::{Screen, emit};

/// Number of polls after the end, because the last lines arrive later than the final status.
const FINAL_POLLS: u32 = 2;

/// The logs to show; `follower` is `None` without `--logs`, or if they cannot be read.
pub(crate) struct Logs {
    sources: Vec<LogSource>,
    follower: Option<Follower>,
}

impl Logs {
    /// The logs of these sources, shown only if `enabled`.
    pub(crate) fn of(enabled: bool, sources: impl IntoIterator<Item = LogSource>) -> Self {
        let sources: Vec<LogSource> = sources.into_iter().collect();
        let follower = enabled.then(|| Follower::new(sources.clone()));
        Self { sources, follower }
    }

    /// Shows the new lines.
    ///
    /// Logs that cannot be read do not end the watch; one warning names the command that reads them.
    pub(crate) async fn show(
        &mut self,
        clients: &Clients,
        screen: &mut Screen<'_, '_>,
    ) -> anyhow::Result<()> {
        let Some(follower) = &mut self.follower else {
            return Ok(());
        };
        match follower.next(clients).await {
            Ok(lines) => {
                let prefixed = self.sources.len() > 1;
                screen.write(|console| say(&lines, prefixed, console))?;
            }
            // The next poll gets the same lines.
            Err(error) if error.is_passing() => {}
            Err(error) => {
                self.follower = None;
                let commands: BTreeSet<String> = self
                    .sources
                    .iter()
                    .map(|source| log_command(&source.location(clients)))
                    .collect();
                let commands: Vec<String> = commands.into_iter().collect();
                let hint = match error.kind() {
                    ErrorKind::Denied => "; it needs logs:DescribeLogStreams and logs:GetLogEvents",
                    _ => "",
                };
                let warning = format!(
                    "cannot show logs: {error}{hint}; try\n  {}",
                    commands.join("\n  ")
                );
                screen.write(|console| console.warn(warning))?;
            }
        }
        Ok(())
    }

    /// Shows the remaining lines once everything has ended.
    pub(crate) async fn finish(
        &mut self,
        clients: &Clients,
        screen: &mut Screen<'_, '_>,
    ) -> anyhow::Result<()> {
        let pause = match clients.kind() {
            BackendKind::Local => Duration::from_millis(50),
            // Lines take a few seconds to reach CloudWatch.
            BackendKind::Aws => Duration::from_secs(5),
        };
        for poll in 0..FINAL_POLLS {
            if self.follower.is_some() && poll > 0 {
                tokio::time::sleep(pause).await;
            }
            self.show(clients, screen).await?;
        }
        Ok(())
    }
}

fn say(lines: &[LogLine], prefixed: bool, console: &mut Console<'_>) -> std::io::Result<()> {
    for line in lines {
        emit(console, "log", line)?;
        console.say(if prefixed {
            format!("[{}] {}", line.source, line.text)
        } else {
            line.text.clone()
        })?;
    }
    Ok(())
}
