//! Access to real recordings, which are not part of the repository.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file in the directory `FIRE_DATA_DIR`, by default `shared/data` next to the repository.
///
/// If the file is missing, the skipped check is reported on standard error; with `FIRE_CI=1` the test fails.
pub(crate) fn real_data(name: &str, check: &str) -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let dir = std::env::var_os("FIRE_DATA_DIR").map_or_else(default, PathBuf::from);
    let path = dir.join(name);
    if path.is_file() {
        return Some(path);
    }
    assert!(
        std::env::var_os("FIRE_CI").is_none_or(|value| value != "1"),
        "{} is missing (FIRE_DATA_DIR); with FIRE_CI=1 no check may be skipped",
        path.display()
    );
    // Not with `println!`, whose output is hidden for tests that pass.
    let _ = writeln!(
        std::io::stderr(),
        "not checked: {check}, because {} is missing (FIRE_DATA_DIR)",
        path.display()
    );
    None
}

/// The text of a file of real data.
pub(crate) fn real_text(name: &str, check: &str) -> Option<String> {
    Some(std::fs::read_to_string(real_data(name, check)?).unwrap())
}
