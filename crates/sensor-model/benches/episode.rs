//! Rows per second of profile `episode`, with the extractor: `cargo bench -p sensor-model --bench episode`.
//!
//! One thread, fixed seed. Under `cargo test` each part runs once on few episodes.

use std::num::NonZeroUsize;

use divan::Bencher;
use divan::counter::ItemsCount;
use sensor_model::episode::{EpisodeParams, EpisodeSource, Purpose, Scenario};
use sensor_model::{Error, FRAME_PIXELS};

fn main() {
    divan::main();
}

/// Rows of a mix of scenarios, one for every five seconds.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn rows(bencher: Bencher) {
    rows_of(bencher, EpisodeParams::default());
}

/// Rows of whole episodes, one per second.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn rows_of_whole_episodes(bencher: Bencher) {
    rows_of(bencher, EpisodeParams::for_alarms());
}

/// Rows of the scenario that covers most pixels.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn rows_with_people(bencher: Bencher) {
    rows_of(bencher, EpisodeParams::only(Scenario::People));
}

/// One frame of an episode, with everything that is painted once per episode; pixels per second.
#[divan::bench]
fn first_frame(bencher: Bencher) {
    let source = source(EpisodeParams::default());
    let pixels = ItemsCount::new(FRAME_PIXELS);
    bencher
        .counter(pixels)
        .bench(|| source.as_ref().ok()?.render(3, 60.0).ok());
}

/// Only headers.
#[divan::bench]
fn headers(bencher: Bencher) {
    let source = source(EpisodeParams::default());
    bencher.counter(ItemsCount::new(1_000_usize)).bench(|| {
        let source = source.as_ref().ok()?;
        Some(
            (0..1_000)
                .map(|episode| source.header(episode).row_seconds.len())
                .sum::<usize>(),
        )
    });
}

fn source(params: EpisodeParams) -> Result<EpisodeSource, Error> {
    Ok(EpisodeSource::new(params.check()?, 42, Purpose::Training))
}

fn rows_of(bencher: Bencher, params: EpisodeParams) {
    let measuring = std::env::args().any(|argument| argument == "--bench");
    let episodes = if measuring { 100 } else { 2 };
    let source = source(params);
    let rows = source.as_ref().map_or(0, |source| {
        let headers = (0..episodes).map(|episode| source.header(episode).row_seconds.len());
        headers.sum()
    });
    bencher.counter(ItemsCount::new(rows)).bench(|| {
        source
            .as_ref()
            .ok()?
            .generate(0..episodes, NonZeroUsize::MIN)
            .ok()
    });
}
