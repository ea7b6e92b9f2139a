//! The command line of the program `local-sagemaker`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, chain};
use crate::faults::GRAMMAR;
use crate::machine::lock_file::{build_id, stop_server};
use crate::server::{Config, Server};
use crate::services::images::{ImageMapping, RealPaths};

/// Wrong usage, or a problem that the caller can fix: another server, a port in use.
const EXIT_USAGE: u8 = 2;

/// Name of the default state directory, which the pipeline's programs also use.
const STATE_DIR_NAME: &str = ".fire";

/// SageMaker and the services around it (S3, CloudWatch and its logs, Application Auto Scaling, ECR,
/// IAM, STS) on one port of 127.0.0.1, with real training and serving processes behind them
#[derive(Debug, Parser)]
#[command(version, after_help = help_end())]
pub struct Args {
    /// Port on 127.0.0.1; 0 selects a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// State directory [default: the nearest `.fire` in the current folder or above it, otherwise a new
    /// one in the current folder]
    #[arg(long, env = "FIRE_STATE_DIR")]
    state_dir: Option<PathBuf>,
    /// Stop after this many seconds without a request, running job or endpoint; 0 means never
    #[arg(long, default_value_t = 0)]
    idle_seconds: u64,
    /// Run PROGRAM, which follows SageMaker's container contract, for the images of REPOSITORY; can be
    /// repeated
    #[arg(long = "image", value_name = "REPOSITORY=PROGRAM")]
    image_mappings: Vec<String>,
    /// File with one REPOSITORY=PROGRAM per line
    #[arg(long = "images", env = "FIRE_IMAGES", value_name = "FILE")]
    images_file: Option<PathBuf>,
    /// Whether the programs of --image and --images have their files at /opt/ml itself, through a mount that
    /// only they see: auto (where this machine allows it), always, or never
    #[arg(
        long,
        env = "FIRE_REAL_PATHS",
        value_name = "WHEN",
        value_enum,
        hide_possible_values = true,
        default_value_t
    )]
    real_paths: RealPaths,
    /// Inject a fault, in the syntax below; can be repeated (in the environment variable, separate
    /// faults by semicolons)
    #[arg(
        long = "fault",
        env = "FIRE_FAULTS",
        value_name = "FAULT",
        value_delimiter = ';'
    )]
    faults: Vec<String>,
    /// Append each call to FILE as a line of JSON with `time`, `service`, `operation`, `path`, `bytes`
    /// and `status`
    #[arg(long = "calls", env = "FIRE_CALLS", value_name = "FILE")]
    calls: Option<PathBuf>,
    /// Length of an auto-scaling minute in seconds; shorten it to speed up scaling, which on AWS adds
    /// instances after 3 minutes of load and removes them after 15 quiet minutes
    #[arg(
        long,
        env = "FIRE_SCALING_MINUTE",
        value_name = "SECONDS",
        default_value_t = 60.0
    )]
    scaling_minute: f64,
    /// Run in a new session, and log to server.log in the state directory
    #[arg(long)]
    detached: bool,
    /// Stop the server of the state directory, wait until it has stopped, and exit
    #[arg(long)]
    stop: bool,
    /// Print this program's build id, which is also in server.json, and exit
    #[arg(long)]
    build_id: bool,
}

/// How `--image` is written and what its programs get, for `--help`.
const IMAGES: &str = "\
An image mapping is REPOSITORY=PROGRAM:
  REPOSITORY  the last part of the image's name, or more of it: scikit, team/scikit, registry/team/scikit;
              the longest match wins; with a :tag or @digest, only that image
  PROGRAM     an executable and its arguments, run with `train` or `serve` after them (for a training job,
              ContainerEntrypoint replaces PROGRAM and ContainerArguments replaces `train`);
              relative paths are relative to the current directory, or in a file to the file's directory
Its environment: FIRE_OPT_ML and SAGEMAKER_BASE_DIR (the directory in place of /opt/ml),
SAGEMAKER_BIND_TO_PORT (in place of 8080), FIRE_BIND_ADDRESS (127.0.0.1)";

/// Examples and exit codes, for `--help`.
const EXAMPLES: &str = "\
Examples:
  local-sagemaker --port 4566          serve boto3, the aws CLI and other SDKs:
                                       AWS_ENDPOINT_URL=http://127.0.0.1:4566
  local-sagemaker --image scikit='python3 program.py'
                                       train and serve images named scikit with a program of your own
  local-sagemaker --stop               stop the server of the nearest .fire/
  local-sagemaker --fault 'DescribeTrainingJob:3:ThrottlingException' --fault serve:crash-after:10
                                       test a client against failing calls and crashing containers
  local-sagemaker --calls calls.jsonl  record a client's calls

Exit codes: 0 success, 1 the server failed, 2 wrong usage, port in use, or state directory held by another server";

/// The text after the options in `--help`: the syntax of mappings and faults, examples and exit codes.
fn help_end() -> String {
    format!("{IMAGES}\n\n{GRAMMAR}\n\n{EXAMPLES}")
}

