//! A model on this machine: `model.tar.gz` as SageMaker packs it, the `model.bin` in it, or the folder of both.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use ensemble::artifact::MODEL_FILE;
use flate2::read::GzDecoder;

/// Bytes that an archive may hold unpacked: far more than any model, far less than a decompression bomb.
const LARGEST: u64 = 1 << 30;
/// Files that an archive may hold.
const MOST_FILES: usize = 1_000;

/// The bytes of the `model.bin` that `path` is or holds.
///
/// # Errors
/// When there is none, or the archive is damaged or larger than any model.
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
    // What is no gzip is taken for a bare model, whose loader says what it is not.
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

/// The bytes of `model.bin` in a `tar.gz`. Nothing is written anywhere: where other names or links lead to is of no
/// concern.
///
/// # Errors
/// When there is none, or the archive is damaged or larger than any model.
pub fn unpack(tar_gz: impl Read) -> Result<Vec<u8>> {
    unpack_within(tar_gz, LARGEST)
}

fn unpack_within(tar_gz: impl Read, limit: u64) -> Result<Vec<u8>> {
    let damaged = "it is no model.tar.gz, or a damaged one";
    let unpacked = GzDecoder::new(tar_gz).take(limit);
    let mut archive = tar::Archive::new(unpacked);
    for (files, entry) in archive.entries().context(damaged)?.enumerate() {
        ensure!(files < MOST_FILES, "it holds more than {MOST_FILES} files");
        let mut entry = entry.context(damaged)?;
        if !is_model(&entry.path_bytes()) {
            continue;
        }
        ensure!(
            entry.header().entry_type().is_file(),
            "its {MODEL_FILE} is no regular file"
        );
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).context(damaged)?;
        ensure!(
            bytes.len() as u64 == entry.size(),
            "it is cut, or holds more than {limit} bytes"
        );
        return Ok(bytes);
    }
    bail!("it holds no {MODEL_FILE}; give the model.tar.gz of a training job of this project")
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
            // Past the checks of `set_path`: an attacker's tar has none.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(bytes.len() as u64);
            header.set_entry_type(*kind);
            header.set_cksum();
            archive.append(&header, *bytes).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn only_the_model_is_taken_out() {
        let file = EntryType::Regular;
        let archive = packed(&[
            ("../../etc/passwd", file, b"x"),
            ("/model.bin", file, b"y"),
            ("sub/model.bin", file, b"z"),
            ("./model.bin", file, b"model"),
        ]);
        assert_eq!(unpack(archive.as_slice()).unwrap(), b"model");
    }

    #[test]
    fn what_holds_no_model_says_so() {
        let check = |bytes: &[u8], expected: &str| {
            let error = format!("{:#}", unpack(bytes).unwrap_err());
            assert!(error.contains(expected), "{error}");
        };
        check(b"", "no model.tar.gz");
        check(b"\x1f\x8b rubbish", "no model.tar.gz");
        check(&packed(&[]), "it holds no model.bin; give");
        let link = ("model.bin", EntryType::Symlink, &b""[..]);
        check(&packed(&[link]), "its model.bin is no regular file");
        let whole = packed(&[("model.bin", EntryType::Regular, &[7; 5_000])]);
        check(&whole[..whole.len() / 2], "damaged");
        let many = vec![("x", EntryType::Regular, &b""[..]); MOST_FILES + 1];
        check(&packed(&many), "more than 1000 files");
    }

    #[test]
    fn a_bomb_is_left_alone_beyond_the_limit() {
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
