use std::collections::BTreeMap;

use clap::Parser;
use fire_cli::Style;
use fire_run::Channel;
use sensor_model::Rows;
use split::Part;

use super::*;
use crate::Args;
use crate::out::shard_rows;
use crate::shard::Shard;

fn with_console<T>(work: impl FnOnce(&Console<'_>) -> T) -> T {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    work(&Console::new(&mut out, &mut err, Style::default()))
}

fn plan(flags: &str) -> Plan {
    let args = Args::parse_from(std::iter::once("train-100k").chain(flags.split_whitespace()));
    Plan::new(&"test".parse().unwrap(), &args.recipe).unwrap()
}

fn made(flags: &str) -> anyhow::Result<Audited> {
    with_console(|console| make_in_memory(&plan(flags), &mut TrainTimings::default(), console))
}

fn original(samples: u64, seed: u64) -> Audited {
    made(&format!(
        "--profile original --samples {samples} --seed {seed}"
    ))
    .unwrap()
}

const EPISODES: &str = "--samples 1500 --seed 7 --alarm-hours 0.2";

#[test]
fn the_partitions_hold_every_row_once_in_the_documented_shares() {
    let made = original(2_000, 1);
    let sizes = Channel::PARTITIONS.map(|channel| made.rows[&channel].len());
    assert_eq!(sizes, [1_400, 300, 300]);
    let mut ids: Vec<u64> = made
        .rows
        .values()
        .flat_map(|rows| rows.ids.clone())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..2_000).collect::<Vec<u64>>());
    for (part, rows) in &made.rows {
        let entry = &made.manifest.parts[part];
        assert_eq!(entry.rows, rows.len() as u64);
        assert_eq!(entry.fingerprint, sensor_model::data_fingerprint(rows));
        assert!(entry.bayes_optimal.is_some(), "{part}");
    }
}

#[test]
fn no_site_of_simulated_rows_is_in_two_parts_or_in_an_alarm_set() {
    let made = made(EPISODES).unwrap();
    assert_eq!(made.rows.len(), 5);
    let mut part_of = BTreeMap::new();
    for (part, rows) in &made.rows {
        assert!(!rows.is_empty(), "{part}");
        for site in &rows.metadata.as_ref().unwrap().sites {
            assert_eq!(part_of.insert(*site, part).unwrap_or(part), part);
        }
    }
    let split: usize = Part::ALL
        .map(|part| made.rows[&part.into()].len())
        .iter()
        .sum();
    assert_eq!((split, made.manifest.samples), (1_500, 1_500));
    let checks = made.manifest.audit.checks();
    for name in ["site_overlap", "alarm_site_overlap"] {
        assert!(checks.iter().any(|check| check.name == name), "{name}");
    }
    assert!(made.manifest.parts[&Channel::Test].bayes_optimal.is_none());
    assert_eq!(made.manifest.settings["alarm_hours"], "0.2");
    // Every second of the episodes except their warm-up, which is at most two thirds of the time.
    assert!(made.rows[&Channel::AlarmTest].len() > 240);
    assert!(made.manifest.single_features["t_max"] > 0.5);
}

#[test]
fn all_shards_together_equal_the_whole_dataset() {
    let whole = made(EPISODES).unwrap();
    let mut joined: BTreeMap<Channel, Rows> = BTreeMap::new();
    for number in 1..=3 {
        let shard_number = format!("{number}/3").parse().unwrap();
        let parts =
            with_console(|console| shard_rows(&plan(EPISODES), shard_number, console)).unwrap();
        for (name, rows) in parts {
            joined.entry(name).or_default().extend(rows);
        }
    }
    for (name, rows) in &whole.rows {
        // Compare fingerprints instead of rows, because a missing value (NaN) does not equal itself.
        let fingerprints = [&joined[name], rows].map(sensor_model::data_fingerprint);
        assert_eq!(fingerprints[0], fingerprints[1], "{name}");
    }
    assert_eq!(joined.len(), whole.rows.len());
    let original = plan("--profile original");
    let rejected =
        with_console(|console| shard_rows(&original, Shard::WHOLE, console)).unwrap_err();
    assert!(
        rejected.to_string().contains("--profile episode"),
        "{rejected}"
    );
}

