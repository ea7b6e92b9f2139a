//! What programs say about input that they cannot use, and their exit codes: a file for each program.

use std::fmt::Write as _;
use std::fs;

use super::check;
use super::requests;
use super::shell::Shell;
use crate::bad_input::{Change, csv};
use crate::commands::frames;

const MODEL: &str = "s3://fire-detection-training-691595239825/flir_scd41_training/models/flir-scd41-rf-100k-base/output/model.tar.gz";

/// Keeps what is said to each of these lines.
#[track_caller]
fn check_lines(shell: &Shell, name: &str, lines: &[impl AsRef<str>]) {
    let lines = lines
        .iter()
        .map(|line| line.as_ref().replace("MODEL", MODEL));
    let said: Vec<String> = lines.map(|line| shell.call(&line).to_string()).collect();
    check(&format!("errors/{name}"), &said.join("\n"));
}

#[test]
fn flags_of_train_100k() {
    let shell = Shell::new();
    fs::create_dir(shell.path("empty")).unwrap();
    check_lines(
        &shell,
        "train-100k-flags",
        &[
            "train-100k --unknown",
            "train-100k --run bad_name",
            "train-100k --run -",
            "train-100k --samples many",
            "train-100k --samples 1",
            "train-100k --samples 1000000000",
            "train-100k --profile fancy",
            "train-100k --set rf.depth=3",
            "train-100k --set rf.max_depth",
            "train-100k --set max_depth=8",
            "train-100k --set svm.c=1",
            "train-100k --set rf.max_depth=deep",
            "train-100k --set rf.max_depth=0",
            "train-100k --set gb.learning_rate=-1",
            "train-100k --set lr.alpha=-1",
            "train-100k --only svm",
            "train-100k --instance-type ml.t2.medium",
            "train-100k --instance-type m5.large",
            "train-100k --volume-gb 0",
            "train-100k --max-runtime 0",
            "train-100k --max-wait 60",
            "train-100k --spot --max-wait 60",
            "train-100k --tag team",
            "train-100k --tag =fire",
            "train-100k --tag aws:x=1",
            "train-100k --alarm-hours 9000",
            "train-100k --scenario barbecue=1",
            "train-100k --scenario people",
            "train-100k --scenario people=many",
            "train-100k --scenario people=-1",
            "train-100k --severity 1.5",
            "train-100k --fire-share 2",
            "train-100k --keep-one-in 0",
            "train-100k --sites 0",
            "train-100k --shard 1/2",
            "train-100k --out out --shard 5/4",
            "train-100k --out out --shard 3",
            "train-100k --out out --shard 1/100000",
            "train-100k --out out --shard 1/4 --profile original",
            "train-100k --out out --data s3://bucket-of-data/rows.csv",
            "train-100k --parts nowhere",
            "train-100k --parts empty",
            "train-100k --parts empty --data rows.csv",
            "train-100k --parts empty --samples 100",
            "train-100k --data nowhere.csv",
            "train-100k --data empty",
            "train-100k --data rows.csv --profile original",
            "train-100k --mix 0.2",
            "train-100k --dry-run --skip-preflight",
            "train-100k --backend gcp",
            "train-100k --bucket Bad_Bucket",
            "train-100k --role-arn nobody",
            "train-100k --image-uri :",
            "train-100k --output xml",
            "train-100k --quiet --verbose",
            "train-100k --completions tcsh",
        ],
    );
}

