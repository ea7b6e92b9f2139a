//! Profile `episode`: properties that every row must have.

mod reality;

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use proptest::prelude::*;
use sensor_model::episode::{
    EpisodeParams, EpisodeSource, Episodes, Header, Purpose, Scenario, scenes,
};
use sensor_model::{Feature, data_fingerprint};

use crate::possible::assert_possible;

fn source(params: EpisodeParams, purpose: Purpose) -> EpisodeSource {
    EpisodeSource::new(params.check().unwrap(), 7, purpose)
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// Rows of 300 episodes with the default parameters.
static DATA: LazyLock<Episodes> = LazyLock::new(|| {
    let source = source(EpisodeParams::default(), Purpose::Training);
    source.generate(0..300, threads(2)).unwrap()
});

/// A feature's values in the rows of one label.
fn values(feature: Feature, label: u8) -> Vec<f32> {
    let rows = (0..DATA.rows.len()).filter(|&row| DATA.rows.labels[row] == label);
    rows.map(|row| DATA.rows.row(row)[feature.index()])
        .collect()
}

#[test]
fn every_row_is_possible() {
    for row in 0..DATA.rows.len() {
        assert_possible(DATA.rows.row(row), format_args!("row {row}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// The severity determines how many episodes have a sensor fault: at 1, half of them. `src/episode/recorder.rs` tests
    /// each kind of fault.
    #[test]
    fn no_scenario_of_any_severity_makes_an_impossible_row(
        seed in any::<u64>(),
        purpose in prop::sample::select(vec![Purpose::Training, Purpose::AlarmValidation, Purpose::AlarmTest]),
    ) {
        for (scenario, severity) in Scenario::ALL.into_iter().flat_map(|one| [0.0, 0.5, 1.0].map(|severity| (one, severity))) {
            let params = EpisodeParams {
                severity,
                keep_one_in: 1,
                min_duration_s: 90,
                max_duration_s: 150,
                ..EpisodeParams::only(scenario)
            };
            let source = EpisodeSource::new(params.check().unwrap(), seed, purpose);
            let rows = source.generate(0..2, threads(2)).unwrap().rows;
            prop_assert!(rows.len() >= 40);
            for row in 0..rows.len() {
                assert_possible(rows.row(row), format_args!("{scenario}, severity {severity}, row {row}"));
            }
        }
    }
}

#[test]
fn a_label_is_1_from_the_ignition_on() {
    let mut row = 0;
    for episode in &DATA.episodes {
        let header = &episode.header;
        assert_eq!(header.ignition_s.is_some(), header.scenario.is_fire());
        for &second in &header.row_seconds {
            let burning = header
                .ignition_s
                .is_some_and(|ignition| f64::from(second) >= ignition);
            assert_eq!(DATA.rows.labels[row], u8::from(burning), "row {row}");
            assert_eq!(
                (DATA.time_s[row], DATA.rows.groups[row]),
                (second, header.episode.0)
            );
            row += 1;
        }
        assert!(
            episode
                .first_visible_s
                .is_none_or(|seen| header.ignition_s.is_some_and(|ignition| seen >= ignition))
        );
    }
    assert_eq!(row, DATA.rows.len());
}

#[test]
fn ids_are_unique() {
    let mut ids = DATA.rows.ids.clone();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), DATA.rows.len());
}

#[test]
fn the_rows_do_not_depend_on_threads_or_pieces() {
    let source = source(EpisodeParams::default(), Purpose::Training);
    let whole = source.generate(0..9, threads(1)).unwrap();
    for count in [2, 7] {
        let again = source.generate(0..9, threads(count)).unwrap();
        assert_eq!(
            data_fingerprint(&again.rows),
            data_fingerprint(&whole.rows),
            "{count} threads"
        );
        assert_eq!(again.episodes, whole.episodes);
    }
    let mut pieces = source.generate(0..4, threads(2)).unwrap().rows;
    pieces.extend(source.generate(4..9, threads(2)).unwrap().rows);
    assert_eq!(data_fingerprint(&pieces), data_fingerprint(&whole.rows));
}

#[test]
fn headers_match_the_generated_rows() {
    let source = source(EpisodeParams::default(), Purpose::Training);
    for (episode, summary) in (0..).zip(&DATA.episodes) {
        assert_eq!(source.header(episode), summary.header);
    }
    let rows = source.holding_rows(DATA.rows.len());
    assert_eq!(rows, 0..300);
}

#[test]
fn a_third_of_the_rows_is_positive() {
    let source = source(EpisodeParams::default(), Purpose::Training);
    let labels: Vec<u8> = (0..5_000)
        .flat_map(|episode| source.header(episode).labels().collect::<Vec<_>>())
        .collect();
    let share = labels.iter().map(|&label| f64::from(label)).sum::<f64>() / labels.len() as f64;
    assert!((0.30..0.37).contains(&share), "{share}");
    // One second in five of 50 to 260 seconds.
    let per_episode = labels.len() as f64 / 5_000.0;
    assert!((30.0..34.0).contains(&per_episode), "{per_episode}");
}

#[test]
fn purposes_share_no_site_and_no_episode() {
    let purposes = [
        Purpose::Training,
        Purpose::AlarmValidation,
        Purpose::AlarmTest,
    ];
    let mut seen: Vec<(u64, u64, usize)> = Vec::new();
    for (number, purpose) in purposes.into_iter().enumerate() {
        let source = source(EpisodeParams::default(), purpose);
        let headers = (0..500).map(|episode| source.header(episode));
        seen.extend(headers.map(|header| (header.site, header.episode.0, number)));
    }
    for (site, episode, number) in &seen {
        let other = seen.iter().filter(|(_, _, other)| other != number);
        assert!(
            other.clone().all(|(other, ..)| other != site),
            "site {site}"
        );
        assert!(
            other.clone().all(|(_, other, _)| other != episode),
            "episode {episode}"
        );
    }
}

#[test]
fn alarm_episodes_are_complete_and_mostly_without_fire() {
    let source = source(EpisodeParams::for_alarms(), Purpose::AlarmTest);
    let episodes = source.lasting_hours(20.0);
    let headers: Vec<_> = episodes.map(|episode| source.header(episode)).collect();
    let seconds: u32 = headers.iter().map(|header| header.duration_s).sum();
    assert!((72_000..72_300).contains(&seconds), "{seconds}");
    for header in &headers {
        assert!(
            header
                .row_seconds
                .iter()
                .copied()
                .eq(header.row_seconds[0]..header.duration_s)
        );
    }
    let labels = headers.iter().flat_map(Header::labels);
    let burning = labels.map(u32::from).sum::<u32>();
    assert!(
        burning * 6 < seconds && burning * 20 > seconds,
        "{burning} of {seconds}"
    );
}

#[test]
fn missing_values_do_not_reveal_the_label() {
    for feature in Feature::ALL {
        let share = |label| {
            let values = values(feature, label);
            values.iter().filter(|value| value.is_nan()).count() as f64 / values.len() as f64
        };
        let [calm, fire] = [share(0), share(1)];
        assert!(
            calm < 0.05 && fire < 0.05,
            "{feature:?} is missing in {calm} and {fire}"
        );
        assert!(
            (calm - fire).abs() < 0.02,
            "{feature:?} is missing in {calm} and {fire}"
        );
    }
}

/// The AUC of a feature, or 1 minus the AUC if that is larger.
fn auc(positives: &[f32], negatives: &[f32]) -> f64 {
    let known = |values: &[f32]| -> Vec<f32> {
        values
            .iter()
            .copied()
            .filter(|value| !value.is_nan())
            .collect()
    };
    let (positives, mut negatives) = (known(positives), known(negatives));
    negatives.sort_unstable_by(f32::total_cmp);
    let wins: f64 = positives
        .iter()
        .map(|value| {
            let below = negatives.partition_point(|other| other < value);
            let not_above = negatives.partition_point(|other| other <= value);
            f64::midpoint(below as f64, not_above as f64)
        })
        .sum();
    let auc = wins / (positives.len() * negatives.len()) as f64;
    auc.max(1.0 - auc)
}

#[test]
fn no_feature_decides_alone() {
    for feature in Feature::ALL {
        let found = auc(&values(feature, 1), &values(feature, 0));
        assert!(found < 0.88, "{feature:?}: {found}");
    }
    // But they are informative.
    assert!(auc(&values(Feature::TMax, 1), &values(Feature::TMax, 0)) > 0.65);
}

#[test]
fn there_is_a_scene_of_every_scenario() {
    let scenes = scenes(3).unwrap();
    let shown: Vec<Scenario> = scenes.iter().map(|scene| scene.header.scenario).collect();
    assert_eq!(shown, Scenario::ALL);
    for scene in &scenes {
        let times: Vec<f64> = scene
            .frames
            .iter()
            .map(sensor_model::ThermalFrame::time_s)
            .collect();
        assert!(times.is_sorted() && times[0] >= 70.0, "{times:?}");
    }
}
