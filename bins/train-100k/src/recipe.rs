//! Which rows a dataset is made of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use fire_cli::usage;
use fire_run::{Channel, DataManifest, RunName};
use sensor_model::Profile;

use crate::remote;
use crate::simulation::Simulation;

/// Which rows, and the seed of everything random about them.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) run: RunName,
    pub(crate) source: Source,
    pub(crate) seed: u64,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// Independent draws, the laws of the Python scripts.
    Original { samples: u64 },
    /// Simulated rooms, fires and sensors.
    Episodes {
        samples: u64,
        simulation: Box<Simulation>,
    },
    /// Files of rows, and simulated rows beside them.
    Files {
        files: Vec<PathBuf>,
        mixed: Option<Mixed>,
    },
    /// A folder that `--out` wrote, in one go or in shards.
    Parts(PathBuf),
}

/// Simulated rows beside rows that were given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mixed {
    /// Their share of all training rows, above 0 and below 1.
    pub(crate) share: f64,
    pub(crate) simulation: Box<Simulation>,
}

impl Source {
    /// The profile as the manifest names it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Original { .. } => Profile::Original.to_string(),
            Self::Episodes { .. } => Profile::Episode.to_string(),
            Self::Files { .. } | Self::Parts(_) => "data".to_owned(),
        }
    }

    /// What decides the rows besides the profile, the seed and their number.
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

    /// The parts that the dataset will have, as far as is known before it is made or read.
    pub(crate) fn channels(&self) -> Vec<Channel> {
        let simulation = match self {
            Self::Episodes { simulation, .. } => Some(simulation),
            Self::Files { mixed, .. } => mixed.as_ref().map(|mixed| &mixed.simulation),
            Self::Original { .. } | Self::Parts(_) => None,
        };
        let alarm = simulation.filter(|simulation| simulation.alarm_hours() > 0.0);
        let alarm = alarm.iter().flat_map(|_| Channel::ALARM);
        Channel::PARTITIONS.into_iter().chain(alarm).collect()
    }

    /// How many rows a generated dataset has; unknown before files are read.
    pub(crate) fn samples(&self) -> Option<u64> {
        match self {
            Self::Original { samples } | Self::Episodes { samples, .. } => Some(*samples),
            Self::Files { .. } | Self::Parts(_) => None,
        }
    }
}

impl Recipe {
    /// Refuses to go on with a dataset that was made from another recipe.
    pub(crate) fn expect(&self, found: &DataManifest) -> anyhow::Result<()> {
        let same = found.profile == self.source.name()
            && found.seed == self.seed
            && self
                .source
                .samples()
                .is_none_or(|samples| samples == found.samples)
            && found.schema == sensor_model::fingerprint();
        let settings = self.source.settings();
        let differs = |name: &&String| settings.get(*name) != found.settings.get(*name);
        let other = settings.keys().chain(found.settings.keys()).find(differs);
        if same && other.is_none() {
            return Ok(());
        }
        let setting = other.map(|name| {
            let value = found.settings.get(name).map_or("nothing", String::as_str);
            format!(" and {name} = {value}")
        });
        Err(usage(anyhow!(
            "run {} exists with --profile {} --seed {} --samples {}{}; give these to resume it, or another --run",
            found.run,
            found.profile,
            found.seed,
            found.samples,
            setting.unwrap_or_default()
        )))
    }
}

impl Mixed {
    /// `share` of all training rows simulated.
    pub(crate) fn new(share: f64, simulation: Simulation) -> anyhow::Result<Self> {
        if share > 0.0 && share < 1.0 {
            let simulation = Box::new(simulation);
            return Ok(Self { share, simulation });
        }
        Err(usage(anyhow!(
            "--mix {share}: give a share above 0 and below 1, for example 0.2 for one training row in five"
        )))
    }

    /// How many rows to simulate beside so many others; at least one.
    pub(crate) fn rows_beside(&self, given: usize) -> usize {
        let rows = given as f64 * self.share / (1.0 - self.share);
        (rows.round() as usize).max(1)
    }
}

/// The files of `--data`, each of them there; those in S3 are looked for later.
pub(crate) fn existing_files(files: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    for file in files.iter().filter(|file| !remote::is_remote(file)) {
        let trouble = match (file.is_file(), file.is_dir()) {
            (true, _) => continue,
            (_, true) => "this is a folder; name the files in it",
            _ => "there is no such file",
        };
        return Err(usage(anyhow!("--data {}: {trouble}", file.display())));
    }
    Ok(files.to_vec())
}

/// The folder of `--parts`, with its path made absolute so that a printed command finds it.
pub(crate) fn existing_folder(folder: &std::path::Path) -> anyhow::Result<PathBuf> {
    let whole = folder
        .canonicalize()
        .with_context(|| format!("--parts {}", folder.display()));
    whole.map_err(usage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Args;
    use clap::Parser;

    #[test]
    fn the_share_is_that_of_all_training_rows() {
        let simulation = Args::parse_from(["train-100k"])
            .episodes
            .simulation()
            .unwrap();
        let beside =
            |share| Mixed::new(share, simulation.clone()).map(|mixed| mixed.rows_beside(800));
        assert_eq!(beside(0.2).unwrap(), 200);
        assert_eq!(beside(0.5).unwrap(), 800);
        assert_eq!(beside(1e-9).unwrap(), 1);
        for share in [0.0, 1.0, -0.5, f64::NAN] {
            let error = beside(share).unwrap_err().to_string();
            assert!(error.contains("above 0 and below 1"), "{error}");
        }
    }
}
