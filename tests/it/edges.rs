//! Which crate may link which, and which file may import which: the edges that ARCHITECTURE.md allows.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::tidy::{files_below, root};

const OURS: [&str; 16] = [
    "alarm",
    "deploy-100k",
    "ensemble",
    "extract-rows",
    "fire-cli",
    "fire-container",
    "fire-run",
    "local-sagemaker",
    "monitor-100k",
    "pipeline-100k",
    "push-image",
    "report-100k",
    "sagemaker-ops",
    "sensor-model",
    "split",
    "train-100k",
];

/// Everything that a package links, without the package itself: normal dependencies, all the way
/// down.
///
/// `cargo metadata` would also list optional dependencies that are not enabled.
fn linked(package: &str) -> BTreeSet<String> {
    let lines = tree(package, &["--edges", "normal"]);
    let names = lines
        .iter()
        .filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// A line `NAME VERSION` for everything in a package's tree, without the package itself.
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
    // After the version, cargo prints the path of a local crate and marks for macros and repetitions.
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
fn our_crates_link_each_other_only_as_architecture_md_says() {
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
        "alarm",
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
    check("fire-run", &["alarm", "ensemble", "split"]);
    check(
        "fire-container",
        &["alarm", "ensemble", "fire-run", "sensor-model", "split"],
    );
    check(
        "fire-cli",
        &["alarm", "ensemble", "fire-run", "sagemaker-ops", "split"],
    );
    check(
        "pipeline-100k",
        &[
            "alarm",
            "ensemble",
            "fire-cli",
            "fire-run",
            "sagemaker-ops",
            "split",
        ],
    );
}

/// Programs find each other's work by what `fire-run` defines, not by calling each other.
#[test]
fn no_program_links_another_program() {
    let bins = std::fs::read_dir(root().join("bins")).unwrap();
    let programs: BTreeSet<String> = bins
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(programs.len() >= 8, "{programs:?}");
    for program in &programs {
        let linked = linked(program);
        let others: Vec<_> = linked.intersection(&programs).collect();
        assert!(others.is_empty(), "{program}: {others:?}");
    }
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
fn no_program_links_a_second_tls_library() {
    for package in OURS {
        let linked = linked(package);
        let found: Vec<_> = ["openssl-sys", "native-tls"]
            .iter()
            .filter(|name| linked.contains(**name))
            .collect();
        assert!(found.is_empty(), "{package}: {found:?}");
    }
}

/// A library, its features as in its README, the flags that choose them, how many crates cargo builds
/// on Linux, and the heavy ones among them.
type Tree = (
    &'static str,
    &'static str,
    &'static [&'static str],
    usize,
    &'static str,
);

/// The dependencies that each library brings into a user's project.
const TREES: [Tree; 10] = [
    ("alarm", "none (default)", &[], 10, ""),
    ("ensemble", "none (default)", &[], 54, "smartcore"),
    (
        "ensemble",
        "`onnx`",
        &["--features", "onnx"],
        55,
        "smartcore",
    ),
    (
        "sensor-model",
        "`files` (default)",
        &[],
        161,
        "polars, tokio",
    ),
    ("sensor-model", "none", &["--no-default-features"], 49, ""),
    ("split", "none (default)", &[], 14, ""),
    (
        "sagemaker-ops",
        "none (default)",
        &[],
        221,
        "AWS SDKs, hyper, rustls, tokio",
    ),
    (
        "local-sagemaker",
        "none (default)",
        &[],
        186,
        "clap, hyper, tokio",
    ),
    ("fire-run", "none (default)", &[], 73, "smartcore"),
    (
        "fire-cli",
        "none (default)",
        &[],
        276,
        "AWS SDKs, clap, hyper, rustls, smartcore, tokio",
    ),
];

/// Heavy crates: the name in the tables, and how their lines in the tree start.
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
fn a_library_brings_the_dependencies_that_its_readme_says() {
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
            "{library} with {features}: if this is intended, change the table here and the README"
        );
        let readme = root().join("crates").join(library).join("README.md");
        let readme = std::fs::read_to_string(readme).unwrap();
        let row = format!("| {features} | {crates} | {heavy} |");
        assert!(
            readme.contains(&row),
            "the README of {library} has no row `{row}`"
        );
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
                "the feature {feature} of {library} is in no table"
            );
        }
    }
}

#[test]
fn no_aws_sdk_name_occurs_outside_sagemaker_ops() {
    let folders = ["crates", "bins", "xtask"].map(|folder| root().join(folder));
    let files: Vec<_> = folders
        .iter()
        .flat_map(|folder| files_below(folder))
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

/// Programs whose steps are a chain: no file imports one that imports it.
const CHAINS: [&str; 2] = ["deploy-100k", "train-100k"];

/// The modules directly below a crate's root that each of them names; a folder is one with its file.
fn imports(package: &str) -> BTreeMap<String, BTreeSet<String>> {
    let source = root().join("bins").join(package).join("src");
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in crate::tidy::files_below(&source) {
        let below = path.strip_prefix(&source).unwrap();
        let module = below.iter().next().unwrap().to_str().unwrap();
        let module = module.trim_end_matches(".rs");
        if ["lib", "main"].contains(&module) || path.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let named = imports.entry(module.to_owned()).or_default();
        named.extend(text.split("crate::").skip(1).flat_map(first_names));
        // A top-level file's parent is the root.
        if below.components().count() == 1 && text.contains("super::") {
            named.insert("lib".to_owned());
        }
        named.remove(module);
    }
    let modules: BTreeSet<String> = imports.keys().cloned().collect();
    for named in imports.values_mut() {
        // What is not a module is an item of the root, which imports them all.
        let as_modules = named.iter().map(|name| match modules.get(name) {
            Some(module) => module.clone(),
            None => "lib".to_owned(),
        });
        *named = as_modules.collect();
    }
    imports.insert("lib".to_owned(), modules);
    imports
}

/// The first names of the paths after `crate::`: one, or those of a list in braces.
fn first_names(path: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let first = |path: &str| {
        path.split(|c| !is_name(c))
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let Some(list) = path.strip_prefix('{') else {
        return vec![first(path)];
    };
    let mut depth = 1;
    let mut names = vec![String::new()];
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(String::new()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        names.last_mut().unwrap().push(c);
    }
    let names = names
        .iter()
        .map(|name| first(name.trim_start_matches([',', ' ', '\n'])));
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn files_of_a_chain_import_each_other_without_a_cycle() {
    assert_eq!(first_names("a::B;"), ["a"]);
    assert_eq!(first_names("{a::{B, C}, d, e::F};"), ["a", "d", "e"]);
    for package in CHAINS {
        let mut imports = imports(package);
        assert!(
            imports.len() > 5,
            "{package}: the search found only {imports:?}"
        );
        // Whatever imports nothing any more can be in no cycle.
        while let Some(leaf) = imports
            .iter()
            .find(|(_, named)| named.is_empty())
            .map(|(module, _)| module.clone())
        {
            imports.remove(&leaf);
            for named in imports.values_mut() {
                named.remove(&leaf);
            }
        }
        assert!(
            imports.is_empty(),
            "{package}: in or above a cycle: {imports:?}"
        );
    }
}
