//! Opens data files by what they contain.
//!
//! Names say little: Spark writes `part-00000`, other tools `ROWS.CSV`, `rows.csv.gz` or `rows.gz.parquet`, which is
//! Parquet with gzip inside.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read, Seek as _};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::Error;

/// Maximum unpacked size of a gzip file in bytes, against decompression bombs. It is more than 5 million rows of CSV.
const MAX_UNPACKED: u64 = 1 << 30;

/// Number of bytes at the start of a file that determine the format; a tar archive has its mark at 257.
const START: u64 = 512;

const GZIP: &[u8] = b"\x1f\x8b";
const PARQUET: &[u8] = b"PAR1";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The first bytes of formats that are not read, with their names for messages.
static OTHER_FORMATS: [(&[u8], &str); 17] = [
    (b"PARE", "encrypted Parquet"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\xff\x06\x00\x00sNaPpY", "Snappy"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"ORC", "ORC"),
    (b"Obj\x01", "Avro"),
    (b"ARROW1", "Arrow (Feather)"),
    (b"\x89HDF", "HDF5"),
    (b"%PDF", "PDF"),
    (b"\x0a\x23\xd7\xce", "RecordIO"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
];

/// An open data file.
pub(super) enum Content {
    /// No bytes, or none after unpacking.
    Empty,
    /// CSV text, unpacked while it is read.
    Csv(Box<dyn BufRead>),
    /// A Parquet file.
    Parquet(File),
    /// A Parquet file that was packed as a whole. It is in memory, because Parquet is read from its end.
    UnpackedParquet(Vec<u8>),
}

/// Opens a data file; gzip is unpacked.
///
/// # Errors
/// [`Error::Read`] if it cannot be read, [`Error::Content`] for another format, [`Error::Unpack`] and
/// [`Error::UnpackedSize`] for gzip that cannot be unpacked.
pub(super) fn open(path: &Path) -> Result<Content, Error> {
    open_within(path, MAX_UNPACKED)
}

fn open_within(path: &Path, limit: u64) -> Result<Content, Error> {
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(read)?;
    let start = start_of(&mut file).map_err(read)?;
    match Kind::of(&start) {
        Kind::Empty => Ok(Content::Empty),
        Kind::Csv => Ok(text(Cursor::new(start).chain(file))),
        Kind::Parquet => {
            file.rewind().map_err(read)?;
            Ok(Content::Parquet(file))
        }
        Kind::Gzip => {
            // Tools that append to gzip files write several members, which are one text.
            let unpacked = Bounded {
                input: MultiGzDecoder::new(Cursor::new(start).chain(file)),
                left: limit,
            };
            open_unpacked(path, unpacked).map_err(|error| name_limit(error, limit))
        }
        Kind::Other(found) => Err(other(path, found)),
    }
}

/// The content of a gzip file.
fn open_unpacked(path: &Path, mut unpacked: impl Read + 'static) -> Result<Content, Error> {
    let unpack = |source| Error::Unpack {
        path: path.to_owned(),
        source,
    };
    let mut start = start_of(&mut unpacked).map_err(unpack)?;
    match Kind::of(&start) {
        Kind::Empty => Ok(Content::Empty),
        Kind::Csv => Ok(text(Cursor::new(start).chain(unpacked))),
        Kind::Parquet => {
            unpacked.read_to_end(&mut start).map_err(unpack)?;
            Ok(Content::UnpackedParquet(start))
        }
        Kind::Gzip => Err(other(path, "gzip inside gzip")),
        Kind::Other(found) => Err(other(path, found)),
    }
}

/// Turns the error of a text that exceeds the limit while it is read into [`Error::UnpackedSize`].
pub(super) fn unpacking(error: Error) -> Error {
    name_limit(error, MAX_UNPACKED)
}

fn name_limit(error: Error, limit: u64) -> Error {
    match error {
        Error::Unpack { path, source } | Error::ReadPart { path, source, .. }
            if source.kind() == ErrorKind::FileTooLarge =>
        {
            Error::UnpackedSize { path, limit }
        }
        error => error,
    }
}

fn text(input: impl Read + 'static) -> Content {
    Content::Csv(Box::new(BufReader::new(input)))
}

fn other(path: &Path, found: &'static str) -> Error {
    Error::Content {
        path: path.to_owned(),
        found,
    }
}

fn start_of(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    input.take(START).read_to_end(&mut start)?;
    Ok(start)
}

/// What the start of a file looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Empty,
    Csv,
    Parquet,
    Gzip,
    /// Another format, by its name.
    Other(&'static str),
}

impl Kind {
    /// Anything that looks like text is CSV, whose reader names the line that is not.
    fn of(start: &[u8]) -> Self {
        if start.is_empty() {
            return Self::Empty;
        }
        if start.starts_with(PARQUET) {
            return Self::Parquet;
        }
        if start.starts_with(GZIP) {
            return Self::Gzip;
        }
        let known = OTHER_FORMATS
            .iter()
            .find(|(magic, _)| start.starts_with(magic));
        if let Some(&(_, name)) = known {
            return Self::Other(name);
        }
        if start.get(257..262) == Some(b"ustar") {
            return Self::Other("a tar archive");
        }
        let is_control = |byte: &u8| *byte < b' ' && !b"\t\n\x0c\r".contains(byte);
        if start.iter().any(is_control) {
            return Self::Other("binary data");
        }
        let text = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start);
        match text.trim_ascii_start().first() {
            Some(b'{' | b'[') => Self::Other("JSON"),
            Some(b'<') => Self::Other("HTML or XML"),
            _ => Self::Csv,
        }
    }
}

/// A reader that fails once more than `left` bytes have been read.
struct Bounded<R> {
    input: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or(ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn the_first_bytes_determine_the_format() {
        let mut tar = [b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        for (start, expected) in [
            (&b""[..], Kind::Empty),
            (b"PAR1\x15\x04", Kind::Parquet),
            (b"\x1f\x8b\x08\x00", Kind::Gzip),
            (b"t_mean,t_std\r\n1,2\r\n", Kind::Csv),
            (b"\xef\xbb\xbft_mean,t_std\n", Kind::Csv),
            // The CSV reader names the line that is not UTF-8.
            (b"t_mean\n\xe9\n", Kind::Csv),
            (b"\n", Kind::Csv),
            (
                b"PK\x03\x04",
                Kind::Other("a ZIP archive or an Excel workbook"),
            ),
            (b"\xff\xfet\x00", Kind::Other("UTF-16 text")),
            (b"  {\"t_mean\": 1}", Kind::Other("JSON")),
            (b"\xef\xbb\xbf[1]", Kind::Other("JSON")),
            (b"<html>", Kind::Other("HTML or XML")),
            (b"t_mean\x00", Kind::Other("binary data")),
            (&tar, Kind::Other("a tar archive")),
        ] {
            assert_eq!(Kind::of(start), expected, "{start:?}");
        }
    }

    /// A file with a member of gzip for each text.
    fn packed(members: &[&[u8]]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for member in members {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(member).unwrap();
            file.write_all(&encoder.finish().unwrap()).unwrap();
        }
        file
    }

    fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        match open_within(path, limit)? {
            Content::Empty => {}
            Content::Csv(mut input) => {
                input
                    .read_to_end(&mut bytes)
                    .map_err(|source| Error::Unpack {
                        path: path.to_owned(),
                        source,
                    })
                    .map_err(|error| name_limit(error, limit))?;
            }
            Content::Parquet(_) => unreachable!("the files of these tests are packed"),
            Content::UnpackedParquet(unpacked) => bytes = unpacked,
        }
        Ok(bytes)
    }

    #[test]
    fn gzip_is_unpacked_to_the_end_of_its_last_member() {
        let long = "1,2\n".repeat(50_000);
        for members in [
            &[&b"a,b\n"[..]][..],
            &[b"", b"a,b\n", b"", long.as_bytes(), b"3,4\n"],
            &[b"PAR1", long.as_bytes(), b"PAR1"],
            &[b"", b""],
        ] {
            let file = packed(members);
            assert!(read(file.path(), MAX_UNPACKED).unwrap() == members.concat());
        }
    }

    #[test]
    fn gzip_that_unpacks_to_more_than_the_limit_is_rejected() {
        let zeros = "0,0\n".repeat(1 << 19);
        for start in ["a,b\n", "PAR1"] {
            let text = format!("{start}{zeros}");
            let file = packed(&[text.as_bytes()]);
            let limit = text.len() as u64;
            assert!(read(file.path(), limit).is_ok());
            let error = read(file.path(), 1 << 20).unwrap_err().to_string();
            let expected = "unpacks to more than 1 MiB; unpack it, or divide it into smaller files";
            assert!(error.ends_with(expected), "{error}");
        }
    }

    #[test]
    fn gzip_of_another_format_or_cut_short_is_rejected() {
        let inner = packed(&[b"a,b\n"]);
        let inner = std::fs::read(inner.path()).unwrap();
        let error = |path: &Path| read(path, MAX_UNPACKED).unwrap_err().to_string();
        let nested = packed(&[&inner]);
        assert!(error(nested.path()).contains(" is gzip inside gzip, not CSV or Parquet"));
        let json = packed(&[b"[1]"]);
        assert!(error(json.path()).contains(" is JSON, not CSV or Parquet"));
        let cut = tempfile::NamedTempFile::new().unwrap();
        for length in [2, 9, inner.len() - 1] {
            std::fs::write(cut.path(), &inner[..length]).unwrap();
            assert!(error(cut.path()).contains(" cannot be unpacked; it may be incomplete"));
        }
    }
}
