//! A client for the Docker Registry HTTP API V2, with Basic and Bearer authentication.
//!
//! A push takes only a few requests, and the existing crate for this API would add a second HTTP client.

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
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::credentials::Credentials;

/// Largest response accepted, in bytes; registries respond with a few lines.
const LARGEST_RESPONSE: usize = 1 << 20;

/// Characters that are percent-encoded in a query value. Registries expect `:` and `/` unencoded.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'/');

/// A client for one registry.
pub(crate) struct Registry {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Scheme, host and port.
    pub(crate) base: String,
    credentials: Option<Credentials>,
    /// The value of the `Authorization` header, once the registry has asked for it.
    authorization: Option<String>,
}

/// A request; `send` adds the other headers.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// An absolute URL, or a path on the registry.
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
    /// Creates the client without sending anything.
    pub(crate) fn new(base: String, credentials: Option<Credentials>) -> Result<Self> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .context("this machine has no root certificates")?
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

    /// Sends the request and, if the registry asks for authentication, repeats it with the `Authorization` header.
    pub(crate) async fn send(&mut self, call: Call<'_>) -> Result<Response<Bytes>> {
        let response = self.send_once(&call, self.authorization.clone()).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        // A registry may offer several schemes, such as Negotiate before Basic.
        let challenges = response.headers().get_all(WWW_AUTHENTICATE);
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
            "{} requires authentication; give --username and --password-stdin",
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
            .with_context(|| format!("`{absolute}` is not a valid URL"))?;
        // A registry may send an upload to another host, which must not receive the password.
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
        let unreachable = || format!("no response from {place}");
        let response = self
            .client
            .request(request)
            .await
            .with_context(unreachable)?;
        let (head, body) = response.into_parts();
        let body = match Limited::new(body, LARGEST_RESPONSE).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => bail!("cannot read the response from {place}: {error}"),
        };
        Ok(Response::from_parts(head, body))
    }

    /// Requests a token from the service named in the registry's challenge.
    async fn token(&self, parameters: &BTreeMap<String, String>) -> Result<String> {
        let realm = parameters
            .get("realm")
            .context("the registry named no token service (`realm`)")?;
        ensure!(
            realm.starts_with("https://") || self.base.starts_with("http://"),
            "the registry asked for the password to be sent unencrypted to {realm}"
        );
        let query = ["service", "scope"].into_iter().filter_map(|name| {
            let value = parameters.get(name)?;
            Some(format!(
                "{name}={}",
                utf8_percent_encode(value, QUERY_VALUE)
            ))
        });
        let query = query.collect::<Vec<_>>().join("&");
        let separator = if realm.contains('?') { '&' } else { '?' };
        let mut request = Request::get(format!("{realm}{separator}{query}"));
        if let Some(credentials) = &self.credentials {
            request = request.header(AUTHORIZATION, credentials.basic());
        }
        let response = self.exchange(request.body(Full::default())?).await?;
        let no_token = || format!("{realm} returned no token");
        ensure!(
            response.status().is_success(),
            "{}: {}",
            no_token(),
            summary(&response)
        );
        let token: Token = serde_json::from_slice(response.body()).with_context(no_token)?;
        // Services that follow OAuth 2.0 name it `access_token`.
        let token = token.token.or(token.access_token).with_context(no_token)?;
        Ok(format!("Bearer {token}"))
    }
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The kind of authentication that a registry asks for (`WWW-Authenticate`).
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
        // Values are quoted because they can contain commas: a scope is `repository:fire:pull,push`.
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

/// The status and the start of the body, for error messages.
pub(crate) fn summary(response: &Response<Bytes>) -> String {
    let body = String::from_utf8_lossy(response.body());
    let body: String = body.trim().chars().take(300).collect();
    format!("{} {body}", response.status())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_parsed() {
        assert_eq!(
            Challenge::parse("Basic realm=\"x\""),
            Some(Challenge::Basic)
        );
        assert_eq!(Challenge::parse("Negotiate"), None);
        let bearer = "Bearer realm=\"https://auth.x/token\",service=\"x\",scope=\"repository:a/b:pull,push\"";
        let Some(Challenge::Bearer(parameters)) = Challenge::parse(bearer) else {
            panic!("not a Bearer challenge");
        };
        assert_eq!(parameters["realm"], "https://auth.x/token");
        assert_eq!(parameters["scope"], "repository:a/b:pull,push");
        assert_eq!(
            utf8_percent_encode("repository:a/b:pull,push", QUERY_VALUE).to_string(),
            "repository:a/b:pull%2Cpush"
        );
        assert_eq!(Challenge::parse("Bearer realm=\"cut"), None);
    }
}
