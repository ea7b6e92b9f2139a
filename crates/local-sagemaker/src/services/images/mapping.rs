//! `REPOSITORY=PROGRAM`: the program that runs for the images of a repository.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::machine::opt_ml::{find_executable, is_executable};

/// Maps the images of one repository to a local program that follows SageMaker's container contract.
///
/// The repository is the last part of an image's name (`scikit`), or more of it
/// (`team/scikit`, `123456789012.dkr.ecr.us-east-1.amazonaws.com/team/scikit`); the longest match wins. A tag
/// or digest limits the mapping to that image. The program is run with `train` or `serve` after its own
/// arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageMapping {
    /// The repository, with the registry and the tag or digest if they were given.
    repository: String,
    /// The program and its own arguments.
    command: Vec<String>,
    /// The program's working directory.
    directory: PathBuf,
}

impl ImageMapping {
    /// A mapping of `repository` to a program and its arguments. The program runs in `directory`, like the
    /// program of an image in its `WORKDIR`; relative paths are relative to it. A program without a slash is
    /// looked up in `PATH`.
    pub fn new(
        repository: &str,
        command: Vec<String>,
        directory: impl Into<PathBuf>,
    ) -> Result<Self, Error> {
        let mut mapping = Self {
            repository: repository.to_owned(),
            command,
            directory: directory.into(),
        };
        match mapping.resolve() {
            Ok(()) => Ok(mapping),
            Err(reason) => Err(mapping.error(reason)),
        }
    }

    /// Parses `REPOSITORY=PROGRAM`. The program may have arguments, which are split like words of a shell.
    pub fn parse(text: &str, directory: impl Into<PathBuf>) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::Image {
            mapping: text.to_owned(),
            reason: reason.to_owned(),
        };
        let (repository, program) = text
            .split_once('=')
            .ok_or_else(|| invalid("expected REPOSITORY=PROGRAM"))?;
        let command = shlex::split(program).ok_or_else(|| invalid("a quote is not closed"))?;
        Self::new(repository.trim(), command, directory)
    }

    /// Reads a file with one mapping per line. Empty lines and lines that start with `#` are skipped. The
    /// programs run in the file's directory.
    pub fn read(file: &Path) -> Result<Vec<Self>, Error> {
        let text = fs::read_to_string(file).map_err(Error::io("read", file))?;
        let file = std::path::absolute(file).map_err(Error::io("resolve", file))?;
        let directory = file.parent().unwrap_or(&file);
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| Self::parse(line, directory))
            .collect()
    }

    /// The repository as given.
    pub(super) fn repository(&self) -> &str {
        &self.repository
    }

    /// The program with its path, and its own arguments.
    pub(super) fn command(&self) -> &[String] {
        &self.command
    }

    /// The program's working directory.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// An error about this mapping.
    pub(super) fn error(&self, reason: impl Into<String>) -> Error {
        Error::Image {
            mapping: format!("{}={}", self.repository, self.command.join(" ")),
            reason: reason.into(),
        }
    }

    /// Checks all parts, and replaces the program and the directory by their absolute paths.
    fn resolve(&mut self) -> Result<(), String> {
        let misplaced = |letter: char| letter.is_whitespace() || letter == '=';
        let name = ImageName::parse(&self.repository);
        if name.repository.split('/').any(str::is_empty) || self.repository.contains(misplaced) {
            return Err("the repository is not a valid name".to_owned());
        }
        self.directory = std::path::absolute(&self.directory)
            .map_err(|error| format!("cannot resolve {}: {error}", self.directory.display()))?;
        let program = self.command.first_mut().ok_or("the program is missing")?;
        let found = if program.contains('/') {
            Some(self.directory.join(&*program)).filter(|file| is_executable(file))
        } else {
            find_executable(OsStr::new(program))
        };
        *program = found
            .and_then(|file| file.into_os_string().into_string().ok())
            .ok_or_else(|| {
                if program.contains('/') {
                    let file = self.directory.join(&*program);
                    format!("{} is not an executable file", file.display())
                } else {
                    format!("the program `{program}` was not found in PATH")
                }
            })?;
        Ok(())
    }
}

/// The parts of an image's name: `REPOSITORY:TAG@DIGEST`, where the repository may begin with a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ImageName<'a> {
    /// The registry's host, if given, and the repository's path.
    pub(super) repository: &'a str,
    /// The tag.
    tag: Option<&'a str>,
    /// The digest.
    digest: Option<&'a str>,
}

