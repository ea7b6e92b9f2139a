//! Complete reports, against a server whose responses are in the order of the checks.

use serde_json::json;

use super::*;
use crate::endpoint::deployment_tests;
use crate::scripted::{Reply, Scripted, ok, rejection};
use crate::training::submit::tests::request;

const IMAGE: &str = "691595239825.dkr.ecr.us-east-1.amazonaws.com/fire-container:1";

fn identity() -> Reply {
    ok(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>691595239825</Account>\
        </GetCallerIdentityResult></GetCallerIdentityResponse>",
    )
}

/// The response of a server without IAM.
fn no_iam() -> Reply {
    ok("<ErrorResponse><Error><Code>InvalidAction</Code></Error></ErrorResponse>").status(400)
}

/// The response of a server without ECR.
fn unknown() -> Reply {
    rejection("UnknownOperationException", "no such operation")
}

fn outcomes(report: &Report) -> Vec<(&str, Outcome)> {
    let pair = |check: &Check| (check.name, check.outcome);
    report.checks.iter().map(pair).collect()
}

#[tokio::test]
async fn jobs_are_checked_in_dependency_order() {
    use Outcome::{NotApplicable, Passed};
    let job = TrainingRequest {
        image: IMAGE.parse().unwrap(),
        ..request()
    };
    let bucket = "bucket".parse().unwrap();
    let plan = TrainingPlan {
        bucket: (&bucket, BucketOrigin::Named),
        jobs: &[job],
        data_is_there: true,
        max_cost_usd: None,
    };
    let free = rejection("ValidationException", "Requested resource not found.");
    let objects = "<ListBucketResult><Contents><Size>5</Size></Contents></ListBucketResult>";
    let script = [identity(), ok(""), no_iam(), unknown(), free, ok(objects)];
    let server = Scripted::start(script).await;
    let report = training(&server.clients(), &plan).await;
    let expected = [
        ("credentials", Passed),
        ("region", Passed),
        ("bucket", Passed),
        ("role", NotApplicable),
        ("image", NotApplicable),
        ("instance type", Passed),
        ("job name", Passed),
        ("data", Passed),
        ("cost", Passed),
    ];
    assert_eq!(outcomes(&report), expected, "{report:?}");
    assert!(report.passed() && report.error().is_none());
    assert_eq!(
        report.cost_usd.map(|usd| (usd * 1000.0).round()),
        Some(3688.0)
    );
}

#[tokio::test]
async fn invalid_credentials_stop_all_calls_but_not_the_checks_that_need_none() {
    let expired = ok("<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>");
    let server = Scripted::start([expired.status(403)]).await;
    let bucket = "bucket".parse().unwrap();
    let job = TrainingRequest {
        instance_type: "ml.t2.medium".to_owned(),
        ..request()
    };
    let plan = TrainingPlan {
        bucket: (&bucket, BucketOrigin::Named),
        jobs: &[job],
        data_is_there: true,
        max_cost_usd: None,
    };
    let report = training(&server.clients(), &plan).await;
    assert_eq!(server.seen().len(), 1);
    let failed: Vec<_> = report.failures().map(|check| check.name).collect();
    assert_eq!(failed, ["credentials", "instance type"]);
    let error = report.error().unwrap();
    assert_eq!(error.kind(), ErrorKind::Denied);
    for text in ["aws sso login", "for hosting only"] {
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn variants_are_checked_individually_and_identical_results_are_reported_once() {
    let mut deployment = deployment_tests::deployment();
    deployment.variants = ["a", "b"]
        .map(|name| deployment_tests::variant(name, &format!("m-{name}"), 1.0))
        .into();
    for variant in &mut deployment.variants {
        variant.image = IMAGE.parse().unwrap();
    }
    deployment.variants[1].model_data = "s3://bucket/other.tar.gz".parse().unwrap();
    let plan = HostingPlan {
        deployment: &deployment,
        scaling: None,
        max_hourly_usd: None,
    };
    let free = rejection("ValidationException", "Could not find endpoint \"arn\".");
    let missing = ok("").status(404);
    let script = [
        identity(),
        no_iam(),
        unknown(),
        ok(""),
        unknown(),
        missing,
        free,
    ];
    let server = Scripted::start(script).await;
    let report = hosting(&server.clients(), &plan).await;
    let names: Vec<_> = report.checks.iter().map(|check| check.name).collect();
    let expected = [
        "credentials",
        "region",
        "role",
        "image",
        "model",
        "model",
        "endpoint name",
        "instance type",
        "cost",
    ];
    assert_eq!(names, expected, "{report:?}");
    let failed: Vec<String> = report.failures().map(ToString::to_string).collect();
    assert!(
        failed.len() == 1 && failed[0].contains("other.tar.gz"),
        "{failed:?}"
    );
    assert_eq!(report.error().unwrap().kind(), ErrorKind::Invalid);
}

#[test]
fn a_check_is_displayed_as_a_line_and_serialized_as_an_object() {
    let failed = Check::failed("data", Finding::NoMachine);
    assert_eq!(
        failed.to_string(),
        "FAILED data          a job needs at least one instance and 1 GB of disk; raise the number \
         of instances or the volume size"
    );
    let passed = Check::passed("region", "us-east-1");
    assert_eq!(passed.to_string(), "ok     region        us-east-1");
    let document = json!({
        "name": "data", "outcome": "failed",
        "detail": "a job needs at least one instance and 1 GB of disk",
        "remedy": "raise the number of instances or the volume size",
    });
    assert_eq!(serde_json::to_value(&failed).unwrap(), document);
}

#[test]
fn the_callers_settings_are_added_to_the_matching_remedies() {
    let checks = vec![
        Check::failed("data", Finding::NoMachine),
        Check::failed("cost", Finding::NoPrice),
    ];
    let report = Report {
        checks,
        cost_usd: None,
    };
    let report = report
        .with_settings(|finding| (*finding == Finding::NoPrice).then(|| "`limit`".to_owned()));
    let remedies: Vec<_> = report
        .checks
        .into_iter()
        .filter_map(|check| check.remedy)
        .collect();
    assert!(!remedies[0].contains('('), "{remedies:?}");
    assert!(
        remedies[1].ends_with("or set no limit (`limit`)"),
        "{remedies:?}"
    );
}
