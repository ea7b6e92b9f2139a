//! Formats that outlive a process are defined in one place: `fire-run`.
//!
//! Programs that run on different days, on different machines, find each other's work by the names of
//! channels, files and keys. A program that spells such a name itself still works today and breaks
//! unnoticed when `fire-run` changes.

use std::collections::BTreeSet;

use crate::tidy::{root, rust_files, without_tests};

/// Where names are not spelled: the programs, what they share, and the developer's tool.
const FOLDERS: [&str; 3] = ["bins", "crates/fire-cli", "xtask"];

/// Channels and partitions.
const CHANNELS: [&str; 5] = [
    "train",
    "validation",
    "test",
    "alarm-validation",
    "alarm-test",
];

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

/// Literals that look like a run's names: file, literal, and what it is.
const EXEMPT: [(&str, &str, &str); 13] = [
    (
        "bins/deploy-100k/src/cli.rs",
        "test",
        "clap's name of the flag --test",
    ),
    (
        "bins/deploy-100k/src/serving_args.rs",
        "test",
        "clap's name of the flag --test",
    ),
    (
        "bins/fire-container/src/cli.rs",
        "train",
        "SageMaker calls the container with it",
    ),
    (
        "bins/push-image/src/export.rs",
        "manifest.json",
        "the index of `docker save` archives",
    ),
    (
        "bins/push-image/src/layer.rs",
        "train",
        "SageMaker calls the container with it",
    ),
    (
        "bins/report-100k/src/html/time_and_cost.rs",
        "train",
        "a step of a run, for people",
    ),
    (
        "bins/report-100k/src/html/time_and_cost.rs",
        "test",
        "a step of a run, for people",
    ),
    (
        "crates/fire-cli/src/args.rs",
        "flir-scd41-best-model",
        "the default of a flag, and its one definition",
    ),
    (
        "xtask/src/bench.rs",
        "train",
        "a subcommand of fire-container",
    ),
    (
        "xtask/src/bench/endpoint.rs",
        "train",
        "a subcommand of fire-container",
    ),
    (
        "xtask/src/container/job.rs",
        "train",
        "a subcommand of fire-container",
    ),
    (
        "xtask/src/container/job.rs",
        "model/metrics.json",
        "xtask links none of our crates, and looks at the job from outside",
    ),
    ("xtask/src/test.rs", "test", "a subcommand of cargo"),
];

/// Types that programs read from JSON: file, type, and who writes it.
const READ: [(&str, &str, &str); 11] = [
    ("bins/deploy-100k/src/probe.rs", "Response", "the endpoint"),
    (
        "bins/deploy-100k/src/probe.rs",
        "Prediction",
        "the endpoint",
    ),
    (
        "bins/extract-rows/src/follow/scorer.rs",
        "Reply",
        "the endpoint",
    ),
    (
        "bins/extract-rows/src/follow/scorer.rs",
        "Scored",
        "the endpoint",
    ),
    ("bins/push-image/src/registry.rs", "Token", "a registry"),
    (
        "bins/train-100k/src/parts.rs",
        "ShardRecord",
        "train-100k alone, into the folder of a sharded dataset",
    ),
    (
        "bins/train-100k/src/parts.rs",
        "Whole",
        "a part of ShardRecord",
    ),
    (
        "xtask/src/bench/endpoint.rs",
        "Rows Models Load",
        "the programs of the benchmark",
    ),
    (
        "xtask/src/bench/generator.rs",
        "Line",
        "the programs of the benchmark",
    ),
    (
        "xtask/src/bench/learners.rs",
        "Line",
        "the programs of the benchmark",
    ),
    (
        "bins/train-100k/src/recipe.rs",
        "Recipe",
        "train-100k alone, to resume a run",
    ),
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
    CHANNELS.contains(&literal) || !literal.contains(' ') && (has(&FILES) || has(&PREFIXES))
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
                .position(|(file, text, _)| *file == path && *text == literal);
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
    let mut found = BTreeSet::new();
    for (path, code) in sources() {
        for after in code.split("#[derive(").skip(1) {
            let (derived, after) = after.split_once(")]").unwrap();
            if !derived.contains("Deserialize") {
                continue;
            }
            let words = after.split_whitespace();
            let mut words = words.skip_while(|word| !["struct", "enum"].contains(word));
            let name = words.nth(1).unwrap().trim_end_matches([';', '{']);
            let name = name.split(['(', '<']).next().unwrap().to_owned();
            found.insert((path.clone(), name));
        }
    }
    let known: BTreeSet<_> = READ
        .iter()
        .flat_map(|(path, names, _)| {
            names
                .split(' ')
                .map(|name| ((*path).to_owned(), name.to_owned()))
        })
        .collect();
    let unknown: Vec<_> = found.difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "records belong into fire-run; if another program writes this, say in READ which: {unknown:?}"
    );
    let idle: Vec<_> = known.difference(&found).collect();
    assert!(idle.is_empty(), "no longer needed: {idle:?}");
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
        ("give the model.tar.gz of a training job", false),
        ("tests", false),
    ] {
        assert_eq!(is_name_of_a_run(literal), expected, "{literal}");
    }
}
