//! Alarms with an endpoint on the local server.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Parser;
use fire_cli::{Console, Exit, local_backend};
use fire_run::Package;
use sagemaker_ops::storage::{BucketOrigin, ensure_bucket, put_bytes};
use sagemaker_ops::{Backend, BucketName, Clients, S3Uri};

use super::{alarms, follow_pipe, model, rule};
use crate::{Bench, runtime};

/// A local server that is stopped at the end of the test.
struct Server {
    state_dir: PathBuf,
}

impl Server {
    /// Deploys a model to an endpoint with this name.
    async fn host(&self, model: Vec<u8>, endpoint: &str) {
        let backend = Backend::Local(local_backend(Some(&self.state_dir)).unwrap());
        let clients = Clients::connect(&backend).await.unwrap();
        let bucket = BucketName::new("bench-of-alarms").unwrap();
        ensure_bucket(&clients, &bucket, BucketOrigin::Default)
            .await
            .unwrap();
        let uri = S3Uri::new(&bucket, "model/output/model.tar.gz");
        put_bytes(&clients, &uri, model).await.unwrap();
        let uri = uri.to_string();
        let state_dir = self.state_dir.display().to_string();
        let words = [
            "deploy-100k",
            "--model-uri",
            &uri,
            "--endpoint-name",
            endpoint,
            "--wait",
            "--state-dir",
            &state_dir,
        ];
        let args = deploy_100k::Args::try_parse_from(words).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err, args.common.style(false));
        let ended = deploy_100k::run(args, &mut console).await;
        assert_eq!(ended.unwrap(), Exit::Done);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let program = std::env::current_exe().unwrap();
        let dir = program.ancestors().nth(2).map(Path::to_owned).unwrap();
        let stop = Command::new(dir.join("local-sagemaker"))
            .args(["--stop", "--state-dir"])
            .arg(&self.state_dir)
            .stdin(Stdio::null())
            .output();
        // Fails if the server never started, which does not matter here.
        drop(stop);
    }
}

#[test]
fn an_endpoint_raises_the_same_alarm_as_its_model() {
    let local = Bench::new();
    let packed = Package::new(model(Some(rule()))).pack().unwrap();
    local.file("model.tar.gz", &packed);
    let expected = alarms(&follow_pipe(&local, &["--model", "{}/model.tar.gz"]));
    assert_eq!(expected.len(), 1);

    let remote = Bench::new();
    let server = Server {
        state_dir: remote.path("state"),
    };
    runtime().block_on(server.host(packed, "watched-hall"));
    let endpoint = ["--endpoint", "watched-hall", "--state-dir", "{}/state"];
    // The endpoint returns only probabilities; the alarm rule comes from the flag or from a local model.
    remote.file(
        "rule.tar.gz",
        Package::new(model(Some(rule()))).pack().unwrap(),
    );
    for rule in [["--alarm-rule", "0.5:3:5"], ["--model", "{}/rule.tar.gz"]] {
        let ran = follow_pipe(&remote, &[&endpoint[..], &rule].concat());
        assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
        assert_eq!(alarms(&ran), expected, "{rule:?}");
        std::fs::remove_file(remote.path("live.y16")).unwrap();
    }

    let absent = ["--endpoint", "absent", "--state-dir", "{}/state"];
    let ran = follow_pipe(
        &remote,
        &[&absent[..], &["--alarm-rule", "0.5:3:5"]].concat(),
    );
    assert_ne!(ran.exit, Exit::Done);
    assert!(ran.err.contains("absent"), "{}", ran.err);
}
