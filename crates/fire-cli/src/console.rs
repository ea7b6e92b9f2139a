//! Console output: results go to standard output, everything else to standard error.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// The format of the results on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Human-readable text and tables.
    #[default]
    Text,
    /// One JSON document with stable keys; nothing else on standard output.
    Json,
}

/// Output format and verbosity.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// The format of the results.
    pub format: Format,
    /// Below 0, notes are dropped; above 0, details are added.
    pub verbosity: i8,
    /// Whether standard error is a terminal, where progress bars can be drawn.
    pub terminal: bool,
}

/// The two streams of a program.
pub struct Console<'a> {
    out: &'a mut (dyn Write + Send),
    err: &'a mut (dyn Write + Send),
    style: Style,
    notice: InterruptNotice,
}

impl<'a> Console<'a> {
    /// A console that writes results to `out` and everything else to `err`.
    pub fn new(
        out: &'a mut (dyn Write + Send),
        err: &'a mut (dyn Write + Send),
        style: Style,
    ) -> Self {
        Self {
            out,
            err,
            style,
            notice: InterruptNotice::default(),
        }
    }

    /// Whether results are JSON.
    pub fn is_json(&self) -> bool {
        self.style.format == Format::Json
    }

    /// The notice printed if the program is interrupted; set it when remote work begins.
    pub fn notice(&self) -> InterruptNotice {
        self.notice.clone()
    }

    /// Writes a line of the result, unless the format is JSON.
    pub fn say(&mut self, line: impl AsRef<str>) -> io::Result<()> {
        if self.is_json() {
            return Ok(());
        }
        writeln!(self.out, "{}", line.as_ref())?;
        self.out.flush()
    }

    /// Writes the result as one JSON document, unless the format is text.
    pub fn json(&mut self, document: &impl Serialize) -> io::Result<()> {
        if !self.is_json() {
            return Ok(());
        }
        serde_json::to_writer_pretty(&mut *self.out, document)?;
        writeln!(self.out)?;
        self.out.flush()
    }

    /// Writes each line as [`say`](Self::say) does.
    pub fn say_all(&mut self, lines: impl IntoIterator<Item: AsRef<str>>) -> io::Result<()> {
        lines.into_iter().try_for_each(|line| self.say(line))
    }

    /// Writes a note to standard error, unless `-q` was given.
    pub fn note(&mut self, line: impl AsRef<str>) -> io::Result<()> {
        if self.style.verbosity < 0 {
            return Ok(());
        }
        self.warn(line)
    }

    /// Writes a detail to standard error if `-v` was given.
    pub fn detail(&mut self, line: impl AsRef<str>) -> io::Result<()> {
        if self.style.verbosity < 1 {
            return Ok(());
        }
        self.warn(line)
    }

    /// Writes a line to standard error, whatever the verbosity.
    pub fn warn(&mut self, line: impl AsRef<str>) -> io::Result<()> {
        writeln!(self.err, "{}", line.as_ref())
    }

    /// Standard output itself, for tables that are written in pieces.
    pub fn out(&mut self) -> &mut (dyn Write + Send) {
        self.out
    }

    /// A progress bar of `total` steps on standard error, hidden unless [`draws`](Self::draws).
    pub fn bar(&self, label: &'static str, total: u64) -> ProgressBar {
        if !self.draws() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let template = "{prefix:>10} {wide_bar} {human_pos}/{human_len} {eta}";
        let style = ProgressStyle::with_template(template);
        bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_prefix(label)
    }

    /// Whether progress bars may be drawn on standard error.
    pub fn draws(&self) -> bool {
        self.style.terminal && self.style.verbosity >= 0 && !self.is_json()
    }
}

/// The text printed when the user interrupts the program: what keeps running remotely, and how to
/// resume.
#[derive(Debug, Clone, Default)]
pub struct InterruptNotice(Arc<Mutex<String>>);

impl InterruptNotice {
    /// Replaces the text.
    pub fn set(&self, sentence: impl Into<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sentence.into();
    }

    /// The current text.
    pub fn get(&self) -> String {
        let sentence = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sentence.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(style: Style) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err, style);
        console.say("result").unwrap();
        console.json(&serde_json::json!({"result": 1})).unwrap();
        console.note("note").unwrap();
        console.detail("detail").unwrap();
        console.warn("warning").unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(out), text(err))
    }

    #[test]
    fn format_and_verbosity_select_the_lines_written() {
        let style = |format, verbosity| Style {
            format,
            verbosity,
            terminal: false,
        };
        let cases = [
            (style(Format::Text, 0), "result\n", "note\nwarning\n"),
            (style(Format::Text, -1), "result\n", "warning\n"),
            (
                style(Format::Text, 1),
                "result\n",
                "note\ndetail\nwarning\n",
            ),
            (
                style(Format::Json, 0),
                "{\n  \"result\": 1\n}\n",
                "note\nwarning\n",
            ),
        ];
        for (style, out, err) in cases {
            assert_eq!(written(style), (out.into(), err.into()), "{style:?}");
        }
    }

    #[test]
    fn progress_bars_are_drawn_only_on_a_terminal() {
        let draws = |style| Console::new(&mut Vec::new(), &mut Vec::new(), style).draws();
        let terminal = Style {
            terminal: true,
            ..Style::default()
        };
        assert!(draws(terminal));
        assert!(!draws(Style::default()));
        assert!(!draws(Style {
            format: Format::Json,
            ..terminal
        }));
        assert!(!draws(Style {
            verbosity: -1,
            ..terminal
        }));
    }
}