#[test]
fn data_files_of_train_100k() {
    let shell = Shell::new();
    let files = [
        ("text", csv(&[Change::Cell(5, 2, "warm")])),
        ("infinite", csv(&[Change::Cell(3, 0, "inf")])),
        ("label", csv(&[Change::Cell(2, 18, "2")])),
        ("no-label", csv(&[Change::Cell(2, 18, "")])),
        ("no-feature", csv(&[Change::WithoutColumn(16)])),
        ("unknown-feature", csv(&[Change::WithColumn("humidity")])),
        ("twice", csv(&[Change::WithColumn("t_mean")])),
        ("short", csv(&[Change::Short(4)])),
        ("one-class", csv(&[Change::OneClass])),
        ("group", csv(&[Change::WithColumn("group")])),
        ("unclosed", csv(&[Change::Cell(3, 0, "\"1")])),
        ("header-only", csv(&[]).lines().next().unwrap().to_owned()),
        ("empty", String::new()),
        ("good", csv(&[])),
    ];
    let mut lines: Vec<String> = Vec::new();
    for (name, text) in &files {
        fs::write(shell.path(&format!("{name}.csv")), text).unwrap();
        if *name != "good" {
            lines.push(format!("train-100k --data {name}.csv --out out"));
        }
    }
    fs::write(shell.path("binary.csv"), [0xff, 0xfe, 0x00]).unwrap();
    fs::write(shell.path("text.parquet"), "no parquet").unwrap();
    fs::write(shell.path("rows.xlsx"), "no spreadsheet").unwrap();
    for file in ["binary.csv", "text.parquet", "rows.xlsx"] {
        lines.push(format!("train-100k --data {file} --out out"));
    }
    lines.push("train-100k --data good.csv --mix 1 --out out".to_owned());
    check_lines(&shell, "train-100k-data", &lines);
    assert!(!shell.path("out").exists(), "something was left behind");
}

#[test]
fn parts_of_train_100k() {
    let shell = Shell::new();
    for (folder, seed) in [("good", 1), ("other", 2)] {
        shell.call(&format!(
            "train-100k --profile original --samples 300 --seed {seed} --out {folder}"
        ));
    }
    let part = "test/part-00000.parquet";
    fs::copy(
        shell.path("other").join(part),
        shell.path("good").join(part),
    )
    .unwrap();
    fs::write(shell.path("other/manifest.json"), "{").unwrap();
    shell.call("train-100k --samples 500 --alarm-hours 0.1 --out shards --shard 2/2");
    check_lines(
        &shell,
        "train-100k-parts",
        &[
            "train-100k --parts good",
            "train-100k --parts other",
            "train-100k --parts shards",
        ],
    );
}

#[test]
fn flags_of_monitor_100k() {
    check_lines(
        &Shell::new(),
        "monitor-100k-flags",
        &[
            "monitor-100k",
            "monitor-100k bad_job",
            "monitor-100k job --last",
            "monitor-100k job --endpoint e",
            "monitor-100k job --interval 0",
            "monitor-100k job --timeout soon",
            "monitor-100k job --follow",
            "monitor-100k --list --wait",
            "monitor-100k --endpoint e --stop",
            "monitor-100k --endpoint e --wait --follow",
            "monitor-100k --endpoint bad_name",
            "monitor-100k --endpoint e --window 0",
        ],
    );
}

#[test]
fn flags_of_deploy_100k() {
    check_lines(
        &Shell::new(),
        "deploy-100k-flags",
        &[
            "deploy-100k",
            "deploy-100k --model-uri model.tar.gz",
            "deploy-100k --model-uri s3://Bad_Bucket/model.tar.gz",
            "deploy-100k --model-uri MODEL MODEL",
            "deploy-100k --model-uri MODEL --model-name bad_name",
            "deploy-100k --model-uri MODEL --endpoint-name -bad",
            "deploy-100k --model-uri MODEL --instance-type m5.large",
            "deploy-100k --model-uri MODEL --instance-count 0",
            "deploy-100k --model-uri MODEL --weighting majority",
            "deploy-100k --model-uri MODEL --weight-metric recall",
            "deploy-100k --model-uri MODEL --autoscale 4..1",
            "deploy-100k --model-uri MODEL --autoscale many",
            "deploy-100k --model-uri MODEL --target-invocations 100",
            "deploy-100k --model-uri MODEL --serverless 100",
            "deploy-100k --model-uri MODEL --serverless 2048 --max-concurrency 1000",
            "deploy-100k --model-uri MODEL --serverless 2048 --autoscale 1..2",
            "deploy-100k --model-uri MODEL --capture s3://bucket-of-data/x 101",
            "deploy-100k --model-uri MODEL --capture s3://bucket-of-data/x some",
            "deploy-100k --model-uri MODEL --capture here 10",
            "deploy-100k --model-uri MODEL --rollout canary",
            "deploy-100k --model-uri MODEL --rollout linear:5",
            "deploy-100k --model-uri MODEL --tag team",
            "deploy-100k --model-uri MODEL --delete",
            "deploy-100k --model-uri MODEL --variant a=MODEL:1",
            "deploy-100k --variant MODEL",
            "deploy-100k --variant bad_name=MODEL:1",
            "deploy-100k --variant a=model.tar.gz:1",
            "deploy-100k --variant a=MODEL:-1",
            "deploy-100k --shift a",
            "deploy-100k --shift a=heavy",
            "deploy-100k --shift a=1 --test",
        ],
    );
}

