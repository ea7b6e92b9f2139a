//! The models of a deployment: one per variant, either loaded or combined from several.

use fire_cli::{fetch_model, fetch_output, usage};
use fire_run::{Channel, Package};
use sagemaker_ops::endpoint::ContentDigest;
use sagemaker_ops::{Clients, S3Uri, storage};

use crate::combine::{self, EpisodePredictions, HeldOut, Member};
use crate::plan::{EnsemblePolicy, Plan};

/// A model that is ready to be deployed.
pub(crate) struct Model {
    pub(crate) package: Package,
    pub(crate) source: Source,
}

/// Where a model comes from.
pub(crate) enum Source {
    /// A training job; the digest is that of its `model.tar.gz`.
    Stored { uri: S3Uri, digest: ContentDigest },
    /// Several models combined here; the ensemble is not in S3 yet.
    Combined {
        members: Vec<S3Uri>,
        tar_gz: Vec<u8>,
    },
}

impl Source {
    /// Identifies the model by the digest of its file, and by its URI unless it was combined here.
    pub(crate) fn identity(&self) -> String {
        match self {
            Source::Stored { uri, digest } => format!("{uri} {}", digest.as_str()),
            Source::Combined { tar_gz, .. } => ContentDigest::of_bytes(tar_gz).as_str().to_owned(),
        }
    }

    /// The URI of the `model.tar.gz`; `None` for an ensemble, whose URI is derived from its name.
    pub(crate) fn stored_at(&self) -> Option<&S3Uri> {
        match self {
            Source::Stored { uri, .. } => Some(uri),
            Source::Combined { .. } => None,
        }
    }

    /// The members of an ensemble; empty for the model of a single training job.
    pub(crate) fn members(&self) -> &[S3Uri] {
        match self {
            Source::Stored { .. } => &[],
            Source::Combined { members, .. } => members,
        }
    }
}

/// Loads the model of each variant, in the order of the plan.
///
/// # Errors
/// An archive without a model of this schema, or members evaluated on different rows.
pub(crate) async fn load(clients: &Clients, plan: &Plan) -> anyhow::Result<Vec<Model>> {
    let mut models = Vec::new();
    for variant in &plan.variants {
        models.push(match variant.models.as_slice() {
            [uri] => load_one(clients, uri).await?,
            uris => load_ensemble(clients, uris, plan.policy).await?,
        });
    }
    Ok(models)
}

async fn load_one(clients: &Clients, uri: &S3Uri) -> anyhow::Result<Model> {
    let fetched = fetch_model(clients, uri, sensor_model::fingerprint()).await?;
    let source = Source::Stored {
        uri: uri.clone(),
        digest: fetched.digest,
    };
    Ok(Model {
        package: fetched.package,
        source,
    })
}

async fn load_ensemble(
    clients: &Clients,
    uris: &[S3Uri],
    policy: EnsemblePolicy,
) -> anyhow::Result<Model> {
    let mut members = Vec::new();
    for uri in uris {
        members.push(fetch_member(clients, uri).await?);
    }
    // Weights are chosen row by row, so all members must have predicted the same rows.
    combine::check_same_rows(&members).map_err(usage)?;
    let package = combine::combine(members, policy)?;
    let source = Source::Combined {
        members: uris.to_vec(),
        tar_gz: package.pack()?,
    };
    Ok(Model { package, source })
}

async fn fetch_member(clients: &Clients, uri: &S3Uri) -> anyhow::Result<Member> {
    let stored = fetch_model(clients, uri, sensor_model::fingerprint()).await?;
    let output = fetch_output(clients, uri).await?;
    let [validation, test] = Channel::ALARM.map(|channel| output.predictions(channel));
    let held_out = HeldOut {
        validation: output.required(Channel::Validation)?,
        test: output.required(Channel::Test)?,
        episodes: validation?
            .zip(test?)
            .map(|(validation, test)| EpisodePredictions { validation, test }),
    };
    Ok(Member {
        uri: uri.clone(),
        artifact: stored.package.artifact,
        held_out,
    })
}

/// Uploads an ensemble; the model of a training job is already stored.
pub(crate) async fn store(clients: &Clients, model: &Model, uri: &S3Uri) -> anyhow::Result<()> {
    if let Source::Combined { tar_gz, .. } = &model.source {
        storage::put_bytes(clients, uri, tar_gz.clone()).await?;
    }
    Ok(())
}
