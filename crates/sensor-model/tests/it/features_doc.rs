//! The generated page `docs/FEATURES.md` is up to date.

use std::path::Path;

use sensor_model::{Feature, features_markdown};

#[test]
fn the_page_matches_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/FEATURES.md");
    let text = features_markdown();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/FEATURES.md is out of date: UPDATE=1 cargo test --workspace the_page_matches"
    );
}

#[test]
fn every_feature_has_a_line_with_its_unit_and_definition() {
    let text = features_markdown();
    for feature in Feature::ALL {
        let line = text
            .lines()
            .find(|line| line.contains(&format!("`{}`", feature.name())));
        let line = line.unwrap_or_else(|| panic!("{} has no line", feature.name()));
        assert!(
            line.contains(feature.unit()) && line.contains(feature.formula()),
            "{line}"
        );
    }
}
