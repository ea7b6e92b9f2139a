//! The log: lines of JSON on standard error, which SageMaker forwards to CloudWatch.
//!
//! A separate thread writes them, so a slow reader loses log lines but never delays a response. The writer is our own
//! because those of `tracing` lack the documented limit of lines per second with a count of the missing lines.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// Lines that can wait to be written.
const QUEUE: usize = 1_024;
/// Maximum number of request lines per second: a client must not flood the log, which is billed by the byte.
const MAX_PER_SECOND: u32 = 200;
/// Longest wait for the last lines at shutdown.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The requests that are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestLog {
    /// Requests with a status other than 200: `FIRE_LOG=problems`, the default.
    Problems,
    /// All requests: `FIRE_LOG=requests`.
    All,
}

impl RequestLog {
    /// Parses the value of `FIRE_LOG`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "problems" => Some(Self::Problems),
            "requests" => Some(Self::All),
            _ => None,
        }
    }
}

/// The handle to the writing thread.
#[derive(Debug)]
pub(super) struct Log {
    lines: SyncSender<Value>,
    /// Signals that the thread has ended. Used only at shutdown; the lock makes the log `Sync`.
    ended: Mutex<Receiver<()>>,
    lost: AtomicU64,
    pub(super) requests: RequestLog,
}

impl Log {
    /// Starts the writing thread.
    pub(super) fn start(requests: RequestLog) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(QUEUE);
        let (end, ended) = sync_channel(1);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                write_all(&waiting);
                // The receiver is gone if the server did not shut down cleanly.
                let _ = end.try_send(());
            })?;
        Ok(Self {
            lines,
            ended: Mutex::new(ended),
            lost: AtomicU64::new(0),
            requests,
        })
    }

    /// Logs an event, or counts it as lost if too many lines are waiting.
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

    /// Writes the queued lines and ends the thread.
    pub(super) fn end(self) {
        drop(self.lines);
        if let Ok(ended) = self.ended.into_inner() {
            // A stuck reader must not keep the process alive.
            let _ = ended.recv_timeout(FLUSH_TIMEOUT);
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
        // The server's own events are few and always logged.
        if line["event"] == "request" && written == MAX_PER_SECOND {
            // This line may also carry the count of lines lost before it.
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
