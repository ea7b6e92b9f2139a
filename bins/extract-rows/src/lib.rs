//! `extract-rows`: extracts the rows of a recording of real sensors into a file for training.
//!
//! Frames and CO2 readings are merged by time and processed by the same extractor as simulated episodes. Each second
//! with a frame gives a row. The steps:
//!
//! 1. [`frame_files`]: reads several files of frames as one recording;
//! 2. [`gas`]: aligns the CO2 log with the clock of the frames;
//! 3. [`rows`]: extracts, labels and writes the rows.
//!
//! All rows of a recording have the same group, derived from its name, so no split separates them. The output file gets
//! its final name only when it is complete. No backend is needed.
//!
//! With `--follow` no file is written: [`follow`] predicts rows while frames arrive and reports alarms.

mod cli;
mod follow;
mod frame_files;
mod gas;
mod rows;

use fire_cli::{Console, Exit, failed, usage};
use sensor_model::Error;

pub use cli::Args;

/// Runs the program and prints the results to the console.
///
/// # Errors
/// When an input file is invalid (exit code 2), the output cannot be written (1), or the endpoint fails (3).
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    if args.follow {
        return follow::follow(args.follow_job()?, console).await;
    }
    let job = args.job()?;
    for note in job.notes() {
        console.note(note)?;
    }
    let summary = rows::extract(&job).await?;
    console.say(summary.to_string())?;
    console.json(&summary)?;
    Ok(Exit::Done)
}

/// Assigns the exit code of an error: failed work for output that cannot be written, invalid usage for all others.
fn by_kind(error: Error) -> anyhow::Error {
    match error {
        Error::Write { .. } => failed(error),
        _ => usage(error),
    }
}
