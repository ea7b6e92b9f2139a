//! The `/opt/ml` directory of a training job, as SageMaker lays it out.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Fills `opt_ml` with hyperparameters and a dataset that `train-100k --out` wrote: each partition
/// has a directory of its own there and becomes a channel of that name.
pub(crate) fn lay_out(
    opt_ml: &Path,
    dataset: &Path,
    hyperparameters: &Value,
) -> anyhow::Result<()> {
    write_hyperparameters(opt_ml, hyperparameters)?;
    for partition in fs::read_dir(dataset)? {
        let partition = partition?;
        if partition.file_type()?.is_dir() {
            let channel = opt_ml.join("input/data").join(partition.file_name());
            fs::create_dir_all(&channel)?;
            for file in fs::read_dir(partition.path())? {
                let file = file?;
                fs::copy(file.path(), channel.join(file.file_name()))?;
            }
        }
    }
    Ok(())
}

/// Writes only the hyperparameters, for a job that must fail before it reads data.
pub(crate) fn write_hyperparameters(opt_ml: &Path, hyperparameters: &Value) -> anyhow::Result<()> {
    let config = opt_ml.join("input/config");
    fs::create_dir_all(&config)?;
    let file = config.join("hyperparameters.json");
    Ok(fs::write(file, hyperparameters.to_string())?)
}
