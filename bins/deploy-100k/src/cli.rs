//! The arguments, and the command they describe.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::anyhow;
use clap::Parser;
use ensemble::voting::{WeightMetric, Weighting};
use fire_cli::{
    CommonArgs, DEFAULT_MODEL_NAME, EXIT_CODES, ProjectArgs, SpendingArgs, parse_tags, usage,
};
use sagemaker_ops::{EndpointName, ModelName, S3Uri, VariantName};

use crate::plan::{self, Command, EnsemblePolicy, Plan, Preflight, ShiftPlan, VariantPlan};
use crate::serving_args::{ServingArgs, VariantSpec};

const EXAMPLES: &str = "\
Examples:
  deploy-100k --model-uri s3://BUCKET/flir_scd41_training/models/JOB/output/model.tar.gz --wait --test
  deploy-100k --model-uri URI_OF_RF --model-uri URI_OF_GB --model-uri URI_OF_LR --test
                                              combine three models into an ensemble and deploy it
  deploy-100k --variant old=URI:0.9 --variant new=URI:0.1 --instance-type ml.m5.large --test
                                              split traffic between two models
  deploy-100k --shift old=0.5,new=0.5         shift traffic without redeploying
  deploy-100k --model-uri URI --instance-type ml.m5.large --autoscale 1..4 --target-invocations 600
  deploy-100k --endpoint-name flir-scd41-best-model-endpoint --delete

An endpoint on AWS costs money until it is deleted.";

/// Combines trained models, deploys them to a SageMaker endpoint and tests its predictions.
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

    /// Model name prefix; a content hash is appended
    #[arg(long, default_value = DEFAULT_MODEL_NAME)]
    pub model_name: ModelName,

    /// Name of the endpoint; an existing one is updated
    /// [default: the model name plus `-endpoint`]
    #[arg(long)]
    pub endpoint_name: Option<EndpointName>,

    /// Instances, variants, scaling and rollout.
    #[command(flatten)]
    pub serving: ServingArgs,

    /// How ensemble weights are chosen: `exponential` or `stacked`
    #[arg(long, default_value = "exponential")]
    pub weighting: Weighting,

    /// Validation metric used to compute exponential weights: auc, f1, accuracy or logloss
    #[arg(long, default_value = "auc")]
    pub weight_metric: WeightMetric,

    /// Wait until the endpoint is in service
    #[arg(long)]
    pub wait: bool,

    /// Send the model's built-in probe rows to the endpoint and check the responses; implies --wait
    #[arg(long)]
    pub test: bool,

    /// Seconds to wait for the endpoint
    #[arg(long, default_value = "1800", value_name = "SECONDS")]
    pub timeout: u64,

    /// Delete the endpoint and its scaling policies, endpoint configurations and models
    #[arg(long, conflicts_with_all = ["model_uri", "variant", "shift", "wait", "test"])]
    pub delete: bool,

    /// Tag for the models, endpoint configuration and endpoint; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub tag: Vec<String>,

    /// Limits and checks before anything is created.
    #[command(flatten)]
    pub spending: SpendingArgs,
}

impl Args {
    /// Validates every flag, before any API call, and returns the command.
    ///
    /// # Errors
    /// An invalid flag, even one that the command does not use (exit code 2).
    pub(crate) fn command(&self) -> anyhow::Result<Command> {
        let plan = self.plan()?;
        if self.delete {
            return Ok(Command::Delete(plan.endpoint));
        }
        if !self.serving.shift.is_empty() {
            let weights = self.serving.shift.iter();
            return Ok(Command::Shift(ShiftPlan {
                endpoint: plan.endpoint,
                weights: weights
                    .map(|shift| (shift.name.clone(), shift.weight))
                    .collect(),
                wait: plan.wait,
            }));
        }
        Ok(Command::Deploy(Box::new(plan)))
    }

