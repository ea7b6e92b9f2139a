//! The configuration of an endpoint, which can be validated before any call.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::names::{
    EndpointConfigName, EndpointName, ImageUri, InvalidName, ModelName, RoleArn, S3Uri, VariantName,
};
use crate::price::{self, Purpose};

/// The maximum number of variants of a configuration.
const MAX_VARIANTS: usize = 10;

/// An endpoint and the models that it is to serve.
///
/// Only the endpoint's name is stable. The names of models and configuration must include a content
/// hash ([`ContentDigest`](super::ContentDigest)), because an existing resource of the same name is
/// reused unchanged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deployment {
    /// The name of the endpoint, new or existing.
    pub endpoint: EndpointName,
    /// The name of the configuration, with a content hash.
    pub config: EndpointConfigName,
    /// The role that the containers assume.
    pub role: RoleArn,
    /// The models that share the requests, 1 to 10.
    pub variants: Vec<NewVariant>,
    /// The capture of requests and responses; `None` captures nothing.
    pub capture: Option<Capture>,
    /// How an existing endpoint is switched to this deployment.
    pub rollout: Rollout,
    /// The tags of models, configuration and endpoint.
    pub tags: BTreeMap<String, String>,
}

/// A model, with its traffic weight and capacity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewVariant {
    /// Its name; usually [`VariantName::all_traffic`] if it is the only variant.
    pub name: VariantName,
    /// Its traffic weight, relative to the other variants'.
    pub weight: f64,
    /// The name of the model, with a content hash.
    pub model: ModelName,
    /// The container image, which is run with the argument `serve`.
    pub image: ImageUri,
    /// The URI of a `model.tar.gz`.
    pub model_data: S3Uri,
    /// The instances or memory that serve it.
    pub capacity: Capacity,
    /// Additional environment variables of the container.
    pub environment: BTreeMap<String, String>,
    /// The seconds, 60 to 3600, within which the container must pass its health check; `None` uses the
    /// service's default.
    pub startup_timeout_seconds: Option<u32>,
}

/// The capacity of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Capacity {
    /// Instances, billed while they run.
    Instances {
        /// Such as `ml.m5.large`.
        instance_type: String,
        /// The initial number of instances.
        count: u32,
    },
    /// Serverless capacity, billed while it serves requests.
    Serverless(Serverless),
}

impl Capacity {
    /// USD per hour, according to the built-in price table; `None` without a price, and for serverless capacity.
    pub fn hourly_usd(&self) -> Option<f64> {
        match self {
            Self::Instances {
                instance_type,
                count,
            } => price::hourly_usd(Purpose::Hosting, instance_type)
                .map(|usd| usd * f64::from(*count)),
            Self::Serverless(_) => None,
        }
    }
}

/// The size of a serverless variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Serverless {
    memory_mb: u32,
    max_concurrency: u32,
}

impl Serverless {
    /// `memory_mb` must be 1024 to 6144 in steps of 1024, and `max_concurrency` 1 to 200.
    pub fn new(memory_mb: u32, max_concurrency: u32) -> Result<Self, InvalidName> {
        if !(1024..=6144).contains(&memory_mb) || !memory_mb.is_multiple_of(1024) {
            let rule = "must be 1024, 2048, 3072, 4096, 5120 or 6144 MB";
            let given = memory_mb.to_string();
            return Err(InvalidName::new("the serverless memory", &given, rule));
        }
        if !(1..=200).contains(&max_concurrency) {
            let given = max_concurrency.to_string();
            let what = "the serverless concurrency";
            return Err(InvalidName::new(what, &given, "must be 1 to 200"));
        }
        Ok(Self {
            memory_mb,
            max_concurrency,
        })
    }

    /// The memory of each container, in MB.
    pub fn memory_mb(&self) -> u32 {
        self.memory_mb
    }

    /// The maximum number of concurrent requests.
    pub fn max_concurrency(&self) -> u32 {
        self.max_concurrency
    }
}

/// The capture of requests and responses to S3, as
/// `{destination}/{endpoint}/{variant}/yyyy/mm/dd/hh/*.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Capture {
    destination: S3Uri,
    percent: u32,
}

impl Capture {
    /// Captures `percent` percent of the requests.
    pub fn new(destination: S3Uri, percent: u32) -> Result<Self, InvalidName> {
        if percent > 100 {
            let given = percent.to_string();
            return Err(InvalidName::new(
                "the captured percentage",
                &given,
                "must be 0 to 100",
            ));
        }
        Ok(Self {
            destination,
            percent,
        })
    }

