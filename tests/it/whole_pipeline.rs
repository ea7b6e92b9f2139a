//! `pipeline-100k`: one command from the rows to the endpoint.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::world::{World, job_names, program};

/// Enough rows for a model that passes the probe rows.
const SMALL: [&str; 6] = [
    "--profile",
    "original",
    "--samples",
    "4000",
    "--run",
    "small",
];

fn command(world: &World, flags: &[&str]) -> Command {
    let mut command = Command::new(program("pipeline-100k"));
    command
        .arg("--state-dir")
        .arg(world.state_dir())
        .args(flags)
        .stdin(Stdio::null());
    command
}

fn streams(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_run_ends_with_a_report_and_commands_that_can_be_copied() {
    let world = World::new();
    let output = command(&world, &SMALL).output().unwrap();
    let (out, err) = streams(&output);
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    for program in ["train-100k", "monitor-100k", "deploy-100k", "report-100k"] {
        assert!(
            err.contains(&format!("$ {program} --backend local")),
            "{err}"
        );
    }
    assert!(out.contains("random_forest"), "{out}");
    let (_, next) = out.split_once("next, from any terminal:\n").unwrap();
    let starts: Vec<&str> = next
        .lines()
        .map(|line| line.trim_start().split(' ').next().unwrap())
        .map(|program| program.rsplit('/').next().unwrap())
        .collect();
    let expected = [
        "monitor-100k",
        "deploy-100k",
        "export",
        "aws",
        "deploy-100k",
        "local-sagemaker",
    ];
    assert_eq!(starts, expected, "{next}");
    assert!(next.contains(&job_names("small").join(" ")), "{next}");
    let url = world.server()["url"].as_str().unwrap().to_owned();
    assert!(next.contains(&format!("AWS_ENDPOINT_URL={url}")), "{next}");

    // The same again resumes the run. With JSON, the report is all that standard output has.
    let flags = [&SMALL[..], &["--output", "json"]].concat();
    let output = command(&world, &flags).output().unwrap();
    let (out, err) = streams(&output);
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["run"], "small");
    assert_eq!(report["endpoint"]["status"], "InService");
}

#[test]
fn the_first_step_that_fails_ends_the_pipeline_with_its_exit_code() {
    let world = World::new();
    let flags = ["--profile", "no-such-profile"];
    let output = command(&world, &flags).output().unwrap();
    let (out, err) = streams(&output);
    assert_eq!(output.status.code(), Some(2), "{out}\n{err}");
    assert!(err.contains("no-such-profile"), "{err}");
    assert!(!err.contains("$ monitor-100k"), "{err}");
}

#[test]
fn an_interrupted_pipeline_stops_its_step_and_says_how_to_resume() {
    let world = World::new();
    let mut child = command(&world, &["--run", "interrupted", "--seed", "7"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    // The first line of the step itself comes after the pipeline's own line about it.
    let mut first = String::new();
    for _ in 0..2 {
        err.read_line(&mut first).unwrap();
    }
    let pid = child.id().to_string();
    let kill = Command::new("kill").args(["-s", "TERM", &pid]).status();
    assert!(kill.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // The stream ends only when the step, which writes to it too, is gone.
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    let resume = "pipeline-100k --run interrupted --seed 7 --state-dir";
    assert!(rest.contains(resume), "{first}{rest}");
}
