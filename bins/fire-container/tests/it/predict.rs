//! Predictions for files without a server, compared with the endpoint's.

use std::fs;
use std::path::Path;
use std::process::Command;

use sensor_model::{FEATURE_COUNT, Feature, REQUIRED_COUNT, Rows, write_rows};
use serde_json::json;

use crate::job::{Job, rows};
use crate::server::{Server, predictor};

fn predict(file: &Path, model: &Path, output: &str) -> (Option<i32>, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_fire-container"))
        .env_clear()
        .arg("predict")
        .arg(file)
        .arg("--model")
        .arg(model)
        .args(["--output", output])
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code(), text(done.stdout), text(done.stderr))
}

/// A job with a trained forest, packed into `model.tar.gz` as by SageMaker.
fn packed() -> Job {
    let settings = json!({ "algorithm": "random_forest", "n_estimators": "30" });
    let job = Job::with_channels(&settings);
    assert_eq!(job.train().code, 0);
    let tar = Command::new("tar")
        .args(["-czf", "model.tar.gz", "-C", "model", "."])
        .current_dir(job.root())
        .status()
        .unwrap();
    assert!(tar.success());
    job
}

fn csv_line(rows: &Rows, i: usize) -> String {
    let cells = rows.row(i).iter().map(|value| match value {
        value if value.is_nan() => String::new(),
        value => value.to_string(),
    });
    cells.collect::<Vec<_>>().join(",")
}

#[test]
fn predictions_for_a_file_equal_the_endpoints_byte_for_byte() {
    let job = packed();
    let mut rows = rows(9_000..9_400);
    rows.features[5] = f32::NAN;
    rows.features[FEATURE_COUNT * 7 + 15] = 4_900.0;
    let body: String = (0..rows.len()).map(|i| csv_line(&rows, i) + "\n").collect();
    let names = Feature::ALL.map(Feature::name).join(",");
    job.put("unlabelled.csv", format!("{names}\n{body}").as_bytes());
    fs::copy(job.path("unlabelled.csv"), job.path("UNLABELLED")).unwrap();
    write_rows(&job.path("labelled.parquet"), &rows).unwrap();
    write_rows(&job.path("labelled.csv"), &rows).unwrap();
    let server = Server::of(predictor(&job));
    for (output, accept) in [("json", "application/json"), ("csv", "text/csv")] {
        let headers = [("content-type", "text/csv"), ("accept", accept)];
        let response = server.request("POST /invocations", &headers, body.as_bytes());
        for file in [
            "unlabelled.csv",
            "UNLABELLED",
            "labelled.parquet",
            "labelled.csv",
        ] {
            for model in ["model.tar.gz", "model/model.bin", "model"] {
                let (code, stdout, stderr) = predict(&job.path(file), &job.path(model), output);
                assert_eq!((code, stderr.as_str()), (Some(0), ""));
                assert!(stdout == response.body, "{file}, {model}: {stdout}");
            }
        }
    }
    let (_, text, _) = predict(
        &job.path("unlabelled.csv"),
        &job.path("model.tar.gz"),
        "text",
    );
    assert!(
        text.contains("gas_val = 4900 is outside the range"),
        "{text}"
    );
    assert!(
        text.lines().last().unwrap().starts_with("400 rows, "),
        "{text}"
    );
}

#[test]
fn a_model_archive_of_several_gzip_members_is_read_whole() {
    let job = packed();
    write_rows(&job.path("rows.csv"), &rows(0..50)).unwrap();
    let predictions = |model: &str| {
        let (code, stdout, stderr) = predict(&job.path("rows.csv"), &job.path(model), "csv");
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{model}");
        stdout
    };
    let expected = predictions("model.tar.gz");
    let tar = run(Command::new("gzip").args(["-dc", "model.tar.gz"]), &job);
    // A header of tar is 512 bytes.
    for size in [512, 10_000, tar.len() / 2 + 1] {
        let mut members = Vec::new();
        for piece in tar.chunks(size) {
            job.put("piece", piece);
            members.extend(run(Command::new("gzip").args(["-c", "piece"]), &job));
        }
        job.put("members.tar.gz", &members);
        assert!(predictions("members.tar.gz") == expected, "{size}");
    }
}

/// Runs a command in the job's directory and returns its standard output.
fn run(command: &mut Command, job: &Job) -> Vec<u8> {
    let done = command.current_dir(job.root()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    done.stdout
}

#[test]
fn unusable_files_and_models_exit_with_2_and_are_named() {
    let job = packed();
    let names = Feature::ALL[..REQUIRED_COUNT].iter();
    let names = names.map(|feature| feature.name());
    let names = names.collect::<Vec<_>>().join(",");
    job.put(
        "bad.csv",
        format!("{names}\n{}high\n", "1,".repeat(17)).as_bytes(),
    );
    job.put("other.csv", b"a,b\n1,2\n");
    job.put("empty.csv", format!("{names}\n").as_bytes());
    job.put("rows.txt", b"1\n");
    job.put(
        "label.csv",
        format!("{names},fire_detected\n{}2\n", "1,".repeat(18)).as_bytes(),
    );
    job.put(
        "cut.tar.gz",
        &fs::read(job.path("model.tar.gz")).unwrap()[..900],
    );
    job.put("none.tar.gz", b"PK");
    let good = "labelled.csv";
    write_rows(&job.path(good), &rows(0..3)).unwrap();
    for (file, model, expected) in [
        ("bad.csv", "model", "line 2"),
        (
            "other.csv",
            "model",
            "none of its columns is known, and the first is `a`",
        ),
        ("empty.csv", "model", "empty.csv"),
        ("rows.txt", "model", "rows.txt"),
        (
            "label.csv",
            "model",
            "column fire_detected: `2` is not a label",
        ),
        ("absent.csv", "model", "absent.csv"),
        (good, "cut.tar.gz", "cut.tar.gz"),
        (good, "none.tar.gz", "its magic number is wrong"),
        (good, "absent.tar.gz", "absent.tar.gz"),
        (good, "input", "input/model.bin"),
    ] {
        let (code, stdout, stderr) = predict(&job.path(file), &job.path(model), "csv");
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{file} {model}");
        assert!(
            stderr.starts_with("error: ") && stderr.contains(expected),
            "{stderr}"
        );
    }
}

#[test]
fn unwritable_predictions_exit_with_1() {
    let job = packed();
    write_rows(&job.path("rows.csv"), &rows(0..3)).unwrap();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_fire-container"))
        .env_clear()
        .current_dir(job.root())
        .args(["predict", "rows.csv", "--model", "model.tar.gz"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(1));
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert!(stderr.starts_with("error: "), "{stderr}");
}

#[test]
fn nothing_is_unpacked_to_disk_and_any_number_of_rows_is_explained() {
    let job = packed();
    write_rows(&job.path("rows.csv"), &rows(0..150)).unwrap();
    job.put("empty/tmp/x", b"");
    fs::remove_file(job.path("empty/tmp/x")).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_fire-container"))
        .env_clear()
        .current_dir(job.path("empty"))
        .env("TMPDIR", job.path("empty/tmp"))
        .args(["predict", "../rows.csv", "--model", "../model.tar.gz"])
        .args(["--output", "json", "--explain"])
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(0));
    let response: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let predictions = response["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 150);
    assert!(predictions[149]["explanation"]["base"].is_number());
    let left = |dir: &str| fs::read_dir(job.path(dir)).unwrap().count();
    assert_eq!((left("empty"), left("empty/tmp")), (1, 0));
}
