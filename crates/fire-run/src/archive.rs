//! Small `.tar.gz` archives, the format in which SageMaker stores a job's results.

use std::collections::BTreeMap;
use std::io::{self, Read};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};

use crate::Error;

/// Maximum unpacked size in bytes: far above any model, far below a decompression bomb.
const MAX_BYTES: u64 = 1 << 30;

/// Maximum number of entries in an archive.
const MAX_FILES: usize = 1_000;

/// The files of an archive that `selects` accepts, by name without a leading `./`.
///
/// Nothing is written to disk, so path traversal and links are harmless. SageMaker may write several
/// gzip members; they are read as one stream.
///
/// # Errors
/// [`Error::Archive`] for an invalid or oversized archive, [`Error::Foreign`] for one with too many
/// entries, or with a directory or link in place of a selected file.
pub(crate) fn unpack(
    tar_gz: impl Read,
    selects: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    unpack_within(tar_gz, selects, MAX_BYTES)
}

fn unpack_within(
    tar_gz: impl Read,
    selects: impl Fn(&str) -> bool,
    max_bytes: u64,
) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(tar_gz).take(max_bytes));
    let mut files = BTreeMap::new();
    for (count, entry) in archive.entries().map_err(Error::Archive)?.enumerate() {
        let mut entry = entry.map_err(Error::Archive)?;
        if count >= MAX_FILES {
            let reason = format!("the archive contains more than {MAX_FILES} files");
            return Err(Error::Foreign(reason));
        }
        let path = entry.path_bytes();
        let name = String::from_utf8_lossy(path.strip_prefix(b"./").unwrap_or(&path)).into_owned();
        if !selects(&name) {
            continue;
        }
        if !entry.header().entry_type().is_file() {
            return Err(Error::Foreign(format!(
                "{name} in the archive is not a regular file"
            )));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(Error::Archive)?;
        if bytes.len() as u64 != entry.size() {
            let reason = format!(
                "{name} is truncated, or the archive unpacks to more than {max_bytes} bytes"
            );
            return Err(Error::Archive(io::Error::other(reason)));
        }
        files.insert(name, bytes);
    }
    Ok(files)
}

/// Packs the files. The same files always give the same bytes.
pub(crate) fn pack(files: &[(&str, &[u8])]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // The time of packing would make equal archives differ.
        header.set_mtime(0);
        archive.append_data(&mut header, name, *bytes)?;
    }
    archive.into_inner()?.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tar::{Builder, EntryType, Header};

    use super::*;

    fn packed(files: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
        let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, entry_type, bytes) in files {
            let mut header = Header::new_gnu();
            // Bypasses the checks of `set_path`, as an attacker would.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(bytes.len() as u64);
            header.set_entry_type(*entry_type);
            header.set_cksum();
            archive.append(&header, *bytes).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    fn models(tar_gz: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        unpack(tar_gz, |name| name == "model")
    }

    #[test]
    fn files_are_unpacked_with_or_without_a_leading_dot() {
        let files: [(&str, &[u8]); 2] = [("a.csv", b"1"), ("./b/c", b"")];
        let unpacked = unpack(pack(&files).unwrap().as_slice(), |_| true).unwrap();
        let names: Vec<&str> = unpacked.keys().map(String::as_str).collect();
        assert_eq!(names, ["a.csv", "b/c"]);
        assert_eq!(unpacked["a.csv"], b"1");
    }

    #[test]
    fn only_the_selected_name_is_unpacked() {
        let file = EntryType::Regular;
        let archive = packed(&[
            ("../../etc/passwd", file, b"x"),
            ("/model", file, b"y"),
            ("sub/model", file, b"z"),
            ("./model", file, b"model"),
        ]);
        let unpacked = models(&archive).unwrap();
        assert_eq!(
            unpacked.into_iter().collect::<Vec<_>>(),
            [("model".to_owned(), b"model".to_vec())]
        );
    }

    #[test]
    fn all_gzip_members_of_an_archive_are_read() {
        let whole = pack(&[("a", &[1; 600]), ("model", &[2; 600])]).unwrap();
        let mut tar = Vec::new();
        MultiGzDecoder::new(whole.as_slice())
            .read_to_end(&mut tar)
            .unwrap();
        let mut members = Vec::new();
        for piece in tar.chunks(700) {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(piece).unwrap();
            members.extend(encoder.finish().unwrap());
        }
        assert_eq!(models(&members).unwrap()["model"], [2; 600]);
    }

    #[test]
    fn unusable_archives_are_rejected_with_the_reason() {
        let check = |bytes: &[u8], expected: &str| {
            let error = models(bytes).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        check(b"", "not a valid tar.gz archive");
        check(b"plain text", "not a valid tar.gz archive");
        check(b"\x1f\x8b rubbish", "not a valid tar.gz archive");
        let link = ("model", EntryType::Symlink, &b""[..]);
        check(
            &packed(&[link]),
            "model in the archive is not a regular file",
        );
        let whole = packed(&[("model", EntryType::Regular, &[7; 5_000])]);
        check(&whole[..whole.len() / 2], "not a valid tar.gz archive");
        let many = vec![("x", EntryType::Regular, &b""[..]); MAX_FILES + 1];
        check(&packed(&many), "more than 1000 files");
    }

    #[test]
    fn a_decompression_bomb_is_rejected_at_the_limit() {
        let limit = 1 << 20;
        for name in ["zeros", "model"] {
            let mut header = Header::new_gnu();
            header.set_path(name).unwrap();
            header.set_size(u64::MAX / 4);
            header.set_cksum();
            let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
            bomb.write_all(header.as_bytes()).unwrap();
            io::copy(&mut io::repeat(0).take(2 * limit), &mut bomb).unwrap();
            let bomb = bomb.finish().unwrap();
            assert!(unpack_within(bomb.as_slice(), |name| name == "model", limit).is_err());
        }
    }
}
