//! The SageMaker resources of a deployment, and their names.
//!
//! Names end in a content hash, so repeating a call yields the same names. The hashed fields and
//! their order must not change: otherwise deployments made by earlier versions would not be found.

use std::collections::BTreeMap;

use fire_cli::{Project, usage};
use fire_run::layout;
use sagemaker_ops::endpoint::{ContentDigest, Deployment, NewVariant};
use sagemaker_ops::{EndpointConfigName, ModelName, VariantName};

use crate::models::{Model, Source};
use crate::plan::{Plan, VariantPlan};

/// The deployment of these models, which are in the order of the plan's variants.
///
/// # Errors
/// A deployment that SageMaker would reject, such as one with two variants of the same name.
pub(crate) fn resolve(
    plan: &Plan,
    project: &Project,
    models: &[Model],
) -> anyhow::Result<Deployment> {
    let sources = models.iter().map(|model| &model.source);
    from_sources(plan, project, sources)
}

fn from_sources<'a>(
    plan: &Plan,
    project: &Project,
    sources: impl Iterator<Item = &'a Source>,
) -> anyhow::Result<Deployment> {
    let variants = plan.variants.iter().zip(sources);
    let variants: Vec<NewVariant> = variants
        .map(|(variant, source)| resolve_variant(plan, project, variant, source))
        .collect::<anyhow::Result<_>>()?;
    let deployment = Deployment {
        endpoint: plan.endpoint.clone(),
        config: config_name(plan, &variants)?,
        role: project.role.clone(),
        variants,
        capture: plan.serving.capture.clone(),
        rollout: plan.serving.rollout.clone(),
        tags: plan.tags.clone(),
    };
    deployment.check()?;
    Ok(deployment)
}

fn resolve_variant(
    plan: &Plan,
    project: &Project,
    variant: &VariantPlan,
    source: &Source,
) -> anyhow::Result<NewVariant> {
    // All inputs of CreateModel, and the endpoint, because models are deleted with it.
    let content = (
        (&plan.endpoint, &variant.name, source.identity()),
        (&project.image, &project.role, &plan.tags),
    );
    let name = model_name(
        &plan.model_name,
        &variant.name,
        &ContentDigest::of(&content)?,
    )?;
    let model_data = match source.stored_at() {
        Some(uri) => uri.clone(),
        // The URI of an ensemble is derived from its name.
        None => project.uri(&layout::model(name.as_str())),
    };
    Ok(NewVariant {
        name: variant.name.clone(),
        weight: variant.weight,
        model: name,
        image: project.image.clone(),
        model_data,
        capacity: plan.serving.capacity.clone(),
        environment: BTreeMap::new(),
        // A model loads in milliseconds, so the service's default is enough.
        startup_timeout_seconds: None,
    })
}

/// The model's name includes the variant's, unless it is the default variant for all traffic.
fn model_name(
    base: &ModelName,
    variant: &VariantName,
    digest: &ContentDigest,
) -> anyhow::Result<ModelName> {
    let base = if *variant == VariantName::all_traffic() {
        base.to_string()
    } else {
        format!("{base}-{variant}")
    };
    ModelName::suffixed(&base, digest.as_str()).map_err(usage)
}

