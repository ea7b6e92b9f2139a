//! The serving flags: instances, variants, scaling and rollout.

use clap::Args;
use fire_cli::usage;
use sagemaker_ops::endpoint::{Capacity, Capture, Rollout, Serverless, Shift};
use sagemaker_ops::scaling::{InstanceRange, Scaling};
use sagemaker_ops::{S3Uri, VariantName};

use crate::plan::Serving;

/// Default maximum number of concurrent requests to a serverless endpoint.
const CONCURRENCY: u32 = 5;
/// Seconds between two steps of a rollout.
const STEP_SECONDS: u32 = 300;

/// Instances, variants, scaling and rollout.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Serving")]
pub struct ServingArgs {
    /// Instance type of the endpoint
    #[arg(long, default_value = "ml.t2.medium", value_parser = fire_cli::instance_type)]
    pub instance_type: String,

    /// Initial number of instances of each variant
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub instance_count: u32,

    /// Scale each variant with its load within this range of instances, such as `1..4`; not for ml.t2 and ml.t3
    #[arg(long, value_name = "MIN..MAX", conflicts_with = "serverless")]
    pub autoscale: Option<InstanceRange>,

    /// With --autoscale: target number of requests per instance and minute
    #[arg(long, value_name = "N", default_value = "600", requires = "autoscale")]
    pub target_invocations: f64,

    /// Deploy serverless, with this much memory in MB; billed only while requests are handled
    #[arg(long, value_name = "MB")]
    pub serverless: Option<u32>,

    /// With --serverless: maximum number of concurrent requests
    #[arg(long, value_name = "N", default_value_t = CONCURRENCY, requires = "serverless")]
    pub max_concurrency: u32,

    /// Model that gets a share of the traffic by weight, `name=s3://…/model.tar.gz:weight`; repeatable
    #[arg(long, value_name = "NAME=S3URI:WEIGHT", conflicts_with = "model_uri")]
    pub variant: Vec<VariantSpec>,

    /// Only change the traffic weights of existing variants, such as `old=0.9,new=0.1`
    #[arg(long, value_name = "NAME=WEIGHT,…", value_delimiter = ',', conflicts_with_all = ["model_uri", "variant", "test"])]
    pub shift: Vec<Weight>,

    /// Store this percentage of requests and responses under an S3 prefix
    #[arg(long, num_args = 2, value_names = ["S3URI", "PERCENT"])]
    pub capture: Vec<String>,

    /// How traffic of an existing endpoint moves to the new model: `all-at-once`, `canary:PERCENT` or `linear:PERCENT`
    #[arg(long, default_value = "all-at-once", value_parser = parse_rollout)]
    pub rollout: Shift,

    /// CloudWatch alarm that triggers a rollback to the old model during the rollout; repeatable
    #[arg(long, value_name = "ALARM")]
    pub rollback_alarm: Vec<String>,

    /// Keep the number of instances that scaling has set for an existing endpoint
    #[arg(long)]
    pub keep_instances: bool,
}

/// A variant's name, model and traffic weight.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantSpec {
    pub(crate) name: VariantName,
    pub(crate) uri: S3Uri,
    pub(crate) weight: f64,
}

/// A variant's traffic weight, relative to the others'.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    pub(crate) name: VariantName,
    pub(crate) weight: f64,
}

impl ServingArgs {
    /// The validated flags.
    pub(crate) fn serving(&self) -> anyhow::Result<Serving> {
        Ok(Serving {
            capacity: self.capacity()?,
            instance_type: self.instance_type.clone(),
            instance_count: self.instance_count,
            capture: self.capture()?,
            scaling: self.autoscale.map(|instances| Scaling {
                instances,
                target_invocations: self.target_invocations,
                scale_out_cooldown_seconds: None,
                scale_in_cooldown_seconds: None,
            }),
            rollout: Rollout {
                shift: self.rollout,
                alarms: self.rollback_alarm.clone(),
                keep_instances: self.keep_instances,
            },
        })
    }

    fn capacity(&self) -> anyhow::Result<Capacity> {
        Ok(match self.serverless {
            Some(memory) => {
                let size = Serverless::new(memory, self.max_concurrency);
                Capacity::Serverless(size.map_err(usage)?)
            }
            None => Capacity::Instances {
                instance_type: self.instance_type.clone(),
                count: self.instance_count,
            },
        })
    }

