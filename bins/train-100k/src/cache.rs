//! Generated datasets that are kept in the state directory, so that the same rows are generated once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use fire_run::DataManifest;
use sha2::{Digest, Sha256};

use crate::audit::Audited;
use crate::folder;
use crate::plan::Plan;

/// How many datasets are kept; the least recently used one is removed first.
const CAPACITY: usize = 4;

/// The folder of kept datasets.
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache of a state directory.
    pub(crate) fn of(state_dir: &Path) -> Self {
        Self {
            root: state_dir.join("cache").join("datasets"),
        }
    }

    /// The dataset of this plan, if this very program made it before and it is complete.
    ///
    /// Its manifest names the plan's run.
    pub(crate) fn find(&self, plan: &Plan) -> anyhow::Result<Option<(DataManifest, PathBuf)>> {
        let folder = self.root.join(key(plan)?);
        if !folder.is_dir() {
            return Ok(None);
        }
        // A damaged copy is no reason to complain: it is removed and made again.
        let manifest = folder::manifest(&folder).ok().flatten();
        let Some(manifest) = manifest.filter(|_| folder::read(&folder).is_ok()) else {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
            return Ok(None);
        };
        touch(&folder)?;
        let run = plan.run.clone();
        Ok(Some((DataManifest { run, ..manifest }, folder)))
    }

    /// Keeps a dataset, and returns the folder with its files.
    pub(crate) fn keep(&self, plan: &Plan, dataset: &Audited) -> anyhow::Result<PathBuf> {
        fs::create_dir_all(&self.root).with_context(|| self.root.display().to_string())?;
        let folder = self.root.join(key(plan)?);
        let partial = tempfile::Builder::new()
            .prefix("partial-")
            .tempdir_in(&self.root)
            .with_context(|| self.root.display().to_string())?;
        folder::write(dataset, partial.path())?;
        let partial = partial.keep();
        // If another call has made the same dataset meanwhile, that one stays.
        if let Err(error) = fs::rename(&partial, &folder) {
            fs::remove_dir_all(&partial).with_context(|| partial.display().to_string())?;
            if !folder.is_dir() {
                return Err(error).with_context(|| folder.display().to_string());
            }
        }
        self.make_room(&folder)?;
        Ok(folder)
    }

    /// Removes all but the most recently used datasets, and what killed programs left.
    fn make_room(&self, newest: &Path) -> anyhow::Result<()> {
        let mut others = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let path = entry?.path();
            let used = fs::metadata(&path).and_then(|about| about.modified());
            // An entry without a time was removed by another call.
            let Ok(used) = used else { continue };
            if path != newest {
                others.push((used, path));
            }
        }
        others.sort();
        let surplus = others.len().saturating_sub(CAPACITY - 1);
        for (_, path) in others.into_iter().take(surplus) {
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| path.display().to_string());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Everything that determines the rows, including the program that makes them.
fn key(plan: &Plan) -> anyhow::Result<String> {
    let source = &plan.source;
    let arguments = (
        source.profile(),
        source.samples(),
        source.settings(),
        plan.seed,
    );
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&arguments)?);
    // A version number could be forgotten when the generator changes; the program's own bytes cannot.
    let program = std::env::current_exe().context("cannot find this program's file")?;
    let mut file = fs::File::open(&program).with_context(|| program.display().to_string())?;
    io::copy(&mut file, &mut Hashing(&mut hash)).with_context(|| program.display().to_string())?;
    Ok(hex::encode(&hash.finalize()[..16]))
}

/// Lets bytes be copied into a hash.
struct Hashing<'a>(&'a mut Sha256);

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn touch(folder: &Path) -> anyhow::Result<()> {
    let touched = fs::File::open(folder).and_then(|file| file.set_modified(SystemTime::now()));
    touched.with_context(|| folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use fire_cli::{Console, Style};
    use fire_run::records::TrainTimings;

    use super::*;
    use crate::Args;

    fn plan(run: &str, seed: u64) -> Plan {
        let flags = format!("train-100k --profile original --samples 300 --seed {seed}");
        let args = Args::parse_from(flags.split(' '));
        Plan::new(&run.parse().unwrap(), &args.recipe).unwrap()
    }

    fn dataset(plan: &Plan) -> Audited {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let console = Console::new(&mut out, &mut err, Style::default());
        crate::dataset::make_in_memory(plan, &mut TrainTimings::default(), &console).unwrap()
    }

    #[test]
    fn a_dataset_is_found_again_by_another_run() {
        let state = tempfile::tempdir().unwrap();
        let cache = Cache::of(state.path());
        let first = plan("first", 1);
        assert!(cache.find(&first).unwrap().is_none());
        let kept = dataset(&first);
        let folder = cache.keep(&first, &kept).unwrap();
        let second = plan("second", 1);
        let (manifest, found) = cache.find(&second).unwrap().unwrap();
        assert_eq!((found, manifest.run), (folder, second.run));
        assert_eq!(manifest.parts, kept.manifest.parts);
        assert!(cache.find(&plan("first", 2)).unwrap().is_none());
    }

    #[test]
    fn a_damaged_dataset_is_removed() {
        for name in ["manifest.json", "train/part-00000.parquet"] {
            let state = tempfile::tempdir().unwrap();
            let cache = Cache::of(state.path());
            let plan = plan("first", 1);
            let folder = cache.keep(&plan, &dataset(&plan)).unwrap();
            fs::write(folder.join(name), "{").unwrap();
            assert!(cache.find(&plan).unwrap().is_none(), "{name}");
            assert!(!folder.exists(), "{name}");
        }
    }

    #[test]
    fn the_least_recently_used_datasets_make_room() {
        let state = tempfile::tempdir().unwrap();
        let cache = Cache::of(state.path());
        let plans: Vec<Plan> = (0..CAPACITY as u64 + 2)
            .map(|seed| plan("first", seed))
            .collect();
        for (age, plan) in (0..).zip(&plans) {
            let folder = cache.keep(plan, &dataset(plan)).unwrap();
            // Distinct times, however coarse the clock of the file system is.
            let past = SystemTime::now() - std::time::Duration::from_secs(1_000 - 10 * age);
            fs::File::open(folder).unwrap().set_modified(past).unwrap();
        }
        let kept = plans
            .iter()
            .filter(|plan| cache.find(plan).unwrap().is_some())
            .count();
        assert_eq!(kept, CAPACITY);
        assert!(cache.find(&plans[0]).unwrap().is_none());
    }
}
