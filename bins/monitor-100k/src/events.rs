//! JSON lines: one document for every change, and the result at the end.

use std::io;

use fire_cli::Console;
use serde::Serialize;

/// A document with the name of what happened before its own keys.
#[derive(Serialize)]
struct Event<'a, T> {
    event: &'static str,
    #[serde(flatten)]
    document: &'a T,
}

/// Writes one line when results are JSON, and nothing else.
pub(crate) fn emit(
    console: &mut Console<'_>,
    event: &'static str,
    document: &impl Serialize,
) -> io::Result<()> {
    if !console.is_json() {
        return Ok(());
    }
    let line = serde_json::to_string(&Event { event, document })?;
    writeln!(console.out(), "{line}")?;
    console.out().flush()
}

#[cfg(test)]
mod tests {
    use fire_cli::{Format, Style};
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_one_line_of_json_and_nothing_in_text() {
        let written = |format| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let style = Style {
                format,
                ..Style::default()
            };
            let mut console = Console::new(&mut out, &mut err, style);
            emit(&mut console, "log", &json!({"text": "a\nb"})).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            written(Format::Json),
            "{\"event\":\"log\",\"text\":\"a\\nb\"}\n"
        );
        assert_eq!(written(Format::Text), "");
    }
}
