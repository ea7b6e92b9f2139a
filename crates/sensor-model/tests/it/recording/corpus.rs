//! The fuzzer's corpus, replayed without the fuzzer.

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

/// Every file whose name starts with `valid-` must be accepted and every other one refused, of each kind at least as
/// many as are asked for.
fn replay(target: &str, accepts: impl Fn(&[u8]) -> bool, at_least: [usize; 2]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut found = [0, 0];
    for entry in std::fs::read_dir(folder).unwrap() {
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
fn raw_frames_are_read_or_refused() {
    replay("y16", y16::accepts, [2, 3]);
}

#[test]
fn containers_are_read_or_refused() {
    replay("purethermal", purethermal::accepts, [2, 8]);
}

#[test]
fn tiffs_are_read_or_refused() {
    replay("tiff", tiff::accepts, [1, 7]);
}

#[test]
fn tcam_images_are_read_or_refused() {
    replay("tcam", tcam::accepts, [1, 5]);
}

#[test]
fn co2_logs_are_read_or_refused() {
    replay("co2_csv", co2_csv::accepts, [3, 7]);
}

#[test]
fn labels_are_read_or_refused() {
    replay("labels", labels::accepts, [2, 5]);
}
