//! The contents of objects: files that no key names.
//!
//! A file has a number, is written once, and is never changed. The index says which files belong to an
//! object; those that it does not name belong to nothing and are removed, either at once or, if the server
//! was killed, by the next one. A file that is being read stays until it has been read, even if its
//! object has been replaced in the meantime.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};

use super::attributes::Checksums;
use crate::error::Error;
use crate::machine::table::lock;

/// Files in one directory. Numbers are given in order, so neighbours in time are neighbours on disk.
const FILES_PER_DIRECTORY: u64 = 1000;

/// A file's number.
pub(crate) type FileId = u64;

/// All contents.
#[derive(Debug)]
pub(crate) struct Contents {
    /// The directory, with a directory for every thousand files.
    root: PathBuf,
    /// The first number that this process may give.
    first: FileId,
    /// The next number.
    next: AtomicU64,
    /// The files that are being read.
    readers: Mutex<HashMap<FileId, Pins>>,
}

/// The readers of one file.
#[derive(Debug, Default)]
struct Pins {
    /// How many there are.
    count: usize,
    /// Whether the last one removes the file.
    discarded: bool,
}

impl Contents {
    /// Opens the directory, which is created if missing. Numbers begin after those of the files in it and
    /// after `used`, the highest one in the index.
    pub(crate) fn open(root: PathBuf, used: FileId) -> Result<Self, Error> {
        fs::create_dir_all(&root).map_err(Error::io("create", &root))?;
        let highest = highest(&root).map_err(Error::io("list", &root))?;
        let first = used.max(highest) + 1;
        Ok(Self {
            root,
            first,
            next: AtomicU64::new(first),
            readers: Mutex::new(HashMap::new()),
        })
    }

    /// A number that no file has.
    pub(crate) fn number(&self) -> FileId {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The path of a file.
    pub(crate) fn path(&self, file: FileId) -> PathBuf {
        let directory = (file / FILES_PER_DIRECTORY).to_string();
        self.root.join(directory).join(file.to_string())
    }

    /// Begins a file, over whose bytes `hasher` is computed.
    pub(crate) fn create(self: &Arc<Self>, hasher: ChecksumHasher) -> io::Result<ContentWriter> {
        let id = self.number();
        let path = self.path(id);
        let file = match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                File::create_new(&path)?
            }
            file => file?,
        };
        Ok(ContentWriter {
            draft: Draft {
                contents: self.clone(),
                id,
                kept: false,
            },
            file,
            size: 0,
            md5: Md5::new(),
            hasher,
        })
    }

    /// Links an existing file of this file system into the contents, without copying it.
    pub(crate) fn adopt(self: &Arc<Self>, path: &Path) -> io::Result<Draft> {
        let draft = Draft {
            contents: self.clone(),
            id: self.number(),
            kept: false,
        };
        let target = self.path(draft.id);
        target.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::hard_link(path, target)?;
        Ok(draft)
    }

    /// Protects files from removal until the result is dropped.
    pub(crate) fn pin(self: &Arc<Self>, files: Vec<FileId>) -> Pinned {
        let mut readers = lock(&self.readers);
        for file in &files {
            readers.entry(*file).or_default().count += 1;
        }
        Pinned {
            contents: self.clone(),
            files,
        }
    }

    /// Removes files that the index no longer names, those that are being read a little later.
    pub(crate) fn discard(&self, files: &[FileId]) {
        let mut readers = lock(&self.readers);
        for file in files {
            match readers.get_mut(file) {
                Some(pins) => pins.discarded = true,
                None => self.remove(*file),
            }
        }
    }

    /// Removes a file. What cannot be removed now is removed by the next server.
    fn remove(&self, file: FileId) {
        let _ = fs::remove_file(self.path(file));
    }

    /// Removes what a killed process has left: files from before this process that `is_named` does not
    /// know. Returns how many there were.
    pub(crate) fn collect(&self, is_named: impl Fn(FileId) -> io::Result<bool>) -> io::Result<u64> {
        let mut count = 0;
        for number in numbers(&self.root)? {
            let directory = self.root.join(number.to_string());
            for file in numbers(&directory)? {
                if file < self.first && !is_named(file)? {
                    self.remove(file);
                    count += 1;
                }
            }
            // Into later directories, this process writes at the same time. The removal succeeds only if the
            // directory is empty.
            if number < self.first / FILES_PER_DIRECTORY {
                let _ = fs::remove_dir(&directory);
            }
        }
        Ok(count)
    }
}