    fn capture(&self) -> anyhow::Result<Option<Capture>> {
        let [destination, percent] = self.capture.as_slice() else {
            return Ok(None);
        };
        let destination: S3Uri = destination.parse().map_err(usage)?;
        let percent: u32 = percent.parse().map_err(|_| {
            usage(anyhow::anyhow!(
                "--capture: `{percent}` is not a whole percentage from 0 to 100"
            ))
        })?;
        Capture::new(destination, percent).map(Some).map_err(usage)
    }
}

impl std::str::FromStr for VariantSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let syntax = "expected NAME=S3URI:WEIGHT, such as new=s3://bucket/model.tar.gz:0.1";
        let (name, rest) = text.split_once('=').ok_or(syntax)?;
        // `s3:` has a colon too, so the text after the last colon is a weight only if it is a number.
        let (uri, weight) = match rest.rsplit_once(':') {
            Some((uri, weight)) if weight.parse::<f64>().is_ok() => (uri, parse_weight(weight)?),
            _ => (rest, 1.0),
        };
        Ok(Self {
            name: name.parse().map_err(|error| format!("{error}; {syntax}"))?,
            uri: uri.parse().map_err(|error| format!("{error}; {syntax}"))?,
            weight,
        })
    }
}

impl std::str::FromStr for Weight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let syntax = "expected NAME=WEIGHT, such as old=0.9,new=0.1";
        let (name, weight) = text.split_once('=').ok_or(syntax)?;
        Ok(Self {
            name: name.parse().map_err(|error| format!("{error}; {syntax}"))?,
            weight: parse_weight(weight)?,
        })
    }
}

fn parse_weight(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(weight) if weight.is_finite() && weight >= 0.0 => Ok(weight),
        _ => Err(format!(
            "`{text}` is not a weight; give a number of at least 0"
        )),
    }
}

fn parse_rollout(text: &str) -> Result<Shift, String> {
    let syntax = "expected all-at-once, canary:10 (1 to 50 percent first) or linear:25 (steps of 10 to 50 percent)";
    if text == "all-at-once" {
        return Ok(Shift::AllAtOnce);
    }
    let (kind, percent) = text.split_once(':').ok_or(syntax)?;
    let percent: u32 = percent.parse().map_err(|_| syntax)?;
    let wait_seconds = STEP_SECONDS;
    match kind {
        "canary" if (1..=50).contains(&percent) => Ok(Shift::Canary {
            percent,
            wait_seconds,
        }),
        "linear" if (10..=50).contains(&percent) => Ok(Shift::Linear {
            percent,
            wait_seconds,
        }),
        _ => Err(syntax.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_has_a_name_a_model_and_a_weight() {
        let parse = |text: &str| text.parse::<VariantSpec>();
        let new = parse("new=s3://bucket/a/model.tar.gz:0.1").unwrap();
        assert_eq!(
            (new.name.as_str(), new.weight.to_string().as_str()),
            ("new", "0.1")
        );
        assert_eq!(new.uri.to_string(), "s3://bucket/a/model.tar.gz");
        let plain = parse("old=s3://bucket/a/model.tar.gz").unwrap();
        assert_eq!(plain.weight.to_string(), "1");
        for (text, expected) in [
            ("s3://bucket/model.tar.gz", "NAME=S3URI:WEIGHT"),
            ("bad_name=s3://bucket/x:1", "bad_name"),
            ("new=bucket/x:1", "bucket/x"),
            ("new=s3://bucket/x:-1", "at least 0"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn invalid_weights_and_rollouts_are_rejected_with_the_expected_syntax() {
        assert_eq!(
            "old=0.9".parse::<Weight>().unwrap().weight.to_string(),
            "0.9"
        );
        assert!("old".parse::<Weight>().unwrap_err().contains("NAME=WEIGHT"));
        assert!(
            "old=NaN"
                .parse::<Weight>()
                .unwrap_err()
                .contains("at least 0")
        );
        assert_eq!(parse_rollout("all-at-once"), Ok(Shift::AllAtOnce));
        let canary = Shift::Canary {
            percent: 10,
            wait_seconds: STEP_SECONDS,
        };
        assert_eq!(parse_rollout("canary:10"), Ok(canary));
        for text in ["canary", "canary:60", "linear:5", "linear:x", "rolling:10"] {
            assert!(
                parse_rollout(text).unwrap_err().contains("canary:10"),
                "{text}"
            );
        }
    }
}
