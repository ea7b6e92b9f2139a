//! JSON documents without what differs from run to run.

use serde_json::Value;

use super::shell::Shell;

/// Keys whose numbers are points in time, durations, their prices, and sizes of models.
const VARYING: [&str; 12] = [
    "billable_seconds",
    "cost_usd",
    "created",
    "elapsed_seconds",
    "ended",
    "mean_ms",
    "model:bytes",
    "model_bytes",
    "modified",
    "p99_ms",
    "started",
    "training_seconds",
];

/// Keys whose values may be missing yet.
const SAMPLED: [&str; 3] = ["cpu_percent", "memory_percent", "time"];

/// Longest line that is not broken further.
const WIDTH: usize = 120;

/// The document with its keys in alphabetical order and short lists on one line.
pub(super) fn document(shell: &Shell, text: &str) -> String {
    let mut value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    redact(shell, "", &mut value);
    let mut lines = String::new();
    print(&value, 0, &mut lines);
    lines
}

/// One document a line.
pub(super) fn documents(shell: &Shell, text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| document(shell, line)).collect();
    lines.join("\n")
}

fn redact(shell: &Shell, key: &str, value: &mut Value) {
    if SAMPLED.contains(&key) || (value.is_number() && VARYING.contains(&key)) {
        *value = format!("[{key}]").into();
        return;
    }
    match value {
        Value::String(text) => *text = shell.redacted(text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(shell, key, item)),
        Value::Object(entries) => {
            for (name, value) in entries {
                if key == "timings_seconds" && value.is_number() {
                    *value = "[seconds]".into();
                }
                redact(shell, name, value);
            }
        }
        _ => {}
    }
}

fn print(value: &Value, indent: usize, lines: &mut String) {
    let flat = value.to_string();
    let (opening, closing, items): (_, _, Vec<(String, &Value)>) = match value {
        Value::Array(items) => (
            '[',
            ']',
            items.iter().map(|item| (String::new(), item)).collect(),
        ),
        Value::Object(entries) => {
            let named = entries
                .iter()
                .map(|(name, item)| (format!("{name:?}: "), item));
            ('{', '}', named.collect())
        }
        _ => ('[', ']', Vec::new()),
    };
    if indent + flat.len() <= WIDTH || items.is_empty() {
        *lines += &flat;
        return;
    }
    lines.push(opening);
    for (name, item) in items {
        *lines += &line(indent + 2);
        *lines += &name;
        print(item, indent + 2, lines);
    }
    *lines += &line(indent);
    lines.push(closing);
}

/// A new line, indented.
fn line(indent: usize) -> String {
    format!("\n{:indent$}", "")
}
