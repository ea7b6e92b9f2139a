//! The arguments, and what they mean to each step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::anyhow;
use clap::Parser;
use ensemble::voting::{WeightMetric, Weighting};
use fire_cli::{
    CommonArgs, DEFAULT_MODEL_NAME, EXIT_CODES, ProjectArgs, SpendingArgs, parse_tags, usage,
};
use sagemaker_ops::endpoint::ContentDigest;
use sagemaker_ops::{EndpointConfigName, EndpointName, ModelName, S3Uri, VariantName};

use crate::serving_args::{ServingArgs, VariantSpec};

const EXAMPLES: &str = "\
Examples:
  deploy-100k --model-uri s3://BUCKET/flir_scd41_training/models/JOB/output/model.tar.gz --wait --test
  deploy-100k --model-uri URI_OF_RF --model-uri URI_OF_GB --model-uri URI_OF_LR --test
                                              weigh three models into an ensemble and deploy it
  deploy-100k --variant old=URI:0.9 --variant new=URI:0.1 --instance-type ml.m5.large --test
                                              two models that share the requests
  deploy-100k --shift old=0.5,new=0.5         change their shares while they serve
  deploy-100k --model-uri URI --instance-type ml.m5.large --autoscale 1..4 --target-invocations 600
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
    #[arg(long, value_name = "S3URI", num_args = 1.., required_unless_present_any = ["delete", "variant", "shift"])]
    pub model_uri: Vec<S3Uri>,

    /// Name of the model; digits that follow from its content are added
    #[arg(long, default_value = DEFAULT_MODEL_NAME)]
    pub model_name: ModelName,

    /// Name of the endpoint, which callers know; an existing one is updated
    /// [default: the model name and `-endpoint`]
    #[arg(long)]
    pub endpoint_name: Option<EndpointName>,

    /// What serves, how it scales and how it changes.
    #[command(flatten)]
    pub serving: ServingArgs,

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

    /// Delete the endpoint, its scaling, its configurations and its models
    #[arg(long, conflicts_with_all = ["model_uri", "variant", "shift", "wait", "test"])]
    pub delete: bool,

    /// Tag of models, configuration and endpoint; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub tag: Vec<String>,

    /// Limits and checks before anything is created.
    #[command(flatten)]
    pub spending: SpendingArgs,
}

/// A variant and the models that it is made of; several are combined.
#[derive(Debug, Clone)]
pub(crate) struct VariantOf {
    pub(crate) name: VariantName,
    pub(crate) weight: f64,
    pub(crate) models: Vec<S3Uri>,
}

impl From<&VariantSpec> for VariantOf {
    fn from(spec: &VariantSpec) -> Self {
        Self {
            name: spec.name.clone(),
            weight: spec.weight,
            models: vec![spec.uri.clone()],
        }
    }
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
        // What a flag can be wrong about is found here, before any call.
        self.tags()?;
        self.serving.capacity()?;
        self.serving.capture()?;
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

    /// A test needs an endpoint that is in service, and so does scaling.
    pub(crate) fn waits(&self) -> bool {
        self.wait || self.test || self.serving.autoscale.is_some()
    }

    /// The variants to deploy: those named, or one that gets all requests.
    pub(crate) fn variants(&self) -> Vec<VariantOf> {
        if self.serving.variant.is_empty() {
            return vec![VariantOf {
                name: VariantName::all_traffic(),
                weight: 1.0,
                models: self.model_uri.clone(),
            }];
        }
        let variants = self.serving.variant.iter();
        variants.map(VariantOf::from).collect()
    }

    /// The tags by key.
    pub(crate) fn tags(&self) -> anyhow::Result<BTreeMap<String, String>> {
        parse_tags(&self.tag)
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
    /// The name of this deployment's model; one of several is named after its variant, too.
    pub(crate) fn model_of(
        &self,
        variant: &VariantName,
        digest: &ContentDigest,
    ) -> anyhow::Result<ModelName> {
        let base = if *variant == VariantName::all_traffic() {
            self.model.to_string()
        } else {
            format!("{}-{variant}", self.model)
        };
        ModelName::suffixed(&base, digest.as_str()).map_err(usage)
    }

    /// The name of this deployment's endpoint configuration.
    pub(crate) fn config(&self, digest: &ContentDigest) -> anyhow::Result<EndpointConfigName> {
        let name = EndpointConfigName::suffixed(self.endpoint.as_str(), digest.as_str());
        name.map_err(usage)
    }
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
