//! Real recordings, which lie outside of the repository.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file of the folder `FIRE_DATA_DIR`, by default `shared/data` beside the repository.
///
/// Where it is missing, the check that cannot be made is named; with `FIRE_CI=1` that is a failure.
pub(crate) fn real_data(name: &str, check: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("FIRE_DATA_DIR").map_or_else(beside, PathBuf::from);
    let path = folder.join(name);
    if path.is_file() {
        return Some(path);
    }
    assert!(
        std::env::var_os("FIRE_CI").is_none_or(|value| value != "1"),
        "{} is missing (FIRE_DATA_DIR); with FIRE_CI=1 every check must be made",
        path.display()
    );
    // Not by a macro, whose output a test that passes keeps for itself.
    let _ = writeln!(
        std::io::stderr(),
        "not checked: {check}, because {} is missing (FIRE_DATA_DIR)",
        path.display()
    );
    None
}

/// The text of such a file.
pub(crate) fn real_text(name: &str, check: &str) -> Option<String> {
    Some(std::fs::read_to_string(real_data(name, check)?).unwrap())
}
