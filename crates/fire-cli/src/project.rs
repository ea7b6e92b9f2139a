//! AWS resources of a run.

use sagemaker_ops::storage::BucketOrigin;
use sagemaker_ops::{BucketName, Clients, ImageUri, RoleArn, S3Uri};

use crate::ProjectArgs;

/// The AWS resources of a run: bucket, role and image.
#[derive(Debug, Clone)]
pub struct Project {
    /// The bucket for data, models and results.
    pub bucket: BucketName,
    /// Whether the bucket may be created.
    pub origin: BucketOrigin,
    /// The role that SageMaker assumes.
    pub role: RoleArn,
    /// The container image for training and serving.
    pub image: ImageUri,
}

impl Project {
    /// Fills in missing arguments from the caller's account and region, and ensures that the bucket exists.
    ///
    /// Creates the default bucket if it is missing, but never a bucket given by name.
    pub async fn resolve(args: &ProjectArgs, clients: &Clients) -> anyhow::Result<Self> {
        let project = Self::planned(args, clients).await?;
        project.ensure_bucket(clients).await?;
        Ok(project)
    }

    /// Creates the default bucket if it is missing.
    pub async fn ensure_bucket(&self, clients: &Clients) -> anyhow::Result<()> {
        Ok(sagemaker_ops::storage::ensure_bucket(clients, &self.bucket, self.origin).await?)
    }

    /// The URI of a key or prefix in the bucket; see [`fire_run::layout`] for the keys.
    pub fn uri(&self, key: &str) -> S3Uri {
        S3Uri::new(&self.bucket, key)
    }

    /// Fills in missing arguments from the caller's account and region, without changing anything.
    pub async fn planned(args: &ProjectArgs, clients: &Clients) -> anyhow::Result<Self> {
        let account = sagemaker_ops::account(clients).await?;
        let (bucket, origin) = if let Some(bucket) = &args.bucket {
            (bucket.clone(), BucketOrigin::Named)
        } else {
            let name = format!("fire-detection-training-{account}");
            (name.parse()?, BucketOrigin::Default)
        };
        let role = match &args.role_arn {
            Some(role) => role.clone(),
            None => format!("arn:aws:iam::{account}:role/SageMakerExecutionRole").parse()?,
        };
        let image = match &args.image_uri {
            Some(image) => image.clone(),
            None => default_image(account.as_str(), clients.region()).parse()?,
        };
        Ok(Self {
            bucket,
            origin,
            role,
            image,
        })
    }
}

fn default_image(account: &str, region: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("{account}.dkr.ecr.{region}.amazonaws.com/fire-container:{version}")
}
