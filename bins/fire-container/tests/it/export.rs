//! Export to ONNX files. `tests/exports` compares their predictions in onnxruntime with ours.

use std::fs;
use std::path::Path;
use std::process::Command;

use sensor_model::FEATURE_COUNT;
use serde_json::json;

use crate::job::Job;

fn export(model: &Path, out: &Path) -> (Option<i32>, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_fire-container"))
        .env_clear()
        .arg("export")
        .arg("--model")
        .arg(model)
        .arg("--out")
        .arg(out)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code(), text(done.stdout), text(done.stderr))
}

fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
        .into_iter()
        .map(|name| name.into_string().unwrap())
        .collect()
}

#[test]
fn a_model_is_written_whole_or_not_at_all() {
    let settings = json!({ "algorithm": "gradient_boosting", "n_estimators": "5" });
    let job = Job::with_channels(&settings);
    assert_eq!(job.train().code, 0);
    job.put("out/old.onnx", b"an older model");
    job.put("text.fire", b"not a model");
    let out = job.path("out");
    let (code, stdout, stderr) = export(&job.path("model"), &out.join("old.onnx"));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(
        stdout.contains(&format!(
            "old.onnx: 1 member, {FEATURE_COUNT} features, threshold 0."
        )),
        "{stdout}"
    );
    let written = fs::read(out.join("old.onnx")).unwrap();
    let holds = |text: &str| {
        written
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(holds("TreeEnsembleRegressor") && holds("probabilities") && holds("gas_val"));
    for (model, to, code, reason) in [
        ("text.fire", "out/new.onnx", 2, "its magic number is wrong"),
        ("absent.fire", "out/new.onnx", 2, "absent.fire"),
        ("model", "out/absent/new.onnx", 1, "cannot write"),
        ("model", "out", 1, "cannot write"),
    ] {
        let (found, stdout, stderr) = export(&job.path(model), &job.path(to));
        assert_eq!((found, stdout.as_str()), (Some(code), ""), "{model} {to}");
        assert!(
            stderr.starts_with("error: ") && stderr.contains(reason),
            "{stderr}"
        );
    }
    assert_eq!(files(&out), ["old.onnx"]);
    assert!(!job.path("out.partial").exists());
}
