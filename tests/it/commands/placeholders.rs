//! Placeholders in the documents, and flags that shorten long work.

use super::words::{Line, Word};

/// The run that placeholders refer to, and another that was tested on the same rows.
pub(super) const RUNS: [&str; 2] = ["monday", "tuesday"];
/// The jobs of the first run.
const JOBS: [&str; 3] = [
    "flir-scd41-rf-100k-monday",
    "flir-scd41-gb-100k-monday",
    "flir-scd41-lr-100k-monday",
];
/// Their models.
pub(super) const MODELS: [&str; 3] = [
    "s3://fire-detection-training-691595239825/flir_scd41_training/models/flir-scd41-rf-100k-monday/output/model.tar.gz",
    "s3://fire-detection-training-691595239825/flir_scd41_training/models/flir-scd41-gb-100k-monday/output/model.tar.gz",
    "s3://fire-detection-training-691595239825/flir_scd41_training/models/flir-scd41-lr-100k-monday/output/model.tar.gz",
];

/// A word in the documents that readers replace by a value of their own.
struct Placeholder {
    /// The name of the rule in failures.
    rule: &'static str,
    token: &'static str,
    /// The flag that it follows; empty for any place.
    after: &'static str,
    /// The values: the first occurrence in a line gets the first, and so on.
    stands_for: &'static [&'static str],
}

const PLACEHOLDERS: [Placeholder; 13] = [
    anywhere("JOB", &JOBS),
    anywhere("s3://…", &MODELS),
    anywhere("URI", &MODELS),
    anywhere("URI_OF_RF", &[MODELS[0]]),
    anywhere("URI_OF_GB", &[MODELS[1]]),
    anywhere("URI_OF_LR", &[MODELS[2]]),
    anywhere("BUCKET", &["fire-detection-training-691595239825"]),
    anywhere("RUN", &RUNS),
    anywhere("I/N", &["3/8"]),
    behind(
        "--endpoint NAME",
        "NAME",
        &["flir-scd41-best-model-endpoint"],
    ),
    behind("--run NAME", "NAME", &["evening"]),
    behind("--out DIR", "DIR", &["parts"]),
    behind("--state-dir DIR", "DIR", &[".fire"]),
];

const fn anywhere(token: &'static str, stands_for: &'static [&'static str]) -> Placeholder {
    Placeholder {
        rule: token,
        token,
        after: "",
        stands_for,
    }
}

/// `rule` is the flag and the token.
const fn behind(
    rule: &'static str,
    token: &'static str,
    stands_for: &'static [&'static str],
) -> Placeholder {
    let (after, _) = rule.split_at(rule.len() - token.len() - 1);
    Placeholder {
        rule,
        token,
        after,
        stands_for,
    }
}

/// How a flag reduces the work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// Its value is replaced where the document has the flag.
    Replaced,
    /// It is added where the document does not have it.
    Added,
    /// Both.
    Set,
}

/// A flag that makes a program do less.
struct Smaller {
    rule: &'static str,
    program: &'static str,
    flag: &'static str,
    value: &'static str,
    how: How,
    /// Flags that it cannot be combined with.
    unless: &'static [&'static str],
}

const SMALLER: [Smaller; 7] = [
    Smaller {
        rule: "fewer rows of train-100k",
        program: "train-100k",
        flag: "--samples",
        value: "2000",
        how: How::Set,
        unless: &["--data", "--parts", "--completions"],
    },
    Smaller {
        rule: "shorter alarm sets of train-100k",
        program: "train-100k",
        flag: "--alarm-hours",
        value: "0.1",
        how: How::Added,
        unless: &["--parts", "--completions"],
    },
    Smaller {
        // Enough for a model that tells a fire from a calm room, which the pipeline tests.
        rule: "fewer rows of the pipeline",
        program: "cargo xtask pipeline",
        flag: "--samples",
        value: "4000",
        how: How::Set,
        unless: &[],
    },
    Smaller {
        rule: "shorter alarm sets of the pipeline",
        program: "cargo xtask pipeline",
        flag: "--alarm-hours",
        value: "0.1",
        how: How::Added,
        unless: &[],
    },
    Smaller {
        rule: "fewer rows of pipeline-100k",
        program: "pipeline-100k",
        flag: "--samples",
        value: "4000",
        how: How::Set,
        unless: &["--completions"],
    },
    Smaller {
        rule: "shorter alarm sets of pipeline-100k",
        program: "pipeline-100k",
        flag: "--alarm-hours",
        value: "0.1",
        how: How::Added,
        unless: &["--completions"],
    },
    Smaller {
        // The port in the documents may be taken.
        rule: "a free port of local-sagemaker",
        program: "local-sagemaker",
        flag: "--port",
        value: "0",
        how: How::Replaced,
        unless: &[],
    },
];

/// The names of all rules of this file.
pub(super) fn rules() -> impl Iterator<Item = &'static str> {
    let placeholders = PLACEHOLDERS.iter().map(|placeholder| placeholder.rule);
    placeholders.chain(SMALLER.iter().map(|smaller| smaller.rule))
}