/// The numbers that are names in a directory.
fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        numbers.extend(
            entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u64>().ok()),
        );
    }
    Ok(numbers)
}

/// The highest number of a file; 0 if there are none.
fn highest(root: &Path) -> io::Result<FileId> {
    let mut directories = numbers(root)?;
    directories.sort_unstable();
    for directory in directories.into_iter().rev() {
        if let Some(file) = numbers(&root.join(directory.to_string()))?
            .into_iter()
            .max()
        {
            return Ok(file);
        }
    }
    Ok(0)
}

/// A complete file that the index does not name yet. It is removed unless it is kept.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Where it is.
    contents: Arc<Contents>,
    /// Its number.
    pub(crate) id: FileId,
    /// Whether the index names it.
    kept: bool,
}

impl Draft {
    /// Says that the index names the file.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            self.contents.remove(self.id);
        }
    }
}

/// A file that is being written.
pub(crate) struct ContentWriter {
    /// The file, removed if writing fails.
    draft: Draft,
    /// Its handle.
    file: File,
    /// Bytes so far.
    size: u64,
    /// Their MD5.
    md5: Md5,
    /// Their other checksums.
    hasher: ChecksumHasher,
}

/// A file that has been written.
#[derive(Debug)]
pub(crate) struct Written {
    /// The file.
    pub(crate) draft: Draft,
    /// Its length in bytes.
    pub(crate) size: u64,
    /// Its MD5.
    pub(crate) md5: [u8; 16],
    /// The requested checksums.
    pub(crate) checksums: Checksums,
}

impl ContentWriter {
    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        self.md5.update(bytes);
        self.hasher.update(bytes);
        Ok(())
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Written {
        Written {
            draft: self.draft,
            size: self.size,
            md5: self.md5.finalize(),
            checksums: self.hasher.finalize().into(),
        }
    }
}

/// Files that are not removed while this exists.
#[derive(Debug)]
pub(crate) struct Pinned {
    /// Where they are.
    contents: Arc<Contents>,
    /// Their numbers.
    files: Vec<FileId>,
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let mut readers = lock(&self.contents.readers);
        for file in &self.files {
            let Some(pins) = readers.get_mut(file) else {
                continue;
            };
            pins.count -= 1;
            if pins.count == 0 {
                if pins.discarded {
                    self.contents.remove(*file);
                }
                readers.remove(file);
            }
        }
    }
}

/// One file of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The number of the part that it was uploaded as; 1 if the content is one file.
    pub(crate) number: u32,
    /// Its length in bytes.
    pub(crate) size: u64,
    /// The file.
    pub(crate) file: FileId,
}

/// Reads a range of a content.
pub(crate) struct ContentReader {
    /// Keeps the files.
    pinned: Pinned,
    /// The pieces not yet opened, last one first.
    rest: Vec<Piece>,
    /// Bytes to skip in the next piece.
    skip: u64,
    /// Bytes still to be read.
    remaining: u64,
    /// The open piece and its unread bytes.
    open: Option<(File, u64)>,
}

impl ContentReader {
    /// Reads `length` bytes from `start` on. `pinned` holds the files of `pieces`, which are in order.
    pub(crate) fn new(pinned: Pinned, mut pieces: Vec<Piece>, start: u64, length: u64) -> Self {
        let mut skip = start;
        let before = pieces
            .iter()
            .take_while(|piece| {
                let passed = piece.size <= skip;
                if passed {
                    skip -= piece.size;
                }
                passed
            })
            .count();
        pieces.drain(..before);
        pieces.reverse();
        Self {
            pinned,
            rest: pieces,
            skip,
            remaining: length,
            open: None,
        }
    }

