use axum::http::Method;
use serde_json::json;

use crate::world::World;

const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";

#[tokio::test]
async fn every_role_trusts_the_service_unless_its_name_begins_with_missing() {
    let world = World::new().await;
    let form = [(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )];
    for (name, status, part) in [
        (
            "SageMakerExecutionRole",
            200,
            "<Arn>arn:aws:iam::691595239825:role/SageMakerExecutionRole</Arn>",
        ),
        (
            "SageMakerExecutionRole",
            200,
            "sagemaker.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole",
        ),
        ("Another", 200, "<RoleName>Another</RoleName>"),
        ("missing-role", 404, "<Code>NoSuchEntity</Code>"),
        (
            "missing-role",
            404,
            "The role with name missing-role cannot be found.",
        ),
        ("%3Cscript%3E", 400, "<Code>ValidationError</Code>"),
    ] {
        let body = format!("Action=GetRole&Version=2010-05-08&RoleName={name}");
        let answer = world.send(Method::POST, "/", &form, body).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert!(answer.text().contains(part), "{name}: {}", answer.text());
    }
}

#[tokio::test]
async fn an_image_has_a_manifest_that_hosting_accepts_and_its_digest() {
    use sha2::{Digest, Sha256};
    let world = World::new().await;
    let ids = json!([{"imageTag": "latest"}]);
    let request = json!({"repositoryName": "fire-container", "imageIds": ids});
    let described = world.succeed(ECR, "DescribeImages", request.clone()).await;
    let detail = &described["imageDetails"][0];
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    assert_eq!(detail["imageManifestMediaType"], kind);
    let got = world.succeed(ECR, "BatchGetImage", request).await;
    let manifest = got["images"][0]["imageManifest"].as_str().unwrap();
    let digest = detail["imageDigest"]
        .as_str()
        .unwrap()
        .strip_prefix("sha256:")
        .unwrap();
    let digits = |byte: usize| u8::from_str_radix(&digest[2 * byte..2 * byte + 2], 16).unwrap();
    assert!(
        Sha256::digest(manifest)
            .iter()
            .copied()
            .eq((0..32).map(digits)),
        "{digest}"
    );
    assert!(manifest.contains(kind), "{manifest}");
    let token = world.succeed(ECR, "GetAuthorizationToken", json!({})).await;
    let data = &token["authorizationData"][0];
    assert_eq!(
        data["proxyEndpoint"],
        "https://691595239825.dkr.ecr.us-east-1.amazonaws.com"
    );
    assert!(
        data["expiresAt"].as_f64().unwrap()
            > described["imageDetails"][0]["imagePushedAt"]
                .as_f64()
                .unwrap()
    );
    let repositories = world.succeed(ECR, "DescribeRepositories", json!({})).await;
    assert_eq!(
        repositories["repositories"][0]["repositoryName"],
        "fire-container"
    );
}

#[tokio::test]
async fn images_that_do_not_exist_are_rejected() {
    let world = World::new().await;
    let tag = |tag: &str| json!([{"imageTag": tag}]);
    for (operation, request, code) in [
        (
            "DescribeImages",
            json!({"repositoryName": "other"}),
            "RepositoryNotFoundException",
        ),
        (
            "DescribeRepositories",
            json!({"repositoryNames": ["other"]}),
            "RepositoryNotFoundException",
        ),
        (
            "DescribeImages",
            json!({"repositoryName": "fire-container", "registryId": "000000000000"}),
            "RepositoryNotFoundException",
        ),
        (
            "DescribeImages",
            json!({"repositoryName": "fire-container", "imageIds": tag("missing-1")}),
            "ImageNotFoundException",
        ),
        (
            "DescribeImages",
            json!({"repositoryName": "fire-container", "imageIds": [{"imageDigest": "sha256:00"}]}),
            "ImageNotFoundException",
        ),
    ] {
        let (status, answer) = world
            .json(&format!("{ECR}.{operation}"), request.clone())
            .await;
        assert_eq!(
            (status, answer["__type"].as_str()),
            (400, Some(code)),
            "{operation} {request}: {answer}"
        );
    }
    let request = json!({"repositoryName": "fire-container", "imageIds": tag("missing-1")});
    let got = world.succeed(ECR, "BatchGetImage", request).await;
    assert_eq!(got["failures"][0]["failureCode"], "ImageNotFound", "{got}");
}
