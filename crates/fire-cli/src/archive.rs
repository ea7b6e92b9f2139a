//! Reading and writing small `.tar.gz` archives, SageMaker's wrapping of files.

use std::collections::BTreeMap;
use std::io::{Read as _, Write};

use anyhow::{Context as _, ensure};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};

/// A packed file larger than this is refused: it is none of ours, or a bomb.
const LARGEST_FILE: u64 = 1 << 30;

/// The files of an archive by their names, without a leading `./`; folders and links are passed over.
pub(crate) fn unpack(tar_gz: &[u8]) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut archive = tar::Archive::new(GzDecoder::new(tar_gz));
    let mut files = BTreeMap::new();
    for entry in archive.entries().context("not a tar.gz archive")? {
        let entry = entry.context("not a tar.gz archive, or a damaged one")?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().context("an entry has no readable name")?;
        let name = path
            .strip_prefix("./")
            .unwrap_or(&path)
            .display()
            .to_string();
        ensure!(
            entry.size() <= LARGEST_FILE,
            "`{name}` has {} bytes, more than any file of a job",
            entry.size()
        );
        let mut bytes = Vec::new();
        let mut content = entry.take(LARGEST_FILE);
        content
            .read_to_end(&mut bytes)
            .context("a damaged archive")?;
        files.insert(name, bytes);
    }
    Ok(files)
}

/// An archive with these files: relative names, gzip, the same bytes each time.
pub(crate) fn pack(files: &[(&str, &[u8])]) -> anyhow::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, bytes) in files {
        append(&mut archive, name, bytes)?;
    }
    Ok(archive.into_inner()?.finish()?)
}

fn append<W: Write>(archive: &mut tar::Builder<W>, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    Ok(archive.append_data(&mut header, name, bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_with_or_without_a_leading_dot() {
        let files: [(&str, &[u8]); 2] = [("a.csv", b"1"), ("./b/c", b"")];
        let unpacked = unpack(&pack(&files).unwrap()).unwrap();
        let names: Vec<&str> = unpacked.keys().map(String::as_str).collect();
        assert_eq!(names, ["a.csv", "b/c"]);
        assert_eq!(unpacked["a.csv"], b"1");
    }

    #[test]
    fn what_is_no_archive_says_so() {
        let whole = pack(&[("model", &[7; 4096])]).unwrap();
        let cases: [(&[u8], &str); 3] = [
            (b"plain text", "not a tar.gz archive"),
            (b"", "not a tar.gz archive"),
            (&whole[..40], "damaged"),
        ];
        for (bytes, expected) in cases {
            let error = format!("{:#}", unpack(bytes).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }
}
