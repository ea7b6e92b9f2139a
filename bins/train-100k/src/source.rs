//! Where the rows of a dataset come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use fire_cli::usage;
use fire_run::Channel;
use sensor_model::Profile;

use crate::simulation::Simulation;

/// Where rows come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// Independent draws by the rules of the Python scripts.
    Original { samples: u64 },
    /// Simulated rooms, fires and sensors.
    Episodes {
        samples: u64,
        simulation: Box<Simulation>,
    },
    /// Files of rows, local or in S3, optionally with simulated rows added.
    Files {
        files: Vec<PathBuf>,
        mixed: Option<Mixed>,
    },
    /// A directory that `--out` wrote, whole or in shards.
    Directory(PathBuf),
}

/// Simulated rows that are added to the training partition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mixed {
    /// Their share of all training rows, above 0 and below 1.
    pub(crate) share: f64,
    pub(crate) simulation: Box<Simulation>,
}

impl Source {
    /// The name of the profile in the manifest.
    pub(crate) fn profile(&self) -> String {
        match self {
            Self::Original { .. } => Profile::Original.to_string(),
            Self::Episodes { .. } => Profile::Episode.to_string(),
            Self::Files { .. } | Self::Directory(_) => "data".to_owned(),
        }
    }

    /// Settings that determine the rows, besides profile, seed and number of rows.
    pub(crate) fn settings(&self) -> BTreeMap<String, String> {
        match self {
            Self::Episodes { simulation, .. } => simulation.settings(),
            Self::Files {
                mixed: Some(mixed), ..
            } => {
                let mut settings = mixed.simulation.settings();
                settings.insert("mix".to_owned(), mixed.share.to_string());
                settings
            }
            _ => BTreeMap::new(),
        }
    }

    /// The channels of the dataset, except the alarm channels of a directory, which are known only once
    /// it is read.
    pub(crate) fn channels(&self) -> Vec<Channel> {
        let simulation = match self {
            Self::Episodes { simulation, .. } => Some(simulation),
            Self::Files { mixed, .. } => mixed.as_ref().map(|mixed| &mixed.simulation),
            Self::Original { .. } | Self::Directory(_) => None,
        };
        let alarm = simulation.filter(|simulation| simulation.alarm_hours() > 0.0);
        let alarm = alarm.iter().flat_map(|_| Channel::ALARM);
        Channel::PARTITIONS.into_iter().chain(alarm).collect()
    }

    /// The number of rows to generate; `None` for rows that are read.
    pub(crate) fn samples(&self) -> Option<u64> {
        match self {
            Self::Original { samples } | Self::Episodes { samples, .. } => Some(*samples),
            Self::Files { .. } | Self::Directory(_) => None,
        }
    }
}

impl Mixed {
    /// A mix in which `share` of all training rows is simulated.
    pub(crate) fn new(share: f64, simulation: Simulation) -> anyhow::Result<Self> {
        if share > 0.0 && share < 1.0 {
            let simulation = Box::new(simulation);
            return Ok(Self { share, simulation });
        }
        Err(usage(anyhow!(
            "--mix {share}: give a share above 0 and below 1, for example 0.2 for one training row in five"
        )))
    }

    /// Number of rows to simulate for this many other training rows; at least one.
    pub(crate) fn simulated_rows(&self, others: usize) -> usize {
        let rows = others as f64 * self.share / (1.0 - self.share);
        (rows.round() as usize).max(1)
    }
}

/// Whether a file of `--data` is an object or a prefix in S3.
pub(crate) fn is_remote(file: &Path) -> bool {
    file.to_str().is_some_and(|name| name.starts_with("s3://"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::EpisodeArgs;

    #[test]
    fn the_share_refers_to_all_training_rows() {
        let simulation = EpisodeArgs::default().simulation().unwrap();
        let rows =
            |share| Mixed::new(share, simulation.clone()).map(|mixed| mixed.simulated_rows(800));
        assert_eq!(rows(0.2).unwrap(), 200);
        assert_eq!(rows(0.5).unwrap(), 800);
        assert_eq!(rows(1e-9).unwrap(), 1);
        for share in [0.0, 1.0, -0.5, f64::NAN] {
            let error = rows(share).unwrap_err().to_string();
            assert!(error.contains("above 0 and below 1"), "{error}");
        }
    }
}
