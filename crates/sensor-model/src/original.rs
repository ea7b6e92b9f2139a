//! Generator profile `original`: the rows of the pipeline that this one replaces.
//!
//! Eighteen independent draws, clipped, and a label drawn from a rule over eleven conditions:
//!
//! ```text
//! score = clip(sum of the weights of the conditions that hold, 0, 1)
//! p     = clip(score + N(0, 0.05), 0, 1)
//! label = Bernoulli(p)
//! ```
//!
//! Distributions and rule are those of `aws_100k_training_pipeline.py` in the public repository
//! `AAA6666799/saafe`; its random stream is not reproduced, only its laws.
//! The rows are physically impossible (the 95th percentile exceeds the maximum in two rows of
//! five) and their label is mostly chance: no classifier can beat [`Generated::expected`], whose
//! AUC is about 0.775. They stay useful for exactly that reason: the ceiling is known.

mod expectation;
mod laws;
mod score;

use std::num::NonZeroUsize;
use std::ops::Range;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::Distribution;

use crate::rows::Rows;
use crate::schema::FEATURE_COUNT;

use expectation::{expected_probability, score};
use laws::{Laws, NOISE};
pub(crate) use score::score_hundredths;

/// Rows of profile `original`, and what can be known of their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The rows; id and group are the row's index, since the draws are independent.
    pub rows: Rows,
    /// `E[p | x]` of each row: the probability of fire given its features, which the best
    /// possible classifier would report. Never written into a training file.
    pub expected: Vec<f64>,
}

/// Rows `rows.start..rows.end` of the infinite data set of that seed.
///
/// Each row has a random stream of its own (`ChaCha8`), so the values depend on neither the number of threads
/// nor the range that a row is asked for with: call it piece by piece for bounded memory or
/// progress, or on several machines for shards.
pub fn generate(seed: u64, rows: Range<u64>, threads: NonZeroUsize) -> Generated {
    let count = rows.end.saturating_sub(rows.start) as usize;
    let mut features = vec![f32::NAN; count * FEATURE_COUNT];
    let mut labels = vec![0; count];
    let mut expected = vec![0.0; count];
    let share = count.div_ceil(threads.get()).max(1);
    std::thread::scope(|scope| {
        let parts = features
            .chunks_mut(share * FEATURE_COUNT)
            .zip(labels.chunks_mut(share))
            .zip(expected.chunks_mut(share));
        for (k, ((features, labels), expected)) in parts.enumerate() {
            let first = rows.start + (k * share) as u64;
            let part = Part {
                features,
                labels,
                expected,
            };
            scope.spawn(move || fill(seed, first, part));
        }
    });
    // Independent draws have nothing in common, so each row is a group of its own.
    let ids: Vec<u64> = rows.collect();
    Generated {
        rows: Rows {
            groups: ids.clone(),
            ids,
            features,
            labels,
            metadata: None,
        },
        expected,
    }
}

/// The consecutive rows that one thread fills.
struct Part<'a> {
    features: &'a mut [f32],
    labels: &'a mut [u8],
    expected: &'a mut [f64],
}

/// Draws consecutive rows, the first one having the index `first`.
fn fill(seed: u64, first: u64, part: Part<'_>) {
    let laws = Laws::new();
    let mut rng = ChaCha8Rng::from_seed(key(seed));
    let rows = part
        .features
        .chunks_exact_mut(FEATURE_COUNT)
        .zip(part.labels)
        .zip(part.expected);
    for (index, ((row, label), expected)) in (first..).zip(rows) {
        // Otherwise the row would begin where the last one stopped drawing. Done before the stream is changed, it spares
        // the numbers of the new stream up to that place.
        rng.set_word_pos(0);
        rng.set_stream(index);
        laws.draw(&mut rng, row);
        // Scored as stored, in f32, so that the expectation is a function of what the learner sees.
        let hundredths = score_hundredths(row);
        *expected = expected_probability(hundredths);
        *label = draw_label(&mut rng, &laws, score(hundredths));
    }
}

/// One toss of the label, with the noise on the score that no feature carries.
fn draw_label(rng: &mut impl Rng, laws: &Laws, score: f64) -> u8 {
    let noise: f64 = laws.noise.sample(rng);
    let p = (score + NOISE * noise).clamp(0.0, 1.0);
    u8::from(rng.random::<f64>() < p)
}

/// The generator's key: the seed and a tag, so that other users of the same seed draw other
/// numbers.
fn key(seed: u64) -> [u8; 32] {
    let mut key = *b"........sensor-model: original 1";
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key
}
