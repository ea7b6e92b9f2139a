//! Channels as SageMaker makes them of S3 prefixes, and what the log says about a job's input.

use std::fs;
use std::process::Command;

use sensor_model::{Rows, write_rows};
use serde_json::{Value, json};

use crate::job::{Job, rows};

fn settings() -> Value {
    json!({ "algorithm": "logistic_regression" })
}

/// Writes rows to a file of any name, in the format of the extension `written_as`.
fn put(job: &Job, name: &str, written_as: &str, rows: &Rows) {
    let draft = job.path("draft").with_extension(written_as);
    write_rows(&draft, rows).unwrap();
    job.put(name, &fs::read(draft).unwrap());
}

/// The same for a file that is packed with gzip.
fn put_gzip(job: &Job, name: &str, written_as: &str, rows: &Rows) {
    put(job, name, written_as, rows);
    let packed = Command::new("gzip")
        .arg("-c")
        .arg(job.path(name))
        .output()
        .unwrap();
    assert!(packed.status.success(), "{packed:?}");
    job.put(name, &packed.stdout);
}

#[test]
fn every_file_of_a_channel_is_trained_on_and_counted_in_the_log() {
    let job = Job::new(&settings());
    let train = |name: &str| format!("input/data/train/{name}");
    put(&job, &train("ds=1/part-00000"), "csv", &rows(0..100));
    put_gzip(
        &job,
        &train("ds=1/part-00001.csv.gz"),
        "csv",
        &rows(100..200),
    );
    put(
        &job,
        &train("ds=2/h=00/rows.pq"),
        "parquet",
        &rows(200..300),
    );
    put(&job, &train("x/MORE.CSV"), "csv", &rows(300..400));
    put(
        &job,
        &train("x/rows.gz.parquet"),
        "parquet",
        &rows(400..500),
    );
    put_gzip(
        &job,
        &train("x/rows.parquet.gz"),
        "parquet",
        &rows(500..600),
    );
    put(&job, &train("_temporary/0/rows.csv"), "csv", &rows(0..100));
    for marker in ["_SUCCESS", "ds=1/.part-00000.crc", "ds=2_$folder$"] {
        job.put(&train(marker), b"");
    }
    let part = "input/data/validation/part-00000";
    put(&job, part, "csv", &rows(600..800));
    let ended = job.train();
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    let first: Vec<&str> = ended.stdout.lines().take(6).collect();
    assert_eq!(
        first,
        [
            "channel train: 6 files, 600 rows",
            "channel train: skipped hidden files and markers: _SUCCESS, _temporary, ds=1/.part-00000.crc",
            "channel train: skipped empty files: ds=2_$folder$",
            "channel train: directory names such as ds=1 are not read as columns",
            "channel validation: 1 file, 200 rows",
            "logistic_regression on 600 rows, validated on 200",
        ]
    );

    // The same rows in one file give the same model.
    let plain = Job::with_channels(&settings());
    assert_eq!(plain.train().code, 0);
    let [found, expected] = [&job, &plain].map(|job| fs::read(job.path("model/model.bin")));
    assert!(found.unwrap() == expected.unwrap());
}

#[test]
fn the_log_names_what_has_no_effect() {
    let hyperparameters = json!({
        "algorithm": "\"logistic_regression\"",
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "s3://bucket/source.tar.gz",
        "_tuning_objective_metric": "validation:auc",
    });
    let job = Job::with_channels(&hyperparameters);
    job.channel("test", "rows.csv", &rows(800..900));
    // SDKs add channels for their scripts, and SageMaker adds a manifest for sharded channels.
    job.put("input/data/sm_drivers/run.sh", b"exit");
    job.put("input/data/code/train.py", b"pass");
    job.put("input/data/train-manifest", b"[]");
    let ended = job.train();
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    let known = "train, validation, test, alarm-validation, alarm-test";
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(
        lines[..7],
        [
            "ignored hyperparameters, which SDKs and tuning jobs add: _tuning_objective_metric, sagemaker_program, \
             sagemaker_submit_directory",
            "sagemaker_program is not used: this container has no script mode and trains its own algorithms; leave \
             out the entry point",
            &format!("channel code is not used; this container reads {known}"),
            &format!("channel sm_drivers is not used; this container reads {known}"),
            "channel train: 1 file, 600 rows",
            "channel validation: 1 file, 200 rows",
            "logistic_regression on 600 rows, validated on 200",
        ]
    );
    assert!(
        lines.contains(&"channel test: 1 file, 100 rows"),
        "{lines:?}"
    );
}
