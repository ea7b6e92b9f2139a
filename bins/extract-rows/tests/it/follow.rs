//! `--follow`: alarms while frames arrive.

// Predictions from an endpoint.
mod endpoint;
// Frames from a growing file.
mod growing;

use std::fs::{self, OpenOptions};
use std::io::Write;

use alarm::{AlarmParams, AlarmRule};
use ensemble::artifact::{Artifact, FeatureRange, Member};
use ensemble::{Algorithm, Matrix, Params, Run, Samples};
use fire_cli::Exit;
use fire_run::Package;
use nix::sys::stat::Mode;
use sensor_model::{FEATURE_COUNT, FRAME_PIXELS, Feature, fingerprint};
use serde_json::Value;

use crate::Bench;

/// A random forest that predicts fire at a mean temperature of 60 C and no fire at 20 C.
fn model(alarm: Option<AlarmRule>) -> Artifact {
    let row = |celsius: f32| {
        let mut row = [f32::NAN; FEATURE_COUNT];
        row[Feature::TMean.index()] = celsius;
        row
    };
    let values = [row(20.0), row(60.0)].concat().repeat(20);
    let labels = [0, 1].repeat(20);
    let train = Samples::new(Matrix::new(&values, FEATURE_COUNT).unwrap(), &labels).unwrap();
    let mut params = Params::defaults(Algorithm::RandomForest);
    params.set("n_estimators", "5").unwrap();
    params.set("max_features", "all").unwrap();
    let mut run = Run::new(1);
    let params = params.check().unwrap();
    let model = params.fit(&train, None, &mut run).unwrap();
    let member = Member::new("random_forest", model, &params, 1);
    let features = FeatureRange::of_columns(Feature::ALL.map(Feature::name), &train.x());
    let mut artifact = Artifact::new(fingerprint(), features, vec![member]);
    artifact.set_extra(alarm::EXTRA, &alarm).unwrap();
    artifact
}

fn rule() -> AlarmRule {
    AlarmParams::new(0.5, 3, 5).check().unwrap()
}

/// A raw frame of uniform temperature at 0.01 K per count.
fn raw_frame(celsius: u16) -> Vec<u8> {
    let count = 27_315 + 100 * celsius;
    count.to_le_bytes().repeat(FRAME_PIXELS)
}

/// The alarms printed, one JSON object per line.
fn alarms(ran: &crate::Ran) -> Vec<Value> {
    let lines = ran.out.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Runs the program on a pipe with ten seconds at 20 C, then ten at 60 C, at ten frames per second.
fn follow_pipe(bench: &Bench, flags: &[&str]) -> crate::Ran {
    let pipe = bench.path("live.y16");
    nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    let camera = std::thread::spawn(move || {
        let mut pipe = OpenOptions::new().write(true).open(pipe).unwrap();
        for celsius in [20; 100].into_iter().chain([60; 100]) {
            // A program that rejects its arguments closes the pipe.
            if pipe.write_all(&raw_frame(celsius)).is_err() {
                return;
            }
        }
    });
    let frames = [
        "--follow",
        "--frames",
        "{}/live.y16",
        "--scale",
        "0.01K",
        "--fps",
        "10",
    ];
    let ran = bench.run(&[&frames[..], flags].concat());
    // Not after a failure: the program may never have opened the pipe, and the thread would wait forever.
    if ran.exit == Exit::Done {
        camera.join().unwrap();
    }
    ran
}

#[test]
fn the_rule_stored_in_the_model_raises_one_alarm() {
    let bench = Bench::new();
    bench.file(
        "model.tar.gz",
        Package::new(model(Some(rule()))).pack().unwrap(),
    );
    let ran = follow_pipe(&bench, &["--model", "{}/model.tar.gz"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let alarms = alarms(&ran);
    assert_eq!(alarms.len(), 1, "{}", ran.out);
    // The temperature rises at 10 s, and three hot seconds raise the alarm.
    let time_s = alarms[0]["time_s"].as_f64().unwrap();
    assert!((12.0..=13.0).contains(&time_s), "{time_s}");
    assert!(alarms[0]["fire_probability"].as_f64().unwrap() > 0.5);
    assert!(!fs::exists(bench.path("rows.parquet")).unwrap());
}

#[test]
fn a_model_without_a_rule_requires_the_flag() {
    let bench = Bench::new();
    bench.file("model.tar.gz", Package::new(model(None)).pack().unwrap());
    let model = ["--model", "{}/model.tar.gz"];
    let follow = [
        "--follow",
        "--frames",
        "{}/none.y16",
        "--scale",
        "0.01K",
        "--fps",
        "10",
    ];
    let ran = bench.run(&[&follow[..], &model].concat());
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.err.contains("has no alarm rule"), "{}", ran.err);

    let given = [&model[..], &["--alarm-rule", "0.5:1:1"]].concat();
    let ran = follow_pipe(&bench, &given);
    assert_eq!(
        (ran.exit, ran.out.lines().count()),
        (Exit::Done, 1),
        "{}",
        ran.err
    );
}
