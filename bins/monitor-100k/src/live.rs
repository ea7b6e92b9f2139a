//! The table redrawn in place on a terminal, and nothing elsewhere.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use sagemaker_ops::training::Job;

use crate::{now, table};

/// The lines on the terminal; none where there is no terminal.
pub(crate) struct Live {
    /// Keeps the lines together while they are redrawn.
    screen: MultiProgress,
    /// The header and one line per job.
    lines: Vec<ProgressBar>,
}

impl Live {
    pub(crate) fn new(on_a_terminal: bool, jobs: usize) -> Self {
        let screen = MultiProgress::new();
        let lines = if on_a_terminal { jobs + 1 } else { 0 };
        let lines = (0..lines).map(|_| screen.add(line())).collect();
        Self { screen, lines }
    }

    pub(crate) fn is_on(&self) -> bool {
        !self.lines.is_empty()
    }

    pub(crate) fn draw(&self, jobs: &[Job]) {
        for (line, text) in self.lines.iter().zip(table::jobs(jobs, now())) {
            line.set_message(text);
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
