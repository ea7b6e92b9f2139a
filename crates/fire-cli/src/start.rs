//! From the command line to an exit code.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::local_server::find_program;
use crate::remedy::settings_for_error;
use crate::{CommonArgs, Console, Exit, exit_of};

/// Parses the arguments, runs the program and maps its outcome to an exit code.
///
/// `common` finds the shared flags among the program's own. Ctrl-C and SIGTERM end
/// the program with 130 after its notice (see [`Console::notice`]) was written.
pub fn main<A, R>(common: fn(&A) -> &CommonArgs, run: R) -> ExitCode
where
    A: Parser + CommandFactory,
    R: AsyncFnOnce(A, &mut Console<'_>) -> anyhow::Result<Exit>,
{
    let args = match A::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Clap's own code is 2 for wrong usage and 0 for --help.
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
        // A reader that has seen enough (`| head`) is no failure.
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
    // Nothing of ours is worth waiting for once the outcome is known.
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
        // Standard error may be gone; the exit code still tells.
        let settings = settings_for_error(error).map(|settings| format!(" ({settings})"));
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

/// How to call another program of the family from here: by its bare name when it is
/// on the PATH, else by its path beside the running executable.
pub fn sibling_program(name: &str) -> String {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&paths).any(|folder| folder.join(name).is_file()) {
        return name.to_owned();
    }
    find_program(name).map_or_else(
        || name.to_owned(),
        |path| shell_word(&path.display().to_string()),
    )
}

/// The text as one word of a shell's command line: printed commands are meant to be copied.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_special_characters_are_quoted() {
        let cases = [
            ("/tmp/.fire", "/tmp/.fire"),
            ("/tmp/my state", "'/tmp/my state'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
        ];
        for (text, word) in cases {
            assert_eq!(shell_word(text), word);
        }
    }
}
