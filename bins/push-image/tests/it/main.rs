//! The program through its command line: images on disk, and a registry that cannot be reached.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot continue should panic"
)]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A file that looks like a static program.
fn program(dir: &Path) -> PathBuf {
    let mut elf = vec![0; 64];
    elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
    elf[18] = 0x3e;
    let path = dir.join("fire-container");
    fs::write(&path, elf).unwrap();
    path
}

fn run(args: &[&str]) -> (u8, String) {
    let mut out = Vec::new();
    let args = ["push-image"].iter().chain(args).map(Into::into);
    let code = push_image::run(args, &mut out);
    (code, String::from_utf8(out).unwrap())
}

fn temp_dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn files_in_an_image_directory_are_named_after_their_digests() {
    let dir = temp_dir();
    let program = program(dir.path());
    let built = |name: &str| {
        let target = dir.path().join(name);
        let args = [
            program.to_str().unwrap(),
            "--folder",
            target.to_str().unwrap(),
            "--output",
            "json",
        ];
        let (code, text) = run(&args);
        assert_eq!(code, 0);
        let document: Value = serde_json::from_str(&text).unwrap();
        (target, document["digest"].as_str().unwrap().to_owned())
    };
    let (target, digest) = built("one");
    assert_eq!(built("two").1, digest);
    let hash = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let manifest = fs::read(target.join("manifest.json")).unwrap();
    assert_eq!(digest, format!("sha256:{}", hash(&manifest)));
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let layers = manifest["layers"].as_array().unwrap();
    for part in layers.iter().chain([&manifest["config"]]) {
        let name = part["digest"]
            .as_str()
            .unwrap()
            .strip_prefix("sha256:")
            .unwrap();
        let bytes = fs::read(target.join(name)).unwrap();
        assert_eq!(
            (hash(&bytes).as_str(), part["size"].as_u64()),
            (name, Some(bytes.len() as u64))
        );
    }
}

#[test]
fn an_archive_contains_the_image() {
    let dir = temp_dir();
    let (program, archive) = (program(dir.path()), dir.path().join("image.tar"));
    let (code, _) = run(&[
        program.to_str().unwrap(),
        "--archive",
        archive.to_str().unwrap(),
    ]);
    assert_eq!(code, 0);
    let mut tar = tar::Archive::new(fs::File::open(archive).unwrap());
    let names: Vec<_> = tar
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    assert_eq!(names.len(), 3);
    assert_eq!(names[2], "manifest.json");
}

#[test]
fn invalid_usage_exits_with_2_and_an_unreachable_registry_with_3() {
    let dir = temp_dir();
    let program = program(dir.path());
    let program = program.to_str().unwrap();
    let text = dir.path().join("text");
    fs::write(&text, "no program").unwrap();
    for args in [
        &[][..],
        &["/nowhere"],
        &[text.to_str().unwrap()],
        &[std::env::current_exe().unwrap().to_str().unwrap()],
        &[program, "--push", "fire:1"],
        &[program, "--username", "me"],
    ] {
        assert_eq!(run(args).0, 2, "{args:?}");
    }
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nowhere = format!("127.0.0.1:{port}/fire:1");
    assert_eq!(run(&[program, "--push", &nowhere]).0, 3);
}