    fn plan(&self) -> anyhow::Result<Plan> {
        let tags = parse_tags(&self.tag)?;
        let serving = self.serving.serving()?;
        let endpoint = self.endpoint()?;
        Ok(Plan {
            backend: self.common.backend,
            model_name: self.model_name.clone(),
            variants: self.variants()?,
            policy: EnsemblePolicy {
                weighting: self.weighting,
                metric: self.weight_metric,
            },
            preflight: match (self.spending.dry_run, self.spending.skip_preflight) {
                (true, _) => Preflight::DryRun,
                (false, true) => Preflight::Skip,
                (false, false) => Preflight::Check,
            },
            max_hourly_usd: self.spending.max_cost,
            // Testing and scaling need an endpoint that is in service.
            wait: (self.wait || self.test || serving.scaling.is_some())
                .then(|| Duration::from_secs(self.timeout)),
            test: self.test,
            state_dir: self.common.state_dir()?,
            run: plan::run_of(&self.model_uri),
            delete_command: format!(
                "{} --endpoint-name {endpoint} --delete {}",
                fire_cli::sibling_program("deploy-100k"),
                self.common.backend_flags()?
            ),
            endpoint,
            serving,
            tags,
        })
    }

    fn endpoint(&self) -> anyhow::Result<EndpointName> {
        match &self.endpoint_name {
            Some(endpoint) => Ok(endpoint.clone()),
            None => format!("{}-endpoint", self.model_name)
                .parse()
                .map_err(usage),
        }
    }

    /// The named variants, or a single one that gets all traffic.
    fn variants(&self) -> anyhow::Result<Vec<VariantPlan>> {
        let distinct: BTreeSet<&S3Uri> = self.model_uri.iter().collect();
        if distinct.len() < self.model_uri.len() {
            return Err(usage(anyhow!(
                "--model-uri names the same model twice; pass each model once"
            )));
        }
        if self.serving.variant.is_empty() {
            return Ok(vec![VariantPlan {
                name: VariantName::all_traffic(),
                weight: 1.0,
                models: self.model_uri.clone(),
            }]);
        }
        let variant = |spec: &VariantSpec| VariantPlan {
            name: spec.name.clone(),
            weight: spec.weight,
            models: vec![spec.uri.clone()],
        };
        Ok(self.serving.variant.iter().map(variant).collect())
    }
}

#[cfg(test)]
mod tests {
    use sagemaker_ops::endpoint::Capacity;

    use super::*;

    const URI: &str = "s3://fire-detection-training-691595239825/flir_scd41_training/models/model-name/output/model.tar.gz";
    const RF: &str =
        "s3://bucket/flir_scd41_training/models/flir-scd41-rf-100k-a/output/model.tar.gz";
    const GB: &str =
        "s3://bucket/flir_scd41_training/models/flir-scd41-gb-100k-a/output/model.tar.gz";