#[test]
fn flags_of_report_100k() {
    check_lines(
        &Shell::new(),
        "report-100k-flags",
        &[
            "report-100k",
            "report-100k --run -",
            "report-100k --compare a",
            "report-100k --run a --compare a b",
        ],
    );
}

/// What only the backend knows to be wrong.
#[test]
fn what_the_backend_does_not_have_or_allow() {
    let shell = Shell::new();
    check_lines(
        &shell,
        "backend-empty",
        &[
            "monitor-100k --last",
            "monitor-100k --list",
            "monitor-100k no-such-job",
            "monitor-100k --endpoint no-such-endpoint",
            "deploy-100k --model-uri MODEL",
            "deploy-100k --shift a=1 --endpoint-name no-such-endpoint",
            "deploy-100k --delete --endpoint-name no-such-endpoint",
            "report-100k --run never",
            "report-100k --compare never ever",
            "train-100k --run base --profile original --bucket a-bucket-that-is-not-there",
            "train-100k --run base --profile original --role-arn arn:aws:iam::691595239825:user/somebody",
            "train-100k --run base --profile original --max-cost 0.01",
            "train-100k --run base --profile original --instance-type ml.m5.huge",
            "train-100k --run base --data s3://a-bucket-that-is-not-there/rows.csv",
            "train-100k --run base --data s3://fire-detection-training-691595239825/nothing/",
        ],
    );
    let base = "train-100k --run base --profile original --samples 400 --only rf,lr --set rf.n_estimators=5";
    shell.call(&format!("{base} --wait"));
    shell.call("train-100k --run next --profile original --samples 400 --seed 8 --only rf --wait");
    let models = shell
        .world
        .state_dir()
        .join("s3/fire-detection-training-691595239825/flir_scd41_training/models");
    let model = fs::read(models.join("flir-scd41-rf-100k-base/output/model.tar.gz")).unwrap();
    for (name, bytes) in [
        ("text", &b"no archive"[..]),
        ("cut", &model[..model.len() / 2]),
    ] {
        fs::write(models.join(name), bytes).unwrap();
    }
    let folder = MODEL.trim_end_matches("/flir-scd41-rf-100k-base/output/model.tar.gz");
    let lr = MODEL.replace("-rf-", "-lr-");
    let next = MODEL.replace("-base", "-next");
    check_lines(
        &shell,
        "backend-with-a-run",
        &[
            "train-100k --run base --profile original --samples 500",
            "train-100k --run base --profile original --samples 400 --seed 8",
            "train-100k --run base --samples 400",
            &format!("{base} --set rf.max_depth=3"),
            &format!("deploy-100k --model-uri {folder}/text"),
            &format!("deploy-100k --model-uri {folder}/cut"),
            &format!("deploy-100k --model-uri MODEL {next}"),
            &format!("deploy-100k --model-uri MODEL {lr} --bucket a-bucket-that-is-not-there"),
            "deploy-100k --model-uri MODEL --autoscale 1..2",
            "deploy-100k --model-uri MODEL --instance-type ml.m5.huge",
            "deploy-100k --model-uri MODEL --max-cost 0.001",
            "deploy-100k --variant a=MODEL:0 --variant b=MODEL:0",
            "deploy-100k --variant a=MODEL:1 --variant a=MODEL:1",
            "report-100k --compare base next",
        ],
    );
    fs::write(shell.world.state_dir().join("runs/base/train.json"), "{").unwrap();
    check_lines(
        &shell,
        "backend-damaged-record",
        &["report-100k --run base"],
    );
}

