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
    let lines = tree(package, &["--edges", "normal"]);
    let names = lines
        .iter()
        .filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// The lines `NAME VERSION` of everything in a package's tree, itself left out.
fn tree(package: &str, flags: &[&str]) -> BTreeSet<String> {
    let usual = ["--prefix", "none", "--format", "{p}"];
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", package, "--offline", "--locked"])
        .args(usual)
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
    // A path stands after the version of what is ours, and marks after that of a macro and of what was listed before.
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().take(2).collect();
        words.join(" ")
    });
    let lines: BTreeSet<String> = lines.filter(|line| !line.is_empty()).collect();
    let is_own = |line: &String| line.split(' ').next() == Some(package);
    assert!(
        lines.iter().any(is_own),
        "{package} is not in its own tree: {text}"
    );
    lines.into_iter().filter(|line| !is_own(line)).collect()
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

/// A library, its features as its README names them, the flags that choose them, how many crates are built on Linux, and
/// which of them somebody would rather know of beforehand.
type Tree = (
    &'static str,
    &'static str,
    &'static [&'static str],
    usize,
    &'static str,
);

/// What a user's project gets with each library.
const TREES: [Tree; 8] = [
    ("ensemble", "none (default)", &[], 51, "smartcore"),
    (
        "ensemble",
        "`onnx`",
        &["--features", "onnx"],
        52,
        "smartcore",
    ),
    (
        "sensor-model",
        "`files` (default)",
        &[],
        158,
        "polars, tokio",
    ),
    ("sensor-model", "none", &["--no-default-features"], 45, ""),
    ("split", "none (default)", &[], 14, ""),
    (
        "sagemaker-ops",
        "none (default)",
        &[],
        222,
        "AWS SDKs, hyper, rustls, tokio",
    ),
    (
        "local-sagemaker",
        "none (default)",
        &[],
        188,
        "clap, hyper, tokio",
    ),
    (
        "fire-cli",
        "none (default)",
        &[],
        273,
        "AWS SDKs, clap, hyper, rustls, smartcore, tokio",
    ),
];

/// What is looked for: its name in the tables, and how a line of the tree starts.
const HEAVY: [(&str, &str); 7] = [
    ("AWS SDKs", "aws-sdk-"),
    ("clap", "clap "),
    ("hyper", "hyper "),
    ("polars", "polars "),
    ("rustls", "rustls "),
    ("smartcore", "smartcore "),
    ("tokio", "tokio "),
];

#[test]
fn a_library_brings_what_its_readme_says_and_no_more() {
    let build = [
        "--edges",
        "normal,build",
        "--target",
        "x86_64-unknown-linux-gnu",
    ];
    for (library, features, flags, crates, heavy) in TREES {
        let lines = tree(library, &[&build[..], flags].concat());
        let heavy_ones = HEAVY
            .iter()
            .filter(|(_, start)| lines.iter().any(|line| line.starts_with(start)));
        let found: Vec<&str> = heavy_ones.map(|(name, _)| *name).collect();
        assert_eq!(
            (lines.len(), found.join(", ").as_str()),
            (crates, heavy),
            "{library} with {features}: if that is meant, say so here and in its README"
        );
        let readme = root().join("crates").join(library).join("README.md");
        let readme = std::fs::read_to_string(readme).unwrap();
        let row = format!("| {features} | {crates} | {heavy} |");
        assert!(readme.contains(&row), "{library}: no `{row}` in its README");
    }
}

#[test]
fn every_feature_of_a_library_is_in_its_readme() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for (library, ..) in TREES {
        let packages = metadata["packages"].as_array().unwrap();
        let package = packages
            .iter()
            .find(|package| package["name"] == library)
            .unwrap();
        let features = package["features"].as_object().unwrap().keys();
        for feature in features.filter(|feature| *feature != "default") {
            let is_listed = |(name, row, ..): &Tree| {
                *name == library && row.starts_with(&format!("`{feature}`"))
            };
            assert!(
                TREES.iter().any(is_listed),
                "{library}: the feature {feature} is in no table"
            );
        }
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
