//! S3: the bucket, the data of the jobs, the model of a variant.

use std::collections::BTreeSet;

use super::{Check, Finding, TrainingPlan};
use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::{BucketName, S3Uri};
use crate::storage::{self, BucketOrigin, inspect_bucket};

/// Checks that the bucket is accessible and in the clients' region, as training requires.
pub(super) async fn bucket(
    clients: &Clients,
    (bucket, origin): (&BucketName, BucketOrigin),
) -> Check {
    const NAME: &str = "bucket";
    match inspect_bucket(clients, bucket).await {
        Ok(None) => Check::passed(NAME, format!("{bucket} in {}", clients.region())),
        Ok(Some(Finding::BucketMissing(_))) if origin == BucketOrigin::Default => Check::passed(
            NAME,
            format!("{bucket} does not exist yet and will be created"),
        ),
        Ok(Some(finding)) => Check::failed(NAME, finding),
        Err(error) => unreadable(NAME, &error, "s3:ListBucket"),
    }
}

/// Checks that every channel of the jobs has objects.
pub(super) async fn data(clients: &Clients, plan: &TrainingPlan<'_>) -> Check {
    const NAME: &str = "data";
    if !plan.data_is_there {
        return Check::not_applicable(NAME, "uploaded by this run");
    }
    // Jobs of one run share their channels, which are looked up once.
    let channels = plan.jobs.iter().flat_map(|job| &job.channels);
    let prefixes: BTreeSet<&S3Uri> = channels.map(|channel| &channel.uri).collect();
    for &prefix in &prefixes {
        match storage::has_objects(clients, prefix).await {
            Ok(true) => {}
            Ok(false) => return Check::failed(NAME, Finding::NoData(prefix.clone())),
            Err(error) => return unreadable(NAME, &error, "s3:ListBucket"),
        }
    }
    Check::passed(
        NAME,
        format!("all {} channels have objects", prefixes.len()),
    )
}

/// Checks that the model exists and is an archive.
pub(super) async fn model(clients: &Clients, model: &S3Uri) -> Check {
    const NAME: &str = "model";
    if !model.key().ends_with(".tar.gz") {
        return Check::failed(NAME, Finding::NotAModel(model.clone()));
    }
    match storage::head(clients, model).await {
        Ok(Some(found)) => Check::passed(NAME, format!("{model}, {} bytes", found.size)),
        Ok(None) => Check::failed(NAME, Finding::ModelMissing(model.clone())),
        Err(error) => unreadable(NAME, &error, "s3:GetObject"),
    }
}

/// A check whose call failed. The plan needs this access, so even a missing permission is a failure.
fn unreadable(name: &'static str, error: &Error, permission: &'static str) -> Check {
    let (kind, message) = (error.kind(), error.to_string());
    let finding = match kind {
        ErrorKind::Denied | ErrorKind::Unsupported => Finding::Forbidden {
            kind,
            permission,
            message,
        },
        _ => Finding::Unchecked { kind, message },
    };
    Check::failed(name, finding)
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;
    use crate::scripted::{Reply, Scripted, ok};
    use crate::training::TrainingRequest;
    use crate::training::submit::tests::request;

    fn assert_says(check: &Check, outcome: Outcome, text: &str) {
        assert_eq!(check.outcome, outcome, "{check}");
        assert!(check.to_string().contains(text), "{check}");
    }

    #[tokio::test]
    async fn a_bucket_must_be_reachable_and_in_the_region() {
        use BucketOrigin::{Default, Named};
        let elsewhere = ok("")
            .status(301)
            .header("x-amz-bucket-region", "eu-west-1");
        for (reply, origin, outcome, text) in [
            (ok(""), Named, Outcome::Passed, "in us-east-1"),
            (
                ok("").status(404),
                Named,
                Outcome::Failed,
                "aws s3 mb s3://fire-data",
            ),
            (
                ok("").status(404),
                Default,
                Outcome::Passed,
                "will be created",
            ),
            (elsewhere, Default, Outcome::Failed, "is in eu-west-1"),
            (
                ok("").status(403),
                Default,
                Outcome::Failed,
                "s3:ListBucket",
            ),
        ] {
            let server = Scripted::start([reply]).await;
            let name = "fire-data".parse().unwrap();
            assert_says(
                &bucket(&server.clients(), (&name, origin)).await,
                outcome,
                text,
            );
        }
    }

    #[tokio::test]
    async fn every_channel_needs_objects_unless_this_run_uploads_them() {
        let some =
            || ok("<ListBucketResult><Contents><Size>5</Size></Contents></ListBucketResult>");
        let none = ok("<ListBucketResult/>");
        let mut job = request();
        let mut second = job.channels[0].clone();
        second.uri = "s3://bucket/validation/".parse().unwrap();
        job.channels.push(second);
        let bucket = "bucket".parse().unwrap();
        let check = async |data_is_there, script: Vec<Reply>| {
            let jobs: [TrainingRequest; 2] = [job.clone(), job.clone()];
            let plan = TrainingPlan {
                bucket: (&bucket, BucketOrigin::Named),
                jobs: &jobs,
                data_is_there,
                max_cost_usd: None,
            };
            let server = Scripted::start(script).await;
            let check = data(&server.clients(), &plan).await;
            (check, server.seen().len())
        };
        let (found, calls) = check(true, vec![some(), some()]).await;
        assert_says(&found, Outcome::Passed, "all 2 channels");
        assert_eq!(calls, 2, "data that several jobs share is looked up once");
        let (found, _) = check(true, vec![some(), none]).await;
        assert_says(&found, Outcome::Failed, "aws s3 ls s3://bucket/validation/");
        let (found, calls) = check(false, vec![]).await;
        assert_says(&found, Outcome::NotApplicable, "uploaded by this run");
        assert_eq!(calls, 0);
    }

    #[tokio::test]
    async fn a_model_is_an_archive_that_exists() {
        let there = ok("").header("content-length", "7");
        for (uri, script, outcome, text) in [
            (
                "s3://bucket/m/model.tar.gz",
                vec![there],
                Outcome::Passed,
                "7 bytes",
            ),
            (
                "s3://bucket/m/model.tar.gz",
                vec![ok("").status(404)],
                Outcome::Failed,
                "aws s3 ls s3://bucket/m/",
            ),
            (
                "s3://bucket/m/model.json",
                vec![],
                Outcome::Failed,
                "training job",
            ),
        ] {
            let server = Scripted::start(script).await;
            assert_says(
                &model(&server.clients(), &uri.parse().unwrap()).await,
                outcome,
                text,
            );
        }
    }
}
