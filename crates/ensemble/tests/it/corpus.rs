//! Replays the fuzzing corpus without the fuzzer.

use std::path::Path;

#[path = "../../fuzz/properties/artifact.rs"]
mod artifact;
#[path = "../../fuzz/properties/params.rs"]
mod params;
#[path = "../../fuzz/properties/predictions.rs"]
mod predictions;

/// Files whose names start with `valid-` must be accepted, all others rejected; `at_least` is the minimum number of
/// each.
fn replay(target: &str, accepts: impl Fn(&[u8]) -> bool, at_least: [usize; 2]) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut found = [0, 0];
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let valid = name.starts_with("valid-");
        assert_eq!(
            accepts(&std::fs::read(&path).unwrap()),
            valid,
            "{target}/{name}"
        );
        found[usize::from(!valid)] += 1;
    }
    assert!(
        found[0] >= at_least[0] && found[1] >= at_least[1],
        "{target}: only {found:?} files"
    );
}

/// After a change to the format, run `cargo run -p ensemble --example fuzz_corpus`.
#[test]
fn model_files_load_or_are_rejected() {
    replay("artifact", artifact::accepts, [4, 25]);
}

#[test]
fn settings_are_accepted_or_rejected() {
    replay("params", params::accepts, [4, 8]);
}

#[test]
fn predictions_are_read_or_rejected() {
    replay("predictions", predictions::accepts, [3, 8]);
}
