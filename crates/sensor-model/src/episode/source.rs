//! The numbered episodes of a seed.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;
use crate::frame::ThermalFrame;
use crate::rows::Rows;

use super::canvas::Canvas;
use super::header::Header;
use super::hidden::Hidden;
use super::params::CheckedEpisodeParams;
use super::recorder::{Recorded, frame, record};
use super::{EpisodeSummary, Episodes, Purpose};

/// An infinite sequence of episodes.
///
/// Episode `n` depends only on the parameters, the seed, the purpose and `n`: a range gives the same rows on any number
/// of threads and in any number of pieces.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeSource {
    params: CheckedEpisodeParams,
    seed: u64,
    purpose: Purpose,
}

impl EpisodeSource {
    /// The episodes of a seed. Those of another purpose have other sites and other random numbers.
    pub fn new(params: CheckedEpisodeParams, seed: u64, purpose: Purpose) -> Self {
        Self {
            params,
            seed,
            purpose,
        }
    }

    /// What is known about an episode without rendering it; takes microseconds.
    pub fn header(&self, episode: u64) -> Header {
        Header::draw(&self.params, self.seed, self.purpose, episode)
    }

    /// The shortest range from episode 0 with at least this many rows.
    pub fn holding_rows(&self, rows: usize) -> Range<u64> {
        self.until(rows as u64, |header| header.row_seconds.len() as u64)
    }

    /// The shortest range from episode 0 that lasts at least this long.
    pub fn lasting_hours(&self, sensor_hours: f64) -> Range<u64> {
        let seconds = libm::ceil(sensor_hours.max(0.0) * 3_600.0);
        self.until(seconds as u64, |header| header.duration_s.into())
    }

    fn until(&self, wanted: u64, amount: impl Fn(&Header) -> u64) -> Range<u64> {
        let (mut episodes, mut sum) = (0, 0);
        while sum < wanted {
            // At least 1, so that this ends; both amounts are positive for all valid parameters.
            sum += amount(&self.header(episodes)).max(1);
            episodes += 1;
        }
        0..episodes
    }

    /// Renders episodes and extracts their rows.
    ///
    /// Only the rows are kept in memory. To bound memory or report progress, generate one range after another.
    pub fn generate(&self, episodes: Range<u64>, threads: NonZeroUsize) -> Result<Episodes, Error> {
        let mut all = Episodes::default();
        for recorded in self.record_all(episodes, threads) {
            let (header, recorded) = recorded?;
            append(&mut all.rows, &header, recorded.features);
            all.time_s.extend(&header.row_seconds);
            all.episodes.push(EpisodeSummary {
                header,
                first_visible_s: recorded.first_visible_s,
                frames: recorded.frames,
            });
        }
        Ok(all)
    }

    /// A frame of an episode, as the camera would report it at that time.
    pub fn render(&self, episode: u64, time_s: f64) -> Result<ThermalFrame, Error> {
        let hidden = self.hidden(&self.header(episode));
        Ok(frame(&hidden, time_s, &mut Canvas::new())?.0)
    }

    fn hidden(&self, header: &Header) -> Hidden {
        Hidden::draw(&self.params, self.seed, self.purpose, header)
    }

    /// Every episode of the range, in order. Each thread takes the next episode when it has finished one.
    fn record_all(
        &self,
        episodes: Range<u64>,
        threads: NonZeroUsize,
    ) -> Vec<Result<(Header, Recorded), Error>> {
        let next = AtomicU64::new(episodes.start);
        let work = || {
            let mut canvas = Canvas::new();
            let mut done = Vec::new();
            loop {
                let episode = next.fetch_add(1, Ordering::Relaxed);
                if episode >= episodes.end {
                    return done;
                }
                let header = self.header(episode);
                let recorded = record(&header, &self.hidden(&header), &mut canvas);
                done.push((episode, recorded.map(|recorded| (header, recorded))));
            }
        };
        let mut done = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads.get()).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for other in others {
                // Propagate a panic to the caller's thread.
                done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            done
        });
        done.sort_unstable_by_key(|&(episode, _)| episode);
        done.into_iter().map(|(_, result)| result).collect()
    }
}

fn append(rows: &mut Rows, header: &Header, features: Vec<f32>) {
    let ids = header
        .row_seconds
        .iter()
        .map(|&second| header.episode.row_id(second));
    rows.ids.extend(ids);
    rows.groups
        .extend(header.row_seconds.iter().map(|_| header.episode.0));
    rows.labels.extend(header.labels());
    rows.features.extend(features);
}
