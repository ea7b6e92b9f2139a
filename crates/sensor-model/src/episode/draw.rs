//! The random numbers of an episode.
//!
//! Hidden state is drawn from a `ChaCha8` stream per episode and part, so that no episode depends on another.
//! Values that change with time (flicker, sway, noise) are pure functions of the time and a seed from that stream, so
//! any moment can be rendered without the moments before it.

use std::f64::consts::TAU;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Purpose;

/// The purpose of a stream. Each part has its own key, so additional draws in one do not change the others.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Site,
    Header,
    Hidden,
    Noise,
}

/// A stream of random numbers.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of one part of one episode (or site).
    pub(super) fn new(seed: u64, purpose: Purpose, part: Part, index: u64) -> Self {
        let mut key = *b"........sensor-model: episode ..";
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[30] = match purpose {
            Purpose::Training => b't',
            Purpose::AlarmValidation => b'v',
            Purpose::AlarmTest => b'a',
        };
        key[31] = match part {
            Part::Site => b's',
            Part::Header => b'h',
            Part::Hidden => b'e',
            Part::Noise => b'n',
        };
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(index);
        Self(rng)
    }

    /// Uniform from `low` to `high`.
    pub(super) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// Uniform in the logarithm: each doubling between `low` and `high` is equally likely.
    pub(super) fn log_uniform(&mut self, low: f64, high: f64) -> f64 {
        libm::exp(self.uniform(libm::log(low), libm::log(high)))
    }

    /// Normally distributed (Box and Muller).
    pub(super) fn normal(&mut self, mean: f64, sd: f64) -> f64 {
        // 1 - u is never 0.
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.0.random::<f64>()));
        mean + sd * radius * libm::cos(TAU * self.0.random::<f64>())
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.0.random::<f64>() < p
    }

    /// Uniform from 0 to `count - 1`; 0 if `count` is 0.
    pub(super) fn below(&mut self, count: u64) -> u64 {
        if count == 0 {
            return 0;
        }
        self.0.random_range(0..count)
    }

    /// One of the options.
    pub(super) fn one_of<T: Copy, const N: usize>(&mut self, options: [T; N]) -> T {
        options[self.below(N as u64) as usize]
    }

    /// An index into `weights`, with a probability proportional to its weight.
    pub(super) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.uniform(0.0, weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        // Rounding may leave a remainder, which belongs to the last possible option.
        weights
            .iter()
            .rposition(|&weight| weight > 0.0)
            .unwrap_or(0)
    }

    /// A seed for a function of time or position.
    pub(super) fn seed(&mut self) -> u64 {
        self.0.random()
    }
}

/// Uniform from -1 to 1, as a function of seed and position (`SplitMix64`).
pub(super) fn hashed(seed: u64, position: i64) -> f64 {
    (bits(seed, position) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// The 64 bits behind [`hashed`].
pub(super) fn bits(seed: u64, position: i64) -> u64 {
    let mut z = seed.wrapping_add((position as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A smooth random function of time between -1 and 1.
///
/// It is broadband up to about `rate_hz`, like the motion of a flame or a swaying person at 9 frames per second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wobble {
    seed: u64,
    rate_hz: f64,
}

impl Wobble {
    pub(super) fn new(seed: u64, rate_hz: f64) -> Self {
        Self { seed, rate_hz }
    }

    /// The same function at another rate.
    pub(super) fn at_rate(self, rate_hz: f64) -> Self {
        Self { rate_hz, ..self }
    }

    /// Its value at a time.
    pub(super) fn at(&self, time_s: f64) -> f64 {
        let position = time_s * self.rate_hz;
        let before = libm::floor(position);
        let share = position - before;
        let smooth = share * share * (3.0 - 2.0 * share);
        let [a, b] = [0, 1].map(|next| hashed(self.seed, before as i64 + next));
        a + (b - a) * smooth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(index: u64) -> Draw {
        Draw::new(1, Purpose::Training, Part::Hidden, index)
    }

    #[test]
    fn streams_of_other_parts_purposes_and_episodes_differ() {
        let first = |purpose, part, index| Draw::new(1, purpose, part, index).seed();
        let seeds = [
            first(Purpose::Training, Part::Hidden, 0),
            first(Purpose::Training, Part::Hidden, 1),
            first(Purpose::Training, Part::Header, 0),
            first(Purpose::AlarmTest, Part::Hidden, 0),
            first(Purpose::AlarmValidation, Part::Hidden, 0),
        ];
        for (i, seed) in seeds.iter().enumerate() {
            assert!(!seeds[..i].contains(seed), "{i}");
        }
    }

    #[test]
    fn weights_determine_frequencies() {
        let mut draw = draw(3);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[draw.weighted(&[1.0, 0.0, 3.0])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn normal_draws_have_their_moments() {
        let mut draw = draw(4);
        let values: Vec<f64> = (0..20_000).map(|_| draw.normal(3.0, 2.0)).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!((mean - 3.0).abs() < 0.07, "{mean}");
        assert!((variance.sqrt() - 2.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn a_wobble_is_smooth_and_stays_within_one() {
        let wobble = Wobble::new(9, 2.0);
        for step in 0..10_000 {
            let time = f64::from(step) * 0.01;
            let (now, next) = (wobble.at(time), wobble.at(time + 0.01));
            assert!(now.abs() <= 1.0);
            assert!((next - now).abs() < 0.07, "{time}");
        }
    }
}
