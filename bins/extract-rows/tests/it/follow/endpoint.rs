//! Alarms with an endpoint on the local server.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Parser;
use fire_cli::{Console, Exit, local_backend};
use fire_run::Package;
use sagemaker_ops::storage::{BucketOrigin, ensure_bucket, put_bytes};
use sagemaker_ops::{Backend, BucketName, Clients, S3Uri};

use super::{alarms, model, rule, watched};
use crate::{Bench, runtime};

/// A server for this test, which ends with it.
struct Server {
    state_dir: PathBuf,
}

impl Server {
    /// Serves a model at an endpoint with this name.
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
        let folder = program.ancestors().nth(2).map(Path::to_owned).unwrap();
        let stop = Command::new(folder.join("local-sagemaker"))
            .args(["--stop", "--state-dir"])
            .arg(&self.state_dir)
            .stdin(Stdio::null())
            .output();
        // A server that never started has nothing to stop.
        drop(stop);
    }
}

#[test]
fn an_endpoint_raises_the_same_alarm_as_its_model() {
    let here = Bench::new();
    let packed = Package::new(model(Some(rule()))).pack().unwrap();
    here.file("model.tar.gz", &packed);
    let expected = alarms(&watched(&here, &["--model", "{}/model.tar.gz"]));
    assert_eq!(expected.len(), 1);

    let there = Bench::new();
    let server = Server {
        state_dir: there.path("state"),
    };
    runtime().block_on(server.host(packed, "watched-hall"));
    let endpoint = ["--endpoint", "watched-hall", "--state-dir", "{}/state"];
    // The endpoint gives probabilities; the rule is given, or that of a model at hand.
    there.file(
        "rule.tar.gz",
        Package::new(model(Some(rule()))).pack().unwrap(),
    );
    for rule in [["--alarm-rule", "0.5:3:5"], ["--model", "{}/rule.tar.gz"]] {
        let ran = watched(&there, &[&endpoint[..], &rule].concat());
        assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
        assert_eq!(alarms(&ran), expected, "{rule:?}");
        std::fs::remove_file(there.path("live.y16")).unwrap();
    }

    let nobody = ["--endpoint", "nobody", "--state-dir", "{}/state"];
    let ran = watched(
        &there,
        &[&nobody[..], &["--alarm-rule", "0.5:3:5"]].concat(),
    );
    assert_ne!(ran.exit, Exit::Done);
    assert!(ran.err.contains("nobody"), "{}", ran.err);
}
