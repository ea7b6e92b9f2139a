//! Where things lie in S3, and what belongs to the account.

use std::time::SystemTime;

use ensemble::Algorithm;
use sagemaker_ops::storage::BucketOrigin;
use sagemaker_ops::{BucketName, Clients, ImageUri, JobName, RoleArn, S3Uri};

use crate::{ProjectArgs, RunName, Stamp, usage};

/// The prefix of everything, as the documentation's URIs have it.
const PREFIX: &str = "flir_scd41_training";

/// The S3 keys of a bucket:
///
/// ```text
/// flir_scd41_training/data/<run>/<part>/part-00000.parquet
/// flir_scd41_training/data/<run>/manifest.json
/// flir_scd41_training/models/<job>/output/model.tar.gz
/// flir_scd41_training/checkpoints/<job>/            of a spot job
/// flir_scd41_training/results/<run>/report.json
/// ```
#[derive(Debug, Clone)]
pub struct Layout {
    root: S3Uri,
}

impl Layout {
    /// The layout of one bucket.
    pub fn new(bucket: &BucketName) -> Self {
        Self {
            root: S3Uri::new(bucket, PREFIX),
        }
    }

    /// The folder of one part of a dataset, ending in `/` as a channel's prefix should.
    pub fn part(&self, run: &RunName, part: &str) -> S3Uri {
        self.root.join(&format!("data/{run}/{part}/"))
    }

    /// The dataset's manifest; it is written last, so it exists only for whole datasets.
    pub fn manifest(&self, run: &RunName) -> S3Uri {
        self.root.join(&format!("data/{run}/manifest.json"))
    }

    /// Where a spot job's checkpoints are kept.
    pub fn checkpoints(&self, job: &JobName) -> S3Uri {
        self.root.join(&format!("checkpoints/{job}/"))
    }

    /// The `S3OutputPath` of training jobs.
    pub fn models(&self) -> S3Uri {
        self.root.join("models")
    }

    /// The artifact of a job or of an ensemble.
    pub fn model_of(&self, name: &str) -> S3Uri {
        self.root
            .join(&format!("models/{name}/output/model.tar.gz"))
    }

    /// A file among the results of a run.
    pub fn result(&self, run: &RunName, file: &str) -> S3Uri {
        self.root.join(&format!("results/{run}/{file}"))
    }

    /// The training job of one algorithm in a run.
    pub fn job(run: &RunName, algorithm: Algorithm) -> anyhow::Result<JobName> {
        let name = format!("flir-scd41-{}-100k-{run}", algorithm.short());
        Ok(name.parse()?)
    }
}

/// What the account contributes: bucket, role, image.
#[derive(Debug, Clone)]
pub struct Project {
    /// The keys of the project's bucket.
    pub layout: Layout,
    /// The bucket itself, and whether it may be created.
    pub bucket: (BucketName, BucketOrigin),
    /// The role that SageMaker assumes.
    pub role: RoleArn,
    /// The container image of training and serving.
    pub image: ImageUri,
}

impl Project {
    /// Fills in what was not given from the caller's account and region, and makes sure of the bucket.
    ///
    /// The default bucket is created when it is missing; a bucket that was named never is.
    pub async fn resolve(args: &ProjectArgs, clients: &Clients) -> anyhow::Result<Self> {
        let project = Self::planned(args, clients).await?;
        project.ensure_bucket(clients).await?;
        Ok(project)
    }

    /// Creates the default bucket when it is missing.
    pub async fn ensure_bucket(&self, clients: &Clients) -> anyhow::Result<()> {
        let (bucket, origin) = &self.bucket;
        Ok(sagemaker_ops::storage::ensure_bucket(clients, bucket, *origin).await?)
    }

    /// Fills in what was not given from the caller's account and region, and changes nothing.
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
            layout: Layout::new(&bucket),
            bucket: (bucket, origin),
            role,
            image,
        })
    }
}

fn default_image(account: &str, region: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("{account}.dkr.ecr.{region}.amazonaws.com/fire-container:{version}")
}

impl RunName {
    /// The given name, else one from the clock.
    pub fn given_or_now(given: Option<RunName>) -> Self {
        given.unwrap_or_else(|| Self::stamped(&Stamp::of(SystemTime::now())))
    }

    /// The run that a training job belongs to.
    pub fn of_job(job: &str) -> anyhow::Result<Self> {
        let run = job
            .strip_prefix("flir-scd41-")
            .and_then(|rest| rest.split_once("-100k-"))
            .map(|(_, run)| run);
        let run = run.ok_or_else(|| {
            usage(anyhow::anyhow!(
                "`{job}` is not named like a job of this pipeline (flir-scd41-rf-100k-<run>)"
            ))
        })?;
        run.parse()
            .map_err(|error: String| usage(anyhow::anyhow!(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_documented_layout() {
        let bucket: BucketName = "fire-detection-training-691595239825".parse().unwrap();
        let layout = Layout::new(&bucket);
        let run: RunName = "20261123-024109".parse().unwrap();
        let root = "s3://fire-detection-training-691595239825/flir_scd41_training";
        let cases = [
            (layout.part(&run, "train"), "data/20261123-024109/train/"),
            (layout.manifest(&run), "data/20261123-024109/manifest.json"),
            (layout.models(), "models"),
            (
                layout.model_of("model-name"),
                "models/model-name/output/model.tar.gz",
            ),
            (
                layout.result(&run, "report.json"),
                "results/20261123-024109/report.json",
            ),
        ];
        for (uri, key) in cases {
            assert_eq!(uri.to_string(), format!("{root}/{key}"));
        }
    }

    #[test]
    fn job_names_lead_back_to_their_run() {
        let run: RunName = "a".repeat(44).parse().unwrap();
        for algorithm in Algorithm::ALL {
            let job = Layout::job(&run, algorithm).unwrap();
            assert_eq!(RunName::of_job(job.as_str()).unwrap(), run);
        }
        assert!(RunName::of_job("somebody-elses-job").is_err());
    }
}
