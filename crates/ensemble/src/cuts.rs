//! Quantile cuts, which divide a feature's values into at most 255 bins.

/// The bin reserved for missing values.
pub(crate) const MISSING: u8 = 255;

/// The thresholds of one feature, ascending. The bin of a value is the number of thresholds below it.
///
/// Hence `x <= thresholds[b]` exactly when the bin of `x` is at most `b`, so splits on bins and on values are
/// equivalent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cuts {
    /// The thresholds, padded with infinity so that a search always takes eight steps.
    padded: [f32; 256],
    count: u8,
}

impl Cuts {
    /// Computes cuts from a sample of one feature's values, for at most `max_bins` (2 to 255) bins.
    ///
    /// If there are at most `max_bins` distinct values, each has its own bin. Otherwise the bins hold nearly equal
    /// shares of the sample, and a value that makes up at least
    /// twice such a share gets a bin of its own.
    pub(crate) fn from_sample(mut sample: Vec<f32>, max_bins: usize) -> Self {
        sample.retain(|value| !value.is_nan());
        sample.sort_unstable_by(f32::total_cmp);
        let distinct = run_lengths(&sample);
        let mut padded = [f32::INFINITY; 256];
        let mut count = 0;
        for boundary in boundaries(&distinct, max_bins) {
            padded[count] = between(distinct[boundary].0, distinct[boundary + 1].0);
            count += 1;
        }
        Self {
            padded,
            count: count as u8,
        }
    }

    /// The last bin; also the number of thresholds.
    pub(crate) fn last_bin(&self) -> u8 {
        self.count
    }

    /// The largest value in `bin`; for the last bin, the largest finite number.
    pub(crate) fn threshold(&self, bin: u8) -> f32 {
        if bin < self.count {
            self.padded[usize::from(bin)]
        } else {
            f32::MAX
        }
    }

    /// The bin of `value`, [`MISSING`] for NaN.
    pub(crate) fn bin(&self, value: f32) -> u8 {
        if value.is_nan() {
            return MISSING;
        }
        // No branch depends on the value, so there is nothing to mispredict.
        let mut below = 0_usize;
        for step in [128, 64, 32, 16, 8, 4, 2, 1] {
            below += step * usize::from(self.padded[below + step - 1] < value);
        }
        below as u8
    }
}

/// The distinct values of a sorted sample with their counts. Zero and minus zero are equal.
fn run_lengths(sorted: &[f32]) -> Vec<(f32, u32)> {
    let runs = || sorted.chunk_by(|a, b| a == b);
    // Counted first, because growing a vector briefly needs two copies.
    let mut lengths = Vec::with_capacity(runs().count());
    lengths.extend(runs().map(|run| (run[0], run.len() as u32)));
    lengths
}

/// Indices of the distinct values that end a bin, ascending; at most `max_bins - 1`, and never the last value.
fn boundaries(distinct: &[(f32, u32)], max_bins: usize) -> Vec<usize> {
    let inner = distinct.len().saturating_sub(1);
    if distinct.len() <= max_bins {
        return (0..inner).collect();
    }
    let count = |at: usize| distinct[at].1 as usize;
    let mut rows_left: usize = (0..distinct.len()).map(count).sum();
    let mut bins_left = max_bins;
    let mut in_bin = 0;
    let mut boundaries = Vec::with_capacity(max_bins - 1);
    for at in 0..inner {
        in_bin += count(at);
        // Recomputed from the remaining rows, so that a frequent value does not starve the bins after it.
        let target = rows_left / bins_left;
        // End the bin here if its size is at least as close to the target as it would be with the next value.
        if 2 * in_bin + count(at + 1) >= 2 * target {
            boundaries.push(at);
            rows_left -= in_bin;
            bins_left -= 1;
            in_bin = 0;
        }
        if bins_left == 1 {
            break;
        }
    }
    boundaries
}

/// A threshold with `low <= threshold < high`: the midpoint if its rounded value qualifies, otherwise `low`.
fn between(low: f32, high: f32) -> f32 {
    // The midpoint of adjacent numbers may round to the upper one, which must stay above the threshold.
    let middle = f64::midpoint(f64::from(low), f64::from(high)) as f32;
    if middle < high { middle } else { low }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bins(sample: &[f32], max_bins: usize) -> Vec<u8> {
        let cuts = Cuts::from_sample(sample.to_vec(), max_bins);
        sample.iter().map(|&value| cuts.bin(value)).collect()
    }

    #[test]
    fn few_distinct_values_have_one_bin_each() {
        assert_eq!(bins(&[3.0, 1.0, 2.0, 1.0], 255), [2, 0, 1, 0]);
        assert_eq!(bins(&[-0.0, 0.0, 1e-45], 255), [0, 0, 1]);
        assert_eq!(bins(&[5.0, 5.0], 255), [0, 0]);
        assert_eq!(bins(&[f32::MIN, f32::MAX, f32::NAN], 255), [0, 1, MISSING]);
        assert_eq!(bins(&[f32::NAN], 255), [MISSING]);
        assert_eq!(bins(&[], 255), [0_u8; 0]);
    }

    #[test]
    fn many_values_are_divided_evenly() {
        let sample: Vec<f32> = (0..10_000_u16).map(f32::from).collect();
        let mut sizes = [0; 256];
        for bin in bins(&sample, 255) {
            sizes[usize::from(bin)] += 1;
        }
        assert!(
            sizes[..255].iter().all(|size| (39..=40).contains(size)),
            "{sizes:?}"
        );
        assert_eq!(sizes[255], 0);
    }

    #[test]
    fn a_frequent_value_has_its_own_bin() {
        let mut sample = vec![400.0; 4_000];
        sample.extend((1..=6_000_u16).map(|step| 400.0 + f32::from(step)));
        let cuts = Cuts::from_sample(sample, 255);
        assert_eq!((cuts.bin(400.0), cuts.bin(401.0)), (0, 1));
        assert!(cuts.last_bin() > 240);
    }

    #[test]
    fn adjacent_floats_are_in_different_bins() {
        // Of two consecutive pairs of adjacent floats, one has a midpoint that rounds up.
        for low in [1.0_f32, 1.0_f32.next_up(), -1.0, -0.1] {
            assert_eq!(bins(&[low, low.next_up()], 255), [0, 1], "above {low:?}");
        }
    }

    proptest! {
        #[test]
        fn a_value_is_at_most_a_threshold_exactly_when_its_bin_is(
            sample in prop::collection::vec(-50.0_f32..50.0, 1..400),
            value in -60.0_f32..60.0,
            max_bins in 2_usize..=255,
        ) {
            let cuts = Cuts::from_sample(sample, max_bins);
            prop_assert!(usize::from(cuts.last_bin()) < max_bins);
            for bin in 0..=cuts.last_bin() {
                prop_assert_eq!(value <= cuts.threshold(bin), cuts.bin(value) <= bin);
            }
        }
    }
}
