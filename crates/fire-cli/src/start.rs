//! The programs' entry point, and how they invoke each other.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{CommandFactory, Parser};

use crate::local_server::find_program;
use crate::remedy::settings_for_error;
use crate::{CommonArgs, Console, Exit, exit_of};

/// Parses the arguments, runs the program and maps its outcome to an exit code.
///
/// `common` returns the shared flags from the program's arguments. On Ctrl-C or SIGTERM the program
/// prints its notice (see [`Console::notice`]) and exits with 130.
pub fn main<A, R>(common: fn(&A) -> &CommonArgs, run: R) -> ExitCode
where
    A: Parser + CommandFactory,
    R: AsyncFnOnce(A, &mut Console<'_>) -> anyhow::Result<Exit>,
{
    let args = match A::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Clap's own exit code is 2 for invalid usage and 0 for --help.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let style = common(&args).style(err.is_terminal());
    let mut console = Console::new(&mut out, &mut err, style);
    if let Some(shell) = common(&args).completions {
        let mut command = A::command();
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, name, &mut script);
        // A reader that stops early (`| head`) is not a failure.
        let _ = console.out().write_all(&script);
        return Exit::Done.into();
    }
    outcome(args, &mut console, run).into()
}

fn outcome<A, R>(args: A, console: &mut Console<'_>, run: R) -> Exit
where
    R: AsyncFnOnce(A, &mut Console<'_>) -> anyhow::Result<Exit>,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return report(&anyhow::Error::new(error), console),
    };
    let notice = console.notice();
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = run(args, console) => Some(ended),
            () = interrupted() => None,
        }
    });
    // Remaining tasks cannot change the outcome, so shutdown does not wait for them.
    runtime.shutdown_background();
    match ended {
        Some(Ok(exit)) => exit,
        Some(Err(error)) => report(&error, console),
        None => {
            let _ = console.warn(format!("interrupted. {}", notice.get()).trim_end());
            Exit::Interrupted
        }
    }
}

fn report(error: &anyhow::Error, console: &mut Console<'_>) -> Exit {
    let exit = exit_of(error);
    if exit != Exit::Done {
        let settings = settings_for_error(error).map(|settings| format!(" ({settings})"));
        // If standard error is closed, the exit code still reports the failure.
        let _ = console.warn(format!("error: {error:#}{}", settings.unwrap_or_default()));
    }
    exit
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// The word that invokes another of the programs in a printed command: its name if it is on the PATH,
/// else the path from [`sibling_file`].
pub fn sibling_program(name: &str) -> String {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&paths).any(|directory| directory.join(name).is_file()) {
        return name.to_owned();
    }
    shell_word(&sibling_file(name).display().to_string())
}

/// The executable of another of the programs, in `FIRE_BIN_DIR` or next to the running one, else
/// its bare name for a PATH lookup.
pub fn sibling_file(name: &str) -> PathBuf {
    find_program(name).unwrap_or_else(|| name.into())
}

/// The current time, in seconds since 1970.
pub fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// Quotes the text as one shell word: printed commands can be copied and run unchanged.
pub fn shell_word(text: &str) -> String {
    // Only a NUL byte cannot be quoted, and no argument or path contains one.
    shlex::try_quote(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_special_characters_are_quoted() {
        let cases = [
            ("/tmp/.fire", "/tmp/.fire"),
            ("/tmp/my state", "'/tmp/my state'"),
            ("it's", "\"it's\""),
            ("", "''"),
        ];
        for (text, word) in cases {
            assert_eq!(shell_word(text), word);
        }
    }
}
