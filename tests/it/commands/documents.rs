//! Finds the commands in the documents.

use std::fmt;

use super::parsers::PROGRAMS;
use super::words::Line;
use crate::tidy::root;

/// Where a command is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    document: String,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.document, self.line)
    }
}

/// What surrounds a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// A line of a block that readers copy.
    Block,
    /// A code span in a sentence, which may only name a program and a flag.
    Prose,
}

/// A command of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Documented {
    pub(super) place: Place,
    pub(super) context: Context,
    /// The command on one line, with a trailing comment if there is one.
    pub(super) text: String,
}

/// Every document as (name, text): in the root, in `docs` and in each crate.
pub(super) fn documents() -> Vec<(String, String)> {
    let mut folders = vec![root(), root().join("docs")];
    for group in ["crates", "bins"] {
        let members = std::fs::read_dir(root().join(group)).unwrap();
        folders.extend(members.map(|member| member.unwrap().path()));
    }
    let mut documents: Vec<_> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    documents.sort();
    assert!(
        documents.len() >= 10,
        "the search found only {} documents",
        documents.len()
    );
    documents
}

/// The commands of a document: each line of its `sh` blocks, and each code span that starts with one
/// of our programs.
pub(super) fn commands(document: &str, text: &str) -> Vec<Documented> {
    let mut found = Vec::new();
    for part in parts(document, text) {
        match part {
            Part::Block {
                language: "sh",
                lines,
            } => found.extend(in_block(lines)),
            Part::Block { .. } => {}
            Part::Prose(place, line) => found.extend(spans(line).map(|span| Documented {
                place: place.clone(),
                context: Context::Prose,
                text: span.to_owned(),
            })),
        }
    }
    expand(&mut found);
    found
}

enum Part<'a> {
    Prose(Place, &'a str),
    Block {
        language: &'a str,
        lines: Vec<(Place, &'a str)>,
    },
}

/// Splits a document into lines of prose and whole fenced blocks.
fn parts<'a>(document: &str, text: &'a str) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let mut block: Option<Part<'a>> = None;
    for (index, line) in text.lines().enumerate() {
        let place = Place {
            document: document.to_owned(),
            line: index + 1,
        };
        let fence = line.trim_start().strip_prefix("```");
        match (fence, block.take()) {
            (Some(language), None) => {
                block = Some(Part::Block {
                    language: language.trim(),
                    lines: Vec::new(),
                });
            }
            (Some(_), Some(whole)) => parts.push(whole),
            (None, None) => parts.push(Part::Prose(place, line)),
            (None, Some(mut open)) => {
                if let Part::Block { lines, .. } = &mut open {
                    lines.push((place, line));
                }
                block = Some(open);
            }
        }
    }
    assert!(block.is_none(), "{document} ends within a block");
    parts
}

/// The commands of a block; lines that end with a backslash are joined with the next one.
fn in_block(lines: Vec<(Place, &str)>) -> Vec<Documented> {
    let mut found: Vec<Documented> = Vec::new();
    let mut open: Option<Documented> = None;
    for (place, line) in lines {
        let mut command = open.take().unwrap_or(Documented {
            place,
            context: Context::Block,
            text: String::new(),
        });
        if let Some(begun) = line.trim_end().strip_suffix('\\') {
            command.text += begun;
            open = Some(command);
        } else {
            command.text += line;
            found.push(command);
        }
    }
    found.retain(|command| {
        let text = command.text.trim();
        !text.is_empty() && !text.starts_with('#')
    });
    found
}

/// Replaces variables by the values that the document exported before.
fn expand(commands: &mut [Documented]) {
    let mut variables: Vec<(String, String)> = Vec::new();
    for command in commands {
        for (name, value) in &variables {
            for form in [format!("${{{name}}}"), format!("${name}")] {
                command.text = command.text.replace(&form, value);
            }
        }
        if let Some(assignments) = command.text.strip_prefix("export ") {
            variables.extend(exported(assignments));
            // Longest name first: one name may be a prefix of another.
            variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        }
    }
}

/// The names and values of an `export`; a value may use earlier variables.
fn exported(assignments: &str) -> Vec<(String, String)> {
    // The output of another command is unknown here; an account number is valid in every name.
    if let Some((name, _)) = assignments.split_once("=$(") {
        return vec![(name.to_owned(), "691595239825".to_owned())];
    }
    let words = Line::read(assignments).text;
    let pairs = words.split(' ').filter_map(|word| word.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The code spans of a line that start with one of our programs.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2).filter(|span| {
        PROGRAMS.iter().any(|(name, _)| {
            let rest = span.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    })
}

#[test]
fn commands_are_found_in_blocks_and_spans() {
    let text = "\
`train-100k` and `local-sagemaker.rs`: `monitor-100k --list`, not `aws sts`.
```sh
# a comment
train-100k --run \"a # b\"   # another

deploy-100k --delete \\
  --endpoint-name x
```
```json
train-100k
```
| `cargo xtask bench --runs 3` | `cargo bench` |
";
    let found: Vec<_> = commands("a.md", text)
        .into_iter()
        .map(|found| (found.place.to_string(), found.context, found.text))
        .collect();
    let expected = [
        ("a.md:1", Context::Prose, "train-100k"),
        ("a.md:1", Context::Prose, "monitor-100k --list"),
        (
            "a.md:4",
            Context::Block,
            "train-100k --run \"a # b\"   # another",
        ),
        (
            "a.md:6",
            Context::Block,
            "deploy-100k --delete   --endpoint-name x",
        ),
        ("a.md:12", Context::Prose, "cargo xtask bench --runs 3"),
    ];
    let expected =
        expected.map(|(place, context, text)| (place.to_owned(), context, text.to_owned()));
    assert_eq!(found, expected);
}

#[test]
fn variables_that_a_document_exports_are_expanded() {
    let text = "```sh
train-100k --bucket $A
export A=$(aws sts get-caller-identity)
export AB=x-$A C=s3://$A/y   # two
deploy-100k --model-uri $C/${AB}.tar $A
```";
    let found = commands("a.md", text).into_iter().map(|found| found.text);
    let expected = [
        "train-100k --bucket $A",
        "export A=$(aws sts get-caller-identity)",
        "export AB=x-691595239825 C=s3://691595239825/y   # two",
        "deploy-100k --model-uri s3://691595239825/y/x-691595239825.tar 691595239825",
    ];
    assert!(found.eq(expected));
}
