//! The SDK clients of a backend. No other module constructs any.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sagemaker::config::{Credentials, SharedCredentialsProvider};

use crate::backend::{Backend, BackendKind, LocalBackend, attach_or_start};
use crate::error::Error;
use crate::names::AccountId;

const DEFAULT_REGION: &str = "us-east-1";

/// Attempts per call. Several programs that poll are easily throttled, and waiting costs nothing here.
///
/// The pauses between attempts are 1, 2, 4 seconds and so on up to 20, each multiplied by a random
/// factor below 1, so that programs throttled together do not retry together. The SDK also limits
/// the retries per service, so a service that is down does not get eight times the calls.
const ATTEMPTS: u32 = 8;

/// The clients of all services. One value per program is enough; it is cheap to clone.
#[derive(Debug, Clone)]
pub struct Clients {
    region: String,
    local: Option<Local>,
    pub(crate) sagemaker: aws_sdk_sagemaker::Client,
    pub(crate) runtime: aws_sdk_sagemakerruntime::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) metrics: aws_sdk_cloudwatch::Client,
    pub(crate) scaling: aws_sdk_applicationautoscaling::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) ecr: aws_sdk_ecr::Client,
    sts: aws_sdk_sts::Client,
}

/// The local server behind the clients.
#[derive(Debug, Clone)]
struct Local {
    url: String,
    state_dir: PathBuf,
    notice: Option<String>,
}

impl Clients {
    /// Connects to the backend. A local server that is not running is started if its program is
    /// known.
    ///
    /// AWS is not called yet, so invalid credentials are only detected by the first call; [`account`]
    /// is the cheapest one.
    ///
    /// # Errors
    /// [`ErrorKind::LocalServer`](crate::ErrorKind::LocalServer) if the server is not running and
    /// cannot be started.
    pub async fn connect(backend: &Backend) -> Result<Self, Error> {
        match backend {
            Backend::Local(local) => Self::connect_local(local).await,
            Backend::Aws { region } => Ok(Self::connect_aws(region.clone()).await),
        }
    }

    async fn connect_local(backend: &LocalBackend) -> Result<Self, Error> {
        let server = attach_or_start(backend).await?;
        let config = local_config(&server.url);
        let local = Local {
            url: server.url,
            state_dir: backend.state_dir().to_owned(),
            notice: server.notice,
        };
        Ok(Self::from_config(Some(local), &config))
    }

    async fn connect_aws(region: Option<String>) -> Self {
        // If the SDK's chain finds no region, every call fails with an obscure error.
        let region = RegionProviderChain::first_try(region.map(Region::new))
            .or_default_provider()
            .or_else(DEFAULT_REGION);
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(region)
            .retry_config(retry_config())
            .load()
            .await;
        Self::from_config(None, &config)
    }

    fn from_config(local: Option<Local>, config: &SdkConfig) -> Self {
        // Only Amazon's S3 has a DNS name for each bucket.
        let elsewhere =
            config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let s3 = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(elsewhere)
            .build();
        Self {
            region: config
                .region()
                .map_or(DEFAULT_REGION, Region::as_ref)
                .to_owned(),
            local,
            sagemaker: aws_sdk_sagemaker::Client::new(config),
            runtime: aws_sdk_sagemakerruntime::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            metrics: aws_sdk_cloudwatch::Client::new(config),
            scaling: aws_sdk_applicationautoscaling::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            ecr: aws_sdk_ecr::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
        }
    }

    /// Clients for a server at `url`, configured like those of the local backend. Does not connect.
    #[cfg(test)]
    pub(crate) fn of_server(url: &str, attempts: u32) -> Self {
        let local = Local {
            url: url.to_owned(),
            state_dir: PathBuf::from("/state"),
            notice: None,
        };
        let retry = RetryConfig::standard()
            .with_max_attempts(attempts)
            .with_initial_backoff(Duration::from_millis(1));
        let config = local_config(url).into_builder().retry_config(retry).build();
        Self::from_config(Some(local), &config)
    }

    /// The kind of backend.
    pub fn kind(&self) -> BackendKind {
        match self.local {
            Some(_) => BackendKind::Local,
            None => BackendKind::Aws,
        }
    }

    /// The region of all calls; the local backend has one too.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The absolute state directory of the local backend; `None` on AWS.
    pub fn state_dir(&self) -> Option<&Path> {
        self.local.as_ref().map(|local| local.state_dir.as_path())
    }

