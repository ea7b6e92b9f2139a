//! Training job names and S3 keys derived from a run's name.
//!
//! ```text
//! flir_scd41_training/data/<run>/recipe.json            the settings requested; written first
//! flir_scd41_training/data/<run>/<channel>/part-00000.parquet
//! flir_scd41_training/data/<run>/manifest.json          written last: the dataset is complete
//! flir_scd41_training/models/<job>/output/model.tar.gz
//! flir_scd41_training/models/<job>/output/output.tar.gz predictions
//! flir_scd41_training/checkpoints/<job>/                spot jobs only
//! flir_scd41_training/results/<run>/report.json
//! ```

use ensemble::Algorithm;

use crate::{Channel, DataManifest, Error, RunName};

/// The prefix of every key.
const ROOT: &str = "flir_scd41_training";

/// The prefix of every training job's name.
pub const JOB_PREFIX: &str = "flir-scd41-";

/// Separates the algorithm from the run in a job's name.
const JOB_SIZE: &str = "-100k-";

/// The prefix of one channel's files, ending in `/` as SageMaker recommends for a channel.
pub fn channel(run: &RunName, channel: Channel) -> String {
    format!("{ROOT}/data/{run}/{channel}/")
}

/// The dataset's manifest. It is written last, so it exists only for complete datasets.
pub fn manifest(run: &RunName) -> String {
    format!("{ROOT}/data/{run}/{}", DataManifest::FILE)
}

/// The settings requested for the run. They are written first, so a run can be resumed by name.
pub fn recipe(run: &RunName) -> String {
    format!("{ROOT}/data/{run}/recipe.json")
}

/// The prefix of a spot job's checkpoints.
pub fn checkpoints(job: &str) -> String {
    format!("{ROOT}/checkpoints/{job}/")
}

/// The `S3OutputPath` of training jobs.
pub fn models() -> String {
    format!("{ROOT}/models")
}

/// The `model.tar.gz` of a training job, or of the ensemble stored under `name`.
pub fn model(name: &str) -> String {
    format!("{ROOT}/models/{name}/output/model.tar.gz")
}

/// A result file of a run.
pub fn result(run: &RunName, file: &str) -> String {
    format!("{ROOT}/results/{run}/{file}")
}

/// The name of an algorithm's training job.
pub fn job(run: &RunName, algorithm: Algorithm) -> String {
    format!("{JOB_PREFIX}{}{JOB_SIZE}{run}", algorithm.short())
}

/// The run that a training job belongs to.
///
/// # Errors
/// [`Error::JobName`] for a job of another pipeline.
pub fn run_of_job(job: &str) -> Result<RunName, Error> {
    let run = job
        .strip_prefix(JOB_PREFIX)
        .and_then(|rest| rest.split_once(JOB_SIZE))
        .map(|(_, run)| run);
    run.ok_or_else(|| Error::JobName(job.to_owned()))?.parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_match_the_documented_layout() {
        let run: RunName = "20261123-024109".parse().unwrap();
        let cases = [
            (channel(&run, Channel::Train), "data/20261123-024109/train/"),
            (manifest(&run), "data/20261123-024109/manifest.json"),
            (recipe(&run), "data/20261123-024109/recipe.json"),
            (models(), "models"),
            (model("name"), "models/name/output/model.tar.gz"),
            (checkpoints("job"), "checkpoints/job/"),
            (
                result(&run, "report.json"),
                "results/20261123-024109/report.json",
            ),
        ];
        for (key, expected) in cases {
            assert_eq!(key, format!("flir_scd41_training/{expected}"));
        }
    }

    #[test]
    fn job_names_map_back_to_their_run_and_fit_sagemakers_limit() {
        let run: RunName = "a".repeat(44).parse().unwrap();
        for algorithm in Algorithm::ALL {
            let job = job(&run, algorithm);
            assert!(job.len() <= 63, "{job}");
            assert_eq!(run_of_job(&job).unwrap(), run);
        }
        assert!(run_of_job("another-job").is_err());
    }
}
