//! Reads the complete lines of a growing text file.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::Path;

use sensor_model::Error;

/// Maximum length of a line in bytes; a file with longer lines is not a log.
const LONGEST: usize = 1 << 17;
/// Bytes read at a time.
const CHUNK: u64 = 1 << 16;

/// The complete lines of the input; a line that is still being written appears once its newline is written.
///
/// The end of the input is not final: reading continues when more has been written.
pub(super) struct WholeLines<R> {
    input: R,
    buffer: Vec<u8>,
    taken: usize,
    whole: usize,
}

impl WholeLines<File> {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::new(file))
    }
}

impl<R: Read> WholeLines<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            taken: 0,
            whole: 0,
        }
    }

    /// Reads until there is a complete line, or to the current end of the input.
    fn refill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.taken);
        (self.taken, self.whole) = (0, 0);
        while self.whole == 0 {
            let read = (&mut self.input)
                .take(CHUNK)
                .read_to_end(&mut self.buffer)?;
            let end = self.buffer.iter().rposition(|&byte| byte == b'\n');
            self.whole = match end {
                Some(at) => at + 1,
                // Passed on although incomplete: the caller rejects the line as too long.
                None if self.buffer.len() > LONGEST => self.buffer.len(),
                None if read == 0 => return Ok(()),
                None => 0,
            };
        }
        Ok(())
    }
}

impl<R: Read> BufRead for WholeLines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken == self.whole {
            self.refill()?;
        }
        Ok(&self.buffer[self.taken..self.whole])
    }

    fn consume(&mut self, amount: usize) {
        self.taken = (self.taken + amount).min(self.whole);
    }
}

impl<R: Read> Read for WholeLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn text(lines: &mut impl BufRead) -> String {
        let mut text = String::new();
        lines.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_line_appears_once_its_newline_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("co2.csv");
        let mut log = File::create(&path).unwrap();
        let mut lines = WholeLines::open(&path).unwrap();
        for (written, expected) in [
            ("time_s,co2", ""),
            ("_ppm\n0,5", "time_s,co2_ppm\n"),
            ("00\n5,510\n", "0,500\n5,510\n"),
            ("10", ""),
            ("", ""),
        ] {
            log.write_all(written.as_bytes()).unwrap();
            assert_eq!(text(&mut lines), expected, "after `{written}`");
        }
    }

    #[test]
    fn a_line_without_a_newline_does_not_exhaust_memory() {
        let endless = io::repeat(b'x').take(10 * LONGEST as u64);
        let mut lines = WholeLines::new(endless);
        let shown = lines.fill_buf().unwrap().len();
        assert!(
            shown > LONGEST && shown <= LONGEST + CHUNK as usize,
            "{shown}"
        );
    }
}
