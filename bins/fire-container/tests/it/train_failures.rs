//! Failing jobs: exit code 1, and the reason in `output/failure`.

use std::fs;

use ensemble::Algorithm;
use fire_container::{Stop, train};
use sensor_model::FEATURE_COUNT;
use serde_json::{Value, json};

use crate::job::{Job, rows};

/// Asserts that the job fails with all of `expected` in its failure file, and writes no model.
#[track_caller]
fn check(job: &Job, expected: &[&str]) {
    assert_eq!(job.train().code, 1);
    let failure = job.read("output/failure");
    for part in expected {
        assert!(failure.contains(part), "`{part}` is not in `{failure}`");
    }
    assert!(failure.chars().count() <= 1024);
    assert!(!job.path("model/model.bin").exists());
}

fn forest() -> Value {
    json!({ "algorithm": "random_forest", "n_estimators": "5" })
}

#[test]
fn unreadable_settings_fail_the_job() {
    let job = Job::with_channels(&forest());
    fs::remove_file(job.paths.hyperparameters()).unwrap();
    check(
        &job,
        &[
            "cannot read the hyperparameters in",
            "hyperparameters.json",
            "No such file",
        ],
    );
    job.put("input/config/hyperparameters.json", b"[1]");
    check(
        &job,
        &["hyperparameters.json is not a JSON object of hyperparameters"],
    );
}

#[test]
fn unknown_settings_are_named() {
    check(
        &Job::with_channels(&json!({ "algorithm": "random_forest", "n_trees": "5" })),
        &["hyperparameter n_trees: random_forest has no parameter `n_trees`; it has n_estimators"],
    );
    check(
        &Job::with_channels(&json!({ "algorithm": "svm" })),
        &["`svm`", &Algorithm::ALL.map(Algorithm::name).join(", ")],
    );
    check(
        &Job::with_channels(&json!({ "algorithm": "gradient_boosting", "learning_rate": "fast" })),
        &[
            "hyperparameter learning_rate",
            "`fast`",
            "a number above 0 and at most 1",
        ],
    );
}

#[test]
fn missing_and_empty_channels_are_named() {
    let job = Job::new(&forest());
    check(
        &job,
        &[
            "channel train is missing",
            "input/data/train",
            "add an input channel",
        ],
    );
    job.channel("train", "a.csv", &rows(0..100));
    check(&job, &["channel validation is missing"]);
    fs::create_dir_all(job.path("input/data/validation")).unwrap();
    check(
        &job,
        &[
            "channel validation: ",
            "input/data/validation has no file; a channel needs at least one labelled row",
        ],
    );
}

/// A job whose validation channel, as CSV text, is modified by `change`.
fn with_validation(change: impl Fn(&str) -> String) -> Job {
    let job = Job::with_channels(&forest());
    let name = "input/data/validation/part-00000.csv";
    job.put(name, change(&job.read(name)).as_bytes());
    job
}

/// The text with the third feature of line 3 replaced; the first two cells are IDs.
fn with_cell(text: &str, cell: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut cells: Vec<&str> = lines[2].split(',').collect();
    cells[4] = cell;
    lines[2] = cells.join(",");
    lines.join("\n")
}

#[test]
fn bad_data_is_reported_with_channel_file_line_column_and_value() {
    check(
        &with_validation(|text| with_cell(text, "warm")),
        &[
            "channel validation: ",
            "part-00000.csv, line 3, column t_max: `warm` is not a number",
        ],
    );
    check(
        &with_validation(|text| with_cell(text, "inf")),
        &["part-00000.csv, line 3, column t_max: `inf` is not finite"],
    );
    check(
        &with_validation(|text| text.replace("t_max", "t_maximum")),
        &["part-00000.csv: column `t_maximum` is unknown"],
    );
    check(
        &with_validation(|text| text.replacen(',', "", 30)),
        &["part-00000.csv", "none of its columns is known"],
    );
    check(
        &with_validation(|text| format!("{text}1,2,3\n")),
        &[&format!(
            "part-00000.csv, line 202: expected {} cells, one per column of the header, but found 3",
            FEATURE_COUNT + 3
        )],
    );
}

#[test]
fn a_file_of_a_channel_that_is_not_a_data_file_is_named_with_the_remedy() {
    for (content, expected) in [
        (&b"{\"rows\": 3}"[..], "is JSON, not CSV or Parquet"),
        (
            b"PK\x03\x04",
            "is a ZIP archive or an Excel workbook, not CSV or Parquet",
        ),
        (b"\x00\x01\x02", "is binary data, not CSV or Parquet"),
        (b"About these rows\n", "none of its columns is known"),
        (b"\x1f\x8b\x08", "cannot be unpacked; it may be incomplete"),
    ] {
        let job = Job::with_channels(&forest());
        job.put("input/data/train/ds=1/other", content);
        check(
            &job,
            &["channel train: ", "input/data/train/ds=1/other", expected],
        );
    }
}

#[test]
fn a_training_channel_of_one_class_is_rejected() {
    let job = Job::with_channels(&forest());
    let mut train = rows(0..100);
    train.labels.fill(1);
    job.channel("train", "part-00000.parquet", &train);
    check(
        &job,
        &[
            "cannot fit random_forest",
            "every label is 1; both 0 and 1 are needed",
        ],
    );
}

#[test]
fn an_optional_channel_must_be_valid_if_present() {
    let job = Job::with_channels(&forest());
    job.put("input/data/test/part-00000.parquet", b"PAR1, but cut off");
    check(
        &job,
        &[
            "channel test: ",
            "part-00000.parquet cannot be read as a data file",
        ],
    );
}

#[test]
fn a_stop_before_the_fit_fails_with_that_reason() {
    let job = Job::with_channels(&forest());
    let stop = Stop::default();
    stop.request();
    let error = train::job(&job.paths, &mut Vec::new(), &stop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "stopped by SIGTERM before the fit began; no model was written"
    );
    assert!(!job.path("model").exists());
}

#[test]
fn a_stop_during_the_fit_reports_the_rounds_done() {
    /// Standard output of a job that is stopped once it reports progress.
    struct StopAtProgress(Stop);
    impl std::io::Write for StopAtProgress {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if bytes.starts_with(b"round") {
                self.0.request();
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let job = Job::with_channels(&json!({ "algorithm": "gradient_boosting" }));
    let stop = Stop::default();
    let error = train::job(&job.paths, &mut StopAtProgress(stop.clone()), &stop).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("stopped by SIGTERM after "), "{text}");
    assert!(text.ends_with(" rounds; no model was written"), "{text}");
    assert!(!job.path("model").exists());
}

#[test]
fn an_unwritable_directory_is_named() {
    let job = Job::with_channels(&forest());
    job.put("model", b"not a directory");
    check(&job, &["cannot write ", "model/metrics.json"]);
}
