//! What each program says about a command line that it cannot use, with its exit code.

use std::fs;

use super::check_lines;
use super::shell::Shell;

#[test]
fn train_100k_explains_bad_flags() {
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
fn monitor_100k_explains_bad_flags() {
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
fn deploy_100k_explains_bad_flags() {
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
fn report_100k_explains_bad_flags() {
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

#[test]
fn push_image_explains_bad_flags_and_programs() {
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
fn local_sagemaker_explains_bad_ports_and_faults() {
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
fn xtask_explains_bad_commands() {
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
