//! Maps container images to local programs.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::protocol::ApiError;

/// The name of the image's repository and of the program.
pub(crate) const NAME: &str = "fire-container";

/// Maps every image whose repository is named `fire-container`, whatever its registry and tag, to one
/// program.
#[derive(Clone, Debug)]
pub(crate) struct Images {
    /// The configured program, if any.
    program: Option<PathBuf>,
}

impl Images {
    /// Uses the configured program, which must exist; without one, the program is looked up whenever it is
    /// needed.
    pub(crate) fn new(program: Option<PathBuf>) -> Result<Self, Error> {
        match program {
            Some(program) if !program.is_file() => Err(Error::Program { program }),
            program => Ok(Self {
                program: program.map(|program| std::path::absolute(&program).unwrap_or(program)),
            }),
        }
    }

    /// The program for `image`, or an error that names the supported images.
    pub(crate) fn program(&self, image: &str) -> Result<PathBuf, ApiError> {
        if repository(image) != NAME {
            return Err(ApiError::validation(format!(
                "The local server has no program for image '{image}'. It runs every image whose repository is named \
                 {NAME}, for example 691595239825.dkr.ecr.us-east-1.amazonaws.com/{NAME}:latest."
            )));
        }
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        // Looked up each time: the program may be built while the server runs.
        let folders = search_path();
        let found = folders
            .iter()
            .map(|folder| folder.join(NAME))
            .find(|program| program.is_file());
        found.ok_or_else(|| {
            let folders: Vec<_> = folders
                .iter()
                .map(|folder| folder.display().to_string())
                .collect();
            ApiError::validation(format!(
                "The program {NAME}, which runs for image '{image}', was not found in {}. \
                 Build it with `cargo build --workspace`, or set FIRE_BIN_DIR.",
                folders.join(", ")
            ))
        })
    }
}

/// The last component of the image's path, without its tag or digest.
pub(crate) fn repository(image: &str) -> &str {
    let without_digest = image.split('@').next().unwrap_or_default();
    let last = without_digest.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
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

    #[test]
    fn the_repository_is_the_last_part_of_the_path() {
        for (image, expected) in [
            (
                "691595239825.dkr.ecr.us-east-1.amazonaws.com/fire-container:0.1.0",
                "fire-container",
            ),
            (
                "registry:5000/team/fire-container@sha256:00ff",
                "fire-container",
            ),
            ("fire-container", "fire-container"),
            ("registry:5000/xgboost:1", "xgboost"),
            ("host/fire-container-gpu:1", "fire-container-gpu"),
        ] {
            assert_eq!(repository(image), expected, "{image}");
        }
    }

    #[test]
    fn images_and_programs_that_do_not_exist_are_named_in_the_error() {
        let program = std::env::current_exe().unwrap();
        let images = Images::new(Some(program.clone())).unwrap();
        assert_eq!(images.program("x/fire-container:1").unwrap(), program);
        let error = images.program("x/xgboost:1").unwrap_err();
        assert!(
            error
                .message()
                .contains("no program for image 'x/xgboost:1'"),
            "{}",
            error.message()
        );
        assert!(
            error.message().contains("named fire-container"),
            "{}",
            error.message()
        );
        let missing = Images::new(Some("/nowhere/fire-container".into())).unwrap_err();
        assert!(
            missing
                .to_string()
                .contains("/nowhere/fire-container does not exist"),
            "{missing}"
        );
    }
}
