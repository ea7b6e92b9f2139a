//! Output while watching: a table redrawn in place on a terminal, lines of text elsewhere, or JSON
//! lines for programs.

use std::io;

use fire_cli::Console;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

/// A JSON line: the name of the event, followed by the document's own keys.
#[derive(Serialize)]
struct Event<'a, T> {
    event: &'static str,
    #[serde(flatten)]
    document: &'a T,
}

/// Writes a JSON line; does nothing in other formats.
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

/// The console with a live table below its other output. Dropping it removes the table.
pub(crate) struct Screen<'c, 's> {
    console: &'c mut Console<'s>,
    /// `None` if nothing can be redrawn.
    table: Option<LiveTable>,
}

#[derive(Default)]
struct LiveTable {
    /// Draws the lines as one block.
    progress: MultiProgress,
    lines: Vec<ProgressBar>,
}

impl<'c, 's> Screen<'c, 's> {
    /// A screen with a live table if `live` is set and the console is a terminal.
    pub(crate) fn new(console: &'c mut Console<'s>, live: bool) -> Self {
        let table = (live && console.draws()).then(LiveTable::default);
        Self { console, table }
    }

    /// Replaces the table, if there is one.
    pub(crate) fn draw(&mut self, texts: Vec<String>) {
        let Some(table) = &mut self.table else {
            return;
        };
        while table.lines.len() < texts.len() {
            table.lines.push(table.progress.add(line()));
        }
        // A bar that is only dropped would leave its line on the screen.
        for line in table.lines.split_off(texts.len()) {
            table.progress.remove(&line);
        }
        for (line, text) in table.lines.iter().zip(texts) {
            line.set_message(text);
        }
    }

    /// Writes lines of text, unless a table shows them.
    pub(crate) fn say_unless_drawn(
        &mut self,
        lines: impl IntoIterator<Item = String>,
    ) -> io::Result<()> {
        if self.table.is_some() {
            return Ok(());
        }
        self.console.say_all(lines)
    }

    /// Writes a JSON line; see [`emit`].
    pub(crate) fn emit(
        &mut self,
        event: &'static str,
        document: &impl Serialize,
    ) -> io::Result<()> {
        emit(self.console, event, document)
    }

    /// Hides the table while `write` writes something else.
    pub(crate) fn write(
        &mut self,
        write: impl FnOnce(&mut Console<'s>) -> io::Result<()>,
    ) -> io::Result<()> {
        match &self.table {
            Some(table) => table.progress.suspend(|| write(self.console)),
            None => write(self.console),
        }
    }
}

impl Drop for LiveTable {
    fn drop(&mut self) {
        // Fails only if the terminal is gone, when there is nothing to clear.
        let _ = self.progress.clear();
    }
}

fn line() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_msg}");
    ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

#[cfg(test)]
mod tests {
    use fire_cli::{Format, Style};
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_one_json_line_and_is_omitted_from_text() {
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
