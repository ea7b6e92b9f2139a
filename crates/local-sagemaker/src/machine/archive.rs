//! Packing and unpacking `tar.gz`: packing is deterministic, and unpacking accepts untrusted archives.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// Maximum unpacked size in bytes: enough for any model, and too little to fill a disk.
const MAX_BYTES: u64 = 16 << 30;
/// Maximum number of members, because even an empty file takes an inode.
const MAX_MEMBERS: usize = 100_000;

/// Packs all files below `dir` into `file`, with paths relative to `dir`. They are sorted by name and
/// stored without times and owners, so the same files always give the same bytes. If there is nothing to
/// pack, returns false and writes no file.
pub(crate) fn pack(dir: &Path, file: &Path) -> io::Result<bool> {
    let mut members = Vec::new();
    collect(dir, Path::new(""), &mut members)?;
    if members.is_empty() {
        return Ok(false);
    }
    let zip = GzBuilder::new()
        .mtime(0)
        .write(BufWriter::new(File::create(file)?), Compression::default());
    let mut builder = Builder::new(zip);
    for member in members {
        append(&mut builder, dir, &member)?;
    }
    builder.into_inner()?.finish()?.flush()?;
    Ok(true)
}

/// Lists the files below `dir`, sorted by name at each level. Follows links to files, but not to
/// folders.
fn collect(dir: &Path, below: &Path, members: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = match fs::read_dir(dir.join(below)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?.collect::<Result<Vec<_>, _>>()?,
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect(dir, &path, members)?;
        } else if fs::metadata(entry.path())?.is_file() {
            members.push(path);
        }
    }
    Ok(())
}

/// Appends one member. Its content is truncated to the length in its header, in case the file is still
/// growing.
fn append(builder: &mut Builder<impl Write>, dir: &Path, member: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let file = File::open(dir.join(member))?;
    let metadata = file.metadata()?;
    let executable = metadata.permissions().mode() & 0o100 != 0;
    // Built by hand, because owners and times from the file system are not reproducible.
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(metadata.len());
    // Of the mode, only the executable bit is kept; the other bits depend on the umask.
    header.set_mode(if executable { 0o755 } else { 0o644 });
    header.set_mtime(0);
    builder.append_data(
        &mut header,
        member,
        BufReader::new(file).take(metadata.len()),
    )
}

/// Unpacks an archive, which may consist of several gzip members, into `dir`. Only regular files and folders below `dir` are written. Links, devices,
/// absolute paths, paths with `..`, and archives of more than 16 GiB or 100,000 members are rejected.
pub(crate) fn unpack(archive: impl Read, dir: &Path) -> io::Result<()> {
    unpack_at_most(archive, dir, MAX_BYTES)
}

/// [`unpack`] with a size limit of `most` bytes.
fn unpack_at_most(archive: impl Read, dir: &Path, most: u64) -> io::Result<()> {
    let mut left = most;
    // A gzip file may have several members, as parallel compressors write it.
    let unzipped = MultiGzDecoder::new(BufReader::new(archive));
    let mut archive = tar::Archive::new(unzipped);
    for (count, entry) in archive.entries()?.enumerate() {
        if count >= MAX_MEMBERS {
            return Err(invalid(&format!("it has more than {MAX_MEMBERS} members")));
        }
        let mut entry = entry?;
        let path = safe_path(&entry.path()?)?;
        match entry.header().entry_type() {
            EntryType::Directory => fs::create_dir_all(dir.join(path))?,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let target = dir.join(path);
                // Archives need not list a folder before its files.
                target.parent().map_or(Ok(()), fs::create_dir_all)?;
                // One byte beyond the limit distinguishes a full archive from one that is too large.
                let written =
                    io::copy(&mut (&mut entry).take(left + 1), &mut File::create(target)?)?;
                left = left
                    .checked_sub(written)
                    .ok_or_else(|| invalid(&format!("it unpacks to more than {most} bytes")))?;
            }
            // Metadata of the archive itself, such as the commit id in git archives.
            EntryType::XGlobalHeader => {}
            other => {
                return Err(invalid(&format!(
                    "member {} is of type {other:?}",
                    path.display()
                )));
            }
        }
    }
    Ok(())
}

/// The path without `.` components; an error if it leads out of the target folder.
fn safe_path(path: &Path) -> io::Result<PathBuf> {
    let mut safe = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => safe.push(part),
            Component::CurDir => {}
            _ => {
                return Err(invalid(&format!(
                    "member {} is outside the archive's folder",
                    path.display()
                )));
            }
        }
    }
    Ok(safe)
}

