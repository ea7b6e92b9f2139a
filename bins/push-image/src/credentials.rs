//! User name and password for the registry: from the caller, or from the aws CLI for ECR.

use std::fmt;
use std::io::Read;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::reference::Reference;

/// The user name that ECR expects with its passwords.
const ECR_USER: &str = "AWS";

/// User name and password; `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials for {}", self.user)
    }
}

impl Credentials {
    /// The value of an `Authorization` header.
    pub(crate) fn basic(&self) -> String {
        let pair = format!("{}:{}", self.user, self.password);
        format!("Basic {}", STANDARD.encode(pair))
    }

    /// Reads the password from `input`; the user name defaults to ECR's.
    pub(crate) fn read(user: Option<&str>, mut input: impl Read) -> Result<Self> {
        let mut password = String::new();
        input
            .read_to_string(&mut password)
            .context("cannot read the password from standard input")?;
        let password = password.trim_end_matches(['\n', '\r']);
        ensure!(
            !password.is_empty(),
            "the password on standard input is empty"
        );
        Ok(Self {
            user: user.unwrap_or(ECR_USER).to_owned(),
            password: password.to_owned(),
        })
    }

    /// Runs `aws ecr get-login-password` if the registry is ECR; other registries get no credentials.
    pub(crate) fn for_registry(reference: &Reference) -> Result<Option<Self>> {
        let Some(region) = reference.ecr_region() else {
            return Ok(None);
        };
        let remedy = "use --password-stdin, or install and configure the aws CLI";
        let output = Command::new("aws")
            .args(["ecr", "get-login-password", "--region", region])
            .output()
            .with_context(|| format!("cannot run `aws ecr get-login-password`; {remedy}"))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            bail!(
                "`aws ecr get-login-password` failed: {}; {remedy}",
                stderr.trim()
            );
        }
        Self::read(None, output.stdout.as_slice()).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_newline_is_trimmed_and_debug_redacts_the_password() {
        let read = Credentials::read(Some("me"), &b"secret\r\n"[..]).unwrap();
        // base64 of `me:secret`
        assert_eq!(read.basic(), "Basic bWU6c2VjcmV0");
        assert!(!format!("{read:?}").contains("secret"));
        assert_eq!(Credentials::read(None, &b"x"[..]).unwrap().user, "AWS");
        assert!(Credentials::read(None, &b"\n"[..]).is_err());
    }
}