    /// The prefix of the captured data.
    pub fn destination(&self) -> &S3Uri {
        &self.destination
    }

    /// The percentage of requests that are captured.
    pub fn percent(&self) -> u32 {
        self.percent
    }
}

/// How an existing endpoint is switched to a new deployment. The new instances run alongside the old ones until
/// they serve all traffic; both are billed during that time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rollout {
    /// The steps in which traffic shifts.
    pub shift: Shift,
    /// Names of `CloudWatch` alarms; if one of them is triggered, the old deployment is restored.
    pub alarms: Vec<String>,
    /// Whether variants of the same name keep their current number of instances, as set by scaling,
    /// instead of the number in the deployment.
    pub keep_instances: bool,
}

/// The steps in which traffic shifts to the new instances.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Shift {
    /// All traffic at once, when the new instances are healthy.
    #[default]
    AllAtOnce,
    /// A first share of the traffic, then the rest.
    Canary {
        /// The first share, 1 to 50 percent.
        percent: u32,
        /// Seconds until the rest shifts, at most 3600.
        wait_seconds: u32,
    },
    /// Equal shares of the traffic, one after another.
    Linear {
        /// Each share, 10 to 50 percent.
        percent: u32,
        /// Seconds between two steps, at most 3600.
        wait_seconds: u32,
    },
}

impl Deployment {
    /// Fails with [`ErrorKind::Invalid`] for a deployment that the service would reject.
    pub fn check(&self) -> Result<(), Error> {
        match self.broken_rule() {
            None => Ok(()),
            Some(rule) => {
                let message = format!("{}: {rule}", self.endpoint);
                Err(Error::new(
                    ErrorKind::Invalid,
                    "deploy the endpoint",
                    message,
                ))
            }
        }
    }

    /// USD per hour for all variants; `None` if one of them has no hourly price.
    pub fn hourly_usd(&self) -> Option<f64> {
        let prices = self
            .variants
            .iter()
            .map(|variant| variant.capacity.hourly_usd());
        prices.sum()
    }

    fn broken_rule(&self) -> Option<&'static str> {
        let names = self.variants.iter().map(|variant| variant.name.as_str());
        let models = self.variants.iter().map(|variant| variant.model.as_str());
        let weights = || self.variants.iter().map(|variant| variant.weight);
        let is_serverless =
            |variant: &NewVariant| matches!(variant.capacity, Capacity::Serverless(_));
        let serverless = self.variants.iter().any(is_serverless);
        let rules = [
            (
                !(1..=MAX_VARIANTS).contains(&self.variants.len()),
                "it needs 1 to 10 variants",
            ),
            (repeats(names), "two variants have the same name"),
            (repeats(models), "two variants have the same model name"),
            (
                weights().any(|weight| !weight.is_finite() || weight < 0.0),
                "a variant's weight must be 0 or more",
            ),
            (
                weights().sum::<f64>() <= 0.0,
                "at least one variant's weight must be above 0",
            ),
            (
                serverless && self.variants.len() > 1,
                "a serverless endpoint can have only one variant; use instances for several",
            ),
            (
                serverless && self.capture.is_some(),
                "a serverless endpoint cannot capture data; use instances",
            ),
            (
                !self.rollout.shift.is_valid(),
                "a canary must be 1 to 50 percent and linear steps 10 to 50 percent, at most 3600 \
                 seconds apart",
            ),
        ];
        let broken = rules.into_iter().find(|(is_broken, _)| *is_broken);
        broken.map(|(_, rule)| rule)
    }
}

impl Shift {
    fn is_valid(self) -> bool {
        match self {
            Self::AllAtOnce => true,
            Self::Canary {
                percent,
                wait_seconds,
            } => (1..=50).contains(&percent) && wait_seconds <= 3600,
            Self::Linear {
                percent,
                wait_seconds,
            } => (10..=50).contains(&percent) && wait_seconds <= 3600,
        }
    }
}

