//! What jobs and endpoints stand on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::faults::Faults;
use crate::image::Images;
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::s3::Storage;

/// The parts of the server that jobs and endpoints share.
#[derive(Clone)]
pub(crate) struct Ground {
    /// Everything the server keeps is below it.
    pub(crate) state_dir: PathBuf,
    /// Where data is.
    pub(crate) storage: Storage,
    /// Which programs stand for images.
    pub(crate) images: Images,
    /// What programs print.
    pub(crate) logs: Logs,
    /// What is measured.
    pub(crate) metrics: Arc<Metrics>,
    /// What goes wrong on purpose.
    pub(crate) faults: Arc<Faults>,
    /// Between SIGTERM and SIGKILL of a training job that is stopped.
    pub(crate) stop_grace: Duration,
}
