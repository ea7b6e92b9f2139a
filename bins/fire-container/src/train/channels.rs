//! The input channels of a job.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ensemble::{Matrix, Samples};
use fire_run::Channel;
use sensor_model::{ChannelRows, FEATURE_COUNT, Rows, SkipReason, read_channel};

use crate::paths::OptMl;

/// Maximum number of skipped files that are named in a line of the log.
const NAMED: usize = 5;

/// A channel and its rows.
pub(super) struct Input {
    pub(super) channel: Channel,
    pub(super) rows: Rows,
}

impl Input {
    /// Reads a required channel, and prints how much it contains and what was skipped.
    pub(super) fn required(paths: &OptMl, channel: Channel, out: &mut dyn Write) -> Result<Self> {
        let dir = paths.channel(channel);
        ensure!(
            dir.is_dir(),
            "channel {channel} is missing: there is no directory {}; add an input channel of that name to \
             the job",
            dir.display()
        );
        let found = read_channel(&dir).with_context(|| format!("channel {channel}"))?;
        for line in summary(&found) {
            writeln!(out, "channel {channel}: {line}")?;
        }
        let rows = found.rows;
        Ok(Self { channel, rows })
    }

    /// Reads an optional channel; `None` if the job lacks it.
    pub(super) fn optional(
        paths: &OptMl,
        channel: Channel,
        out: &mut dyn Write,
    ) -> Result<Option<Self>> {
        // A job without the channel has no directory for it; an empty directory is a mistake.
        if paths.channel(channel).is_dir() {
            Self::required(paths, channel, out).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The rows as input for learners.
    pub(super) fn samples(&self) -> Result<Samples<'_>> {
        let samples = Matrix::new(&self.rows.features, FEATURE_COUNT)
            .and_then(|x| Samples::new(x, &self.rows.labels));
        samples.with_context(|| format!("channel {}", self.channel))
    }
}

/// Lines for the log about channels of the job that this container does not read, such as the scripts of an SDK.
pub(super) fn unused(paths: &OptMl) -> Vec<String> {
    // If the directory cannot be read, neither can the channel `train`, whose error says more.
    let entries = fs::read_dir(paths.channels()).into_iter().flatten();
    // SageMaker also puts manifests there, which are files.
    let directories = entries.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = directories
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| Channel::ALL.iter().all(|channel| channel.as_str() != name))
        .collect();
    names.sort();
    let known = Channel::ALL.map(Channel::as_str).join(", ");
    let line = |name: String| format!("channel {name} is not used; this container reads {known}");
    names.into_iter().map(line).collect()
}

/// Lines for the log about what a channel contains and what was skipped.
fn summary(found: &ChannelRows) -> Vec<String> {
    let (files, rows) = (found.files.len(), found.rows.len());
    let mut lines = vec![format!(
        "{files} file{}, {rows} row{}",
        plural(files),
        plural(rows)
    )];
    let mut skipped: BTreeMap<SkipReason, Vec<&Path>> = BTreeMap::new();
    for one in &found.skipped {
        skipped.entry(one.reason).or_default().push(&one.path);
    }
    for (reason, paths) in skipped {
        lines.push(format!("skipped {reason}: {}", list(&paths)));
    }
    if let Some(name) = found.files.iter().find_map(|path| partition(path)) {
        lines.push(format!(
            "directory names such as {name} are not read as columns"
        ));
    }
    lines
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The first few paths.
fn list(paths: &[&Path]) -> String {
    let named = paths.iter().take(NAMED);
    let named: Vec<_> = named.map(|path| path.display().to_string()).collect();
    let named = named.join(", ");
    match paths.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// The first directory in a path that is named like a Hive partition, `KEY=VALUE`.
fn partition(path: &Path) -> Option<String> {
    let mut names = path.parent()?.iter().map(OsStr::to_string_lossy);
    names.find(|name| name.contains('=')).map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use sensor_model::Skipped;

    use super::*;

    fn check(files: &[&str], skipped: &[(SkipReason, &str)], expected: &[&str]) {
        let skipped = skipped.iter().map(|&(reason, path)| Skipped {
            reason,
            path: path.into(),
        });
        let mut rows = Rows::default();
        // As many rows as files.
        rows.labels.resize(files.len(), 0);
        let found = ChannelRows {
            rows,
            files: files.iter().map(PathBuf::from).collect(),
            skipped: skipped.collect(),
        };
        assert_eq!(summary(&found), expected);
    }

    #[test]
    fn a_channel_is_summarized_in_a_line_for_each_kind_of_content() {
        check(&["rows.csv"], &[], &["1 file, 1 row"]);
        check(&["a", "b=2.csv"], &[], &["2 files, 2 rows"]);
        check(
            &["a", "x/ds=1/h=2/b"],
            &[
                (SkipReason::Hidden, ".a.crc"),
                (SkipReason::Hidden, "_SUCCESS"),
                (SkipReason::Empty, "marker"),
            ],
            &[
                "2 files, 2 rows",
                "skipped hidden files and markers: .a.crc, _SUCCESS",
                "skipped empty files: marker",
                "directory names such as ds=1 are not read as columns",
            ],
        );
        let many = ["1", "2", "3", "4", "5", "6", "7"].map(|name| (SkipReason::Empty, name));
        for (count, expected) in [
            (5, "skipped empty files: 1, 2, 3, 4, 5"),
            (7, "skipped empty files: 1, 2, 3, 4, 5 and 2 more"),
        ] {
            check(&["a"], &many[..count], &["1 file, 1 row", expected]);
        }
    }
}
