//! Buckets: where they are, and making the one that is ours.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use crate::clients::Clients;
use crate::error::{Error, ErrorKind, header_of};
use crate::names::BucketName;

const OP: &str = "use the bucket";

/// Where a bucket's name comes from, which decides whether a missing one may be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketOrigin {
    /// Our own default name: created when it is missing.
    Default,
    /// The user named it, and a name with a typing error must not become a bucket.
    Named,
}

/// Where a bucket is, as far as these credentials may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BucketPlace {
    /// In the region of the calls.
    Here,
    /// In another region; none when the service does not say which.
    Elsewhere(Option<String>),
    /// There is no such bucket.
    Missing,
}

/// Where the bucket is ([`HeadBucket`]); changes nothing.
///
/// Fails with [`ErrorKind::Denied`] when it is somebody else's.
///
/// [`HeadBucket`]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
pub async fn bucket_place(clients: &Clients, bucket: &BucketName) -> Result<BucketPlace, Error> {
    let sent = clients
        .s3
        .head_bucket()
        .bucket(bucket.as_str())
        .send()
        .await;
    let error = match sent {
        Ok(found) => {
            let other = found
                .bucket_region
                .filter(|region| region != clients.region());
            return Ok(other.map_or(BucketPlace::Here, |region| {
                BucketPlace::Elsewhere(Some(region))
            }));
        }
        Err(error) => error,
    };
    let region = header_of(&error, "x-amz-bucket-region");
    let error = Error::from_sdk(OP, bucket, error);
    let elsewhere = region
        .as_ref()
        .is_some_and(|region| region != clients.region());
    match error.kind() {
        ErrorKind::NotFound => Ok(BucketPlace::Missing),
        // S3 redirects to the region that a bucket is in, not always saying which one it is.
        ErrorKind::Invalid if elsewhere || error.to_string().contains("HTTP 301") => {
            Ok(BucketPlace::Elsewhere(region))
        }
        _ => Err(error),
    }
}

/// Makes sure that the bucket can be used.
///
/// Fails with [`ErrorKind::NotFound`] when a named bucket is missing, with [`ErrorKind::Denied`]
/// when it is somebody else's, and with [`ErrorKind::Invalid`] when it is in another region.
pub async fn ensure_bucket(
    clients: &Clients,
    bucket: &BucketName,
    origin: BucketOrigin,
) -> Result<(), Error> {
    match bucket_place(clients, bucket).await? {
        BucketPlace::Here => Ok(()),
        BucketPlace::Missing if origin == BucketOrigin::Default => {
            create_bucket(clients, bucket).await
        }
        BucketPlace::Missing => {
            let remedy = format!("correct its name, or create it with `aws s3 mb s3://{bucket}`");
            let message = format!("{bucket}: there is no such bucket; {remedy}");
            Err(Error::new(ErrorKind::NotFound, OP, message))
        }
        BucketPlace::Elsewhere(region) => {
            let here = clients.region();
            let place = region.map_or("give its region".to_owned(), |region| {
                format!("use --region {region}")
            });
            let message = format!("{bucket}: it is not in {here}; {place}");
            Err(Error::new(ErrorKind::Invalid, OP, message))
        }
    }
}

async fn create_bucket(clients: &Clients, bucket: &BucketName) -> Result<(), Error> {
    // us-east-1 is the one region that must not be named.
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
    use crate::scripted::{Answer, Scripted, ok};

    #[tokio::test]
    async fn only_the_default_bucket_is_created_when_it_is_missing() {
        use BucketOrigin::{Default, Named};
        let check = async |origin, answers: Vec<Answer>, calls: usize, kind: Option<ErrorKind>| {
            let server = Scripted::start(answers).await;
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
    async fn a_bucket_elsewhere_is_told_with_its_region_where_the_service_says_so() {
        let region = |answer: Answer, region| answer.header("x-amz-bucket-region", region);
        let elsewhere = |region: Option<&str>| BucketPlace::Elsewhere(region.map(str::to_owned));
        for (answer, expected) in [
            (ok(""), BucketPlace::Here),
            (region(ok(""), "us-east-1"), BucketPlace::Here),
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
            (ok("").status(404), BucketPlace::Missing),
        ] {
            let server = Scripted::start([answer]).await;
            let bucket = BucketName::new("bucket").unwrap();
            let place = bucket_place(&server.clients(), &bucket).await;
            assert_eq!(place.unwrap(), expected);
        }
    }
}
