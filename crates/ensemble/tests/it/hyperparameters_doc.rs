//! Checks that the hyperparameter tables in docs/CONTAINER.md match the code that generates them.

use std::path::Path;

use ensemble::Algorithm;

#[test]
fn the_hyperparameters_in_the_document_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CONTAINER.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (start, end) = (
        "writes these tables -->\n",
        "<!-- end of the hyperparameters -->",
    );
    let (before, rest) = text.split_once(start).unwrap();
    let (found, after) = rest.split_once(end).unwrap();
    let tables = Algorithm::ALL.map(hyperparameters).concat() + "\n";
    if found != tables && std::env::var_os("UPDATE").is_some() {
        let renewed = format!("{before}{start}{tables}{end}{after}");
        std::fs::write(&path, renewed).unwrap();
        return;
    }
    assert_eq!(
        found, tables,
        "docs/CONTAINER.md is stale: UPDATE=1 cargo test --workspace the_hyperparameters_in_the_document"
    );
}

/// A table of a learner's hyperparameters.
fn hyperparameters(algorithm: Algorithm) -> String {
    let rows = algorithm.hyperparameters().into_iter().map(|one| {
        format!(
            "| `{}` | {} | {} | {} |\n",
            one.name, one.default, one.range, one.doc
        )
    });
    let rows: String = rows.collect();
    format!("\n| `{algorithm}` | default | value | meaning |\n|---|---|---|---|\n{rows}")
}
