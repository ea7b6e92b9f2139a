//! The image's only layer: the program, links named after its commands, and a directory for temporary files.

use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

/// Path of the program in the image.
pub(crate) const PROGRAM: &str = "/fire-container";

/// A layer. The image references it by two digests: the manifest by that of the
/// compressed tar, the configuration by that of the uncompressed tar.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The compressed tar.
    pub(crate) gzipped: Vec<u8>,
    /// Digest of the uncompressed tar.
    pub(crate) diff_id: String,
    /// Size of the uncompressed tar in bytes.
    pub(crate) uncompressed_size: usize,
}

/// Packs the program. Times, owners and order are fixed, so the same program always gives the same bytes.
pub(crate) fn pack(program: &[u8]) -> io::Result<Layer> {
    let mut tar = Builder::new(Vec::new());
    let mut executable = header(EntryType::Regular, 0o755, program.len());
    tar.append_data(&mut executable, "fire-container", program)?;
    // Libraries expect a directory for temporary files.
    tar.append_data(&mut directory(0o1777), "tmp/", io::empty())?;
    for path in ["usr/", "usr/local/", "usr/local/bin/"] {
        tar.append_data(&mut directory(0o755), path, io::empty())?;
    }
    // For callers that override the entry point with just `serve` or `train`.
    for path in ["usr/local/bin/serve", "usr/local/bin/train"] {
        tar.append_link(&mut header(EntryType::Symlink, 0o777, 0), path, PROGRAM)?;
    }
    let tar = tar.into_inner()?;
    // The gzip header also contains a time and an operating system (255: unknown).
    let mut gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::best());
    gzip.write_all(&tar)?;
    Ok(Layer {
        gzipped: gzip.finish()?,
        diff_id: digest(&tar),
        uncompressed_size: tar.len(),
    })
}

/// A header with a fixed time and owner; the builder adds the path and the checksum.
pub(crate) fn header(kind: EntryType, mode: u32, size: usize) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size as u64);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn directory(mode: u32) -> Header {
    header(EntryType::Directory, mode, 0)
}

/// A digest in the format of image manifests: `sha256:` and the hash in hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_contains_the_program_and_its_links() {
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
    fn digests_are_sha_256() {
        assert_eq!(
            digest(b"abc"),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
