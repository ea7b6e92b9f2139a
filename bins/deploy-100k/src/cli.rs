//! The arguments, and what they mean to each step.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::anyhow;
use clap::Parser;
use ensemble::weights::{WeightMetric, Weighting};
use fire_cli::{CommonArgs, DEFAULT_MODEL_NAME, EXIT_CODES, ProjectArgs, Stamp, usage};
use sagemaker_ops::{EndpointConfigName, EndpointName, ModelName, S3Uri};

const EXAMPLES: &str = "\
Examples:
  deploy-100k --model-uri s3://BUCKET/flir_scd41_training/models/JOB/output/model.tar.gz --wait --test
  deploy-100k --model-uri URI_OF_RF --model-uri URI_OF_GB --model-uri URI_OF_LR --test
                                              weigh three models into an ensemble and deploy it
  deploy-100k --endpoint-name flir-scd41-best-model-endpoint --delete

An endpoint on AWS costs money until it is deleted.";

/// Combines trained models, puts them behind a SageMaker endpoint and tests its answers.
#[derive(Debug, Clone, Parser)]
#[command(name = "deploy-100k", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Args {
    /// Backend and output.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Bucket, role and image.
    #[command(flatten)]
    pub project: ProjectArgs,

    /// model.tar.gz of a training job; several are combined into one ensemble
    #[arg(long, value_name = "S3URI", num_args = 1.., required_unless_present = "delete")]
    pub model_uri: Vec<S3Uri>,

    /// Name of the model; a time stamp is added
    #[arg(long, default_value = DEFAULT_MODEL_NAME)]
    pub model_name: ModelName,

    /// Name of the endpoint, which callers know; an existing one is updated
    /// [default: the model name and `-endpoint`]
    #[arg(long)]
    pub endpoint_name: Option<EndpointName>,

    /// Instance type of the endpoint
    #[arg(long, default_value = "ml.t2.medium", value_parser = fire_cli::instance_type)]
    pub instance_type: String,

    /// Instances of the endpoint
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub instance_count: u32,

    /// How the members of an ensemble are weighed: `exponential` or `stacked`
    #[arg(long, default_value = "exponential")]
    pub weighting: Weighting,

    /// The validation figure that exponential weights follow: auc, f1, accuracy, logloss
    #[arg(long, default_value = "auc")]
    pub weight_metric: WeightMetric,

    /// Wait until the endpoint is in service
    #[arg(long)]
    pub wait: bool,

    /// Send the model's probe rows to the endpoint and check the answers; implies --wait
    #[arg(long)]
    pub test: bool,

    /// Seconds to wait for the endpoint
    #[arg(long, default_value = "1800", value_name = "SECONDS")]
    pub timeout: u64,

    /// Delete the endpoint, its configuration and its models
    #[arg(long, conflicts_with_all = ["model_uri", "wait", "test"])]
    pub delete: bool,
}

/// The stable names of a deployment.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) model: ModelName,
    pub(crate) endpoint: EndpointName,
}

/// How members are weighed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) weighting: Weighting,
    pub(crate) metric: WeightMetric,
}

impl Args {
    pub(crate) fn names(&self) -> anyhow::Result<Names> {
        let given: BTreeSet<&S3Uri> = self.model_uri.iter().collect();
        if given.len() < self.model_uri.len() {
            return Err(usage(anyhow!(
                "--model-uri names one model twice; give each once"
            )));
        }
        let endpoint = match &self.endpoint_name {
            Some(endpoint) => endpoint.clone(),
            None => format!("{}-endpoint", self.model_name)
                .parse()
                .map_err(usage)?,
        };
        Ok(Names {
            model: self.model_name.clone(),
            endpoint,
        })
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy {
            weighting: self.weighting,
            metric: self.weight_metric,
        }
    }

    /// A test needs an endpoint that is in service.
    pub(crate) fn waits(&self) -> bool {
        self.wait || self.test
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// The command that removes everything that this call creates.
    pub(crate) fn delete_command(&self, names: &Names) -> anyhow::Result<String> {
        Ok(format!(
            "{} --endpoint-name {} --delete {}",
            fire_cli::sibling_program("deploy-100k"),
            names.endpoint,
            self.common.backend_flags()?
        ))
    }
}

impl Names {
    /// The name of this deployment's model.
    pub(crate) fn model_stamped(&self, stamp: &Stamp) -> String {
        stamped(self.model.as_str(), stamp)
    }

    /// The name of this deployment's endpoint configuration.
    pub(crate) fn config(&self, stamp: &Stamp) -> anyhow::Result<EndpointConfigName> {
        let name = EndpointConfigName::stamped(self.endpoint.as_str(), &stamp.to_string());
        name.map_err(usage)
    }
}

fn stamped(base: &str, stamp: &Stamp) -> String {
    ModelName::stamped(base, &stamp.to_string())
        .map_or_else(|_| format!("{base}-{stamp}"), |name| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "s3://fire-detection-training-691595239825/flir_scd41_training/models/model-name/output/model.tar.gz";

    fn parse(flags: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once(&"deploy-100k").chain(flags))
    }

    #[test]
    fn the_documented_command_means_the_documented_names() {
        let args = parse(&[
            "--model-uri",
            URI,
            "--model-name",
            "flir-scd41-best-model",
            "--instance-type",
            "ml.t2.medium",
            "--wait",
            "--test",
        ])
        .unwrap();
        assert_eq!(
            args.names().unwrap().endpoint.as_str(),
            "flir-scd41-best-model-endpoint"
        );
        assert_eq!(args.model_uri[0].to_string(), URI);
        assert!(args.waits());
    }

    #[test]
    fn wrong_arguments_are_refused_before_any_call() {
        let cases: [&[&str]; 6] = [
            &[],
            &["--model-uri", "http://bucket/key"],
            &["--model-uri", URI, "--model-name", "bad_name"],
            &["--model-uri", URI, "--endpoint-name", "-bad"],
            &["--model-uri", URI, "--weighting", "majority"],
            &["--model-uri", URI, "--delete"],
        ];
        for flags in cases {
            assert_eq!(parse(flags).unwrap_err().exit_code(), 2, "{flags:?}");
        }
        let twice = parse(&["--model-uri", URI, URI]).unwrap();
        assert!(twice.names().is_err());
    }
}