#[test]
fn recordings_of_extract_rows() {
    let shell = Shell::new();
    frames(&shell.path("hall.y16.gz"));
    for (name, text) in [
        ("text.y16", "no frames"),
        ("notes.txt", "no frames"),
        ("empty.csv", ""),
        ("other.csv", "a,b\n1,2\n"),
        ("words.csv", "time_s,co2_ppm\n0,many\n"),
        ("unsorted.csv", "time_s,co2_ppm\n5,600\n0,600\n"),
        ("dates.csv", "timestamp,co2_ppm\n2020-01-01T00:00:00Z,600\n"),
        ("late.csv", "time_s,co2_ppm\n9000,600\n"),
        ("reversed.csv", "start_s,end_s\n20,10\n"),
        ("overlap.csv", "start_s,end_s\n1,10\n5,20\n"),
    ] {
        fs::write(shell.path(name), text).unwrap();
    }
    check_lines(
        &shell,
        "extract-rows",
        &[
            "extract-rows",
            "extract-rows --frames hall.y16.gz",
            "extract-rows --frames hall.y16.gz --out rows.xlsx",
            "extract-rows --frames nowhere.y16 --out rows.csv",
            "extract-rows --frames notes.txt --out rows.csv",
            "extract-rows --frames text.y16 --out rows.csv",
            "extract-rows --frames text.y16 --scale 0.01K --out rows.csv",
            "extract-rows --frames text.y16 --scale 0.01K --fps 9 --out rows.csv",
            "extract-rows --frames hall.y16.gz --scale 0.1K --out rows.csv",
            "extract-rows --frames hall.y16.gz --scale 1K --out rows.csv",
            "extract-rows --frames hall.y16.gz --fps 0 --out rows.csv",
            "extract-rows --frames hall.y16.gz --telemetry left --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 nowhere.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 empty.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 other.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 words.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 unsorted.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 late.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 dates.csv --co2-columns timestamp:iso:co2_ppm --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 dates.csv --co2-columns timestamp:date:co2_ppm --out rows.csv",
            "extract-rows --frames hall.y16.gz --start-unix 5 --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 late.csv --start-unix NaN --out rows.csv",
            "extract-rows --frames hall.y16.gz --labels other.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --labels reversed.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --labels overlap.csv --out rows.csv",
            "extract-rows --frames - --out rows.csv",
            "extract-rows --follow --frames hall.y16.gz --scale 0.01K --fps 9",
            "extract-rows --follow --frames a.y16 b.y16",
            "extract-rows --follow --frames hall.y16.gz --out rows.csv",
            "extract-rows --follow --frames a.y16 --scale 0.01K --fps 9 --alarm-rule 2:3:5",
            "extract-rows --follow --frames a.y16 --scale 0.01K --fps 9 --alarm-rule often",
            "extract-rows --follow --frames a.y16 --scale 0.01K --fps 9 --model nowhere.tar.gz",
        ],
    );
    assert!(
        !shell.path("rows.csv").exists(),
        "something was left behind"
    );
}

#[test]
fn programs_and_registries_of_push_image() {
    let shell = Shell::new();
    fs::write(shell.path("text"), "no program").unwrap();
    let own = std::env::current_exe().unwrap();
    fs::copy(own, shell.path("dynamic")).unwrap();
    check_lines(
        &shell,
        "push-image",
        &[
            "push-image",
            "push-image nowhere",
            "push-image text",
            "push-image dynamic",
            "push-image text --push fire-container",
            "push-image text --username me",
            "push-image text --password-stdin",
            "push-image text --output xml",
        ],
    );
}

#[test]
fn ports_and_faults_of_local_sagemaker() {
    let shell = Shell::new();
    check_lines(
        &shell,
        "local-sagemaker",
        &[
            "local-sagemaker --port 70000",
            "local-sagemaker --stop",
            "local-sagemaker --fault often",
            "local-sagemaker --fault PutObject",
            "local-sagemaker --fault PutThing:1:reset",
            "local-sagemaker --fault PutObject:0:reset",
            "local-sagemaker --fault PutObject:2-1:reset",
            "local-sagemaker --fault PutObject:1:delay-soon",
            "local-sagemaker --fault train:explode",
            "local-sagemaker --fault serve:crash-after:soon",
        ],
    );
}