/// Runs the program with these arguments.
pub async fn run(args: Args) -> ExitCode {
    let result = if args.build_id {
        print(&build_id());
        Ok(())
    } else if args.stop {
        args.state_dir().and_then(|state_dir| stop(&state_dir))
    } else {
        serve(args).await
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("local-sagemaker: {}", chain(&error)));
            match error {
                Error::Held { .. }
                | Error::Port { .. }
                | Error::Program { .. }
                | Error::Image { .. }
                | Error::RealPaths { .. }
                | Error::Fault { .. } => ExitCode::from(EXIT_USAGE),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

impl Args {
    /// Absolute path of the state directory.
    fn state_dir(&self) -> Result<PathBuf, Error> {
        let here = std::env::current_dir().map_err(Error::io("resolve", "."))?;
        Ok(choose_state_dir(self.state_dir.as_deref(), &here))
    }

    /// The mappings of `--images`, then those of `--image`.
    fn images(&self) -> Result<Vec<ImageMapping>, Error> {
        let mut mappings = match &self.images_file {
            Some(file) => ImageMapping::read(file)?,
            None => Vec::new(),
        };
        for text in &self.image_mappings {
            mappings.push(ImageMapping::parse(text, ".")?);
        }
        Ok(mappings)
    }
}

/// The absolute path of the named state directory, or else of the nearest one in the folder `here` or
/// above it.
fn choose_state_dir(named: Option<&Path>, here: &Path) -> PathBuf {
    let nearest = || {
        here.ancestors()
            .map(|folder| folder.join(STATE_DIR_NAME))
            .find(|dir| dir.is_dir())
    };
    match named {
        Some(named) => here.join(named),
        None => nearest().unwrap_or_else(|| here.join(STATE_DIR_NAME)),
    }
}

/// `--stop`: reports whether there was a server to stop.
fn stop(state_dir: &Path) -> Result<(), Error> {
    let stopped = stop_server(state_dir)?;
    let state_dir = state_dir.display();
    tell(&if stopped {
        format!("stopped the server of {state_dir}")
    } else {
        format!("no server is running in {state_dir}")
    });
    Ok(())
}

/// Serves until a signal arrives or the server has been idle for too long.
async fn serve(args: Args) -> Result<(), Error> {
    let state_dir = args.state_dir()?;
    if args.detached {
        detach(&state_dir)?;
    }
    let mut signals =
        Signals::listen().map_err(Error::io("listen for signals to", "this process"))?;
    let idle = (args.idle_seconds > 0).then(|| Duration::from_secs(args.idle_seconds));
    let faults = args.faults.iter().map(|fault| fault.trim());
    let config = Config {
        port: args.port,
        images: args.images()?,
        real_paths: args.real_paths,
        idle,
        faults: faults
            .filter(|fault| !fault.is_empty())
            .map(str::to_owned)
            .collect(),
        calls: args.calls,
        minute: Duration::from_secs_f64(args.scaling_minute.clamp(0.01, 3600.0)),
        ..Config::new(&state_dir)
    };
    let mut server = Server::start(config).await?;
    let url = server.url().to_owned();
    tell(&format!("state directory: {}", state_dir.display()));
    tell(&format!(
        "export AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1"
    ));
    // Clients wait for this line, so it is printed only when everything is ready.
    print(&format!("listening on {url}"));
    tokio::select! {
        () = server.wait() => {}
        () = signals.next() => {}
    }
    server.stop().await;
    Ok(())
}

/// The signals that stop the program.
struct Signals {
    /// SIGTERM, which `--stop` sends.
    terminate: Signal,
    /// SIGINT: Ctrl-C in the server's terminal.
    interrupt: Signal,
}

impl Signals {
    /// Starts to listen; called before the server starts, so that no signal is missed.
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of the signals.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Starts a new session and redirects stderr to a file, so that neither closing the terminal nor Ctrl-C
/// affects the server.
fn detach(state_dir: &Path) -> Result<(), Error> {
    // Fails only if the process already leads a process group; then it stays in its session.
    let _ = nix::unistd::setsid();
    std::fs::create_dir_all(state_dir).map_err(Error::io("create", state_dir))?;
    let path = state_dir.join("server.log");
    let log = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(Error::io("open", &path))?;
    nix::unistd::dup2_stderr(log).map_err(|error| Error::io("log to", path)(error.into()))
}

/// Prints a line to stdout; ignores a closed pipe.
fn print(line: &str) {
    let mut stdout = std::io::stdout();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Prints a message to stderr.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_state_directory_is_the_nearest_one_above() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        let check = |named: Option<&str>, expected: &Path| {
            assert_eq!(choose_state_dir(named.map(Path::new), &deep), expected);
        };
        check(None, &deep.join(".fire"));
        std::fs::create_dir(root.path().join(".fire")).unwrap();
        check(None, &root.path().join(".fire"));
        std::fs::write(root.path().join("a/.fire"), "a file").unwrap();
        check(None, &root.path().join(".fire"));
        std::fs::create_dir(deep.join(".fire")).unwrap();
        check(None, &deep.join(".fire"));
        check(Some("state"), &deep.join("state"));
        check(Some("/var/fire"), Path::new("/var/fire"));
    }
}
