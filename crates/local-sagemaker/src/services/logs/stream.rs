//! One log stream: a file with a container's output, and a second file with the times of its lines.
//!
//! Containers write to the file directly, so nothing is lost when the server is killed, and a container
//! never waits for the server. The times come from checking the file periodically: whatever was added
//! since the last check was written no later than the file's modification time.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::machine::clock::Timestamp;
use crate::machine::log;
use crate::machine::table::lock;

/// The suffix of the file that holds the times of a stream's lines.
pub(super) const TIMES: &str = ".times";

/// One check at a time, so that the entries of a times file ascend.
static CHECK: Mutex<()> = Mutex::new(());

/// A log stream.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    /// The file with the container's output.
    path: PathBuf,
}

/// One line of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Offset of the line in the file.
    pub(crate) start: u64,
    /// Offset of the next line.
    pub(crate) end: u64,
    /// When it was written.
    pub(crate) at: Timestamp,
    /// The text without its line break.
    pub(crate) message: String,
}

/// The time of the output between the previous entry's `end` and this one's.
#[derive(Clone, Copy)]
struct Entry {
    /// Length of the output at that time.
    end: u64,
    /// When it was written.
    at: Timestamp,
}

impl Stream {
    /// The stream in the file `path`.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The file with the container's output.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file for appending; creates it if missing.
    pub(crate) fn append(&self) -> io::Result<File> {
        self.path.parent().map_or(Ok(()), fs::create_dir_all)?;
        File::options().create(true).append(true).open(&self.path)
    }

    /// Records the time of the output since the last check.
    pub(crate) fn record_times(&self) {
        if let Err(error) = self.try_record_times() {
            // Lines without a time are not shown yet; the next check records them.
            log(&format!(
                "cannot record the times of {}: {error}",
                self.path.display()
            ));
        }
    }

    /// Adds the line break that the last line may lack, after the container has exited.
    pub(crate) fn close(&self) {
        let unfinished = || -> io::Result<bool> {
            let mut file = File::open(&self.path)?;
            if file.metadata()?.len() == 0 {
                return Ok(false);
            }
            file.seek(SeekFrom::End(-1))?;
            let mut last = [0];
            file.read_exact(&mut last)?;
            Ok(last != *b"\n")
        };
        if unfinished().unwrap_or(false) {
            let _ = self.append().and_then(|mut file| file.write_all(b"\n"));
        }
        self.record_times();
    }

    /// The complete lines between two offsets that have a recorded time. Blank lines are skipped, because
    /// `CloudWatch` has no empty events.
    pub(crate) fn events(&self, from: u64, to: u64) -> io::Result<Vec<Event>> {
        self.record_times();
        let times = self.times()?;
        let Some(last) = times.last() else {
            return Ok(Vec::new());
        };
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        let to = to.min(last.end);
        file.seek(SeekFrom::Start(from))?;
        let mut text = Vec::new();
        file.take(to.saturating_sub(from)).read_to_end(&mut text)?;
        Ok(lines(&text, from, &times))
    }

    /// Length of the stream in bytes.
    pub(super) fn length(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    /// The path of the times file.
    fn times_path(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(TIMES);
        path.into()
    }

    /// All entries, in order. Skips a line that was truncated when the server was killed.
    fn times(&self) -> io::Result<Vec<Entry>> {
        match fs::read_to_string(self.times_path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            text => Ok(text?.lines().filter_map(Entry::parse).collect()),
        }
    }

    /// Adds an entry if the file has grown.
    fn try_record_times(&self) -> io::Result<()> {
        let _one = lock(&CHECK);
        let Ok(metadata) = fs::metadata(&self.path) else {
            return Ok(());
        };
        let mut times = File::options()
            .create(true)
            .read(true)
            .append(true)
            .open(self.times_path())?;
        let length = times.seek(SeekFrom::End(0))?;
        // 100 bytes is more than any entry, so the last one is read completely.
        times.seek(SeekFrom::Start(length.saturating_sub(100)))?;
        let mut tail = String::new();
        times.read_to_string(&mut tail)?;
        let last = tail.lines().filter_map(Entry::parse).next_back();
        if metadata.len() <= last.map_or(0, |entry| entry.end) {
            return Ok(());
        }
        let changed = Timestamp::of(metadata.modified()?);
        // The system clock may have been set back since then, but times must ascend.
        let at = last.map_or(changed, |entry| entry.at.max(changed));
        // Keep a truncated entry from merging with this one.
        let start = if tail.is_empty() || tail.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        writeln!(times, "{start}{} {}", metadata.len(), at.millis())
    }
}

impl Entry {
    /// Parses a line of the times file: an offset and a time in milliseconds.
    fn parse(line: &str) -> Option<Self> {
        let (end, at) = line.split_once(' ')?;
        Some(Self {
            end: end.parse().ok()?,
            at: Timestamp::from_millis(at.parse().ok()?),
        })
    }
}

/// The complete lines of `text`, which begins at the offset `from`, with the time when each was completed.
fn lines(text: &[u8], from: u64, times: &[Entry]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut times = times.iter().peekable();
    let mut start = from;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let end = start + line.len() as u64;
        let Some(line) = line.strip_suffix(b"\n") else {
            break;
        };
        while times.next_if(|entry| entry.end < end).is_some() {}
        let message = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        if let (Some(entry), false) = (times.peek(), message.trim().is_empty()) {
            events.push(Event {
                start,
                end,
                at: entry.at,
                message: message.into_owned(),
            });
        }
        start = end;
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(stream: &Stream, from: u64) -> Vec<String> {
        let events = stream.events(from, u64::MAX).unwrap();
        events.into_iter().map(|event| event.message).collect()
    }

    #[test]
    fn a_line_appears_once_it_is_complete_and_keeps_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let stream = Stream::new(dir.path().join("job/algo-1-1"));
        assert_eq!(messages(&stream, 0), [""; 0]);
        let mut file = stream.append().unwrap();
        file.write_all(b"one\n\ntw").unwrap();
        assert_eq!(messages(&stream, 0), ["one"]);
        let first = stream.events(0, u64::MAX).unwrap();
        file.write_all(b"o\r\nthree").unwrap();
        assert_eq!(messages(&stream, 0), ["one", "two"]);
        assert_eq!(stream.events(0, u64::MAX).unwrap()[0], first[0]);
        stream.close();
        stream.close();
        assert_eq!(messages(&stream, 0), ["one", "two", "three"]);
        assert_eq!(messages(&stream, first[0].end), ["two", "three"]);
        assert_eq!(fs::read(stream.path()).unwrap(), b"one\n\ntwo\r\nthree\n");
    }

    #[test]
    fn a_truncated_entry_does_not_affect_others() {
        let dir = tempfile::tempdir().unwrap();
        let stream = Stream::new(dir.path().join("algo-1-1"));
        stream.append().unwrap().write_all(b"one\n").unwrap();
        stream.record_times();
        let mut times = File::options()
            .append(true)
            .open(stream.times_path())
            .unwrap();
        times.write_all(b"99").unwrap();
        stream.append().unwrap().write_all(b"two\n").unwrap();
        assert_eq!(messages(&stream, 0), ["one", "two"]);
        let times = stream.events(0, u64::MAX).unwrap();
        assert!(times[0].at <= times[1].at);
    }
}