fn repeats<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One variant on one instance.
    pub(crate) fn deployment() -> Deployment {
        Deployment {
            endpoint: "e".parse().unwrap(),
            config: "c-1".parse().unwrap(),
            role: "arn:aws:iam::691595239825:role/R".parse().unwrap(),
            variants: vec![variant("AllTraffic", "m-1", 1.0)],
            capture: None,
            rollout: Rollout::default(),
            tags: BTreeMap::new(),
        }
    }

    pub(crate) fn variant(name: &str, model: &str, weight: f64) -> NewVariant {
        NewVariant {
            name: name.parse().unwrap(),
            weight,
            model: model.parse().unwrap(),
            image: "registry/fire-container:1".parse().unwrap(),
            model_data: "s3://bucket/model.tar.gz".parse().unwrap(),
            capacity: Capacity::Instances {
                instance_type: "ml.t2.medium".to_owned(),
                count: 1,
            },
            environment: BTreeMap::new(),
            startup_timeout_seconds: Some(60),
        }
    }

    fn serverless(variant: NewVariant) -> NewVariant {
        let capacity = Capacity::Serverless(Serverless::new(2048, 5).unwrap());
        NewVariant {
            capacity,
            ..variant
        }
    }

    #[test]
    fn a_deployment_that_the_service_would_reject_is_rejected_with_the_reason() {
        let with = |variants: Vec<NewVariant>| Deployment {
            variants,
            ..deployment()
        };
        let shifted = |shift| Deployment {
            rollout: Rollout {
                shift,
                ..Rollout::default()
            },
            ..deployment()
        };
        let (a, b) = (variant("a", "m-a", 0.9), variant("b", "m-b", 0.1));
        let capture = Capture::new("s3://bucket/c".parse().unwrap(), 100).unwrap();
        let captured = Deployment {
            capture: Some(capture),
            ..with(vec![serverless(a.clone())])
        };
        let (percent, wait_seconds) = (5, 60);
        let canary = Shift::Canary {
            percent,
            wait_seconds,
        };
        let linear = Shift::Linear {
            percent,
            wait_seconds,
        };
        let many = (0..11).map(|i| variant(&format!("v{i}"), &format!("m{i}"), 1.0));
        let cases = [
            (deployment(), None),
            (with(vec![a.clone(), b.clone()]), None),
            (with(vec![serverless(a.clone())]), None),
            (shifted(canary), None),
            (shifted(linear), Some("linear steps 10 to 50")),
            (with(vec![]), Some("1 to 10 variants")),
            (with(many.collect()), Some("1 to 10 variants")),
            (
                with(vec![a.clone(), variant("a", "m-b", 1.0)]),
                Some("same name"),
            ),
            (
                with(vec![a.clone(), variant("b", "m-a", 1.0)]),
                Some("same model"),
            ),
            (with(vec![variant("a", "m", -1.0)]), Some("0 or more")),
            (with(vec![variant("a", "m", f64::NAN)]), Some("0 or more")),
            (with(vec![variant("a", "m", 0.0)]), Some("above 0")),
            (with(vec![serverless(a), b]), Some("only one variant")),
            (captured, Some("cannot capture data")),
        ];
        for (deployment, expected) in cases {
            match (deployment.check(), expected) {
                (Ok(()), None) => {}
                (Err(error), Some(text)) => {
                    assert_eq!(error.kind(), ErrorKind::Invalid);
                    assert!(error.to_string().contains(text), "{error}");
                }
                (found, _) => panic!("{found:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn sizes_and_percentages_are_validated_on_construction() {
        for (memory, concurrency, valid) in [
            (1024, 1, true),
            (6144, 200, true),
            (0, 1, false),
            (1500, 1, false),
            (7168, 1, false),
            (1024, 0, false),
            (1024, 201, false),
        ] {
            let made = Serverless::new(memory, concurrency);
            assert_eq!(made.is_ok(), valid, "{memory} {concurrency}");
        }
        let capture = |percent| Capture::new("s3://bucket/c".parse().unwrap(), percent);
        assert!(capture(100).is_ok() && capture(101).is_err());
    }

    #[test]
    fn the_price_is_the_sum_of_all_variants_and_unknown_if_one_is_unknown() {
        let two = Deployment {
            variants: vec![variant("a", "m-a", 1.0), variant("b", "m-b", 1.0)],
            ..deployment()
        };
        assert!((two.hourly_usd().unwrap() - 0.112).abs() < 1e-9);
        let unknown = Deployment {
            variants: vec![
                variant("a", "m-a", 1.0),
                serverless(variant("b", "m-b", 1.0)),
            ],
            ..deployment()
        };
        assert_eq!(unknown.hourly_usd(), None);
    }
}
