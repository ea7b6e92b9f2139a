use fire_cli::Style;

use super::*;
use crate::Args;
use clap::Parser;

fn with_console<T>(work: impl FnOnce(&Console<'_>) -> T) -> T {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    work(&Console::new(&mut out, &mut err, Style::default()))
}

fn recipe(flags: &str) -> Recipe {
    let args = Args::parse_from(std::iter::once("train-100k").chain(flags.split_whitespace()));
    args.recipe(&"test".parse().unwrap()).unwrap()
}

fn prepared(flags: &str) -> anyhow::Result<Prepared> {
    with_console(|console| prepare(&recipe(flags), &mut Timings::default(), console))
}

fn original(samples: u64, seed: u64) -> Prepared {
    prepared(&format!(
        "--profile original --samples {samples} --seed {seed}"
    ))
    .unwrap()
}

const EPISODES: &str = "--samples 1500 --seed 7 --alarm-hours 0.2";

#[test]
fn the_parts_hold_every_row_once_in_the_documented_shares() {
    let prepared = original(2_000, 1);
    let sizes = ["train", "validation", "test"].map(|part| prepared.parts[part].len());
    assert_eq!(sizes, [1_400, 300, 300]);
    let mut ids: Vec<u64> = prepared
        .parts
        .values()
        .flat_map(|rows| rows.ids.clone())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..2_000).collect::<Vec<u64>>());
    for (part, rows) in &prepared.parts {
        let entry = &prepared.manifest.parts[part];
        assert_eq!(entry.rows, rows.len() as u64);
        assert_eq!(entry.fingerprint, sensor_model::data_fingerprint(rows));
        assert!(entry.ceiling.is_some(), "{part}");
    }
}

#[test]
fn no_site_of_simulated_rows_is_in_two_parts_or_in_an_alarm_set() {
    let prepared = prepared(EPISODES).unwrap();
    assert_eq!(prepared.parts.len(), 5);
    let mut part_of = BTreeMap::new();
    for (part, rows) in &prepared.parts {
        assert!(!rows.is_empty(), "{part}");
        for site in &rows.metadata.as_ref().unwrap().sites {
            assert_eq!(part_of.insert(*site, part).unwrap_or(part), part);
        }
    }
    let divided: usize = Part::ALL
        .map(|part| prepared.parts[&part.to_string()].len())
        .iter()
        .sum();
    assert_eq!((divided, prepared.manifest.samples), (1_500, 1_500));
    let checks = prepared.manifest.audit.checks();
    for name in ["site_overlap", "alarm_site_overlap"] {
        assert!(checks.iter().any(|check| check.name == name), "{name}");
    }
    assert!(prepared.manifest.parts["test"].ceiling.is_none());
    assert_eq!(prepared.manifest.settings["alarm_hours"], "0.2");
    // Every second of whole episodes but their warm-up: a third of the time at least.
    assert!(prepared.parts["alarm-test"].len() > 240);
    assert!(prepared.manifest.single_features["t_max"] > 0.5);
}

#[test]
fn shards_together_are_the_whole() {
    let whole = prepared(EPISODES).unwrap();
    let mut joined: BTreeMap<String, Rows> = BTreeMap::new();
    for number in 1..=3 {
        let shard_number = format!("{number}/3").parse().unwrap();
        let parts =
            with_console(|console| shard(&recipe(EPISODES), shard_number, console)).unwrap();
        for (name, rows) in parts {
            joined.entry(name).or_default().extend(rows);
        }
    }
    for (name, rows) in &whole.parts {
        // Not the rows themselves: a missing value differs from itself.
        let fingerprints = [&joined[name], rows].map(sensor_model::data_fingerprint);
        assert_eq!(fingerprints[0], fingerprints[1], "{name}");
    }
    assert_eq!(joined.len(), whole.parts.len());
    let original = recipe("--profile original");
    let refused = with_console(|console| shard(&original, Shard::WHOLE, console)).unwrap_err();
    assert!(
        refused.to_string().contains("--profile episode"),
        "{refused}"
    );
}

#[test]
fn a_seed_decides_everything_in_the_manifest() {
    assert_eq!(original(500, 3).manifest, original(500, 3).manifest);
    assert_ne!(
        original(500, 3).manifest.parts,
        original(500, 4).manifest.parts
    );
}

#[test]
fn simulated_rows_beside_given_ones_are_trained_on_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("given.parquet");
    let given = original(2_000, 3);
    sensor_model::write_rows(&path, &given.parts["train"]).unwrap();
    let flags = format!("--data {} --mix 0.2 --alarm-hours 0.1", path.display());
    let mixed = prepared(&flags).unwrap();
    let simulated = |part: &str| {
        mixed.parts[part]
            .ids
            .iter()
            .filter(|&&id| id >= 1 << 63)
            .count()
    };
    let rows = |part: &str| mixed.parts[part].len();
    // 1,400 rows were given, of which 980 are trained on, so 245 make a fifth.
    assert_eq!(
        [rows("train"), rows("validation"), rows("test")],
        [980 + 245, 210, 210]
    );
    assert_eq!(
        [
            simulated("train"),
            simulated("validation"),
            simulated("test")
        ],
        [245, 0, 0]
    );
    assert_eq!(simulated("alarm-test"), rows("alarm-test"));
    assert_eq!(mixed.manifest.settings["mix"], "0.2");
}

#[test]
fn rows_that_stand_in_two_parts_are_not_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("twice.parquet");
    let mut rows = original(400, 5).parts.remove("train").unwrap();
    let copies = rows.select(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let fresh = 1_000_000..1_000_010;
    rows.extend(Rows {
        ids: fresh.clone().collect(),
        groups: fresh.collect(),
        ..copies
    });
    sensor_model::write_rows(&path, &rows).unwrap();
    let error = prepared(&format!("--data {} --seed 5", path.display()))
        .err()
        .unwrap();
    let text = format!("{error:#}");
    assert!(
        text.contains("exact_duplicates") && text.contains("`group` column"),
        "{text}"
    );
}

#[test]
fn rows_of_few_sites_say_how_they_can_be_divided_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one-room.parquet");
    let mut rows = prepared(EPISODES).unwrap().parts.remove("train").unwrap();
    rows.metadata.as_mut().unwrap().sites.fill(1);
    sensor_model::write_rows(&path, &rows).unwrap();
    let error = prepared(&format!("--data {}", path.display()))
        .err()
        .unwrap();
    let text = format!("{error:#}");
    assert!(text.contains("leave that column out"), "{text}");
}
