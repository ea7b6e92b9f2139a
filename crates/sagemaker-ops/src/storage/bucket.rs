//! Inspects buckets and creates the default one.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use crate::clients::Clients;
use crate::error::{Error, ErrorKind, header_of};
use crate::finding::Finding;
use crate::names::BucketName;

const OP: &str = "use the bucket";

/// The origin of a bucket's name, which decides whether a missing bucket may be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketOrigin {
    /// A default name: a missing bucket is created.
    Default,
    /// A name given by the user: it may be mistyped, so a missing bucket is an error.
    Named,
}

/// Finds why the bucket cannot be used in this region ([`HeadBucket`]); `None` if it can. Changes
/// nothing.
///
/// Fails with [`ErrorKind::Denied`] if it belongs to another account.
///
/// [`HeadBucket`]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
pub(crate) async fn inspect_bucket(
    clients: &Clients,
    bucket: &BucketName,
) -> Result<Option<Finding>, Error> {
    let here = clients.region();
    let is_elsewhere = |region: &String| region != here;
    let elsewhere = |region| Finding::BucketElsewhere {
        bucket: bucket.clone(),
        region,
        here: here.to_owned(),
    };
    let sent = clients
        .s3
        .head_bucket()
        .bucket(bucket.as_str())
        .send()
        .await;
    let error = match sent {
        Ok(found) => {
            let region = found.bucket_region.filter(is_elsewhere);
            return Ok(region.map(|region| elsewhere(Some(region))));
        }
        Err(error) => error,
    };
    let region = header_of(&error, "x-amz-bucket-region").filter(is_elsewhere);
    let error = Error::from_sdk(OP, bucket, error);
    match error.kind() {
        ErrorKind::NotFound => Ok(Some(Finding::BucketMissing(bucket.clone()))),
        // S3 redirects to the bucket's region, but does not always name it.
        ErrorKind::Invalid if region.is_some() || error.to_string().contains("HTTP 301") => {
            Ok(Some(elsewhere(region)))
        }
        _ => Err(error),
    }
}

/// Ensures that the bucket can be used, and creates a missing one if its name is a default.
///
/// Fails with [`ErrorKind::NotFound`] if a named bucket is missing, with [`ErrorKind::Denied`] if it
/// belongs to another account, and with [`ErrorKind::Invalid`] if it is in another region.
pub async fn ensure_bucket(
    clients: &Clients,
    bucket: &BucketName,
    origin: BucketOrigin,
) -> Result<(), Error> {
    match inspect_bucket(clients, bucket).await? {
        None => Ok(()),
        Some(Finding::BucketMissing(_)) if origin == BucketOrigin::Default => {
            create_bucket(clients, bucket).await
        }
        Some(finding) => Err(Error::found(OP, bucket, finding)),
    }
}

async fn create_bucket(clients: &Clients, bucket: &BucketName) -> Result<(), Error> {
    // us-east-1 is the only region that must not be named.
    let location = (clients.region() != "us-east-1").then(|| {
        let region = BucketLocationConstraint::from(clients.region());
        CreateBucketConfiguration::builder()
            .location_constraint(region)
            .build()
    });
    let sent = clients
        .s3
        .create_bucket()
        .bucket(bucket.as_str())
        .set_create_bucket_configuration(location)
        .send()
        .await;
    match sent.map_err(|error| Error::from_sdk("create the bucket", bucket, error)) {
        // Another program that started at the same time has created it.
        Err(error)
            if error.kind() == ErrorKind::Conflict && error.to_string().contains("OwnedByYou") =>
        {
            Ok(())
        }
        other => other.map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Reply, Scripted, ok};

    #[tokio::test]
    async fn only_a_missing_default_bucket_is_created() {
        use BucketOrigin::{Default, Named};
        let check = async |origin, replies: Vec<Reply>, calls: usize, kind: Option<ErrorKind>| {
            let server = Scripted::start(replies).await;
            let bucket = BucketName::new("bucket").unwrap();
            let done = ensure_bucket(&server.clients(), &bucket, origin).await;
            assert_eq!(done.as_ref().err().map(Error::kind), kind, "{done:?}");
            assert_eq!(server.seen().len(), calls);
        };
        let (there, missing, foreign) = (ok(""), ok("").status(404), ok("").status(403));
        let taken = |code: &str| ok(&format!("<Error><Code>{code}</Code></Error>")).status(409);
        let (ours, theirs) = (
            taken("BucketAlreadyOwnedByYou"),
            taken("BucketAlreadyExists"),
        );
        check(Default, vec![there.clone()], 1, None).await;
        check(Named, vec![there.clone()], 1, None).await;
        check(Default, vec![missing.clone(), there], 2, None).await;
        check(Named, vec![missing.clone()], 1, Some(ErrorKind::NotFound)).await;
        check(Named, vec![foreign.clone()], 1, Some(ErrorKind::Denied)).await;
        check(Default, vec![foreign], 1, Some(ErrorKind::Denied)).await;
        check(Default, vec![missing.clone(), ours], 2, None).await;
        check(Default, vec![missing, theirs], 2, Some(ErrorKind::Conflict)).await;
        check(Named, vec![ok("").status(301)], 1, Some(ErrorKind::Invalid)).await;
    }

    #[tokio::test]
    async fn the_region_of_a_bucket_elsewhere_is_known_if_the_service_returns_it() {
        let region = |reply: Reply, region| reply.header("x-amz-bucket-region", region);
        let elsewhere = |region: Option<&str>| {
            Some(Finding::BucketElsewhere {
                bucket: BucketName::new("bucket").unwrap(),
                region: region.map(str::to_owned),
                here: "us-east-1".to_owned(),
            })
        };
        let missing = Finding::BucketMissing(BucketName::new("bucket").unwrap());
        for (reply, expected) in [
            (ok(""), None),
            (region(ok(""), "us-east-1"), None),
            (region(ok(""), "eu-west-1"), elsewhere(Some("eu-west-1"))),
            (ok("").status(301), elsewhere(None)),
            (
                region(ok("").status(301), "eu-west-1"),
                elsewhere(Some("eu-west-1")),
            ),
            (
                region(ok("").status(400), "ap-east-1"),
                elsewhere(Some("ap-east-1")),
            ),
            (ok("").status(404), Some(missing)),
        ] {
            let server = Scripted::start([reply]).await;
            let bucket = BucketName::new("bucket").unwrap();
            let found = inspect_bucket(&server.clients(), &bucket).await;
            assert_eq!(found.unwrap(), expected);
        }
    }
}
