//! Which crate may link which: the allowed edges of ARCHITECTURE.md.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const OURS: [&str; 13] = [
    "deploy-100k",
    "ensemble",
    "extract-rows",
    "fire-cli",
    "fire-container",
    "local-sagemaker",
    "monitor-100k",
    "push-image",
    "report-100k",
    "sagemaker-ops",
    "sensor-model",
    "split",
    "train-100k",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Everything that a package links, itself left out: normal dependencies, all the way down.
///
/// `cargo metadata` would also list optional dependencies that nothing switches on.
fn linked(package: &str) -> BTreeSet<String> {
    let flags = [
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--offline",
        "--locked",
    ];
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", package])
        .args(flags)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    assert!(
        names.contains(package),
        "{package} is not in its own tree: {text}"
    );
    names.into_iter().filter(|name| name != package).collect()
}

#[test]
fn our_crates_depend_on_each_other_only_as_the_architecture_says() {
    let check = |package: &str, allowed: &[&str]| {
        let linked = linked(package);
        let ours: Vec<_> = OURS
            .iter()
            .filter(|name| linked.contains(**name))
            .copied()
            .collect();
        assert_eq!(ours, allowed, "{package}");
    };
    for library in [
        "sensor-model",
        "split",
        "ensemble",
        "sagemaker-ops",
        "local-sagemaker",
        "push-image",
        "xtask",
    ] {
        check(library, &[]);
    }
    check("fire-container", &["ensemble", "sensor-model"]);
    check("fire-cli", &["ensemble", "sagemaker-ops", "split"]);
}

#[test]
fn the_container_links_no_aws_sdk_and_no_tls() {
    let linked = linked("fire-container");
    let forbidden = [
        "aws-",
        "rustls",
        "openssl",
        "native-tls",
        "ring",
        "hyper-rustls",
        "reqwest",
    ];
    let found: Vec<_> = linked
        .iter()
        .filter(|name| forbidden.iter().any(|start| name.starts_with(start)))
        .collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(
        linked.contains("polars"),
        "the tree is not the one expected: {linked:?}"
    );
}

#[test]
fn nothing_links_a_second_tls() {
    for package in OURS {
        let linked = linked(package);
        let found: Vec<_> = ["openssl-sys", "native-tls"]
            .iter()
            .filter(|name| linked.contains(**name))
            .collect();
        assert!(found.is_empty(), "{package}: {found:?}");
    }
}

#[test]
fn no_aws_sdk_name_outside_sagemaker_ops() {
    let folders = ["crates", "bins", "xtask"].map(|folder| root().join(folder));
    let files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| crate::tidy::files_below(folder))
        .collect();
    let naming: Vec<_> = files
        .iter()
        .filter(|path| !path.starts_with(root().join("crates/sagemaker-ops")))
        .filter(|path| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.contains("aws_sdk") || text.contains("aws-sdk")
        })
        .collect();
    assert!(
        files.len() > 50,
        "the search found only {} files",
        files.len()
    );
    assert!(naming.is_empty(), "{naming:?}");
}
