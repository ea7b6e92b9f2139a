//! What happens, as lines of JSON on standard error, which SageMaker hands to CloudWatch.
//!
//! A thread of its own writes them: a reader that does not keep up costs lines, never answers.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// Lines that may wait to be written.
const WAITING: usize = 1_024;
/// Lines a second at most, so that a client cannot fill the log, which is paid by the byte.
const A_SECOND: u32 = 200;
/// How long the end waits for the last lines.
const PATIENCE: Duration = Duration::from_secs(1);

/// Which requests leave a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// Those that were not answered with 200: `FIRE_LOG=problems`, the default.
    Problems,
    /// All: `FIRE_LOG=requests`.
    All,
}

impl Requests {
    /// Reads the value of `FIRE_LOG`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "problems" => Some(Self::Problems),
            "requests" => Some(Self::All),
            _ => None,
        }
    }
}

/// The writing end.
#[derive(Debug)]
pub(super) struct Log {
    lines: SyncSender<Value>,
    /// Asked once, at the end; the lock makes the log shareable.
    ended: Mutex<Receiver<()>>,
    lost: AtomicU64,
    pub(super) requests: Requests,
}

impl Log {
    /// Starts the thread.
    pub(super) fn start(requests: Requests) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(WAITING);
        let (end, ended) = sync_channel(1);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                write_all(&waiting);
                // Nobody waits for it if the end is not that of the server.
                let _ = end.try_send(());
            })?;
        Ok(Self {
            lines,
            ended: Mutex::new(ended),
            lost: AtomicU64::new(0),
            requests,
        })
    }

    /// Adds a line, unless too many wait.
    pub(super) fn put(&self, event: &str, mut details: Value) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        details["time"] = json!(now.map_or(0.0, |since| since.as_millis() as f64 / 1e3));
        details["event"] = json!(event);
        if let lost @ 1.. = self.lost.swap(0, Ordering::Relaxed) {
            details["lines_lost_before"] = json!(lost);
        }
        if let Err(TrySendError::Full(line)) = self.lines.try_send(details) {
            let before = line["lines_lost_before"].as_u64().unwrap_or(0);
            self.lost.fetch_add(before + 1, Ordering::Relaxed);
        }
    }

    /// Writes what waits and ends the thread.
    pub(super) fn end(self) {
        drop(self.lines);
        if let Ok(ended) = self.ended.into_inner() {
            // A reader that takes nothing must not keep the process alive.
            let _ = ended.recv_timeout(PATIENCE);
        }
    }
}

fn write_all(lines: &Receiver<Value>) {
    let (mut second, mut written, mut suppressed) = (0, 0, 0_u64);
    while let Ok(mut line) = lines.recv() {
        let now = line["time"].as_f64().unwrap_or_default() as u64;
        if now != second {
            (second, written) = (now, 0);
        }
        // The server's own lines are few and always wanted.
        if line["event"] == "request" && written == A_SECOND {
            // What was lost before it would be forgotten with it.
            suppressed += 1 + line["lines_lost_before"].as_u64().unwrap_or(0);
            continue;
        }
        written += 1;
        if suppressed > 0 {
            line["lines_suppressed_before"] = json!(suppressed);
            suppressed = 0;
        }
        // Nothing can be done about a closed standard error.
        let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
    }
}