    fn parse(flags: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once(&"deploy-100k").chain(flags))
    }

    fn command(flags: &[&str]) -> anyhow::Result<Command> {
        parse(flags).unwrap().command()
    }

    fn plan(flags: &[&str]) -> Plan {
        match command(flags).unwrap() {
            Command::Deploy(plan) => *plan,
            other => panic!("{flags:?} is {other:?}"),
        }
    }

    #[test]
    fn the_documented_command_yields_the_documented_names() {
        let plan = plan(&[
            "--model-uri",
            URI,
            "--model-name",
            "flir-scd41-best-model",
            "--instance-type",
            "ml.t2.medium",
            "--wait",
            "--test",
        ]);
        assert_eq!(plan.endpoint.as_str(), "flir-scd41-best-model-endpoint");
        let [variant] = plan.variants.as_slice() else {
            panic!("{:?}", plan.variants);
        };
        assert_eq!(variant.name, VariantName::all_traffic());
        assert_eq!(variant.models[0].to_string(), URI);
        assert_eq!(plan.wait, Some(Duration::from_mins(30)));
        assert!(plan.test && plan.run.is_none());
        assert_eq!(plan.preflight, Preflight::Check);
        let machine = Capacity::Instances {
            instance_type: "ml.t2.medium".to_owned(),
            count: 1,
        };
        assert_eq!(plan.serving.capacity, machine);
    }

    #[test]
    fn several_models_form_one_variant_and_each_named_variant_has_one_model() {
        let ensemble = plan(&["--model-uri", RF, "--model-uri", GB]);
        assert_eq!(ensemble.variants.len(), 1);
        assert_eq!(ensemble.variants[0].models.len(), 2);
        assert_eq!(ensemble.run.unwrap().as_str(), "a");

        let (old, new) = (format!("old={RF}:0.9"), format!("new={GB}:0.1"));
        let split = plan(&["--variant", &old, "--variant", &new]);
        let variants = split.variants.iter();
        let variants: Vec<_> = variants
            .map(|variant| (variant.name.as_str(), variant.weight.to_string()))
            .collect();
        assert_eq!(variants, [("old", "0.9".into()), ("new", "0.1".into())]);
        assert_eq!(split.run, None);
    }

    #[test]
    fn testing_and_scaling_imply_waiting() {
        let waits = |flags: &[&str]| plan(&[&["--model-uri", URI], flags].concat()).wait;
        assert_eq!(waits(&[]), None);
        assert_eq!(waits(&["--timeout", "5"]), None);
        for flags in [&["--wait"][..], &["--test"], &["--autoscale", "1..4"]] {
            let flags = [flags, &["--timeout", "5"]].concat();
            assert_eq!(waits(&flags), Some(Duration::from_secs(5)), "{flags:?}");
        }
    }

    #[test]
    fn delete_and_shift_need_no_model() {
        let found = command(&["--delete", "--endpoint-name", "e"]).unwrap();
        assert!(matches!(found, Command::Delete(name) if name.as_str() == "e"));
        let found = command(&["--shift", "old=0.5,new=0.5", "--wait"]).unwrap();
        let Command::Shift(shift) = found else {
            panic!("{found:?}");
        };
        assert_eq!(shift.endpoint.as_str(), "flir-scd41-best-model-endpoint");
        assert_eq!(shift.weights.len(), 2);
        assert!(shift.wait.is_some());
    }

    #[test]
    fn the_delete_command_reaches_the_same_endpoint_on_the_same_backend() {
        let local = ["--model-uri", URI, "--endpoint-name", "e"];
        let here = plan(&[&local[..], &["--state-dir", "/tmp/my state"]].concat());
        let expected = "--endpoint-name e --delete --state-dir '/tmp/my state'";
        assert!(
            here.delete_command.ends_with(expected),
            "{}",
            here.delete_command
        );
        let there = plan(&[&local[..], &["--backend", "aws", "--region", "eu-west-1"]].concat());
        let expected = "--endpoint-name e --delete --backend aws --region eu-west-1";
        assert!(
            there.delete_command.ends_with(expected),
            "{}",
            there.delete_command
        );
    }

    #[test]
    fn unparsable_or_contradictory_arguments_are_rejected() {
        let variant = format!("a={URI}");
        let cases: [&[&str]; 9] = [
            &[],
            &["--model-uri", "http://bucket/key"],
            &["--model-uri", URI, "--model-name", "bad_name"],
            &["--model-uri", URI, "--endpoint-name", "-bad"],
            &["--model-uri", URI, "--weighting", "majority"],
            &["--model-uri", URI, "--delete"],
            &["--model-uri", URI, "--variant", &variant],
            &[
                "--model-uri",
                URI,
                "--serverless",
                "2048",
                "--autoscale",
                "1..4",
            ],
            &["--shift", "a=1", "--test"],
        ];
        for flags in cases {
            assert_eq!(parse(flags).unwrap_err().exit_code(), 2, "{flags:?}");
        }
    }

    #[test]
    fn invalid_values_are_rejected_before_any_call() {
        let cases: [(&[&str], &str); 5] = [
            (&["--model-uri", URI, URI], "same model twice"),
            (&["--model-uri", URI, "--tag", "team"], "KEY=VALUE"),
            (&["--model-uri", URI, "--serverless", "1500"], "2048"),
            (
                &["--model-uri", URI, "--capture", "s3://bucket/c", "half"],
                "`half`",
            ),
            (&["--delete", "--tag", "aws:x=1"], "aws:"),
        ];
        for (flags, expected) in cases {
            let error = command(flags).unwrap_err();
            assert_eq!(fire_cli::exit_of(&error), fire_cli::Exit::Usage);
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        }
    }
}
