//! Every command in the documents works as printed.
//!
//! The tests find all lines of `sh` blocks and all code spans that start with one of our programs.
//! They pass each command to the parser of its program, then run the commands of a document in order,
//! in a folder with its own server. The tables in `rules.rs` list commands that are only parsed and
//! commands that are not ours; `placeholders.rs` lists words such as `JOB`.

mod documents;
mod inputs;
mod parsers;
mod placeholders;
mod rules;
mod session;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::root;
use documents::{Documented, commands, documents};
pub(crate) use inputs::frames;
pub(crate) use parsers::PROGRAMS;
use parsers::{Finding, examples, program, read};
use placeholders::substituted;
use rules::{Class, OUTSIDE, PARSED, classify};
use session::Session;
use words::Line;

/// The commands of all documents.
fn all() -> impl Iterator<Item = Documented> {
    let documents = documents().into_iter();
    documents.flat_map(|(name, text)| commands(&name, &text))
}

#[test]
fn every_documented_command_is_covered_by_a_rule_and_accepted_by_its_program() {
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for found in all() {
        match classify(&found) {
            Ok(verdict) => *classes.entry(verdict.class.name()).or_default() += 1,
            Err(why) => wrong.push(format!("{}: `{}`: {why}", found.place, found.text)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let total: usize = classes.values().sum();
    assert!(total > 80, "the search found only {total} commands");
    println!("{classes:?}");
}

#[test]
fn every_documented_command_succeeds() {
    let sessions: Vec<_> = documents()
        .into_iter()
        .map(|(name, text)| std::thread::spawn(move || run_all(&commands(&name, &text))))
        .collect();
    let mut run = 0;
    let mut failed = Vec::new();
    for session in sessions {
        let (done, wrong) = session.join().unwrap();
        run += done;
        failed.extend(wrong);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(run >= 30, "only {run} commands were run");
}

/// Runs a document's commands, each once; returns how many, and what went wrong.
fn run_all(commands: &[Documented]) -> (usize, Vec<String>) {
    let mut session = Session::begin();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for found in commands {
        // The other test reports commands without a class.
        let Ok(verdict) = classify(found) else {
            continue;
        };
        let Class::Run(line) = verdict.class else {
            continue;
        };
        if seen.insert(line.text.clone()) {
            let run = session.run(&line);
            wrong.extend(run.err().map(|why| format!("{}: {why}", found.place)));
        }
    }
    (seen.len(), wrong)
}

#[test]
fn every_example_in_a_help_text_is_accepted_by_its_program() {
    for (name, example) in examples() {
        let line = substituted(&Line::read(&example)).0;
        let mut ours = 0;
        for words in &line.commands {
            let words = Line::texts(words);
            // An example may be piped through any program.
            if let Some((called, arguments)) = program(&words) {
                ours += 1;
                let finding = read(called, arguments);
                assert_eq!(finding, Finding::Accepted, "{name} --help: {example}");
            }
        }
        assert!(ours > 0, "{name} --help: {example}");
    }
}

#[test]
fn every_rule_is_needed_by_a_document() {
    let of_documents = all().filter_map(|found| classify(&found).ok());
    let mut used: BTreeSet<&str> = of_documents.flat_map(|verdict| verdict.rules).collect();
    used.extend(
        examples()
            .into_iter()
            .flat_map(|(_, example)| substituted(&Line::read(&example)).1),
    );
    let parsed = PARSED.iter().map(|(rule, _)| *rule);
    let outside = OUTSIDE.iter().map(|(rule, _)| *rule);
    let rules = parsed.chain(outside).chain(placeholders::rules());
    let idle: Vec<_> = rules.filter(|rule| !used.contains(rule)).collect();
    assert!(
        idle.is_empty(),
        "no document needs these rules of tests/it/commands: {idle:?}"
    );
}

/// The Python suite runs or parses commands that are not ours.
#[test]
fn every_command_that_is_not_ours_names_a_test_of_the_python_suite() {
    let suite = ["test_documented.py", "test_recipes.py"].map(|name| {
        let path = root().join("tests/clients").join(name);
        std::fs::read_to_string(path).unwrap()
    });
    for (rule, test) in OUTSIDE {
        let definition = format!("\ndef {test}(");
        let defined = suite.iter().any(|file| file.contains(&definition));
        assert!(defined, "`{rule}`: there is no test {test}");
    }
}
