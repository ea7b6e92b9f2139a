//! The one layer: the program, the names SageMaker may call it by, and a folder for temporary files.

use std::io;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

/// Where the program lies in the image.
pub(crate) const PROGRAM: &str = "/fire-container";

/// A layer in its two forms, which the image names by two digests.
#[derive(Debug)]
pub(crate) struct Layer {
    /// As it is stored.
    pub(crate) gzipped: Vec<u8>,
    /// Of the tar within.
    pub(crate) diff_id: String,
    /// Bytes of the tar within.
    pub(crate) unpacked: usize,
}

/// Packs the program. Times, owners and order are fixed, so the same program gives the same bytes.
pub(crate) fn pack(program: &[u8]) -> io::Result<Layer> {
    let mut tar = Builder::new(Vec::new());
    entry(
        &mut tar,
        ("fire-container", EntryType::Regular, 0o755),
        program,
        None,
    )?;
    // Programs write temporary files without asking whether there is a place for them.
    entry(&mut tar, ("tmp/", EntryType::Directory, 0o1777), &[], None)?;
    for folder in ["usr/", "usr/local/", "usr/local/bin/"] {
        entry(&mut tar, (folder, EntryType::Directory, 0o755), &[], None)?;
    }
    // For callers that replace the entry point by the bare name of what they want.
    for name in ["serve", "train"] {
        let path = format!("usr/local/bin/{name}");
        entry(
            &mut tar,
            (&path, EntryType::Symlink, 0o777),
            &[],
            Some(PROGRAM),
        )?;
    }
    let tar = tar.into_inner()?;
    let gzip: GzEncoder<Vec<u8>> = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::best());
    let gzipped = compressed(gzip, &tar)?;
    Ok(Layer {
        gzipped,
        diff_id: digest(&tar),
        unpacked: tar.len(),
    })
}

fn compressed(mut gzip: GzEncoder<Vec<u8>>, tar: &[u8]) -> io::Result<Vec<u8>> {
    io::Write::write_all(&mut gzip, tar)?;
    gzip.finish()
}

fn entry(
    tar: &mut Builder<Vec<u8>>,
    (path, kind, mode): (&str, EntryType, u32),
    content: &[u8],
    target: Option<&str>,
) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_path(path)?;
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    if let Some(target) = target {
        header.set_link_name(target)?;
    }
    header.set_cksum();
    tar.append(&header, content)
}

/// `sha256:` and the hash in hex, as images name everything.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let hex = hash.iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", hex.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_holds_the_program_and_its_names() {
        let layer = pack(b"\x7fELF program").unwrap();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(layer.gzipped.as_slice()));
        let found: Vec<_> = tar
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                assert_eq!((header.mtime().unwrap(), header.uid().unwrap()), (0, 0));
                let path = entry.path().unwrap().display().to_string();
                let target = entry.link_name().unwrap();
                let target = target.map(|target| target.display().to_string());
                (path, header.mode().unwrap(), entry.size(), target)
            })
            .collect();
        let link = |name: &str| {
            (
                format!("usr/local/bin/{name}"),
                0o777,
                0,
                Some(PROGRAM.to_owned()),
            )
        };
        assert_eq!(found[0], ("fire-container".to_owned(), 0o755, 12, None));
        assert_eq!(found[1], ("tmp/".to_owned(), 0o1777, 0, None));
        assert_eq!(found[5..], [link("serve"), link("train")]);
        assert_eq!(pack(b"\x7fELF program").unwrap().gzipped, layer.gzipped);
    }

    #[test]
    fn digests_are_those_of_sha_256() {
        assert_eq!(
            digest(b"abc"),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
