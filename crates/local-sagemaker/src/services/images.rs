//! Maps container images to local programs.
//!
//! The mappings of the configuration come first. Besides them, the images of every repository named
//! `fire-container` run the program of that name.

mod mapping;
mod program;

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::machine::log;
use crate::machine::opt_ml::OptMlMount;
use crate::protocol::ApiError;
use mapping::ImageName;

pub use mapping::ImageMapping;
pub(crate) use program::Program;

/// The name of the repository, and of the program, that needs no mapping.
const NAME: &str = "fire-container";

/// Whether the programs of mapped images have their files at `/opt/ml`, through a mount that only they see.
/// It needs Linux with user namespaces and `unshare` of util-linux. Without it, programs find their files by
/// the environment variable `FIRE_OPT_ML` or `SAGEMAKER_BASE_DIR`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum RealPaths {
    /// Where this machine allows it.
    #[default]
    Auto,
    /// Always; the server does not start where this machine does not allow it.
    Always,
    /// Never.
    Never,
}

/// The programs that run for images.
#[derive(Clone, Debug)]
pub(crate) struct Images {
    /// The configured program for `fire-container`, if any.
    fire_container: Option<PathBuf>,
    /// The mappings, each of another repository.
    mappings: Vec<ImageMapping>,
    /// Gives mapped programs the real path `/opt/ml`.
    mount: Option<OptMlMount>,
}

impl Images {
    /// Uses the configured program for `fire-container`, which must exist; without one, the program is looked
    /// up whenever it is needed.
    pub(crate) fn new(
        fire_container: Option<PathBuf>,
        mappings: Vec<ImageMapping>,
        real_paths: RealPaths,
    ) -> Result<Self, Error> {
        for (index, mapping) in mappings.iter().enumerate() {
            let twin = mappings[..index]
                .iter()
                .find(|other| other.repository() == mapping.repository());
            if let Some(twin) = twin {
                return Err(mapping.error(format!(
                    "the repository is already mapped to `{}`",
                    twin.command().join(" ")
                )));
            }
        }
        let mount = match real_paths {
            _ if mappings.is_empty() => None,
            RealPaths::Never => None,
            RealPaths::Always => {
                Some(OptMlMount::new().map_err(|reason| Error::RealPaths { reason })?)
            }
            RealPaths::Auto => OptMlMount::new()
                .inspect_err(|reason| {
                    log(&format!(
                        "programs find their files by FIRE_OPT_ML, because they cannot have /opt/ml here: {reason}"
                    ));
                })
                .ok(),
        };
        if let Some(program) = fire_container.as_ref().filter(|program| !program.is_file()) {
            return Err(Error::Program {
                program: program.clone(),
            });
        }
        Ok(Self {
            fire_container: fire_container
                .map(|program| std::path::absolute(&program).unwrap_or(program)),
            mappings,
            mount,
        })
    }

    /// The program for `image`, or an error that says how to map the image to one.
    pub(crate) fn program(&self, image: &str) -> Result<Program, ApiError> {
        let name = ImageName::parse(image);
        if let Some(mapping) = self.mapping(name) {
            return Ok(Program::new(
                mapping.command().to_vec(),
                mapping.directory(),
                self.mount.clone(),
            ));
        }
        if name.last() != NAME {
            return Err(ApiError::validation(format!(
                "The local server has no program for image '{image}'. Start it with `--image {}=PROGRAM` to run a \
                 program of your own; images whose repository is named {NAME} need no mapping.{}",
                name.last(),
                self.known()
            )));
        }
        if let Some(program) = &self.fire_container {
            return Ok(Program::in_opt_ml(program));
        }
        // Looked up each time: the program may be built while the server runs.
        let folders = search_path();
        let found = folders
            .iter()
            .map(|folder| folder.join(NAME))
            .find(|program| program.is_file());
        let found = found.ok_or_else(|| {
            let folders: Vec<_> = folders
                .iter()
                .map(|folder| folder.display().to_string())
                .collect();
            ApiError::validation(format!(
                "The program {NAME}, which runs for image '{image}', was not found in {}. \
                 Build it with `cargo build --workspace`, or set FIRE_BIN_DIR.",
                folders.join(", ")
            ))
        })?;
        Ok(Program::in_opt_ml(&found))
    }

    /// The mapping that matches most of the image's name.
    fn mapping(&self, image: ImageName<'_>) -> Option<&ImageMapping> {
        let matches = self.mappings.iter().filter_map(|mapping| {
            let pattern = ImageName::parse(mapping.repository());
            Some((pattern.matches(image)?, mapping))
        });
        matches
            .max_by_key(|(rank, _)| *rank)
            .map(|(_, found)| found)
    }

    /// The mapped repositories, for the error about an image that is not mapped.
    fn known(&self) -> String {
        let names: Vec<_> = self.mappings.iter().map(ImageMapping::repository).collect();
        match names.len() {
            0 => String::new(),
            _ => format!(" Mapped are: {}.", names.join(", ")),
        }
    }

