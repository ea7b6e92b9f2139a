//! `extract-rows`: from a recording of real sensors to a file of rows for training.
//!
//! Frames and CO2 readings are merged in the order of their times and go through the extractor that the synthetic
//! rows come from as well; each second with a frame gives a row. The steps, each in its own module:
//!
//! 1. [`parts`]: several files of frames as one recording;
//! 2. [`gas`]: the CO2 log on the clock of the frames;
//! 3. [`rows`]: extract, label, write.
//!
//! All rows of a recording have one group, made of its name, so that no split parts them. The file appears under its
//! name when it is complete. No backend is needed.
//!
//! With `--follow` nothing is written: [`follow`] scores the rows while they come and tells the alarms.

mod cli;
mod follow;
mod gas;
mod parts;
mod rows;

use fire_cli::{Console, Exit, failed, usage};
use sensor_model::Error;

pub use cli::Args;

/// Does what the arguments say; results go to the console.
///
/// # Errors
/// A recording, log, label or model file that cannot be used (exit code 2), a file that cannot be written (1), an
/// endpoint that refuses (3).
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    if args.follow {
        return follow::follow(args.watch()?, console).await;
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

/// Input that is wrong is the caller's to put right; an output that cannot be written is a failure of the work.
fn by_kind(error: Error) -> anyhow::Error {
    match error {
        Error::Write { .. } => failed(error),
        _ => usage(error),
    }
}
