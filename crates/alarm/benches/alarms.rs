//! Alarm metrics on a million rows (eleven days): `cargo bench -p alarm --bench alarms`.
//!
//! Single-threaded, with fixed seeds; data generation is not timed. Under `cargo test` each benchmark runs once on few
//! rows.

use std::fmt;

use alarm::{AlarmParams, AlarmReport, AlarmState, Recording, choose, curve};
use divan::Bencher;
use divan::counter::ItemsCount;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rows per recording: twenty minutes.
const ROWS: usize = 1_200;
/// Thresholds per curve.
const THRESHOLDS: u32 = 200;

fn main() {
    divan::main();
}

/// One row at a time, as in live use.
#[divan::bench(args = Site::ALL)]
fn push(bencher: Bencher, site: Site) {
    let Some(rule) = AlarmParams::new(0.8, 8, 10).check().ok() else {
        return;
    };
    let recordings = site.recordings();
    let rows = ROWS * recordings.len();
    bencher.counter(ItemsCount::new(rows)).bench(|| {
        let mut state = AlarmState::new(rule);
        let rows = recordings.iter().flat_map(|made| &made.probabilities);
        let alarms = (0_u32..).zip(rows);
        alarms
            .filter_map(|(second, &p)| state.push(f64::from(second), p))
            .count()
    });
}

/// A curve of 200 thresholds.
#[divan::bench(args = Site::ALL)]
fn curve_of_200_thresholds(bencher: Bencher, site: Site) {
    let thresholds: Vec<f64> = (1..=THRESHOLDS)
        .map(|step| f64::from(step) / f64::from(THRESHOLDS))
        .collect();
    over_recordings(bencher, site, |recordings| {
        let rule = AlarmParams::new(0.8, 8, 10).check().ok()?;
        curve(&rule, &thresholds, recordings).ok()
    });
}

/// A report, including its curve of 100 thresholds.
#[divan::bench(args = Site::ALL)]
fn report(bencher: Bencher, site: Site) {
    over_recordings(bencher, site, |recordings| {
        let rule = AlarmParams::new(0.8, 8, 10).check().ok()?;
        AlarmReport::new(&rule, recordings).ok()
    });
}

/// Eight windows with up to 1,000 thresholds each.
#[divan::bench(args = Site::ALL, sample_count = 5)]
fn choice(bencher: Bencher, site: Site) {
    over_recordings(bencher, site, |recordings| choose(recordings, 1.0).ok());
}

fn over_recordings<T>(
    bencher: Bencher,
    site: Site,
    evaluate: impl Fn(&[Recording]) -> Option<T> + Sync,
) {
    let made = site.recordings();
    let recordings: Vec<_> = made.iter().filter_map(Made::recording).collect();
    bencher
        .counter(ItemsCount::new(ROWS * recordings.len()))
        .bench(|| evaluate(&recordings));
}

/// The variability of the probabilities.
#[derive(Clone, Copy)]
enum Site {
    /// Near 0 with occasional bumps, like those of a good model.
    Calm,
    /// Random in every row, so that no block can be skipped.
    Noise,
}

impl Site {
    const ALL: [Self; 2] = [Self::Calm, Self::Noise];

    /// One recording in five has an event.
    fn recordings(self) -> Vec<Made> {
        let measuring = std::env::args().any(|argument| argument == "--bench");
        let count: u64 = if measuring { 833 } else { 5 };
        (0..count).map(|seed| self.recording(seed)).collect()
    }

    fn recording(self, seed: u64) -> Made {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let event = seed.is_multiple_of(5).then_some(900.0);
        let bump = rng.random_range(0..ROWS);
        let height: f64 = rng.random();
        let probability = |row: usize| match self {
            Self::Noise => rng.random(),
            Self::Calm if event.is_some() && row > 920 => rng.random_range(0.5..1.0),
            Self::Calm if row.abs_diff(bump) < 30 => height * rng.random_range(0.8..1.0),
            Self::Calm => rng.random_range(0.0..0.05),
        };
        Made {
            times: (0..ROWS as u32).map(f64::from).collect(),
            probabilities: (0..ROWS).map(probability).collect(),
            event,
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calm => "calm",
            Self::Noise => "noise",
        })
    }
}

/// A recording that owns its rows.
struct Made {
    times: Vec<f64>,
    probabilities: Vec<f64>,
    event: Option<f64>,
}

impl Made {
    fn recording(&self) -> Option<Recording<'_>> {
        Recording::new(&self.times, &self.probabilities, self.event, "made").ok()
    }
}
