//! The fuzzer's corpus, replayed without the fuzzer.

use std::path::Path;

#[path = "../../fuzz/properties/hyperparameters.rs"]
mod hyperparameters;
#[path = "../../fuzz/properties/model_tar.rs"]
mod model_tar;
#[path = "../../fuzz/properties/requests.rs"]
mod requests;

/// Files whose names start with `valid-` must be accepted and all others rejected; there must be at least `at_least`
/// files of each kind, valid ones first.
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
fn corpus_requests_get_predictions_or_are_rejected() {
    for (target, media, at_least) in [
        ("csv", "text/csv", [5, 14]),
        ("json", "application/json", [5, 20]),
        ("jsonlines", "application/jsonlines", [3, 9]),
    ] {
        replay(target, |bytes| requests::accepts(media, bytes), at_least);
    }
}

#[test]
fn corpus_settings_are_accepted_or_rejected() {
    replay("hyperparameters", hyperparameters::accepts, [3, 13]);
}

#[test]
fn corpus_archives_are_unpacked_or_rejected() {
    replay("model_tar", model_tar::accepts, [5, 13]);
}
