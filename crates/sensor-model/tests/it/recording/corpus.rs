//! Replays the fuzzing corpus without the fuzzer.

use std::path::Path;

#[path = "../../../fuzz/properties/co2_csv.rs"]
mod co2_csv;
#[path = "../../../fuzz/properties/labels.rs"]
mod labels;
#[path = "../../../fuzz/properties/purethermal.rs"]
mod purethermal;
#[path = "../../../fuzz/properties/reading.rs"]
mod reading;
#[path = "../../../fuzz/properties/tcam.rs"]
mod tcam;
#[path = "../../../fuzz/properties/tiff.rs"]
mod tiff;
#[path = "../../../fuzz/properties/y16.rs"]
mod y16;

/// Asserts that files whose names start with `valid-` are accepted and all others rejected, and that there are at least
/// this many valid and invalid files.
fn replay(target: &str, accepts: impl Fn(&[u8]) -> bool, at_least: [usize; 2]) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut found = [0, 0];
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let valid = name.starts_with("valid-");
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(accepts(&bytes), valid, "{target}/{name}");
        found[usize::from(!valid)] += 1;
    }
    assert!(
        found[0] >= at_least[0] && found[1] >= at_least[1],
        "{target}: only {found:?} files"
    );
}

#[test]
fn corpus_raw_frames_are_read_or_rejected() {
    replay("y16", y16::accepts, [2, 3]);
}

#[test]
fn corpus_containers_are_read_or_rejected() {
    replay("purethermal", purethermal::accepts, [2, 8]);
}

#[test]
fn corpus_tiffs_are_read_or_rejected() {
    replay("tiff", tiff::accepts, [1, 7]);
}

#[test]
fn corpus_tcam_images_are_read_or_rejected() {
    replay("tcam", tcam::accepts, [1, 5]);
}

#[test]
fn corpus_co2_logs_are_read_or_rejected() {
    replay("co2_csv", co2_csv::accepts, [3, 7]);
}

#[test]
fn corpus_labels_are_read_or_rejected() {
    replay("labels", labels::accepts, [2, 5]);
}
