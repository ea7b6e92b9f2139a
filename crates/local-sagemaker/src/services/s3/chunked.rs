//! The `aws-chunked` framing of uploads: `SIZE[;chunk-signature=...]\r\n DATA \r\n ... 0\r\n
//! TRAILERS \r\n`.
//!
//! It is taken apart here and not by `s3s`, which does so only for requests whose signature it
//! has verified.

use std::io;

use bytes::{Buf, Bytes, BytesMut};

/// Longest line of framing: a size, a signature, or one trailing header.
const LONGEST_LINE: usize = 8192;

/// Turns framed bytes, cut anywhere, into the bytes they carry.
pub(crate) struct Decoder {
    /// What has been received and not yet understood.
    buffer: BytesMut,
    /// What the buffer begins with.
    state: State,
    /// The trailing headers so far.
    trailers: Vec<(String, String)>,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The line with a chunk's size.
    Size,
    /// This many bytes of a chunk.
    Data(usize),
    /// The line break behind a chunk.
    DataEnd,
    /// A trailing header, or the empty line behind the last.
    Trailer,
    /// Nothing more is expected.
    Done,
}

impl Decoder {
    /// Before the first byte.
    pub(crate) fn new() -> Self {
        Self {
            buffer: BytesMut::new(),
            state: State::Size,
            trailers: Vec::new(),
        }
    }

    /// Adds received bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece of data, or `None` until more is received.
    pub(crate) fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match self.state {
                State::Data(left) if !self.buffer.is_empty() => {
                    let piece = self.buffer.split_to(left.min(self.buffer.len())).freeze();
                    let left = left - piece.len();
                    self.state = if left == 0 {
                        State::DataEnd
                    } else {
                        State::Data(left)
                    };
                    return Ok(Some(piece));
                }
                State::Data(_) | State::Done => return Ok(None),
                State::Size | State::DataEnd | State::Trailer => {
                    let Some(line) = self.line()? else {
                        return Ok(None);
                    };
                    self.state = self.after(&line)?;
                }
            }
        }
    }

    /// The trailing headers, in lower case, once the end has been seen.
    pub(crate) fn finish(self) -> io::Result<Vec<(String, String)>> {
        // Some clients end the stream right behind the last chunk's size.
        let ended =
            self.state == State::Done || (self.state == State::Trailer && self.buffer.is_empty());
        ended
            .then_some(self.trailers)
            .ok_or_else(|| broken("the upload ends in the middle of a chunk"))
    }

    /// Takes one line without its `\r\n`.
    fn line(&mut self) -> io::Result<Option<String>> {
        let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") else {
            let short = self.buffer.len() < LONGEST_LINE;
            return if short {
                Ok(None)
            } else {
                Err(broken("a line of the aws-chunked framing does not end"))
            };
        };
        let line = self.buffer.split_to(end);
        self.buffer.advance(2);
        String::from_utf8(line.to_vec())
            .map(Some)
            .map_err(|_| broken("a line of the aws-chunked framing is not text"))
    }

    /// What follows a line of framing.
    fn after(&mut self, line: &str) -> io::Result<State> {
        match self.state {
            State::DataEnd if line.is_empty() => Ok(State::Size),
            State::Size => {
                let size = line.split(';').next().unwrap_or_default().trim();
                let size = usize::from_str_radix(size, 16)
                    .map_err(|_| broken("a chunk's size is not a hex number"))?;
                Ok(if size == 0 {
                    State::Trailer
                } else {
                    State::Data(size)
                })
            }
            State::Trailer if line.is_empty() => Ok(State::Done),
            State::Trailer => {
                let (name, value) = line
                    .split_once(':')
                    .ok_or_else(|| broken("a trailing header has no colon"))?;
                self.trailers
                    .push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
                Ok(State::Trailer)
            }
            _ => Err(broken("a chunk is longer than its size says")),
        }
    }
}

/// Framing that no SDK sends.
fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Decoded = (Vec<u8>, Vec<(String, String)>);

    /// Decodes `framed` fed in pieces of `step` bytes.
    fn decode(framed: &[u8], step: usize) -> io::Result<Decoded> {
        let mut decoder = Decoder::new();
        let mut data = Vec::new();
        for piece in framed.chunks(step) {
            decoder.push(piece);
            while let Some(bytes) = decoder.next()? {
                data.extend_from_slice(&bytes);
            }
        }
        Ok((data, decoder.finish()?))
    }

    #[test]
    fn each_framing_of_the_sdks_is_understood() {
        let crc = vec![("x-amz-checksum-crc32".to_owned(), "AAAAAA==".to_owned())];
        for (framed, data, trailers) in [
            (
                "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
                "hello",
                crc.clone(),
            ),
            (
                "5;chunk-signature=abc\r\nhello\r\n1\r\n!\r\n0;chunk-signature=def\r\n\r\n",
                "hello!",
                vec![],
            ),
            ("0\r\n\r\n", "", vec![]),
            ("0\r\n", "", vec![]),
            (
                "a\r\n12\r\n345678\r\n0\r\nX-Amz-Checksum-Crc32: AAAAAA==\r\n\r\n",
                "12\r\n345678",
                crc,
            ),
        ] {
            assert_eq!(
                decode(framed.as_bytes(), 3).unwrap(),
                (data.into(), trailers),
                "{framed:?}"
            );
        }
    }

    #[test]
    fn broken_framing_is_an_error_with_its_reason() {
        let endless = "1".repeat(9000);
        for (framed, expected) in [
            ("5\r\nhel", "middle of a chunk"),
            ("5\r\nhello world\r\n", "longer than its size"),
            ("zz\r\n", "not a hex number"),
            ("0\r\nno colon\r\n\r\n", "no colon"),
            (endless.as_str(), "does not end"),
        ] {
            let error = decode(framed.as_bytes(), 7).unwrap_err().to_string();
            assert!(error.contains(expected), "{framed:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn cutting_the_stream_anywhere_changes_nothing(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            step in 1_usize..50,
        ) {
            let mut framed = Vec::new();
            for chunk in &chunks {
                framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                framed.extend_from_slice(chunk);
                framed.extend_from_slice(b"\r\n");
            }
            framed.extend_from_slice(b"0\r\na:b\r\n\r\n");
            let (data, trailers) = decode(&framed, step).unwrap();
            prop_assert_eq!(data, chunks.concat());
            prop_assert_eq!(trailers, vec![("a".to_owned(), "b".to_owned())]);
        }
    }
}