impl<'a> ImageName<'a> {
    /// Splits a name; any text has a repository.
    pub(super) fn parse(text: &'a str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match rest[last..].find(':') {
            Some(colon) => (&rest[..last + colon], Some(&rest[last + colon + 1..])),
            None => (rest, None),
        };
        Self {
            repository,
            tag,
            digest,
        }
    }

    /// The last part of the repository's path.
    pub(super) fn last(self) -> &'a str {
        self.repository.rsplit('/').next().unwrap_or_default()
    }

    /// The repository's path without the registry's host. As in Docker, a first part with a dot or a colon
    /// is a host.
    pub(super) fn path(self) -> &'a str {
        match self.repository.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
            _ => self.repository,
        }
    }

    /// How well `self` as a pattern matches an image: more of the repository first, then a tag or digest.
    /// `None` if it does not match.
    pub(super) fn matches(self, image: ImageName<'_>) -> Option<(usize, bool)> {
        let rest = image.repository.strip_suffix(self.repository)?;
        let implied = image.digest.is_none().then_some("latest");
        let tag = self.tag.is_none() || self.tag == image.tag.or(implied);
        let digest = self.digest.is_none() || self.digest == image.digest;
        let named = self.tag.is_some() || self.digest.is_some();
        ((rest.is_empty() || rest.ends_with('/')) && tag && digest)
            .then_some((self.repository.len(), named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_split_into_repository_tag_and_digest() {
        for (image, repository, tag, digest, last, path) in [
            ("a", "a", None, None, "a", "a"),
            ("a:1", "a", Some("1"), None, "a", "a"),
            (
                "r.io/t/a:1@sha256:0f",
                "r.io/t/a",
                Some("1"),
                Some("sha256:0f"),
                "a",
                "t/a",
            ),
            ("localhost:5000/a", "localhost:5000/a", None, None, "a", "a"),
            (
                "team/a@sha256:0f",
                "team/a",
                None,
                Some("sha256:0f"),
                "a",
                "team/a",
            ),
        ] {
            let name = ImageName::parse(image);
            assert_eq!(
                name,
                ImageName {
                    repository,
                    tag,
                    digest
                },
                "{image}"
            );
            assert_eq!((name.last(), name.path()), (last, path), "{image}");
        }
    }

    #[test]
    fn a_pattern_matches_whole_parts_of_the_name() {
        for (pattern, image, expected) in [
            ("scikit", "scikit", true),
            ("scikit", "r:5000/team/scikit:1@sha256:0f", true),
            ("team/scikit", "r/team/scikit", true),
            ("team/scikit", "scikit", false),
            ("scikit", "r/my-scikit", false),
            ("scikit", "scikit/other", false),
            ("scikit:1", "r/scikit:1", true),
            ("scikit:1", "r/scikit:2", false),
            ("scikit:latest", "r/scikit", true),
            ("scikit:latest", "r/scikit@sha256:0f", false),
            ("scikit@sha256:0f", "r/scikit:1@sha256:0f", true),
            ("scikit@sha256:0f", "r/scikit:1", false),
        ] {
            let found = ImageName::parse(pattern).matches(ImageName::parse(image));
            assert_eq!(found.is_some(), expected, "{pattern} for {image}");
        }
    }

    #[test]
    fn programs_are_resolved_and_their_arguments_split() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("images");
        std::fs::write(
            &file,
            "# a comment\n\n team/a = sh -c 'echo 1' \nb=./run.sh\n",
        )
        .unwrap();
        let error = ImageMapping::read(&file).unwrap_err().to_string();
        assert!(
            error.contains("run.sh is not an executable file"),
            "{error}"
        );
        std::os::unix::fs::symlink("/bin/sh", dir.path().join("run.sh")).unwrap();
        let found = ImageMapping::read(&file).unwrap();
        let sh = find_executable(OsStr::new("sh")).unwrap();
        assert_eq!(found[0].repository(), "team/a");
        assert_eq!(found[0].command(), [sh.to_str().unwrap(), "-c", "echo 1"]);
        assert_eq!(found[0].directory(), dir.path());
        let run = dir.path().join("./run.sh");
        assert_eq!(found[1].command(), [run.to_str().unwrap()]);
    }

    #[test]
    fn invalid_mappings_are_named_with_the_reason() {
        for (text, reason) in [
            ("scikit", "expected REPOSITORY=PROGRAM"),
            ("=sh", "the repository is not a valid name"),
            ("a//b=sh", "the repository is not a valid name"),
            ("a b=sh", "the repository is not a valid name"),
            ("a=", "the program is missing"),
            ("a=sh 'x", "a quote is not closed"),
            (
                "a=no-such-program",
                "the program `no-such-program` was not found in PATH",
            ),
            ("a=/etc/passwd", "/etc/passwd is not an executable file"),
        ] {
            let error = ImageMapping::parse(text, "/").unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(
                error.starts_with(&format!("invalid image mapping '{text}")),
                "{error}"
            );
        }
    }
}
