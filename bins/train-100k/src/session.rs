//! State shared by the steps of a run once the backend is connected.

use std::path::PathBuf;

use fire_cli::{Console, Project};
use fire_run::records::TrainTimings;
use sagemaker_ops::Clients;

use crate::cli::Args;
use crate::plan::Plan;

/// A call of the program that is connected to its backend.
pub(crate) struct Session<'a, 'w> {
    pub(crate) clients: Clients,
    pub(crate) project: Project,
    /// Holds records and cached datasets, for every backend.
    pub(crate) state_dir: PathBuf,
    /// Flags that make printed commands use the same backend.
    pub(crate) backend_flags: String,
    pub(crate) timings: TrainTimings,
    pub(crate) console: &'a mut Console<'w>,
}

impl<'a, 'w> Session<'a, 'w> {
    /// Connects to the backend, starting the local server if needed, and looks up the account.
    ///
    /// # Errors
    /// Exit code 3 for a backend that cannot be reached.
    pub(crate) async fn open(args: &Args, console: &'a mut Console<'w>) -> anyhow::Result<Self> {
        let clients = args.common.connect(console).await?;
        Ok(Self {
            project: Project::planned(&args.recipe.project, &clients).await?,
            clients,
            state_dir: args.common.state_dir()?,
            backend_flags: args.common.backend_flags()?,
            timings: TrainTimings::default(),
            console,
        })
    }

    /// Uses the role and image of a resumed run, which this call may have left out.
    pub(crate) fn use_role_and_image_of(&mut self, plan: &Plan) {
        if let Some(role) = &plan.project.role_arn {
            self.project.role = role.clone();
        }
        if let Some(image) = &plan.project.image_uri {
            self.project.image = image.clone();
        }
    }
}
