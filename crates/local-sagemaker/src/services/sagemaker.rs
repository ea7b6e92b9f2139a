//! SageMaker: models, training jobs, and endpoints with their configurations.

pub(crate) mod endpoint;
pub(crate) mod listing;
pub(crate) mod model;
mod resource;
pub(crate) mod tags;
pub(crate) mod training;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::images::Images;
use super::logs::Logs;
use super::metrics::Metrics;
use super::s3::Storage;
use crate::faults::Faults;
use crate::machine::database::Database;

/// The parts of the server that jobs and endpoints share.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The state directory.
    pub(crate) state_dir: PathBuf,
    /// The records of all resources.
    pub(crate) database: Arc<Database>,
    /// The object store: data and models.
    pub(crate) storage: Storage,
    /// Maps images to programs.
    pub(crate) images: Images,
    /// The containers' logs.
    pub(crate) logs: Logs,
    /// Metrics of jobs and endpoints.
    pub(crate) metrics: Arc<Metrics>,
    /// Faults to inject.
    pub(crate) faults: Arc<Faults>,
    /// Time between SIGTERM and SIGKILL when a training job is stopped.
    pub(crate) stop_grace: Duration,
}
