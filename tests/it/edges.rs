//! Which crate may link which: the allowed edges of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

const OURS: [&str; 11] = [
    "deploy-100k",
    "ensemble",
    "fire-cli",
    "fire-container",
    "local-sagemaker",
    "monitor-100k",
    "report-100k",
    "sagemaker-ops",
    "sensor-model",
    "split",
    "train-100k",
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .current_dir(root())
        .other_options(vec!["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Everything that a package links, itself left out: normal dependencies, all the way down.
fn linked(metadata: &Metadata, package: &str) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().unwrap();
    let nodes: BTreeMap<&PackageId, _> =
        resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let start = metadata
        .packages
        .iter()
        .find(|found| found.name.as_str() == package)
        .unwrap();
    let mut seen = BTreeSet::from([&start.id]);
    let mut open = vec![&start.id];
    while let Some(id) = open.pop() {
        for dependency in &nodes[id].deps {
            let normal = dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind == DependencyKind::Normal);
            if normal && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen.remove(&start.id);
    seen.iter()
        .map(|id| metadata[id].name.to_string())
        .collect()
}

#[test]
fn our_crates_depend_on_each_other_only_as_the_architecture_says() {
    let metadata = metadata();
    let check = |package: &str, allowed: &[&str]| {
        let linked = linked(&metadata, package);
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
        "xtask",
    ] {
        check(library, &[]);
    }
    check("fire-container", &["ensemble", "sensor-model"]);
    check("fire-cli", &["ensemble", "sagemaker-ops", "split"]);
}

#[test]
fn the_container_links_no_aws_sdk_and_no_tls() {
    let linked = linked(&metadata(), "fire-container");
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
        "the walk over the graph found nothing: {linked:?}"
    );
}

#[test]
fn nothing_links_a_second_tls() {
    let metadata = metadata();
    for package in &metadata.packages {
        assert!(
            !["openssl-sys", "native-tls"].contains(&package.name.as_str()),
            "{}",
            package.name
        );
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