#[test]
fn the_seed_determines_the_manifest() {
    assert_eq!(original(500, 3).manifest, original(500, 3).manifest);
    assert_ne!(
        original(500, 3).manifest.parts,
        original(500, 4).manifest.parts
    );
}

#[test]
fn simulated_rows_added_to_files_are_used_only_for_training() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("given.parquet");
    let given = original(2_000, 3);
    sensor_model::write_rows(&path, &given.rows[&Channel::Train]).unwrap();
    let flags = format!("--data {} --mix 0.2 --alarm-hours 0.1", path.display());
    let mixed = made(&flags).unwrap();
    let simulated = |channel: Channel| {
        mixed.rows[&channel]
            .ids
            .iter()
            .filter(|&&id| id >= 1 << 63)
            .count()
    };
    let rows = |channel: Channel| mixed.rows[&channel].len();
    // The file has 1,400 rows, 980 of them for training, so 245 more make one row in five simulated.
    assert_eq!(
        [
            rows(Channel::Train),
            rows(Channel::Validation),
            rows(Channel::Test)
        ],
        [980 + 245, 210, 210]
    );
    assert_eq!(
        [
            simulated(Channel::Train),
            simulated(Channel::Validation),
            simulated(Channel::Test)
        ],
        [245, 0, 0]
    );
    assert_eq!(simulated(Channel::AlarmTest), rows(Channel::AlarmTest));
    assert_eq!(mixed.manifest.settings["mix"], "0.2");
}

#[test]
fn rows_that_occur_in_two_partitions_fail_the_audit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("twice.parquet");
    let mut rows = original(400, 5).rows.remove(&Channel::Train).unwrap();
    let copies = rows.select(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let fresh = 1_000_000..1_000_010;
    rows.extend(Rows {
        ids: fresh.clone().collect(),
        groups: fresh.collect(),
        ..copies
    });
    sensor_model::write_rows(&path, &rows).unwrap();
    let error = made(&format!("--data {} --seed 5", path.display()))
        .err()
        .unwrap();
    let text = format!("{error:#}");
    assert!(
        text.contains("exact_duplicates") && text.contains("`group` column"),
        "{text}"
    );
}

#[test]
fn rows_from_too_few_sites_are_rejected_with_a_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("one-room.parquet");
    let mut rows = made(EPISODES)
        .unwrap()
        .rows
        .remove(&Channel::Train)
        .unwrap();
    rows.metadata.as_mut().unwrap().sites.fill(1);
    sensor_model::write_rows(&path, &rows).unwrap();
    let error = made(&format!("--data {}", path.display())).err().unwrap();
    let text = format!("{error:#}");
    assert!(text.contains("remove that column"), "{text}");
}

#[test]
fn missing_files_are_named_with_the_run_and_a_remedy() {
    for flags in ["--data /nowhere.csv", "--parts /nowhere"] {
        let error = made(flags).err().unwrap().to_string();
        let expected = format!("{flags} is not on this machine, and the dataset of run test");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn a_dataset_of_another_plan_is_rejected_with_its_flags() {
    let found = original(500, 3).manifest;
    let check = |flags: &str| check_same_plan(&plan(flags), &found);
    assert!(check("--profile original --samples 500 --seed 3").is_ok());
    for flags in [
        "--profile original --samples 500 --seed 4",
        "--profile original --samples 600 --seed 3",
        "--samples 500 --seed 3",
    ] {
        let error = check(flags).unwrap_err().to_string();
        let expected = "run test exists with --profile original --seed 3 --samples 500";
        assert!(error.starts_with(expected), "{error}");
    }
    let other = original(500, 4).manifest;
    assert!(check_same_rows(&found, &found).is_ok());
    assert!(check_same_rows(&found, &other).is_err());
}
