//! Formats that outlive a process are defined in one place: `fire-run`.
//!
//! Programs that run on different days, on different machines, find each other's work by the names of
//! channels, files and keys. A program that spells such a name itself still works today and breaks
//! unnoticed when `fire-run` changes.

use std::collections::BTreeSet;

use fire_run::Channel;

use crate::tidy::{root, rust_files, without_tests};

/// Where names are not spelled: the programs, what they share, and the developer's tool.
const FOLDERS: [&str; 3] = ["bins", "crates/fire-cli", "xtask"];

/// Files of a run.
const FILES: [&str; 9] = [
    "train.json",
    "deploy.json",
    "ensemble.json",
    "report.json",
    "metrics.json",
    "manifest.json",
    "recipe.json",
    "output.tar.gz",
    "model.tar.gz",
];

/// Starts of job names and of S3 keys.
const PREFIXES: [&str; 2] = ["flir-scd41-", "flir_scd41_training"];

/// Literals that look like a run's names: where they are, and what they mean there.
const EXEMPT: [(&str, &str, &str); 10] = [
    ("bins/deploy-100k", "test", "clap's name of the flag --test"),
    (
        "bins/fire-container",
        "train",
        "the word that SageMaker calls the container with",
    ),
    (
        "bins/push-image",
        "manifest.json",
        "the index of a `docker save` archive",
    ),
    ("bins/report-100k", "train", "a step of a run, for people"),
    ("bins/report-100k", "test", "a step of a run, for people"),
    (
        "crates/fire-cli",
        "flir-scd41-best-model",
        "the default of a flag, defined here only",
    ),
    ("xtask/src/bench", "train", "a subcommand of fire-container"),
    (
        "xtask/src/container",
        "train",
        "a subcommand of fire-container",
    ),
    (
        "xtask/src/container",
        "model/metrics.json",
        "xtask links none of our crates and sees the job from outside",
    ),
    ("xtask/src/test.rs", "test", "a subcommand of cargo"),
];

/// Types that programs read from JSON: where they are, their names, and who writes them.
const READ: [(&str, &str, &str); 7] = [
    ("bins/push-image", "Token", "a registry"),
    (
        "bins/train-100k",
        "ShardRecord Whole Document Recipe EpisodeArgs JobArgs",
        "train-100k alone: a shard's record, and the recipe of a run",
    ),
    ("crates/fire-cli", "ProjectArgs", "a part of Recipe"),
    ("crates/fire-cli", "Prediction Response", "the endpoint"),
    ("bins/fire-container", "Key", "the endpoint's clients"),
    (
        "xtask/src/bench",
        "Rows Models Load Measurements",
        "our benchmarks",
    ),
    ("xtask/src/bench", "Line", "our benchmarks and the peers'"),
];

/// The files of [`FOLDERS`] as (path, code), without tests and examples.
fn sources() -> Vec<(String, String)> {
    let sources: Vec<_> = rust_files()
        .into_iter()
        .map(|(path, text)| {
            let path = path.strip_prefix(root()).unwrap().display().to_string();
            (path, without_tests(&text).to_owned())
        })
        .filter(|(path, _)| {
            let is_ours = FOLDERS.iter().any(|folder| path.starts_with(folder));
            is_ours && path.contains("/src/") && !path.ends_with("/tests.rs")
        })
        .collect();
    assert!(sources.len() > 80, "only {} files found", sources.len());
    sources
}

/// The string literals of a source file; those in comments and in the examples of help texts do not
/// count.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let before = &rest[..at];
        let (token, after) = rest[at..].split_at(1);
        if token == "/" {
            // A comment lasts to the end of its line.
            rest = match after.strip_prefix('/') {
                Some(comment) => comment.split_once('\n').map_or("", |(_, next)| next),
                None => after,
            };
        } else if token == "'" {
            // The character '"' starts no string.
            rest = after.strip_prefix("\"'").unwrap_or(after);
        } else {
            let end = end_of_string(after);
            let is_example = before.trim_end().ends_with("const EXAMPLES: &str =");
            if !is_example {
                found.push(after[..end].to_owned());
            }
            rest = &after[end + 1..];
        }
    }
    found
}

/// Where the closing quote is.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    panic!("a string without an end: {text}")
}

/// Whether a literal spells a name of `fire-run`. One with spaces is a sentence for people.
fn is_name_of_a_run(literal: &str) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| literal.contains(name));
    Channel::ALL
        .iter()
        .any(|channel| channel.as_str() == literal)
        || !literal.contains(' ') && (has(&FILES) || has(&PREFIXES))
}

#[test]
fn formats_that_outlive_a_process_are_defined_in_one_place() {
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for (path, code) in sources() {
        for literal in literals(&code) {
            if !is_name_of_a_run(&literal) {
                continue;
            }
            let exempt = EXEMPT
                .iter()
                .position(|(folder, text, _)| path.starts_with(folder) && *text == literal);
            match exempt {
                Some(index) => drop(used.insert(index)),
                None => wrong.push(format!("{path}: \"{literal}\"")),
            }
        }
    }
    let hint = "take the name from fire-run, or say in EXEMPT what else it is";
    assert!(wrong.is_empty(), "{hint}:\n{}", wrong.join("\n"));
    let idle: Vec<_> = (0..EXEMPT.len())
        .filter(|index| !used.contains(index))
        .map(|index| EXEMPT[index])
        .collect();
    assert!(idle.is_empty(), "no longer needed: {idle:?}");
}

/// A second struct for a record would read it differently one day.
#[test]
fn no_program_declares_a_record_of_another_program() {
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for (path, code) in sources() {
        for after in code.split("#[derive(").skip(1) {
            let (derived, after) = after.split_once(")]").unwrap();
            if !derived.contains("Deserialize") {
                continue;
            }
            let mut words = after.split(|c: char| !c.is_alphanumeric());
            let name = words
                .find(|word| ["struct", "enum"].contains(word))
                .and_then(|_| words.next())
                .unwrap();
            let known = READ.iter().position(|(folder, names, _)| {
                path.starts_with(folder) && names.split(' ').any(|known| known == name)
            });
            match known {
                Some(index) => drop(used.insert(index)),
                None => wrong.push(format!("{path}: {name}")),
            }
        }
    }
    let hint = "records belong in fire-run; if something else writes this, say in READ what";
    assert!(wrong.is_empty(), "{hint}:\n{}", wrong.join("\n"));
    assert_eq!(used.len(), READ.len(), "READ has entries without a type");
}

#[test]
fn literals_are_told_from_comments_and_examples() {
    let code = r#"
        // "a comment" and 'its
        /// "documentation"
        const EXAMPLES: &str = "an example";
        let quote = '"';
        f("one", "two \" 2", 4 / 2, 'c', "three");
    "#;
    assert_eq!(literals(code), ["one", r#"two \" 2"#, "three"]);
    for (literal, expected) in [
        ("alarm-test", true),
        ("{run}/output/model.tar.gz", true),
        ("flir-scd41-{letters}", true),
        ("use the model.tar.gz of a training job", false),
        ("tests", false),
    ] {
        assert_eq!(is_name_of_a_run(literal), expected, "{literal}");
    }
}
