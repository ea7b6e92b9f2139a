//! Which requests go to which variant, and which are captured: shares of the traffic that come close to
//! the configured ones over any stretch of requests, and are reproducible.

/// The index of the variant that request number `request` goes to. The multiples of the golden ratio fill
/// the unit interval evenly, so every stretch of requests comes close to the weights without random
/// numbers.
pub(super) fn choose(weights: &[f64], request: u64) -> Option<usize> {
    let total: f64 = weights.iter().sum();
    let mut left = evenly(request) * total;
    for (index, weight) in weights.iter().enumerate() {
        if left < *weight {
            return Some(index);
        }
        left -= weight;
    }
    // Rounding may leave a remainder beyond the last weight. Without any weight, no variant answers.
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
    fn requests_are_shared_by_weight() {
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
    fn no_variant_answers_without_weight() {
        assert_eq!(choose(&[0.0, 0.0], 7), None);
        assert_eq!(choose(&[], 7), None);
    }
}
