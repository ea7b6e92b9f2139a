//! What is written while the program watches: a table that is redrawn in place on a terminal, lines of
//! text elsewhere, or JSON lines for programs.

use std::io;

use fire_cli::Console;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

/// A JSON line: the name of the event before the document's own keys.
#[derive(Serialize)]
struct Event<'a, T> {
    event: &'static str,
    #[serde(flatten)]
    document: &'a T,
}

/// Writes one line if the format is JSON, else nothing.
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

/// The console, with a table below everything that is written. Dropping it removes the table.
pub(crate) struct Screen<'c, 's> {
    console: &'c mut Console<'s>,
    /// `None` where nothing can be redrawn.
    table: Option<LiveTable>,
}

#[derive(Default)]
struct LiveTable {
    /// Keeps the lines together while they are redrawn.
    progress: MultiProgress,
    lines: Vec<ProgressBar>,
}

impl<'c, 's> Screen<'c, 's> {
    /// A screen that redraws a table if `live` and if the console is a terminal.
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
        for line in table.lines.split_off(texts.len()) {
            table.progress.remove(&line);
        }
        for (line, text) in table.lines.iter().zip(texts) {
            line.set_message(text);
        }
    }

    /// Writes lines of text that the table would show, if there is no table.
    pub(crate) fn say_unless_drawn(
        &mut self,
        lines: impl IntoIterator<Item = String>,
    ) -> io::Result<()> {
        if self.table.is_some() {
            return Ok(());
        }
        lines
            .into_iter()
            .try_for_each(|line| self.console.say(line))
    }

    /// Writes a JSON line, see [`emit`].
    pub(crate) fn emit(
        &mut self,
        event: &'static str,
        document: &impl Serialize,
    ) -> io::Result<()> {
        emit(self.console, event, document)
    }

    /// Takes the table off the terminal while something else is written.
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
        // Fails only if the terminal is gone, and then there is nothing to clear.
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
    fn an_event_is_one_line_of_json_and_nothing_as_text() {
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