    /// Bytes still to be read.
    pub(crate) fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Opens the next piece.
    fn advance(&mut self) -> io::Result<()> {
        use std::io::{Seek, SeekFrom};
        let piece = self.rest.pop().ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut file = File::open(self.pinned.contents.path(piece.file))?;
        file.seek(SeekFrom::Start(self.skip))?;
        self.open = Some((file, piece.size - self.skip));
        self.skip = 0;
        Ok(())
    }
}

impl Read for ContentReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.remaining == 0 || buffer.is_empty() {
                return Ok(0);
            }
            let Some((file, unread)) = &mut self.open else {
                self.advance()?;
                continue;
            };
            if *unread == 0 {
                self.open = None;
                continue;
            }
            let most = (buffer.len() as u64).min(*unread).min(self.remaining) as usize;
            let count = file.read(&mut buffer[..most])?;
            if count == 0 {
                // The length is in the index, so the end of the file came too early.
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the stored content is incomplete, which only a power failure can cause",
                ));
            }
            *unread -= count as u64;
            self.remaining -= count as u64;
            return Ok(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(contents: &Arc<Contents>, bytes: &[u8]) -> Written {
        let mut writer = contents.create(ChecksumHasher::default()).unwrap();
        writer.write(bytes).unwrap();
        writer.finish()
    }

    #[test]
    fn a_file_that_is_not_kept_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let contents = Arc::new(Contents::open(dir.path().to_owned(), 0).unwrap());
        let path = contents.path(write(&contents, b"dropped").draft.id);
        assert!(!path.exists());
        let kept = write(&contents, b"kept");
        let path = contents.path(kept.draft.id);
        kept.draft.keep();
        assert!(path.exists());
    }

    #[test]
    fn a_discarded_file_stays_until_it_has_been_read() {
        let dir = tempfile::tempdir().unwrap();
        let contents = Arc::new(Contents::open(dir.path().to_owned(), 0).unwrap());
        let written = write(&contents, b"0123456789");
        let id = written.draft.id;
        written.draft.keep();
        let piece = Piece {
            number: 1,
            size: 10,
            file: id,
        };
        let mut reader = ContentReader::new(contents.pin(vec![id]), vec![piece], 2, 5);
        contents.discard(&[id]);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "23456");
        assert!(contents.path(id).exists());
        drop(reader);
        assert!(!contents.path(id).exists());
    }

    #[test]
    fn ranges_cross_pieces() {
        let dir = tempfile::tempdir().unwrap();
        let contents = Arc::new(Contents::open(dir.path().to_owned(), 0).unwrap());
        let pieces: Vec<_> = ["abc", "", "defg", "h"]
            .iter()
            .map(|text| {
                let written = write(&contents, text.as_bytes());
                let piece = Piece {
                    number: 1,
                    size: written.size,
                    file: written.draft.id,
                };
                written.draft.keep();
                piece
            })
            .collect();
        for (start, length, expected) in [
            (0, 8, "abcdefgh"),
            (2, 3, "cde"),
            (3, 1, "d"),
            (7, 1, "h"),
            (8, 0, ""),
        ] {
            let pinned = contents.pin(pieces.iter().map(|piece| piece.file).collect());
            let mut text = String::new();
            ContentReader::new(pinned, pieces.clone(), start, length)
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, expected, "{start} {length}");
        }
    }

    #[test]
    fn numbers_go_on_and_orphans_are_collected() {
        let dir = tempfile::tempdir().unwrap();
        let contents = Arc::new(Contents::open(dir.path().to_owned(), 0).unwrap());
        let (named, orphan) = (write(&contents, b"named"), write(&contents, b"orphan"));
        let (named_id, orphan_id) = (named.draft.id, orphan.draft.id);
        named.draft.keep();
        orphan.draft.keep();
        let next = Arc::new(Contents::open(dir.path().to_owned(), 0).unwrap());
        let new = write(&next, b"new");
        assert!(new.draft.id > orphan_id);
        assert_eq!(next.collect(|file| Ok(file == named_id)).unwrap(), 1);
        assert!(next.path(named_id).exists() && next.path(new.draft.id).exists());
        assert!(!next.path(orphan_id).exists());
    }
}
