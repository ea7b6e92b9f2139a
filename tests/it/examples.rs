//! The examples of the libraries, as a newcomer runs them: they print what their comments promise.
//!
//! `cargo test --workspace` builds the examples of every package, but a call for this package alone
//! does not.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use ensemble::Algorithm;

use crate::world::program;

/// Runs an example that must succeed in an empty folder, and returns what it printed.
fn printed(name: &str, arguments: &[&str]) -> String {
    let example: PathBuf = program("local-sagemaker")
        .with_file_name("examples")
        .join(name);
    assert!(
        example.is_file(),
        "{} is missing: cargo test --workspace",
        example.display()
    );
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(&example)
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{name}: {out}{err}");
    out
}

/// Asserts that the output contains each of these texts, in this order.
#[track_caller]
fn says(printed: &str, texts: &[&str]) {
    let mut rest = printed;
    for text in texts {
        let Some((_, after)) = rest.split_once(text) else {
            panic!("`{text}` does not come (next) in: {printed}");
        };
        rest = after;
    }
}

#[test]
fn split_rejects_a_split_by_visit_and_shows_how_it_flatters() {
    let texts = [
        "909 visits by 300 patients",
        "split by patient",
        "passed group_overlap    no group has rows in more than one part",
        "=> fit for use",
        "split by visit",
        "FAILED group_overlap    177 groups have rows in more than one part",
        "=> do not use",
        // The README has these two as well.
        "by patient  56 %",
        "by visit    95 %",
        "two visits cannot be split: too little data with label 0",
    ];
    says(&printed("patients", &[]), &texts);
}

#[test]
fn sensor_model_omits_what_no_sensor_measured() {
    let out = printed("wildfire_mast", &[]);
    says(
        &out,
        &[
            "300 rows; 2 CO2 readings were invalid",
            "s after the fire began",
        ],
    );
    let row = |second: &str| -> Vec<String> {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        let rows = out.lines().map(words);
        let mut found =
            rows.filter(|words: &Vec<String>| words.first().is_some_and(|first| first == second));
        found
            .next()
            .unwrap_or_else(|| panic!("no row of second {second}: {out}"))
    };
    // Time, hottest pixel, its slope, CO2, its change within a minute, its slope.
    for (second, known) in [
        ("0", [false, false, true, false, false]),
        ("60", [true, true, true, true, true]),
        ("90", [true, true, false, false, false]),
        ("135", [false, false, true, true, true]),
        ("285", [true, true, true, true, true]),
    ] {
        let found: Vec<bool> = row(second)[1..].iter().map(|cell| cell != "-").collect();
        assert_eq!(found, known, "second {second}: {out}");
    }
}

#[test]
fn sagemaker_ops_trains_and_serves_the_users_own_container() {
    let texts = [
        "account 691595239825, us-east-1",
        "job rents-1: Created",
        "job rents-1: AlreadyExists",
        "job rents-1: Completed, with a mean error of 19.5",
        "endpoint rents: Created",
        "endpoint rents: InService",
        "64 square metres: 915 a month",
        "the container returned 400: `sixty-four` is not a number of square metres",
        "deleted the endpoint and 1 model",
    ];
    says(&printed("own_container", &[]), &texts);
}

#[test]
fn local_sagemaker_runs_inside_a_program_and_responds_to_plain_http() {
    let texts = [
        "a server in this process at http://127.0.0.1:",
        "job words-1: \"Completed\", 5.0 words",
        "endpoint spam: \"InService\"",
        "\"cheap prize\": 200 {\"because\":[\"cheap\",\"prize\"],\"spam\":true}",
        "\"lunch is late\": 200 {\"because\":[],\"spam\":false}",
        "\"\": 424 \"the text is empty\"",
    ];
    says(&printed("in_process", &[]), &texts);
}

#[test]
fn ensemble_combines_explains_and_exports_models() {
    let out = printed("credit", &["vote.onnx"]);
    let texts = [
        "defaults with probability 0.",
        "base",
        "the ensemble was written to vote.onnx",
    ];
    says(&out, &texts);
    let auc = |line: &str| -> f64 {
        let (_, after) = line.split_once("AUC ").unwrap();
        after.split_whitespace().next().unwrap().parse().unwrap()
    };
    let of_name = |name: &str| auc(out.lines().find(|line| line.starts_with(name)).unwrap());
    let members = Algorithm::ALL.map(|algorithm| of_name(algorithm.name()));
    assert!(members.iter().all(|&auc| auc > 0.7), "{out}");
    // Weights are chosen on other rows, so the ensemble may be slightly worse than its best member.
    let best = members.into_iter().fold(0.0, f64::max);
    assert!(of_name("ensemble") > best - 0.01, "{out}");
}
