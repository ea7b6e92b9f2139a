//! The table "Simulated against real" in the model card; each row is produced by the test that measures its values.

use std::path::Path;
use std::sync::Mutex;

/// Serializes updates of the card, because tests run in parallel.
static CARD: Mutex<()> = Mutex::new(());

/// Asserts that the card contains this row; with `UPDATE` set, replaces the row with the same first cell instead.
pub(crate) fn assert_on_card(what: &str, [simulated, real, held_to]: [&str; 3]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/MODEL_CARD.md");
    let _guard = CARD.lock().unwrap();
    let card = std::fs::read_to_string(&path).unwrap();
    let start = format!("| {what} |");
    let found = card
        .lines()
        .find(|line| line.starts_with(&start))
        .unwrap_or_else(|| panic!("docs/MODEL_CARD.md has no line that starts with `{start}`"));
    let line = format!("{start} {simulated} | {real} | {held_to} |");
    if found != line && std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, card.replacen(found, &line, 1)).unwrap();
        return;
    }
    assert!(
        found == line,
        "docs/MODEL_CARD.md is stale (UPDATE=1 cargo test --workspace model_card):\n{found}\nshould be\n{line}"
    );
}
