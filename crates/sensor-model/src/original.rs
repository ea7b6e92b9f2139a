//! Generator profile `original`: the rows of the pipeline that this project replaces.
//!
//! Each row is 18 independent draws, clipped, and a label from a rule over eleven conditions:
//!
//! ```text
//! score = clip(sum of the weights of the conditions that hold, 0, 1)
//! p     = clip(score + N(0, 0.05), 0, 1)
//! label = Bernoulli(p)
//! ```
//!
//! Distributions and rule are those of `aws_100k_training_pipeline.py` in the public repository `AAA6666799/saafe`; its
//! random numbers are not reproduced. The rows are physically impossible (the 95th percentile exceeds the maximum in two
//! rows of five), and the label is mostly chance: no classifier can beat [`Generated::expected`], whose AUC is about
//! 0.775. They are useful for exactly that reason: the Bayes-optimal metrics are known.

mod laws;
mod rule;

use std::num::NonZeroUsize;
use std::ops::Range;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::Distribution;

use crate::rows::Rows;
use crate::schema::FEATURE_COUNT;

use laws::{Laws, NOISE};
use rule::{expected_probability, score};

pub(crate) use rule::score_hundredths;

/// Rows of profile `original`, and how predictable their labels are.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The rows; ID and group are the row's index, because rows are independent.
    pub rows: Rows,
    /// `E[p | x]` of each row: the probability of fire given its features, which the best possible classifier would
    /// predict. It is never written to a training file.
    pub expected: Vec<f64>,
}

/// Rows `rows.start..rows.end` of the infinite dataset with this seed.
///
/// Each row has its own random stream (`ChaCha8`), so a row depends neither on the number of threads nor on the range that
/// it is generated in. Call this in pieces to bound memory or report progress, or on several machines for shards.
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
    // Independent draws have nothing in common, so each row is its own group.
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

/// Draws consecutive rows, starting with index `first`.
fn fill(seed: u64, first: u64, part: Part<'_>) {
    let laws = Laws::new();
    let mut rng = ChaCha8Rng::from_seed(key(seed));
    let rows = part
        .features
        .chunks_exact_mut(FEATURE_COUNT)
        .zip(part.labels)
        .zip(part.expected);
    for (index, ((row, label), expected)) in (first..).zip(rows) {
        // Back to the beginning of the stream, or the row would start where the previous one stopped drawing. Before
        // changing the stream, so that no block is computed at the old position of the new stream.
        rng.set_word_pos(0);
        rng.set_stream(index);
        laws.draw(&mut rng, row);
        // Scored on the stored f32, so that the expectation is a function of what the learner sees.
        let hundredths = score_hundredths(row);
        *expected = expected_probability(hundredths);
        *label = draw_label(&mut rng, &laws, score(hundredths));
    }
}

/// Draws the label, with noise on the score that no feature shows.
fn draw_label(rng: &mut impl Rng, laws: &Laws, score: f64) -> u8 {
    let noise: f64 = laws.noise.sample(rng);
    let p = (score + NOISE * noise).clamp(0.0, 1.0);
    u8::from(rng.random::<f64>() < p)
}

/// The generator's key: the seed and a tag, so that other generators with the same seed draw other numbers.
fn key(seed: u64) -> [u8; 32] {
    let mut key = *b"........sensor-model: original 1";
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key
}