/// The line to be run, and the rules that changed it. All other words stay as they are.
pub(super) fn substituted(line: &Line) -> (Line, Vec<&'static str>) {
    let mut rules = Vec::new();
    let mut seen = [0; PLACEHOLDERS.len()];
    // Replacements and their places, in order.
    let mut edits = Vec::new();
    for words in &line.commands {
        let mut before = "";
        for word in words {
            let raw = &line.text[word.span.clone()];
            edits.push((
                word.span.clone(),
                filled(raw, before, &mut seen, &mut rules),
            ));
            before = &word.text;
        }
        let texts = Line::texts(words).join(" ");
        for smaller in SMALLER.iter().filter(|smaller| smaller.is_for(&texts)) {
            if let Some(edit) = smaller.edit(words) {
                rules.push(smaller.rule);
                edits.push(edit);
            }
        }
    }
    // The sort is stable: an added flag comes after the word that ends there, and a changed value
    // replaces it.
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let mut text = String::new();
    let mut at = 0;
    for (index, (span, new)) in edits.iter().enumerate() {
        let overruled = edits.get(index + 1).is_some_and(|(next, _)| next == span);
        if !overruled || span.is_empty() {
            text += &line.text[at..span.start];
            text += new;
            at = span.end;
        }
    }
    text += &line.text[at..];
    (Line::read(&text), rules)
}

/// A word with its placeholders filled in.
fn filled(raw: &str, before: &str, seen: &mut [usize], rules: &mut Vec<&'static str>) -> String {
    let mut word = raw.to_owned();
    for (placeholder, seen) in PLACEHOLDERS.iter().zip(seen) {
        if !placeholder.after.is_empty() && placeholder.after != before {
            continue;
        }
        while let Some(at) = position(&word, placeholder.token) {
            let stands_for = placeholder.stands_for[*seen % placeholder.stands_for.len()];
            word.replace_range(at..at + placeholder.token.len(), stands_for);
            *seen += 1;
            rules.push(placeholder.rule);
        }
    }
    word
}

/// Where the token occurs in the word, but not as part of a longer token.
fn position(word: &str, token: &str) -> Option<usize> {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_';
    word.match_indices(token).map(|(at, _)| at).find(|at| {
        let before = word[..*at].chars().next_back();
        let behind = word[at + token.len()..].chars().next();
        !before.is_some_and(goes_on) && !behind.is_some_and(goes_on)
    })
}

impl Smaller {
    fn is_for(&self, command: &str) -> bool {
        let command = format!("{command} ");
        let has = |flag: &&str| command.contains(&format!(" {flag} "));
        command.starts_with(&format!("{} ", self.program)) && !self.unless.iter().any(has)
    }

    /// The place of the change and the text for it.
    fn edit(&self, words: &[Word]) -> Option<(std::ops::Range<usize>, String)> {
        let flag = words.iter().position(|word| word.text == self.flag);
        let value = flag.and_then(|flag| words.get(flag + 1));
        match value {
            Some(value) if self.how != How::Added => {
                Some((value.span.clone(), self.value.to_owned()))
            }
            None if self.how != How::Replaced => {
                let end = words.last()?.span.end;
                Some((end..end, format!(" {} {}", self.flag, self.value)))
            }
            _ => None,
        }
    }
}

/// Whether a word looks like a placeholder: it, or a part of it, is in capitals or has an ellipsis.
pub(super) fn is_placeholder(word: &str) -> bool {
    let in_capitals =
        |part: &str| part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    word.contains('…') || word.split(['/', ':', '=', ',']).any(in_capitals)
}

#[test]
fn placeholders_are_filled_in_and_runs_are_shortened() {
    for (line, expected) in [
        (
            "monitor-100k JOB 'JOB' --run RUN",
            "monitor-100k flir-scd41-rf-100k-monday 'flir-scd41-gb-100k-monday' --run monday",
        ),
        ("x --run NAME --name NAME", "x --run evening --name NAME"),
        ("x URI_OF_X JOBS a=RUN:1", "x URI_OF_X JOBS a=monday:1"),
        (
            "train-100k | x",
            "train-100k --samples 2000 --alarm-hours 0.1 | x",
        ),
        (
            "train-100k --samples 9 --alarm-hours 7",
            "train-100k --samples 2000 --alarm-hours 7",
        ),
        ("train-100k --parts a", "train-100k --parts a"),
        ("local-sagemaker --stop", "local-sagemaker --stop"),
        ("local-sagemaker --port 4566", "local-sagemaker --port 0"),
    ] {
        assert_eq!(substituted(&Line::read(line)).0.text, expected);
    }
    for (word, is) in [
        ("JOB", true),
        ("s3://…", true),
        ("a=URI:0.1", true),
        ("URI_OF_RF", true),
        ("Time:iso:CO2 (ppm)", false),
        ("X", false),
        ("rf.max_depth=8", false),
    ] {
        assert_eq!(is_placeholder(word), is, "{word}");
    }
}