#[test]
fn commands_of_xtask() {
    check_lines(
        &Shell::new(),
        "xtask",
        &[
            "xtask",
            "xtask bake",
            "xtask test --only test",
            "xtask pipeline --samples many",
            "xtask bench --only nothing",
        ],
    );
}

/// Settings and data of a training job, and the files of `predict`, `export` and `serve`.
#[test]
fn inputs_of_fire_container() {
    let shell = Shell::new();
    let mut lines: Vec<String> = [
        "fire-container",
        "fire-container bake",
        "fire-container train --opt-ml nothing",
        "fire-container serve --opt-ml nothing",
        "fire-container predict rows.csv",
        "fire-container predict rows.csv --model nothing.tar.gz",
        "fire-container predict rows.csv --model text.tar.gz",
        "fire-container predict rows.csv --model text.fire",
        "fire-container predict rows.csv --model good/model --explain",
        "fire-container predict rows.csv --model good/model --output xml",
        "fire-container predict nothing.csv --model good/model",
        "fire-container predict text.csv --model good/model",
        "fire-container export --model text.fire --out model.onnx",
        "fire-container export --model good/model --out nowhere/model.onnx",
    ]
    .map(str::to_owned)
    .into();
    for name in ["text.tar.gz", "text.fire", "text.csv"] {
        fs::write(shell.path(name), "no model and no rows\n").unwrap();
    }
    fs::write(shell.path("rows.csv"), csv(&[])).unwrap();
    requests::train(&shell, "good");
    for (name, settings) in [
        ("list", "[1]"),
        ("cut", "{"),
        ("none", "{}"),
        ("svm", r#"{"algorithm": "svm"}"#),
        (
            "names",
            r#"{"algorithm": "random_forest", "depth": "3", "trees": "9"}"#,
        ),
        (
            "word",
            r#"{"algorithm": "random_forest", "max_depth": "ten"}"#,
        ),
        ("seed", r#"{"algorithm": "random_forest", "seed": "-1"}"#),
        (
            "list-value",
            r#"{"algorithm": "random_forest", "max_depth": [3]}"#,
        ),
        (
            "rate",
            r#"{"algorithm": "gradient_boosting", "learning_rate": "fast"}"#,
        ),
        (
            "bins",
            r#"{"algorithm": "gradient_boosting", "max_bins": "9999"}"#,
        ),
        ("no-data", r#"{"algorithm": "random_forest"}"#),
    ] {
        requests::job(&shell, name, settings);
        lines.push(format!("fire-container train --opt-ml {name}"));
    }
    let forest = r#"{"algorithm": "random_forest", "n_estimators": "5"}"#;
    for (name, channel, text) in [
        ("no-validation", "train", csv(&[])),
        ("one-class", "train", csv(&[Change::OneClass])),
        ("bad-cell", "validation", csv(&[Change::Cell(3, 2, "warm")])),
        (
            "bad-column",
            "validation",
            csv(&[Change::WithColumn("humidity")]),
        ),
        ("bad-test", "test", csv(&[Change::Short(4)])),
    ] {
        requests::job(&shell, name, forest);
        for good in ["train", "validation"] {
            if name != "no-validation" {
                requests::channel(&shell, name, good, &csv(&[]));
            }
        }
        requests::channel(&shell, name, channel, &text);
        lines.push(format!("fire-container train --opt-ml {name}"));
    }
    check_lines(&shell, "fire-container", &lines);
    let mut failures = String::new();
    for name in ["svm", "bad-cell", "no-validation"] {
        let failure = fs::read_to_string(shell.path(name).join("output/failure")).unwrap();
        writeln!(failures, "{name}: {}", shell.redacted(&failure)).unwrap();
    }
    check("errors/fire-container-failure", &failures);
}
