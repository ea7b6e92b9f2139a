//! Image references: `REGISTRY/REPOSITORY:TAG`.

use std::fmt;
use std::str::FromStr;

/// A registry, a repository in it, and a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Host, with or without a port.
    pub(crate) registry: String,
    pub(crate) repository: String,
    pub(crate) tag: String,
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = |problem: &str| format!("{problem}; expected REGISTRY/REPOSITORY:TAG");
        let (registry, rest) = text.split_once('/').ok_or(invalid("no registry"))?;
        // Docker's rule for telling a host from the first part of a repository name.
        let is_host = registry == "localhost" || registry.contains(['.', ':']);
        if !is_host {
            return Err(invalid("no registry"));
        }
        let (repository, tag) = rest.rsplit_once(':').ok_or(invalid("no tag"))?;
        let name = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte)
        };
        let begins = |part: &str| {
            part.as_bytes()
                .first()
                .is_some_and(u8::is_ascii_alphanumeric)
        };
        if !repository.bytes().all(name) || !repository.split('/').all(begins) {
            return Err(invalid("invalid repository name"));
        }
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let tag_begins = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        if tag.len() > 128
            || !tag.bytes().all(word)
            || !tag.as_bytes().first().is_some_and(tag_begins)
        {
            return Err(invalid("invalid tag"));
        }
        let host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        if !registry.bytes().all(host) {
            return Err(invalid("invalid registry"));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.to_owned(),
        })
    }
}

impl Reference {
    /// True for a registry on this machine; such registries use HTTP without TLS.
    pub(crate) fn is_local(&self) -> bool {
        let host = self.registry.split(':').next().unwrap_or_default();
        host == "localhost" || host.starts_with("127.") || self.registry.starts_with("[::1]")
    }

    /// The region of an ECR registry (`ACCOUNT.dkr.ecr.REGION.amazonaws.com`); `None` for other registries.
    pub(crate) fn ecr_region(&self) -> Option<&str> {
        let (account, rest) = self.registry.split_once(".dkr.ecr.")?;
        let region = rest
            .strip_suffix(".amazonaws.com")
            .or_else(|| rest.strip_suffix(".amazonaws.com.cn"))?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        (is_account && !region.contains('.')).then_some(region)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.registry, self.repository, self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsed_references_print_unchanged() {
        for (text, registry, repository, tag) in [
            ("127.0.0.1:5000/fire:1", "127.0.0.1:5000", "fire", "1"),
            ("localhost/a/b:latest", "localhost", "a/b", "latest"),
            (
                "691595239825.dkr.ecr.eu-west-1.amazonaws.com/fire-container:0.1.0",
                "691595239825.dkr.ecr.eu-west-1.amazonaws.com",
                "fire-container",
                "0.1.0",
            ),
        ] {
            let read: Reference = text.parse().unwrap();
            let parts = (
                read.registry.as_str(),
                read.repository.as_str(),
                read.tag.as_str(),
            );
            assert_eq!(parts, (registry, repository, tag));
            assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn invalid_references_are_rejected() {
        for text in [
            "",
            "fire",
            "fire:1",
            "user/fire:1",
            "r.io/fire",
            "r.io/:1",
            "r.io/Fire:1",
            "r.io/fire:",
            "r.io/fire:a/b",
            "r.io//fire:1",
            "r.io/../fire:1",
            "r.io/a?b:1",
            "r.io@evil/fire:1",
            "r.io/fire:-1",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn ecr_registries_are_recognised_by_name() {
        let region = |registry: &str| {
            let read: Reference = format!("{registry}/fire:1").parse().unwrap();
            read.ecr_region().map(str::to_owned)
        };
        let ecr = "691595239825.dkr.ecr.eu-west-1.amazonaws.com";
        assert_eq!(region(ecr).as_deref(), Some("eu-west-1"));
        assert_eq!(region("1.dkr.ecr.eu-west-1.amazonaws.com"), None);
        assert_eq!(region(&format!("{ecr}.evil.com")), None);
        assert_eq!(region("127.0.0.1:5000"), None);
    }
}
