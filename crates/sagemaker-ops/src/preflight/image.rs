//! The container image: it must be in ECR in this region, in a format that can be hosted.

use aws_sdk_ecr::types::ImageIdentifier;

use super::{Check, Finding};
use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::ImageUri;

const NAME: &str = "image";

/// The only manifest format that hosting accepts. It rejects OCI manifests and multi-platform lists.
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// An image in a private registry of ECR.
#[derive(Debug, PartialEq)]
struct InRegistry<'a> {
    account: &'a str,
    region: &'a str,
    repository: &'a str,
    reference: Reference<'a>,
}

#[derive(Debug, PartialEq)]
enum Reference<'a> {
    Tag(&'a str),
    Digest(&'a str),
}

/// Looks the image up ([`DescribeImages`]).
///
/// [`DescribeImages`]:
/// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
pub(super) async fn check(clients: &Clients, image: &ImageUri) -> Check {
    let Some(place) = InRegistry::parse(image.as_str()) else {
        return Check::failed(NAME, Finding::ImageNotInEcr(image.clone()));
    };
    if place.region != clients.region() {
        let finding = Finding::ImageElsewhere {
            image: image.clone(),
            region: place.region.to_owned(),
            here: clients.region().to_owned(),
        };
        return Check::failed(NAME, finding);
    }
    let id = match place.reference {
        Reference::Tag(tag) => ImageIdentifier::builder().image_tag(tag),
        Reference::Digest(digest) => ImageIdentifier::builder().image_digest(digest),
    };
    let sent = clients
        .ecr
        .describe_images()
        .registry_id(place.account)
        .repository_name(place.repository)
        .image_ids(id.build())
        .send()
        .await;
    match sent.map_err(|error| Error::from_sdk("look up the image", image, error)) {
        Ok(found) => {
            let found = found.image_details.unwrap_or_default().into_iter().next();
            match found.and_then(|found| found.image_manifest_media_type) {
                Some(media_type) if media_type != DOCKER => {
                    let image = image.clone();
                    Check::failed(NAME, Finding::ImageFormat { image, media_type })
                }
                _ => Check::passed(NAME, image.to_string()),
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Check::failed(NAME, Finding::ImageMissing(image.clone()))
        }
        Err(error) => Check::unchecked(NAME, &error, "ecr:DescribeImages"),
    }
}

impl<'a> InRegistry<'a> {
    /// Splits `{account}.dkr.ecr.{region}.amazonaws.com/{repository}:{tag}`; `None` for any other
    /// registry. Without a tag or a digest, the tag is `latest`.
    fn parse(image: &'a str) -> Option<Self> {
        let (host, path) = image.split_once('/')?;
        let (account, rest) = host.split_once(".dkr.ecr.")?;
        let (region, _) = rest.split_once(".amazonaws.com")?;
        let (repository, reference) = match (path.split_once('@'), path.rsplit_once(':')) {
            // If there is both a tag and a digest, the digest takes precedence.
            (Some((repository, digest)), _) => {
                let (untagged, _) = repository.split_once(':').unwrap_or((repository, ""));
                (untagged, Reference::Digest(digest))
            }
            (None, Some((repository, tag))) => (repository, Reference::Tag(tag)),
            (None, None) => (path, Reference::Tag("latest")),
        };
        Some(Self {
            account,
            region,
            repository,
            reference,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Outcome;
    use super::*;
    use crate::scripted::{Reply, Scripted, ok, rejection};

    const HOST: &str = "691595239825.dkr.ecr.us-east-1.amazonaws.com";

    #[test]
    fn an_image_uri_is_split_into_its_parts() {
        let check = |path: &str, repository: &str, reference: Reference<'_>| {
            let image = format!("{HOST}/{path}");
            let place = InRegistry::parse(&image).unwrap();
            assert_eq!((place.account, place.region), ("691595239825", "us-east-1"));
            assert_eq!((place.repository, place.reference), (repository, reference));
        };
        check("fire:1", "fire", Reference::Tag("1"));
        check("a/fire:1", "a/fire", Reference::Tag("1"));
        check("fire", "fire", Reference::Tag("latest"));
        check("fire@sha256:00", "fire", Reference::Digest("sha256:00"));
        check("fire:1@sha256:00", "fire", Reference::Digest("sha256:00"));
        for other in ["fire:1", "docker.io/library/fire:1", "a.dkr.ecr.x/fire"] {
            assert_eq!(InRegistry::parse(other), None, "{other}");
        }
    }

    async fn checked(reply: Reply) -> Check {
        let server = Scripted::start([reply]).await;
        let image = format!("{HOST}/fire:1").parse().unwrap();
        let check = check(&server.clients(), &image).await;
        let expected = json!({
            "registryId": "691595239825", "repositoryName": "fire",
            "imageIds": [{"imageTag": "1"}],
        });
        assert_eq!(server.json(0), expected);
        check
    }

    #[tokio::test]
    async fn a_failed_check_of_an_image_says_what_to_do() {
        let with = |media_type: &str| {
            ok(&json!({"imageDetails": [{"imageManifestMediaType": media_type}]}).to_string())
        };
        let oci = "application/vnd.oci.image.manifest.v1+json";
        let rejection = |code: &str| rejection(code, "no");
        for (reply, outcome, text) in [
            (with(DOCKER), Outcome::Passed, "fire:1"),
            (ok("{\"imageDetails\":[{}]}"), Outcome::Passed, "fire:1"),
            (with(oci), Outcome::Failed, "schema 2"),
            (
                rejection("ImageNotFoundException"),
                Outcome::Failed,
                "push the image to ECR",
            ),
            (
                rejection("RepositoryNotFoundException"),
                Outcome::Failed,
                "push the image to ECR",
            ),
            (
                rejection("AccessDeniedException"),
                Outcome::NotApplicable,
                "ecr:DescribeImages",
            ),
            (
                rejection("UnknownOperationException"),
                Outcome::NotApplicable,
                "does not support",
            ),
        ] {
            let check = checked(reply).await;
            assert_eq!(check.outcome, outcome, "{check}");
            assert!(check.to_string().contains(text), "{check}");
        }
    }

    #[tokio::test]
    async fn an_image_elsewhere_is_rejected_without_looking_it_up() {
        let server = Scripted::start([]).await;
        for (image, text) in [
            ("docker.io/fire:1", "not in ECR"),
            (
                "691595239825.dkr.ecr.eu-west-1.amazonaws.com/fire:1",
                "is in eu-west-1",
            ),
        ] {
            let check = check(&server.clients(), &image.parse().unwrap()).await;
            assert_eq!(check.outcome, Outcome::Failed);
            assert!(check.to_string().contains(text), "{check}");
        }
        assert!(server.seen().is_empty());
    }
}