    /// Whether the registry at `host` has this repository, with any tag.
    pub(crate) fn has_repository(&self, host: &str, path: &str) -> bool {
        let full = format!("{host}/{path}");
        let name = ImageName::parse(&full);
        // A name with a tag or digest is an image, not a repository.
        name.repository == full
            && (name.last() == NAME
                || self.mappings.iter().any(|mapping| {
                    let repository = ImageName::parse(mapping.repository()).repository;
                    ImageName::parse(repository).matches(name).is_some()
                }))
    }

    /// The repositories in the registry at `host`, each once: `fire-container` and those that are mapped.
    pub(crate) fn repositories(&self, host: &str) -> Vec<String> {
        let mut paths = vec![NAME];
        for mapping in &self.mappings {
            let path = ImageName::parse(mapping.repository()).path();
            if self.has_repository(host, path) && !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths.into_iter().map(str::to_owned).collect()
    }
}

/// `FIRE_BIN_DIR`, the folder of the running executable, and the parent of that folder if it is
/// cargo's `deps`.
fn search_path() -> Vec<PathBuf> {
    let named = std::env::var_os("FIRE_BIN_DIR").map(PathBuf::from);
    let own = std::env::current_exe()
        .ok()
        .and_then(|path| path.parent().map(Path::to_owned));
    let above = own
        .as_deref()
        .filter(|folder| folder.ends_with("deps"))
        .and_then(Path::parent)
        .map(Path::to_owned);
    [named, own, above].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The account's registry.
    const HOST: &str = "691595239825.dkr.ecr.us-east-1.amazonaws.com";

    fn images(mappings: &[&str]) -> Images {
        let parse = |text: &&str| ImageMapping::parse(text, "/").unwrap();
        let mappings = mappings.iter().map(parse).collect();
        Images::new(std::env::current_exe().ok(), mappings, RealPaths::Never).unwrap()
    }

    #[test]
    fn the_longest_match_wins_and_fire_container_needs_no_mapping() {
        let images = images(&[
            "a=sh short",
            "team/a=sh long",
            "team/a:2=sh tagged",
            "registry.io/team/a=sh registry",
            "b:1=sh one",
        ]);
        let own = std::env::current_exe().unwrap().display().to_string();
        for (image, expected) in [
            ("a", "short"),
            ("x/a:2", "short"),
            ("x/team/a:1", "long"),
            ("x/team/a:2", "tagged"),
            ("registry.io/team/a:2", "registry"),
            ("x/b:1", "one"),
            ("registry:5000/team/fire-container@sha256:00ff", &own),
            ("fire-container", &own),
        ] {
            let program = images.program(image).unwrap();
            assert_eq!(program.words().last().unwrap(), expected, "{image}");
        }
        for image in ["x/b:2", "x/b", "xgboost", "host/fire-container-gpu:1"] {
            assert!(images.program(image).is_err(), "{image}");
        }
    }

    #[test]
    fn a_mapping_replaces_the_program_of_fire_container() {
        let images = images(&["fire-container=sh mine"]);
        let program = images.program("x/fire-container:1").unwrap();
        assert_eq!(program.words().last().unwrap(), "mine");
        assert_eq!(images.repositories(HOST), ["fire-container"]);
    }

    #[test]
    fn errors_about_images_say_how_to_map_them() {
        let error = images(&["a=sh"]).program("x/y/xgboost:1").unwrap_err();
        for part in [
            "no program for image 'x/y/xgboost:1'",
            "`--image xgboost=PROGRAM`",
            "named fire-container",
            "Mapped are: a.",
        ] {
            assert!(error.message().contains(part), "{}", error.message());
        }
        let missing = Images::new(
            Some("/nowhere/fire-container".into()),
            Vec::new(),
            RealPaths::Auto,
        );
        let missing = missing.unwrap_err().to_string();
        let expected = "/nowhere/fire-container does not exist";
        assert!(missing.contains(expected), "{missing}");
        let twice = ["a=sh 1", "a=sh 2"].map(|text| ImageMapping::parse(text, "/").unwrap());
        let twice = Images::new(None, twice.to_vec(), RealPaths::Never);
        let twice = twice.unwrap_err().to_string();
        assert!(twice.contains("already mapped to"), "{twice}");
    }

    #[test]
    fn the_registry_has_the_mapped_repositories_that_are_in_it() {
        let tagged = format!("{HOST}/team/b:1=sh");
        let images = images(&["a=sh", &tagged, "other.io/c=sh"]);
        assert_eq!(images.repositories(HOST), ["fire-container", "a", "team/b"]);
        for (path, expected) in [
            ("a", true),
            ("x/a", true),
            ("team/b", true),
            ("b", false),
            ("c", false),
            ("a:1", false),
            ("x/fire-container", true),
        ] {
            assert_eq!(images.has_repository(HOST, path), expected, "{path}");
        }
    }
}
