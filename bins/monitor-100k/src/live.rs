//! A table redrawn in place on a terminal, and nothing elsewhere.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The lines on the terminal; none where there is no terminal.
pub(crate) struct Live {
    /// Keeps the lines together while they are redrawn.
    screen: MultiProgress,
    lines: Vec<ProgressBar>,
    on: bool,
}

impl Live {
    pub(crate) fn new(on_a_terminal: bool) -> Self {
        Self {
            screen: MultiProgress::new(),
            lines: Vec::new(),
            on: on_a_terminal,
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    /// Shows these lines instead of those before.
    pub(crate) fn draw(&mut self, texts: Vec<String>) {
        if !self.on {
            return;
        }
        while self.lines.len() < texts.len() {
            self.lines.push(self.screen.add(line()));
        }
        for line in self.lines.split_off(texts.len()) {
            self.screen.remove(&line);
        }
        for (line, text) in self.lines.iter().zip(texts) {
            line.set_message(text);
        }
    }

    /// Takes the lines off the screen while something else is written to it.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        if self.on {
            self.screen.suspend(write)
        } else {
            write()
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // The final table is printed below; a terminal that is gone needs no clearing.
        let _ = self.screen.clear();
    }
}

fn line() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_msg}");
    ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
