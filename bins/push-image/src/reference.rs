//! Where an image goes: `REGISTRY/REPOSITORY:TAG`.

use std::fmt;
use std::str::FromStr;

/// A place in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Host, with a port or without.
    pub(crate) registry: String,
    pub(crate) repository: String,
    pub(crate) tag: String,
}

/// Why a text names no place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoReference(&'static str);

impl fmt::Display for NoReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; give REGISTRY/REPOSITORY:TAG", self.0)
    }
}

impl std::error::Error for NoReference {}

impl FromStr for Reference {
    type Err = NoReference;

    fn from_str(text: &str) -> Result<Self, NoReference> {
        let (registry, rest) = text.split_once('/').ok_or(NoReference("no registry"))?;
        // As Docker tells a host from a part of a repository's name.
        let is_host = registry == "localhost" || registry.contains(['.', ':']);
        if !is_host {
            return Err(NoReference("no registry"));
        }
        let (repository, tag) = rest.rsplit_once(':').ok_or(NoReference("no tag"))?;
        let name = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte)
        };
        let begins = |part: &str| {
            part.as_bytes()
                .first()
                .is_some_and(u8::is_ascii_alphanumeric)
        };
        if !repository.bytes().all(name) || !repository.split('/').all(begins) {
            return Err(NoReference("the repository's name is impossible"));
        }
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let tag_begins = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        if tag.len() > 128
            || !tag.bytes().all(word)
            || !tag.as_bytes().first().is_some_and(tag_begins)
        {
            return Err(NoReference("the tag is impossible"));
        }
        let host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        if !registry.bytes().all(host) {
            return Err(NoReference("the registry is no host"));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.to_owned(),
        })
    }
}

impl Reference {
    /// Whether the registry is on this machine, where registries speak plain HTTP.
    pub(crate) fn is_local(&self) -> bool {
        let host = self.registry.split(':').next().unwrap_or_default();
        host == "localhost" || host.starts_with("127.") || self.registry.starts_with("[::1]")
    }

    /// The region of an ECR registry (`ACCOUNT.dkr.ecr.REGION.amazonaws.com`), if it is one.
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
    fn places_are_read_and_written_alike() {
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
    fn what_names_no_place_is_refused() {
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
    fn an_ecr_registry_is_known_by_its_name() {
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
