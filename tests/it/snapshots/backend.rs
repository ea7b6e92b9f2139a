//! What programs say about what the backend does not have or does not allow.

use std::fs;

use sagemaker_ops::{S3Uri, storage};

use super::shell::Shell;
use super::{MODEL, check_lines};

#[tokio::test(flavor = "multi_thread")]
async fn programs_explain_what_the_backend_lacks_or_forbids() {
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
    let clients = shell.world.clients().await;
    let uri: S3Uri = MODEL.parse().unwrap();
    let model = storage::get_bytes(&clients, &uri).await.unwrap();
    let cut = model[..model.len() / 2].to_vec();
    for (name, bytes) in [("text", b"no archive".to_vec()), ("cut", cut)] {
        let uri = uri.sibling(name);
        storage::put_bytes(&clients, &uri, bytes).await.unwrap();
    }
    let folder = MODEL.trim_end_matches("/model.tar.gz");
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