/// The error for an invalid archive.
fn invalid(why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("invalid archive: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    /// An archive as an attacker might write it, with one member of the given type and raw name.
    fn hostile(name: &str, kind: EntryType, content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        if kind.is_symlink() {
            header.set_link_name("/etc").unwrap();
        }
        header.set_cksum();
        let zip = GzBuilder::new().write(file.reopen().unwrap(), Compression::default());
        let mut builder = Builder::new(zip);
        builder.append(&header, content).unwrap();
        builder.into_inner().unwrap().finish().unwrap();
        file
    }

    #[test]
    fn packed_files_are_unpacked_unchanged() {
        let source = tree(&[("model.json", "{}"), ("deep/er/file", "x"), ("empty", "")]);
        let target = tempfile::tempdir().unwrap();
        let file = target.path().join("model.tar.gz");
        assert!(pack(source.path(), &file).unwrap());
        unpack(File::open(&file).unwrap(), &target.path().join("out")).unwrap();
        for (name, text) in [("model.json", "{}"), ("deep/er/file", "x"), ("empty", "")] {
            assert_eq!(
                fs::read_to_string(target.path().join("out").join(name)).unwrap(),
                text,
                "{name}"
            );
        }
    }

    #[test]
    fn an_archive_of_several_gzip_members_is_read_to_its_end() {
        let source = tree(&[("a", "first"), ("b", "second")]);
        let target = tempfile::tempdir().unwrap();
        let file = target.path().join("model.tar.gz");
        pack(source.path(), &file).unwrap();
        let mut tar = Vec::new();
        let mut packed = MultiGzDecoder::new(File::open(&file).unwrap());
        packed.read_to_end(&mut tar).unwrap();
        let mut members = Vec::new();
        for part in [&tar[..512], &tar[512..]] {
            let mut zip = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
            zip.write_all(part).unwrap();
            members.extend(zip.finish().unwrap());
        }
        fs::write(&file, members).unwrap();
        let out = target.path().join("out");
        unpack(File::open(&file).unwrap(), &out).unwrap();
        let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
        assert_eq!((read("a"), read("b")), ("first".into(), "second".into()));
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let files = [("b", "2"), ("a/x", "1"), ("c", "3")];
        let target = tempfile::tempdir().unwrap();
        let bytes = [files.to_vec(), files.iter().rev().copied().collect()].map(|files| {
            let file = target.path().join("x.tar.gz");
            pack(tree(&files).path(), &file).unwrap();
            fs::read(file).unwrap()
        });
        assert_eq!(bytes[0], bytes[1]);
    }

    #[test]
    fn packing_nothing_writes_no_file() {
        let empty = tempfile::tempdir().unwrap();
        let file = empty.path().join("x.tar.gz");
        assert!(!pack(&empty.path().join("missing"), &file).unwrap());
        assert!(!file.exists());
    }

    #[test]
    fn hostile_archives_are_rejected_and_write_nothing_outside() {
        for (name, kind, expected) in [
            (
                "../escaped",
                EntryType::Regular,
                "outside the archive's folder",
            ),
            (
                "/tmp/escaped",
                EntryType::Regular,
                "outside the archive's folder",
            ),
            ("link", EntryType::Symlink, "is of type Symlink"),
            ("link", EntryType::Link, "is of type Link"),
            ("device", EntryType::Block, "is of type Block"),
        ] {
            let target = tempfile::tempdir().unwrap();
            let out = target.path().join("out");
            let error = unpack(hostile(name, kind, b"").reopen().unwrap(), &out)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{name}: {error}");
            assert!(!target.path().join("escaped").exists() && !out.join("link").exists());
        }
    }

    #[test]
    fn unpacking_stops_at_the_size_limit() {
        let bomb = hostile("zeros", EntryType::Regular, &vec![0; 1 << 20]);
        let target = tempfile::tempdir().unwrap();
        let error = unpack_at_most(File::open(bomb.path()).unwrap(), target.path(), 1000)
            .unwrap_err()
            .to_string();
        assert!(error.contains("more than 1000 bytes"), "{error}");
        assert!(fs::metadata(target.path().join("zeros")).unwrap().len() <= 1001);
    }

    #[test]
    fn a_file_that_is_not_an_archive_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "plain text").unwrap();
        assert!(
            unpack(
                File::open(file.path()).unwrap(),
                tempfile::tempdir().unwrap().path()
            )
            .is_err()
        );
    }
}
