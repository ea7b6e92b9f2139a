//! One plain GET on 127.0.0.1, for what the local server offers beside the AWS wire: its health and
//! its logs.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// The server answers these from memory or from a file, so a longer silence means that it hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there was no answer; the caller knows what to make of it.
pub(crate) type NoAnswer = Box<dyn std::error::Error + Send + Sync>;

/// Status and body of `GET url`.
pub(crate) async fn get(url: &str) -> Result<(u16, Bytes), NoAnswer> {
    tokio::time::timeout(PATIENCE, exchange(url)).await?
}

async fn exchange(url: &str) -> Result<(u16, Bytes), NoAnswer> {
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.get(url.parse()?).await?;
    let status = answer.status().as_u16();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}