fn config_name(plan: &Plan, variants: &[NewVariant]) -> anyhow::Result<EndpointConfigName> {
    // All inputs of CreateEndpointConfig; a model's name also identifies its URI.
    let content: Vec<_> = variants
        .iter()
        .map(|variant| {
            (
                &variant.name,
                &variant.model,
                variant.weight,
                &variant.capacity,
            )
        })
        .collect();
    let digest = ContentDigest::of(&(content, &plan.serving.capture, &plan.tags))?;
    EndpointConfigName::suffixed(plan.endpoint.as_str(), digest.as_str()).map_err(usage)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use sagemaker_ops::storage::BucketOrigin;

    use super::*;
    use crate::Args;
    use crate::plan::Command;

    const URI: &str = "s3://bucket/models/a/output/model.tar.gz";

    fn project() -> Project {
        Project {
            bucket: "bucket".parse().unwrap(),
            origin: BucketOrigin::Named,
            role: "arn:aws:iam::691595239825:role/R".parse().unwrap(),
            image: "691595239825.dkr.ecr.us-east-1.amazonaws.com/fire-container:0.1.0"
                .parse()
                .unwrap(),
        }
    }

    fn stored(content: &[u8]) -> Source {
        Source::Stored {
            uri: URI.parse().unwrap(),
            digest: ContentDigest::of_bytes(content),
        }
    }

    fn ensemble() -> Source {
        Source::Combined {
            members: vec![URI.parse().unwrap()],
            tar_gz: b"ensemble".to_vec(),
        }
    }

    fn deployment(flags: &[&str], sources: &[Source]) -> anyhow::Result<Deployment> {
        let names = ["--model-name", "m", "--endpoint-name", "e"];
        let words = [&["deploy-100k"], &names[..], flags].concat();
        match Args::try_parse_from(words).unwrap().command().unwrap() {
            Command::Deploy(plan) => from_sources(&plan, &project(), sources.iter()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_same_content_gets_the_same_names_as_in_earlier_versions() {
        let flags = ["--model-uri", URI, "--tag", "team=fire"];
        let one = deployment(&flags, &[stored(b"a")]).unwrap();
        assert_eq!(one.variants[0].model.as_str(), "m-fffc9683693c");
        assert_eq!(one.config.as_str(), "e-9a8253f74be0");
        assert_eq!(one.variants[0].model_data.to_string(), URI);

        let combined = deployment(&flags, &[ensemble()]).unwrap();
        assert_eq!(combined.variants[0].model.as_str(), "m-3848063cce13");
        assert_eq!(combined.config.as_str(), "e-aea0531e88d2");
    }

    #[test]
    fn an_ensemble_is_stored_under_its_name() {
        let deployment = deployment(&["--model-uri", URI], &[ensemble()]).unwrap();
        let variant = &deployment.variants[0];
        let expected = project().uri(&layout::model(variant.model.as_str()));
        assert_eq!(variant.model_data, expected);
    }

    #[test]
    fn any_change_of_content_changes_the_names() {
        let names = |flags: &[&str], content: &[u8]| {
            let flags = [&["--model-uri", URI], flags].concat();
            let deployment = deployment(&flags, &[stored(content)]).unwrap();
            let model = deployment.variants[0].model.to_string();
            (model, deployment.config.to_string())
        };
        let (model, config) = names(&[], b"a");
        assert_eq!(names(&[], b"a"), (model.clone(), config.clone()));
        for (flags, content) in [(&[][..], b"b"), (&["--tag", "team=fire"], b"a")] {
            let changed = names(flags, content);
            assert!(changed.0 != model && changed.1 != config, "{flags:?}");
        }
        // The model's name does not depend on its instances.
        let (same, changed) = names(&["--instance-count", "2"], b"a");
        assert!(same == model && changed != config);
    }

    #[test]
    fn a_variants_name_is_part_of_its_models_name() {
        let (a, b) = (format!("a={URI}:0.9"), format!("b={URI}:0.1"));
        let flags = ["--variant", &a, "--variant", &b, "--tag", "team=fire"];
        let two = deployment(&flags, &[stored(b"a"), stored(b"b")]).unwrap();
        assert_eq!(two.variants[0].model.as_str(), "m-a-ddd8b18dc183");
        assert!(two.variants[1].model.as_str().starts_with("m-b-"));
    }

    #[test]
    fn contradictions_between_variants_are_found_before_any_call() {
        let variant = format!("a={URI}");
        let twice = ["--variant", &variant, "--variant", &variant];
        let error = deployment(&twice, &[stored(b"a"), stored(b"a")]).unwrap_err();
        assert!(error.to_string().contains("same name"), "{error}");
    }
}