    /// The address of the local server; `None` on AWS.
    pub fn local_url(&self) -> Option<&str> {
        self.local.as_ref().map(|local| local.url.as_str())
    }

    /// A message to the user about the connection, such as that the local server is another build.
    pub fn notice(&self) -> Option<&str> {
        self.local
            .as_ref()
            .and_then(|local| local.notice.as_deref())
    }

    /// A one-line description of the backend: its kind, and its address or region.
    pub fn describe(&self) -> String {
        match &self.local {
            Some(local) => format!(
                "backend: local, {}, state {}",
                local.url,
                local.state_dir.display()
            ),
            None => format!("backend: aws, region {}", self.region),
        }
    }
}

/// The number of the account that the credentials belong to ([`GetCallerIdentity`]).
///
/// The call needs no permission, so it is the cheapest way to detect invalid credentials.
///
/// [`GetCallerIdentity`]:
/// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
pub async fn account(clients: &Clients) -> Result<AccountId, Error> {
    const OP: &str = "find the account";
    let sent = clients.sts.get_caller_identity().send().await;
    let found = sent.map_err(|error| Error::from_sdk(OP, "of the credentials", error))?;
    let account = AccountId::new(found.account.unwrap_or_default());
    account.map_err(|error| Error::invalid_response(OP, "of the credentials", error))
}

/// The retry configuration of AWS clients.
fn retry_config() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

/// The configuration for the local server. It sets everything explicitly, because profiles and
/// environment variables meant for AWS must not affect it.
fn local_config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "the local backend");
    // The local server has few clients, so short pauses do no harm and a dead server is detected soon.
    let retry = retry_config()
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_secs(1));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(DEFAULT_REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .retry_config(retry)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::scripted::{Scripted, ok, rejection};

    #[tokio::test]
    async fn the_account_is_read_from_the_response_of_sts_and_validated() {
        let identity = |account: &str| {
            ok(&format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                 <GetCallerIdentityResult><Account>{account}</Account></GetCallerIdentityResult>\
                 </GetCallerIdentityResponse>"
            ))
        };
        let server = Scripted::start([identity("691595239825"), identity("nobody")]).await;
        let clients = server.clients();
        assert_eq!(account(&clients).await.unwrap().as_str(), "691595239825");
        assert_eq!(
            account(&clients).await.unwrap_err().kind(),
            ErrorKind::Service
        );
    }

    #[tokio::test]
    async fn throttled_calls_are_retried_up_to_the_last_attempt() {
        let job = "job-1".parse().unwrap();
        let throttled = || rejection("ThrottlingException", "Rate exceeded");
        for times in [1, 4, 7, 8] {
            let responses = (0..times).map(|_| throttled()).chain([ok(
                "{\"TrainingJobStatus\":\"Completed\",\"CreationTime\":1000.0}",
            )]);
            let server = Scripted::start(responses).await;
            let clients = Clients::of_server(server.url(), ATTEMPTS);
            let found = crate::training::describe(&clients, &job).await;
            let expected = (times >= ATTEMPTS).then_some(ErrorKind::Throttled);
            assert_eq!(found.err().map(|error| error.kind()), expected, "{times}");
            assert_eq!(server.seen().len() as u32, (times + 1).min(ATTEMPTS));
        }
    }

    #[test]
    fn every_backend_retries_with_backoff_and_jitter() {
        let config = local_config("http://127.0.0.1:1");
        let retries = [config.retry_config().unwrap().clone(), retry_config()];
        for retry in retries {
            assert_eq!(retry.max_attempts(), ATTEMPTS);
            // The standard mode multiplies each pause by a random factor.
            assert_eq!(retry.mode(), aws_config::retry::RetryMode::Standard);
            assert!(retry.initial_backoff() < retry.max_backoff());
        }
    }

    #[tokio::test]
    async fn the_description_names_the_backend_and_its_address_or_region() {
        let clients = Clients::of_server("http://127.0.0.1:41233", 1);
        assert_eq!(
            clients.describe(),
            "backend: local, http://127.0.0.1:41233, state /state"
        );
        let backend = Backend::Aws {
            region: Some("eu-central-1".to_owned()),
        };
        let clients = Clients::connect(&backend).await.unwrap();
        assert_eq!(clients.describe(), "backend: aws, region eu-central-1");
        assert_eq!(
            (clients.state_dir(), clients.local_url(), clients.notice()),
            (None, None, None)
        );
    }
}
