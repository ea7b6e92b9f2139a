//! Reads a model from disk: `model.tar.gz` as SageMaker packs it, a bare `model.fire`, or a folder that contains it.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use ensemble::artifact::MODEL_FILE;
use flate2::read::GzDecoder;

/// Unpacked bytes allowed in an archive: far more than any model, far less than a decompression bomb.
const LARGEST: u64 = 1 << 30;
/// Files allowed in an archive.
const MOST_FILES: usize = 1_000;

/// The bytes of the `model.fire` at or in `path`.
///
/// # Errors
/// When there is no model, or the archive is damaged or too large.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    if path.is_dir() {
        let inside = path.join(MODEL_FILE);
        return fs::read(&inside)
            .with_context(|| format!("cannot read the model {}", inside.display()));
    }
    let file = File::open(path).with_context(|| format!("cannot read the model {shown}"))?;
    let mut file = BufReader::new(file);
    let mut mark = [0; 2];
    let length = file.read(&mut mark)?;
    let whole = mark[..length].chain(file);
    // A file that is not gzip is taken for a bare model; the loader reports what is wrong with it.
    if mark == [0x1f, 0x8b] {
        return unpack(whole).with_context(|| format!("cannot use the model {shown}"));
    }
    let mut bytes = Vec::new();
    let mut whole = whole.take(LARGEST);
    whole
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read the model {shown}"))?;
    Ok(bytes)
}

/// The bytes of `model.fire` in a `tar.gz`. Nothing is unpacked to disk, so malicious paths and links do no harm.
///
/// # Errors
/// When there is no model, or the archive is damaged or too large.
pub fn unpack(tar_gz: impl Read) -> Result<Vec<u8>> {
    unpack_within(tar_gz, LARGEST)
}

fn unpack_within(tar_gz: impl Read, limit: u64) -> Result<Vec<u8>> {
    let damaged = "not a model.tar.gz, or damaged";
    let unpacked = GzDecoder::new(tar_gz).take(limit);
    let mut archive = tar::Archive::new(unpacked);
    for (files, entry) in archive.entries().context(damaged)?.enumerate() {
        ensure!(
            files < MOST_FILES,
            "it contains more than {MOST_FILES} files"
        );
        let mut entry = entry.context(damaged)?;
        if !is_model(&entry.path_bytes()) {
            continue;
        }
        ensure!(
            entry.header().entry_type().is_file(),
            "{MODEL_FILE} in it is not a regular file"
        );
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).context(damaged)?;
        ensure!(
            bytes.len() as u64 == entry.size(),
            "it is incomplete, or contains more than {limit} bytes"
        );
        return Ok(bytes);
    }
    bail!("it contains no {MODEL_FILE}; use the model.tar.gz of a training job of this project")
}

fn is_model(name: &[u8]) -> bool {
    name.strip_prefix(b"./").unwrap_or(name) == MODEL_FILE.as_bytes()
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tar::{Builder, EntryType, Header};

    use super::*;

    fn packed(files: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
        let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, kind, bytes) in files {
            let mut header = Header::new_gnu();
            // Set directly, because `set_path` would reject what an attacker may write.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(bytes.len() as u64);
            header.set_entry_type(*kind);
            header.set_cksum();
            archive.append(&header, *bytes).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn only_the_model_is_unpacked() {
        let file = EntryType::Regular;
        let archive = packed(&[
            ("../../etc/passwd", file, b"x"),
            ("/model.fire", file, b"y"),
            ("sub/model.fire", file, b"z"),
            ("./model.fire", file, b"model"),
        ]);
        assert_eq!(unpack(archive.as_slice()).unwrap(), b"model");
    }

    #[test]
    fn archives_without_a_model_are_rejected_with_the_reason() {
        let check = |bytes: &[u8], expected: &str| {
            let error = format!("{:#}", unpack(bytes).unwrap_err());
            assert!(error.contains(expected), "{error}");
        };
        check(b"", "not a model.tar.gz");
        check(b"\x1f\x8b rubbish", "not a model.tar.gz");
        check(&packed(&[]), "it contains no model.fire; use");
        let link = ("model.fire", EntryType::Symlink, &b""[..]);
        check(&packed(&[link]), "model.fire in it is not a regular file");
        let whole = packed(&[("model.fire", EntryType::Regular, &[7; 5_000])]);
        check(&whole[..whole.len() / 2], "damaged");
        let many = vec![("x", EntryType::Regular, &b""[..]); MOST_FILES + 1];
        check(&packed(&many), "more than 1000 files");
    }

    #[test]
    fn a_decompression_bomb_is_rejected_at_the_limit() {
        let limit = 1 << 20;
        for name in ["zeros", MODEL_FILE] {
            let mut header = Header::new_gnu();
            header.set_path(name).unwrap();
            header.set_size(u64::MAX / 4);
            header.set_cksum();
            let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
            std::io::Write::write_all(&mut bomb, header.as_bytes()).unwrap();
            std::io::copy(&mut std::io::repeat(0).take(2 * limit), &mut bomb).unwrap();
            let bomb = bomb.finish().unwrap();
            assert!(unpack_within(bomb.as_slice(), limit).is_err());
        }
    }
}
