//! What happens with a documented command.
//!
//! A command of ours that is in no table is run. Commands that are not ours and placeholders must be
//! in a table, and an entry that no document needs must go.

use super::documents::{Context, Documented};
use super::parsers::{Finding, program, read};
use super::placeholders::{is_placeholder, substituted};
use super::words::Line;

/// What happens with a command.
#[derive(Debug)]
pub(super) enum Class {
    /// It is run: the line with its placeholders filled in and its sizes reduced.
    Run(Line),
    /// Only the parser of its program reads it.
    Parsed,
    /// The Python suite runs or parses it.
    Outside,
    /// A sentence that mentions a program, a subcommand or a flag.
    Named,
}

impl Class {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Parsed => "parsed",
            Self::Outside => "outside",
            Self::Named => "named",
        }
    }
}

/// A command's class, and the rules that led to it.
#[derive(Debug)]
pub(super) struct Classified {
    pub(super) class: Class,
    pub(super) rules: Vec<&'static str>,
}

impl Classified {
    const NAMED: Self = Self {
        class: Class::Named,
        rules: Vec::new(),
    };
}

/// Commands of ours with these words are only parsed, for this reason.
pub(super) const PARSED: [(&str, &str); 6] = [
    ("--backend aws", "it needs an account"),
    ("cargo xtask test", "it runs this very test"),
    (
        "cargo xtask clients",
        "it downloads every client and takes minutes",
    ),
    ("cargo xtask bench", "it takes minutes and a quiet machine"),
    ("cargo xtask install", "it writes to the reader's PATH"),
    ("cargo xtask image", "it builds everything a second time"),
];

/// Commands that are not ours: how they start (the whole command if there is no space at the end), and
/// the test in `tests/clients` that runs or parses them.
pub(super) const OUTSIDE: [(&str, &str); 10] = [
    ("export ", "test_the_snippets_of_the_documents_are_answered"),
    (
        "aws ",
        "test_every_aws_command_of_the_documents_is_understood",
    ),
    ("curl ", "test_the_endpoint_answers_curl"),
    ("for policy ", "test_the_policies_are_filled_in"),
    ("sed ", "test_the_policies_are_filled_in"),
    ("do", "test_the_policies_are_filled_in"),
    ("done", "test_the_policies_are_filled_in"),
    ("cargo install ", "test_the_installed_crate_has_the_program"),
    ("rclone ", "test_rclone"),
    ("s3cmd ", "test_s3cmd"),
];

/// The class of a command, or what is wrong with it.
pub(super) fn classify(found: &Documented) -> Result<Classified, String> {
    let (line, mut rules) = substituted(&Line::read(&found.text));
    let commands: Vec<_> = line
        .commands
        .iter()
        .map(|words| Line::texts(words))
        .collect();
    let mut ours = 0;
    for words in &commands {
        match program(words) {
            Some((called, arguments)) => match read(called, arguments) {
                Finding::Accepted => ours += 1,
                Finding::Incomplete(_) if found.context == Context::Prose => {
                    return Ok(Classified::NAMED);
                }
                Finding::Incomplete(said) | Finding::Rejected(said) => return Err(said),
            },
            None => rules.push(covered(words)?),
        }
    }
    if found.context == Context::Prose && is_name(&found.text) {
        return Ok(Classified::NAMED);
    }
    let parsed = PARSED.iter().map(|(rule, _)| *rule);
    let parsed: Vec<_> = parsed
        .filter(|rule| commands.iter().any(|words| has(words, rule)))
        .collect();
    rules.extend(&parsed);
    let class = if ours == 0 {
        Class::Outside
    } else if ours < commands.len() || !parsed.is_empty() {
        Class::Parsed
    } else {
        Class::Run(runnable(line)?)
    };
    Ok(Classified { class, rules })
}

/// The line, unless a placeholder is left in it.
fn runnable(line: Line) -> Result<Line, String> {
    let words = line.commands.iter().flatten();
    match words
        .map(|word| &word.text)
        .find(|word| is_placeholder(word))
    {
        None => Ok(line),
        Some(word) => Err(format!(
            "`{word}` is a placeholder: add its meaning to PLACEHOLDERS in tests/it/commands/placeholders.rs"
        )),
    }
}

/// The rule for a command that is not ours.
fn covered(words: &[&str]) -> Result<&'static str, String> {
    let typed = words.join(" ");
    let fits = |start: &str| typed == start || start.ends_with(' ') && typed.starts_with(start);
    let rule = OUTSIDE.iter().find(|(start, _)| fits(start));
    rule.map(|(start, _)| *start).ok_or_else(|| {
        format!(
            "`{typed}` is not one of our programs: add the test that runs it to OUTSIDE in tests/it/commands/rules.rs"
        )
    })
}

/// Whether the words of the rule occur among these, one after another.
fn has(words: &[&str], rule: &str) -> bool {
    format!(" {} ", words.join(" ")).contains(&format!(" {rule} "))
}

/// Whether this is only a program with at most a subcommand, as in a sentence that names it.
fn is_name(typed: &str) -> bool {
    let words: Vec<&str> = typed.split(' ').collect();
    let is_subcommand = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase());
    program(&words).is_some_and(|(_, arguments)| arguments.iter().all(is_subcommand))
}

#[test]
fn commands_are_classified_by_their_words() {
    let classify = |text: &str, context| {
        let line = format!("`{text}`");
        let block = format!("```sh\n{text}\n```");
        let document = if context == Context::Prose {
            line
        } else {
            block
        };
        let found = super::commands("a.md", &document);
        super::rules::classify(&found[0]).map(|verdict| verdict.class.name())
    };
    for (text, in_block, in_prose) in [
        ("train-100k", "run", "named"),
        ("train-100k --run NAME", "run", "run"),
        ("train-100k --run WHO", "WHO", "WHO"),
        ("train-100k --spott", "--spott", "--spott"),
        ("train-100k --run", "a value is required", "named"),
        ("monitor-100k --metrics", "JOB", "named"),
        ("monitor-100k JOB --backend aws", "parsed", "parsed"),
        ("fire-container export", "--model", "named"),
        ("fire-container bake", "bake", "bake"),
        ("cargo xtask test --install", "parsed", "parsed"),
        ("report-100k --run RUN | jq .run", "jq", "jq"),
        ("report-100k --run RUN | aws s3 cp - x", "parsed", "parsed"),
    ] {
        for (place, expected) in [(Context::Block, in_block), (Context::Prose, in_prose)] {
            let found = classify(text, place);
            let said = match &found {
                Ok(name) => name,
                Err(why) => why.as_str(),
            };
            assert!(said.contains(expected), "{text} {place:?}: {said}");
        }
    }
    for (text, expected) in [
        ("aws sagemaker list-endpoints; aws sts x", Ok("outside")),
        ("git clone x", Err(())),
    ] {
        let found = classify(text, Context::Block);
        let found = found.map_err(|why| assert!(why.contains("OUTSIDE"), "{why}"));
        assert_eq!(found, expected, "{text}");
    }
}
