//! Selects the variant for each request and the requests to capture. The selection is deterministic and
//! close to the configured shares over any sequence of requests.

/// The index of the variant for request number `request`. The fractional parts of multiples of the golden
/// ratio fill the unit interval evenly, so any sequence of requests is close to the weights without
/// random numbers.
pub(super) fn choose(weights: &[f64], request: u64) -> Option<usize> {
    let total: f64 = weights.iter().sum();
    let mut left = evenly(request) * total;
    for (index, weight) in weights.iter().enumerate() {
        if left < *weight {
            return Some(index);
        }
        left -= weight;
    }
    // Rounding may leave a remainder beyond the last weight. If all weights are zero, there is no variant.
    weights.iter().rposition(|weight| *weight > 0.0)
}

/// Element `n` of a sequence that fills the interval from 0 to 1 evenly.
pub(super) fn evenly(n: u64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    ((n % (1 << 32)) as f64 * GOLDEN).fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_distributed_by_weight() {
        for (weights, expected) in [
            (vec![1.0], vec![1000]),
            (vec![1.0, 1.0], vec![500, 500]),
            (vec![9.0, 1.0], vec![900, 100]),
            (vec![0.0, 2.0, 2.0], vec![0, 500, 500]),
        ] {
            let mut counts = vec![0_i32; weights.len()];
            for request in 0..1000 {
                counts[choose(&weights, request).unwrap()] += 1;
            }
            for (count, expected) in counts.iter().zip(&expected) {
                assert!((count - expected).abs() <= 5, "{weights:?}: {counts:?}");
            }
        }
    }

    #[test]
    fn no_variant_is_chosen_if_all_weights_are_zero() {
        assert_eq!(choose(&[0.0, 0.0], 7), None);
        assert_eq!(choose(&[], 7), None);
    }
}
