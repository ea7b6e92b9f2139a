//! The flags that every program has.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;
use sagemaker_ops::{Backend, BackendKind, BucketName, Clients, ImageUri, LocalBackend, RoleArn};

use crate::{Console, Format, Style, local_backend, shell_word};

/// The model name of the documentation; its endpoint is this name with `-endpoint`.
pub const DEFAULT_MODEL_NAME: &str = "flir-scd41-best-model";

/// The end of every program's help.
pub const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 the work failed, 2 wrong usage or input, 3 the backend cannot be
reached or refuses, 4 timed out, 130 interrupted";

/// Parses an instance type for its form; whether it exists is the service's to say.
pub fn instance_type(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        ["ml", family, size] if !family.is_empty() && !size.is_empty() => Ok(text.to_owned()),
        _ => Err("must look like ml.<family>.<size>, for example ml.m5.4xlarge".to_owned()),
    }
}

/// Which backend, and how to write.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// Where the work runs: `local` (embedded server, costs nothing) or `aws`
    #[arg(
        long,
        env = "FIRE_BACKEND",
        default_value = "local",
        help_heading = "Backend"
    )]
    pub backend: BackendKind,

    /// State directory of the local backend [default: `.fire`, sought upward from here]
    #[arg(
        long,
        env = "FIRE_STATE_DIR",
        value_name = "DIR",
        help_heading = "Backend"
    )]
    pub state_dir: Option<PathBuf>,

    /// AWS region [default: the SDK's own chain, else us-east-1]
    #[arg(long, help_heading = "Backend")]
    pub region: Option<String>,

    /// Form of the results on standard output
    #[arg(long, value_enum, default_value = "text", help_heading = "Output")]
    pub output: Format,

    /// Say more on standard error
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,

    /// Say only what goes wrong
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,

    /// Print a completion script for this shell and stop
    #[arg(long, value_name = "SHELL", exclusive = true, help_heading = "Output")]
    pub completions: Option<Shell>,
}

impl CommonArgs {
    /// The style that the flags ask for; bars need `terminal`.
    pub fn style(&self, terminal: bool) -> Style {
        let loud = i8::try_from(self.verbose).unwrap_or(i8::MAX);
        Style {
            format: self.output,
            verbosity: if self.quiet { -1 } else { loud },
            terminal,
        }
    }

    /// The state directory of the local backend, absolute.
    pub fn state_dir(&self) -> anyhow::Result<PathBuf> {
        Ok(self.local()?.state_dir().to_owned())
    }

    /// Connects to the backend and says on standard error which one it is.
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

    /// The flags that make a printed command reach this very backend.
    pub fn backend_flags(&self) -> anyhow::Result<String> {
        Ok(match self.backend {
            BackendKind::Local => {
                let folder = self.state_dir()?.display().to_string();
                format!("--state-dir {}", shell_word(&folder))
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

/// Whose bucket, role and image are used.
#[derive(Debug, Clone, Args)]
pub struct ProjectArgs {
    /// Bucket of data, models and results (default: `fire-detection-training-` and the account)
    #[arg(long, env = "FIRE_BUCKET", help_heading = "Backend")]
    pub bucket: Option<BucketName>,

    /// Role that SageMaker assumes [default: SageMakerExecutionRole of the account]
    #[arg(long, env = "FIRE_ROLE_ARN", help_heading = "Backend")]
    pub role_arn: Option<RoleArn>,

    /// Container image [default: `fire-container` of the account's registry]
    #[arg(long, help_heading = "Backend")]
    pub image_uri: Option<ImageUri>,
}

impl ProjectArgs {
    /// The flags that make a printed command use the same bucket, role and image.
    pub fn flags(&self) -> Vec<String> {
        let bucket = self
            .bucket
            .iter()
            .map(|bucket| format!("--bucket {bucket}"));
        let role = self
            .role_arn
            .iter()
            .map(|role| format!("--role-arn {role}"));
        let image = self
            .image_uri
            .iter()
            .map(|image| format!("--image-uri {image}"));
        bucket.chain(role).chain(image).collect()
    }
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
}
