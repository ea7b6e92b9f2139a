//! Percentiles of an image without sorting it.
//!
//! A sample of the pixels shows where the hot part begins; only that part is gathered and partitioned (the idea of Floyd
//! and Rivest, "Expected time bounds for selection", 1975). The result is exact.

use crate::frame::FRAME_PIXELS;

/// Every 37th pixel is in the sample; 37 is coprime to the width, so that all columns are represented.
const STRIDE: usize = 37;
/// Number of pixels in the sample.
const SAMPLE: usize = FRAME_PIXELS.div_ceil(STRIDE);
/// Rank in the sample at which the hot part begins: low enough that it misses the 90th percentile only once in a thousand
/// images, which then takes longer but gives the same result.
const SAMPLE_RANK: usize = SAMPLE * 85 / 100;
/// Pixels that are tested together.
const BLOCK: usize = 16;
/// The lowest percentile that can be computed.
const LOWEST: f64 = 0.9;

/// The hottest pixels of an image, enough of them for any percentile from the 90th on.
#[derive(Clone, Debug, Default)]
pub(super) struct HotPart {
    /// Reused for all images, to save the allocation; only the first `kept` values are valid.
    values: Vec<f32>,
    kept: usize,
}

impl HotPart {
    /// Gathers the hot part of an image of [`FRAME_PIXELS`] pixels.
    pub(super) fn gather(&mut self, celsius: &[f32]) {
        self.values.resize(celsius.len(), 0.0);
        let threshold = *sample(celsius)
            .select_nth_unstable_by(SAMPLE_RANK, f32::total_cmp)
            .1;
        self.keep_from(celsius, threshold);
        let lowest_rank = (LOWEST * (celsius.len() - 1) as f64) as usize;
        if self.kept < celsius.len() - lowest_rank {
            self.keep_from(celsius, f32::NEG_INFINITY);
        }
    }

    /// The percentile at `share` (0.9 to 1), by linear interpolation between ranks: numpy's default.
    pub(super) fn percentile(&mut self, share: f64) -> f64 {
        let total = self.values.len();
        let rank = share * (total - 1) as f64;
        let below = rank as usize;
        let hot = &mut self.values[..self.kept];
        let (_, &mut low, above) =
            hot.select_nth_unstable_by(below + self.kept - total, f32::total_cmp);
        let low = f64::from(low);
        let high = above.iter().copied().fold(f32::INFINITY, f32::min);
        if above.is_empty() {
            return low;
        }
        low + (f64::from(high) - low) * (rank - below as f64)
    }

    /// Mean of the pixels at or above `threshold`, which must be one of the percentiles.
    pub(super) fn mean_from(&self, threshold: f64) -> f64 {
        let (mut count, mut sum) = (0_usize, 0.0);
        for value in self.values[..self.kept]
            .iter()
            .map(|&value| f64::from(value))
        {
            let hot = value >= threshold;
            count += usize::from(hot);
            sum += if hot { value } else { 0.0 };
        }
        sum / count as f64
    }

    /// Keeps the pixels at or above `threshold`. Most blocks have none and are skipped as a whole; in the others there is
    /// no branch per pixel, because the hot pixels of a noisy image are unpredictable.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a lazy operator is a branch, which would keep the loop from being vectorised"
    )]
    fn keep_from(&mut self, celsius: &[f32], threshold: f32) {
        self.kept = 0;
        let (blocks, rest) = celsius.as_chunks::<BLOCK>();
        for block in blocks {
            let hot = block
                .iter()
                .fold(false, |any, value| any | (*value >= threshold));
            if hot {
                self.keep_of(block, threshold);
            }
        }
        self.keep_of(rest, threshold);
    }

    fn keep_of(&mut self, block: &[f32], threshold: f32) {
        for &value in block {
            self.values[self.kept] = value;
            self.kept += usize::from(value >= threshold);
        }
    }
}

/// The approximate median of an image: that of its sample.
pub(super) fn sampled_median(celsius: &[f32]) -> f32 {
    *sample(celsius)
        .select_nth_unstable_by(SAMPLE / 2, f32::total_cmp)
        .1
}

fn sample(celsius: &[f32]) -> [f32; SAMPLE] {
    let mut sample = [0.0; SAMPLE];
    for (slot, &value) in sample.iter_mut().zip(celsius.iter().step_by(STRIDE)) {
        *slot = value;
    }
    sample
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By sorting, as the definition says.
    fn reference(celsius: &[f32], share: f64) -> f64 {
        let mut sorted = celsius.to_vec();
        sorted.sort_by(f32::total_cmp);
        let rank = share * (sorted.len() - 1) as f64;
        let low = f64::from(sorted[rank as usize]);
        let high = f64::from(sorted[(rank.ceil()) as usize]);
        low + (high - low) * rank.fract()
    }

    fn check(celsius: &[f32]) {
        let mut part = HotPart::default();
        part.gather(celsius);
        for share in [0.9, 0.95, 1.0] {
            assert_eq!(part.percentile(share), reference(celsius, share), "{share}");
        }
        let threshold = reference(celsius, 0.9);
        let hot: Vec<_> = celsius
            .iter()
            .map(|&value| f64::from(value))
            .filter(|&value| value >= threshold)
            .collect();
        let mean = hot.iter().sum::<f64>() / hot.len() as f64;
        assert!((part.mean_from(threshold) - mean).abs() < 1e-9);
    }

    #[test]
    fn percentiles_are_exact_even_if_the_sample_is_misleading() {
        check(&vec![20.0; FRAME_PIXELS]);
        let sampled = |hot: f32, cold: f32| {
            let image: Vec<_> = (0..FRAME_PIXELS)
                .map(|at| if at % STRIDE == 0 { hot } else { cold })
                .collect();
            image
        };
        check(&sampled(90.0, 20.0));
        check(&sampled(20.0, 90.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn percentiles_are_those_of_the_sorted_image(
            levels in 1_u32..5000,
            values in prop::collection::vec(0_u32..1_000_000, FRAME_PIXELS),
        ) {
            // Few levels give many ties, as in a quantised image.
            let image: Vec<_> = values.iter().map(|&v| 20.0 + (v % levels) as f32 * 0.01).collect();
            check(&image);
        }
    }
}
