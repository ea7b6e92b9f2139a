//! Requests to a registry by the Docker Registry HTTP API V2, with Basic or Bearer authorisation.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT, WWW_AUTHENTICATE};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use crate::credentials::Credentials;

/// Bytes of an answer that are read: registries answer in a few lines.
const ANSWER: usize = 1 << 20;

/// One registry and how it is spoken to.
pub(crate) struct Registry {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Scheme and host.
    pub(crate) base: String,
    credentials: Option<Credentials>,
    /// The value of `Authorization` once the registry has asked for one.
    authorization: Option<String>,
}

/// A request before it has headers.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// Absolute, or a path of the registry.
    pub(crate) target: &'a str,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: Bytes,
}

impl<'a> Call<'a> {
    /// A request without a body.
    pub(crate) fn bare(method: Method, target: &'a str) -> Self {
        Self {
            method,
            target,
            content_type: None,
            body: Bytes::new(),
        }
    }
}

impl Registry {
    /// A registry that is not called yet.
    pub(crate) fn new(base: String, credentials: Option<Credentials>) -> Result<Self> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .context("this machine has no certificates of authorities")?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            base,
            credentials,
            authorization: None,
        })
    }

    /// Sends the request, once more with what the registry asks for if it asks for authorisation.
    pub(crate) async fn send(&mut self, call: Call<'_>) -> Result<Response<Bytes>> {
        let answer = self.send_once(&call, self.authorization.clone()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let challenges = answer.headers().get_all(WWW_AUTHENTICATE);
        let challenge = challenges
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(Challenge::parse);
        self.authorization = match challenge {
            Some(Challenge::Basic) => self.credentials.as_ref().map(Credentials::basic),
            Some(Challenge::Bearer(parameters)) => Some(self.token(&parameters).await?),
            None => None,
        };
        ensure!(
            self.authorization.is_some(),
            "{} wants to know who pushes; give --username and --password-stdin",
            self.base
        );
        self.send_once(&call, self.authorization.clone()).await
    }

    async fn send_once(
        &self,
        call: &Call<'_>,
        authorization: Option<String>,
    ) -> Result<Response<Bytes>> {
        let absolute = if call.target.starts_with('/') {
            format!("{}{}", self.base, call.target)
        } else {
            call.target.to_owned()
        };
        let uri: Uri = absolute
            .parse()
            .with_context(|| format!("`{absolute}` is no address"))?;
        // A registry may send an upload to another host, which must not learn the password.
        let is_ours = absolute
            .strip_prefix(&self.base)
            .is_some_and(|rest| rest.starts_with('/'));
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(uri)
            .header(
                USER_AGENT,
                concat!("push-image/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(content_type) = call.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        if let Some(authorization) = authorization.filter(|_| is_ours) {
            request = request.header(AUTHORIZATION, authorization);
        }
        self.exchange(request.body(Full::new(call.body.clone()))?)
            .await
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>> {
        let place = request.uri().to_string();
        let unreachable = || format!("no answer from {place}");
        let answer = self
            .client
            .request(request)
            .await
            .with_context(unreachable)?;
        let (head, body) = answer.into_parts();
        let body = match Limited::new(body, ANSWER).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => bail!("the answer of {place} cannot be read: {error}"),
        };
        Ok(Response::from_parts(head, body))
    }

    /// A token from the place that the registry names.
    async fn token(&self, parameters: &BTreeMap<String, String>) -> Result<String> {
        let realm = parameters
            .get("realm")
            .context("the registry names no place for a token")?;
        ensure!(
            realm.starts_with("https://") || self.base.starts_with("http://"),
            "the registry wants the password sent to {realm}, without encryption"
        );
        let words = ["service", "scope"].into_iter().filter_map(|name| {
            let value = parameters.get(name)?;
            Some(format!("{name}={}", encoded(value)))
        });
        let query = words.collect::<Vec<_>>().join("&");
        let join = if realm.contains('?') { '&' } else { '?' };
        let mut request = Request::get(format!("{realm}{join}{query}"));
        if let Some(credentials) = &self.credentials {
            request = request.header(AUTHORIZATION, credentials.basic());
        }
        let answer = self.exchange(request.body(Full::default())?).await?;
        ensure!(
            answer.status().is_success(),
            "{realm} gives no token: {}",
            said(&answer)
        );
        let token: Token = serde_json::from_slice(answer.body())
            .with_context(|| format!("{realm} answers with no token"))?;
        let token = token.token.or(token.access_token);
        Ok(format!(
            "Bearer {}",
            token.with_context(|| format!("{realm} answers with no token"))?
        ))
    }
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// What a registry wants of who is not known.
#[derive(Debug, PartialEq)]
enum Challenge {
    Basic,
    Bearer(BTreeMap<String, String>),
}

impl Challenge {
    fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut parameters = BTreeMap::new();
        // Values are quoted and may hold commas: a scope is `repository:fire:pull,push`.
        while let Some((name, after)) = rest.split_once("=\"") {
            let (value, next) = after.split_once('"')?;
            parameters.insert(
                name.trim_matches([',', ' ']).to_ascii_lowercase(),
                value.to_owned(),
            );
            rest = next;
        }
        Some(Self::Bearer(parameters))
    }
}

/// A value as part of a query.
fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte);
    let bytes = value.bytes().map(|byte| {
        if plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    bytes.collect()
}

/// Status and the beginning of the body, for messages.
pub(crate) fn said(answer: &Response<Bytes>) -> String {
    let body = String::from_utf8_lossy(answer.body());
    let body: String = body.trim().chars().take(300).collect();
    format!("{} {body}", answer.status())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        assert_eq!(
            Challenge::parse("Basic realm=\"x\""),
            Some(Challenge::Basic)
        );
        assert_eq!(Challenge::parse("Negotiate"), None);
        let bearer = "Bearer realm=\"https://auth.x/token\",service=\"x\",scope=\"repository:a/b:pull,push\"";
        let Some(Challenge::Bearer(parameters)) = Challenge::parse(bearer) else {
            panic!("no bearer");
        };
        assert_eq!(parameters["realm"], "https://auth.x/token");
        assert_eq!(parameters["scope"], "repository:a/b:pull,push");
        assert_eq!(
            encoded("repository:a/b:pull,push"),
            "repository:a/b:pull%2Cpush"
        );
        assert_eq!(Challenge::parse("Bearer realm=\"cut"), None);
    }
}
