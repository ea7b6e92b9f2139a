use axum::http::Method;

use crate::world::{Headers, World};

const SIGNED: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=whoever/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00",
);

/// The headers of a streaming upload by the Rust SDK: framed, with a trailing checksum.
const FRAMED: [(&str, &str); 6] = [
    SIGNED,
    ("content-encoding", "aws-chunked"),
    ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
    ("x-amz-decoded-content-length", "11"),
    ("x-amz-trailer", "x-amz-checksum-crc32"),
    ("x-amz-sdk-checksum-algorithm", "CRC32"),
];

async fn put(world: &World, path: &str, headers: Headers<'_>, body: &'static str) -> (u16, String) {
    let answer = world.send(Method::PUT, path, headers, body).await;
    let text = answer.text();
    let code = text
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .map(|(code, _)| code);
    (answer.status.as_u16(), code.unwrap_or_default().to_owned())
}

#[tokio::test]
async fn uploads_arrive_whatever_their_framing_and_credentials() {
    let world = World::with_data().await;
    for (key, headers, body) in [
        ("plain", &[][..], "hello world"),
        ("signed", &[SIGNED][..], "hello world"),
        (
            "framed",
            &FRAMED[..],
            "6\r\nhello \r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n",
        ),
        (
            "header",
            &[SIGNED, ("x-amz-checksum-crc32", "DUoRhQ==")][..],
            "hello world",
        ),
    ] {
        let path = format!("/bucket/{key}");
        assert_eq!(
            put(&world, &path, headers, body).await,
            (200, String::new()),
            "{key}"
        );
        let back = world.ok(Method::GET, &path, &[], "").await;
        assert_eq!(back.text(), "hello world", "{key}");
        assert!(back.headers.get("content-encoding").is_none(), "{key}");
    }
}

#[tokio::test]
async fn a_rejected_upload_leaves_the_old_object() {
    let world = World::with_data().await;
    world.ok(Method::PUT, "/bucket/kept", &[], "old").await;
    for (headers, body, code) in [
        (
            &[("x-amz-checksum-crc32", "AAAAAA==")][..],
            "new",
            "BadDigest",
        ),
        (
            &FRAMED[..],
            "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
            "BadDigest",
        ),
        (&FRAMED[..], "b\r\nhello", "IncompleteBody"),
        (&FRAMED[..], "no framing", "IncompleteBody"),
    ] {
        assert_eq!(
            put(&world, "/bucket/kept", headers, body).await,
            (400, code.into()),
            "{body}"
        );
        assert_eq!(
            world.ok(Method::GET, "/bucket/kept", &[], "").await.text(),
            "old",
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_bucket_must_be_created_before_it_is_used() {
    let world = World::new().await;
    assert_eq!(
        put(&world, "/no-such-bucket/key", &[], "x").await,
        (404, "NoSuchBucket".into())
    );
    let head = world.send(Method::HEAD, "/no-such-bucket", &[], "").await;
    assert_eq!(head.status, 404);
}

#[tokio::test]
async fn creating_a_bucket_again_depends_on_the_region() {
    let world = World::with_data().await;
    let elsewhere = SIGNED.1.replace("us-east-1", "eu-west-1");
    assert_eq!(put(&world, "/bucket", &[SIGNED], "").await.0, 200);
    let again = put(&world, "/bucket", &[("authorization", &elsewhere)], "").await;
    assert_eq!(again, (409, "BucketAlreadyOwnedByYou".into()));
}

#[tokio::test]
async fn ranges_and_lists_work() {
    let world = World::with_data().await;
    world
        .ok(Method::PUT, "/bucket/list/a%20b", &[], "0123456789")
        .await;
    let range = world
        .send(
            Method::GET,
            "/bucket/list/a%20b",
            &[("range", "bytes=2-4")],
            "",
        )
        .await;
    assert_eq!((range.status.as_u16(), range.text().as_str()), (206, "234"));
    let list = world
        .ok(Method::GET, "/bucket?list-type=2&prefix=list/", &[], "")
        .await
        .text();
    assert!(
        list.contains("<Key>list/a b</Key>") && list.contains("<KeyCount>1</KeyCount>"),
        "{list}"
    );
}

#[tokio::test]
async fn a_key_may_be_a_prefix_of_another() {
    let world = World::with_data().await;
    for key in [
        "data/train",
        "data/train/part-0.csv/below",
        "data//train",
        "data/",
    ] {
        let path = format!("/bucket/{key}");
        assert_eq!(put(&world, &path, &[], key).await, (200, String::new()));
        assert_eq!(world.ok(Method::GET, &path, &[], "").await.text(), key);
    }
    world
        .ok(Method::DELETE, "/bucket/data/train", &[], "")
        .await;
    let below = "/bucket/data/train/part-0.csv/below";
    world.ok(Method::GET, below, &[], "").await;
}

#[tokio::test]
async fn a_bucket_can_be_deleted_once_its_objects_are() {
    let world = World::with_data().await;
    let full = world.send(Method::DELETE, "/bucket", &[], "").await;
    assert!(
        full.text().contains("<Code>BucketNotEmpty</Code>"),
        "{}",
        full.text()
    );
    world
        .ok(Method::DELETE, "/bucket/data/train/part-0.csv", &[], "")
        .await;
    world.ok(Method::DELETE, "/bucket", &[], "").await;
    assert_eq!(
        world.send(Method::HEAD, "/bucket", &[], "").await.status,
        404
    );
}

#[tokio::test]
async fn presigned_requests_need_no_header() {
    let world = World::with_data().await;
    for query in [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0",
        "AWSAccessKeyId=a&Signature=s&Expires=1",
    ] {
        let path = format!("/bucket/data/train/part-0.csv?{query}");
        assert_eq!(
            world.ok(Method::GET, &path, &[], "").await.text(),
            "a,b\n1,2\n"
        );
    }
}

#[tokio::test]
async fn a_key_that_is_only_a_folder_does_not_exist() {
    let world = World::with_data().await;
    for (method, body) in [(Method::GET, true), (Method::HEAD, false)] {
        let answer = world.send(method, "/bucket/data/train", &[], "").await;
        assert_eq!(
            (answer.status.as_u16(), !answer.body.is_empty()),
            (404, body)
        );
    }
}

#[tokio::test]
async fn nothing_outside_the_buckets_can_be_reached() {
    let world = World::with_data().await;
    for path in ["/..%2Ftraining-jobs", "/..", "/..%2F..%2Fetc/x"] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = world.send(method.clone(), path, &[], "x").await;
            assert!(
                answer.status.is_client_error(),
                "{method} {path}: {}",
                answer.status
            );
        }
    }
    // In a key, dots mean nothing.
    let lock = std::fs::read(world.state_dir().join("lock")).unwrap();
    for path in ["/bucket/..%2F..%2Flock", "/bucket/%2e%2e/x"] {
        world.ok(Method::PUT, path, &[], "x").await;
        assert_eq!(world.ok(Method::GET, path, &[], "").await.text(), "x");
    }
    assert_eq!(std::fs::read(world.state_dir().join("lock")).unwrap(), lock);
}
