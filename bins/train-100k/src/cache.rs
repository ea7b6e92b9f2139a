//! Generated datasets that are kept in the state directory, so that the same arguments are generated once.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use fire_run::DataManifest;
use sha2::{Digest, Sha256};

use crate::divide::Prepared;
use crate::parts;
use crate::recipe::Recipe;

/// How many datasets are kept; the one that was not used for the longest time goes first.
const KEPT: usize = 4;

/// The folder of kept datasets.
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// That of a state directory.
    pub(crate) fn of(state_dir: &Path) -> Self {
        Self {
            root: state_dir.join("cache").join("datasets"),
        }
    }

    /// The dataset of this recipe, if it was made before by this very program and is whole.
    ///
    /// Its manifest names the run that asks now.
    pub(crate) fn find(&self, recipe: &Recipe) -> anyhow::Result<Option<(DataManifest, PathBuf)>> {
        let folder = self.root.join(key(recipe)?);
        if !folder.is_dir() {
            return Ok(None);
        }
        // What somebody altered or removed is made again, not complained about: it is a copy of what can be made.
        let Ok(Some(manifest)) = parts::manifest(&folder) else {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
            return Ok(None);
        };
        if parts::read(&folder).is_err() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
            return Ok(None);
        }
        touch(&folder)?;
        let run = recipe.run.clone();
        Ok(Some((DataManifest { run, ..manifest }, folder)))
    }

    /// Keeps a dataset, and returns the folder with its files.
    pub(crate) fn keep(&self, recipe: &Recipe, prepared: &Prepared) -> anyhow::Result<PathBuf> {
        fs::create_dir_all(&self.root).with_context(|| self.root.display().to_string())?;
        let folder = self.root.join(key(recipe)?);
        let partial = tempfile::Builder::new()
            .prefix("partial-")
            .tempdir_in(&self.root)
            .with_context(|| self.root.display().to_string())?;
        parts::write(prepared, partial.path())?;
        let partial = partial.keep();
        // Another call may have made the same dataset meanwhile; then that one stays.
        if let Err(error) = fs::rename(&partial, &folder) {
            fs::remove_dir_all(&partial).with_context(|| partial.display().to_string())?;
            if !folder.is_dir() {
                return Err(error).with_context(|| folder.display().to_string());
            }
        }
        self.make_room(&folder)?;
        Ok(folder)
    }

    /// Removes all but the datasets that were used last, and what killed programs left.
    fn make_room(&self, newest: &Path) -> anyhow::Result<()> {
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let path = entry?.path();
            let used = fs::metadata(&path).and_then(|about| about.modified());
            // Whatever is gone by now was removed by another call.
            let Ok(used) = used else { continue };
            if path != newest {
                kept.push((used, path));
            }
        }
        kept.sort();
        let surplus = kept.len().saturating_sub(KEPT - 1);
        for (_, path) in kept.into_iter().take(surplus) {
            gone(fs::remove_dir_all(&path)).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}

/// Everything that decides the rows, the program that makes them included.
fn key(recipe: &Recipe) -> anyhow::Result<String> {
    let arguments = (
        recipe.source.name(),
        recipe.source.samples(),
        recipe.source.settings(),
        recipe.seed,
    );
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&arguments)?);
    // A version number could be forgotten when the generator changes; the program's own bytes cannot.
    let program = std::env::current_exe().context("where is this program?")?;
    let mut file = fs::File::open(&program).with_context(|| program.display().to_string())?;
    io::copy(&mut file, &mut Hashing(&mut hash)).with_context(|| program.display().to_string())?;
    let mut name = String::new();
    for byte in hash.finalize().iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    Ok(name)
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

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use fire_cli::{Console, Style};

    use super::*;
    use crate::Args;
    use fire_run::records::TrainTimings;

    fn recipe(seed: u64) -> Recipe {
        let seed = seed.to_string();
        let flags = [
            "train-100k",
            "--profile",
            "original",
            "--samples",
            "300",
            "--seed",
            &seed,
        ];
        Args::parse_from(flags)
            .recipe(&"first".parse().unwrap())
            .unwrap()
    }

    fn prepared(recipe: &Recipe) -> Prepared {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let console = Console::new(&mut out, &mut err, Style::default());
        crate::dataset::prepare(recipe, &mut TrainTimings::default(), &console).unwrap()
    }

    #[test]
    fn a_dataset_is_found_by_its_arguments_whatever_the_run() {
        let state = tempfile::tempdir().unwrap();
        let cache = Cache::of(state.path());
        let first = recipe(1);
        assert!(cache.find(&first).unwrap().is_none());
        let kept = prepared(&first);
        let folder = cache.keep(&first, &kept).unwrap();
        let mut again = recipe(1);
        again.run = "second".parse().unwrap();
        let (manifest, found) = cache.find(&again).unwrap().unwrap();
        assert_eq!((found, manifest.run), (folder, again.run.clone()));
        assert_eq!(manifest.parts, kept.manifest.parts);
        assert!(cache.find(&recipe(2)).unwrap().is_none());
    }

    #[test]
    fn what_was_damaged_is_as_if_it_had_not_been_kept() {
        for name in ["manifest.json", "train/part-00000.parquet"] {
            let state = tempfile::tempdir().unwrap();
            let cache = Cache::of(state.path());
            let recipe = recipe(1);
            let folder = cache.keep(&recipe, &prepared(&recipe)).unwrap();
            fs::write(folder.join(name), "{").unwrap();
            assert!(cache.find(&recipe).unwrap().is_none(), "{name}");
            assert!(!folder.exists(), "{name}");
        }
    }

    #[test]
    fn the_least_used_make_room() {
        let state = tempfile::tempdir().unwrap();
        let cache = Cache::of(state.path());
        let recipes: Vec<Recipe> = (0..KEPT as u64 + 2).map(recipe).collect();
        for (age, recipe) in (0..).zip(&recipes) {
            let folder = cache.keep(recipe, &prepared(recipe)).unwrap();
            // Not one of them is as new as the next, whatever the clock's grain.
            let past = SystemTime::now() - std::time::Duration::from_secs(1_000 - 10 * age);
            fs::File::open(folder).unwrap().set_modified(past).unwrap();
        }
        let kept = recipes
            .iter()
            .filter(|recipe| cache.find(recipe).unwrap().is_some())
            .count();
        assert_eq!(kept, KEPT);
        assert!(cache.find(&recipes[0]).unwrap().is_none());
    }
}
