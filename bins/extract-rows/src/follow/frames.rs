//! Raw Y16 frames from standard input, a pipe, or a growing file.

use std::fs::File;
use std::io::{self, Read};
use std::panic::resume_unwind;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use fire_cli::usage;
use sensor_model::recording::{FrameOptions, Y16Frames};
use sensor_model::{Error, ThermalFrame};
use tokio::sync::mpsc::{self, Receiver};

/// Polling interval for new data in a file; a camera delivers a frame every 0.1 s.
const PAUSE: Duration = Duration::from_millis(50);
/// Number of frames read ahead.
const AHEAD: usize = 4;

/// Frames as they arrive.
///
/// A separate thread reads them: a read that waits for the camera cannot be interrupted, and would prevent the program
/// from exiting.
pub(super) struct LiveFrames {
    frames: Receiver<Result<ThermalFrame, Error>>,
    reader: Option<JoinHandle<()>>,
}

impl LiveFrames {
    /// Waits for the next frame; `None` at the end of the input.
    pub(super) async fn next(&mut self) -> Option<Result<ThermalFrame, Error>> {
        let next = self.frames.recv().await;
        if next.is_none()
            && let Some(Err(panic)) = self.reader.take().map(JoinHandle::join)
        {
            resume_unwind(panic);
        }
        next
    }
}

/// Starts reading; `-` is standard input.
pub(super) fn follow(path: &Path, options: &FrameOptions) -> anyhow::Result<LiveFrames> {
    let input = open(path).map_err(usage)?;
    let frames = Y16Frames::new(input, path, options).map_err(usage)?;
    let (sender, receiver) = mpsc::channel(AHEAD);
    let read = move || {
        for frame in frames {
            let is_last = frame.is_err();
            if sender.blocking_send(frame).is_err() || is_last {
                return;
            }
        }
    };
    let reader = thread::Builder::new().name("frames".to_owned()).spawn(read);
    Ok(LiveFrames {
        frames: receiver,
        reader: Some(reader.context("cannot start the thread that reads the frames")?),
    })
}

fn open(path: &Path) -> anyhow::Result<Box<dyn Read + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let raw = path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("y16") || extension.eq_ignore_ascii_case("raw")
    });
    if !raw {
        return Err(anyhow!(
            "{} is not raw Y16 (.y16, .raw), the only format for --follow; pipe the camera's frames to standard input \
             (--frames -)",
            path.display()
        ));
    }
    let cannot_read = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(cannot_read)?;
    if file.metadata().with_context(cannot_read)?.is_file() {
        Ok(Box::new(Growing { file, read: 0 }))
    } else {
        // Reading from a pipe already waits for data, and returns 0 bytes only at its real end.
        Ok(Box::new(file))
    }
}

/// A growing file: at its current end, reads wait for more data.
struct Growing {
    file: File,
    read: u64,
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.file.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                self.read += read as u64;
                return Ok(read);
            }
            if self.file.metadata()?.len() < self.read {
                return Err(io::Error::other(
                    "the file became shorter; restart to follow the new one",
                ));
            }
            thread::sleep(PAUSE);
        }
    }
}
