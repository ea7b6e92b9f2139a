//! Flags shared by the programs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;
use clap_complete::Shell;
use sagemaker_ops::{Backend, BackendKind, BucketName, Clients, ImageUri, LocalBackend, RoleArn};
use serde::{Deserialize, Serialize};

use crate::{Console, Format, Style, local_backend, shell_word, usage};

/// The default of `--model-name`; the default endpoint is this name with `-endpoint`.
pub const DEFAULT_MODEL_NAME: &str = "flir-scd41-best-model";

/// Printed at the end of every program's help.
pub const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 the work failed, 2 invalid usage or input, 3 the backend cannot be
reached or rejects the call, 4 timed out, 130 interrupted";

/// Parses an instance type. Only the format is checked; the service decides which types exist.
pub fn instance_type(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        ["ml", family, size] if !family.is_empty() && !size.is_empty() => Ok(text.to_owned()),
        _ => Err("must look like ml.<family>.<size>, for example ml.m5.4xlarge".to_owned()),
    }
}

/// Flags of every program: backend and output.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// Backend that does the work: `local` (embedded server, free of charge) or `aws`
    #[arg(
        long,
        env = "FIRE_BACKEND",
        default_value = "local",
        help_heading = "Backend"
    )]
    pub backend: BackendKind,

    /// State directory of the local backend [default: nearest `.fire` in this directory or a parent]
    #[arg(
        long,
        env = "FIRE_STATE_DIR",
        value_name = "DIR",
        help_heading = "Backend"
    )]
    pub state_dir: Option<PathBuf>,

    /// AWS region [default: from the SDK's own configuration, else us-east-1]
    #[arg(long, help_heading = "Backend")]
    pub region: Option<String>,

    /// Format of the results on standard output
    #[arg(long, value_enum, default_value = "text", help_heading = "Output")]
    pub output: Format,

    /// Write more details to standard error
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,

    /// Write only errors and warnings
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,

    /// Print a completion script for this shell and exit
    #[arg(long, value_name = "SHELL", exclusive = true, help_heading = "Output")]
    pub completions: Option<Shell>,
}

impl CommonArgs {
    /// The output style that the flags select; `terminal` is true if standard error is a terminal.
    pub fn style(&self, terminal: bool) -> Style {
        let loud = i8::try_from(self.verbose).unwrap_or(i8::MAX);
        Style {
            format: self.output,
            verbosity: if self.quiet { -1 } else { loud },
            terminal,
        }
    }

    /// The absolute path of the state directory.
    pub fn state_dir(&self) -> anyhow::Result<PathBuf> {
        Ok(self.local()?.state_dir().to_owned())
    }

    /// Connects to the backend and describes it on standard error.
    pub async fn connect(&self, console: &mut Console<'_>) -> anyhow::Result<Clients> {
        let backend = match self.backend {
            BackendKind::Local => Backend::Local(self.local()?),
            BackendKind::Aws => Backend::Aws {
                region: self.region.clone(),
            },
        };
        let clients = Clients::connect(&backend).await?;
        console.warn(clients.describe())?;
        if let Some(notice) = clients.notice() {
            console.note(notice)?;
        }
        Ok(clients)
    }

    /// The flags that make a printed command use the same backend.
    pub fn backend_flags(&self) -> anyhow::Result<String> {
        Ok(match self.backend {
            BackendKind::Local => {
                let directory = self.state_dir()?.display().to_string();
                format!("--state-dir {}", shell_word(&directory))
            }
            BackendKind::Aws => {
                let region = self
                    .region
                    .iter()
                    .map(|region| format!(" --region {region}"));
                format!("--backend aws{}", region.collect::<String>())
            }
        })
    }

    fn local(&self) -> anyhow::Result<LocalBackend> {
        Ok(local_backend(self.state_dir.as_deref())?)
    }
}

/// Bucket, role and image.
///
/// Serialized as part of a run's recipe, except for the bucket, which must be known to read the
/// recipe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ProjectArgs {
    /// Bucket for data, models and results [default: `fire-detection-training-` and the account number]
    #[arg(long, env = "FIRE_BUCKET", help_heading = "Backend")]
    #[serde(skip)]
    pub bucket: Option<BucketName>,

    /// Role that SageMaker assumes [default: the account's SageMakerExecutionRole]
    #[arg(long, env = "FIRE_ROLE_ARN", help_heading = "Backend")]
    pub role_arn: Option<RoleArn>,

    /// Container image [default: `fire-container` in the account's registry]
    #[arg(long, help_heading = "Backend")]
    pub image_uri: Option<ImageUri>,
}

/// Cost limit and checks applied before anything is created.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cost and preflight checks")]
pub struct SpendingArgs {
    /// Do not start if the cost could exceed this, at dated list prices: USD for all jobs, USD per hour for an endpoint
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<f64>,

    /// Run all checks and print the plan and its cost, but create nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Skip the checks of credentials, role, image and names
    #[arg(long, conflicts_with = "dry_run")]
    pub skip_preflight: bool,
}

/// Parses `KEY=VALUE` flags and checks them against the AWS rules for tags.
///
/// # Errors
/// A flag that breaks a rule (exit code 2).
pub fn parse_tags(flags: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let tags = flags.iter().map(|flag| {
        let tag = parse_tag(flag).with_context(|| format!("--tag {flag}"));
        tag.map_err(usage)
    });
    tags.collect()
}

fn parse_tag(flag: &str) -> anyhow::Result<(String, String)> {
    let (key, value) = flag.split_once('=').context("expected KEY=VALUE")?;
    ensure!(
        (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256,
        "a tag's key may have 1 to 128 characters and its value at most 256"
    );
    ensure!(
        !key.starts_with("aws:"),
        "tags that start with aws: are reserved"
    );
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_types_have_three_parts() {
        for (text, valid) in [
            ("ml.m5.4xlarge", true),
            ("ml.t2.medium", true),
            ("m5.4xlarge", false),
            ("ml.m5", false),
            ("ml..large", false),
            ("nope", false),
        ] {
            assert_eq!(instance_type(text).is_ok(), valid, "{text}");
        }
    }

    #[test]
    fn tags_are_parsed_or_rejected_with_the_rule() {
        let read = |flag: &str| parse_tags(&[flag.to_owned()]);
        let expected = BTreeMap::from([("team".to_owned(), "fire=1".to_owned())]);
        assert_eq!(read("team=fire=1").unwrap(), expected);
        for (flag, text) in [
            ("team", "KEY=VALUE"),
            ("=fire", "1 to 128"),
            ("aws:x=1", "reserved"),
        ] {
            let error = format!("{:#}", read(flag).unwrap_err());
            assert!(error.contains(text) && error.contains(flag), "{error}");
        }
    }
}
