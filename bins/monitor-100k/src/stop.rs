//! Asking jobs to stop.

use fire_cli::Console;
use sagemaker_ops::training::{self, Job};
use sagemaker_ops::{Clients, ErrorKind};

/// Asks every job that goes on to stop, and looks at it again.
///
/// One that ends meanwhile has what it was asked for. Each is asked even when another refuses; the
/// first refusal is the error.
pub(crate) async fn all(
    clients: &Clients,
    jobs: &mut [Job],
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let mut refusal = None;
    for job in jobs.iter_mut().filter(|job| !job.status.is_final()) {
        match training::stop(clients, &job.name).await {
            Ok(()) => console.note(format!("{} was asked to stop", job.name))?,
            Err(error) if error.kind() == ErrorKind::Conflict => {
                console.note(format!("{} has just ended", job.name))?;
            }
            Err(error) => {
                console.warn(error.to_string())?;
                refusal.get_or_insert(error);
                continue;
            }
        }
        *job = training::describe(clients, &job.name).await?;
    }
    match refusal {
        None => Ok(()),
        Some(error) => Err(error.into()),
    }
}
