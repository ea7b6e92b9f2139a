//! The confidence interval of a Poisson rate.
//!
//! The bounds are quantiles of gamma distributions with integer shape, whose tails are Poisson tails: sums of a few
//! positive terms. That is short enough to implement here instead of depending on a large statistics crate for a
//! general inverse incomplete gamma function.

/// The tail probability at each end of a 95 % interval.
const TAIL: f64 = 0.025;

/// The exact 95 % confidence interval of the mean of a Poisson distribution, given one sample `count` (Garwood 1936).
///
/// The ends are half the 2.5 % quantile of the chi-square distribution with 2 `count` degrees of freedom, and half the
/// 97.5 % quantile of the one with 2 `count` + 2.
pub fn poisson_interval(count: u64) -> [f64; 2] {
    let drawn = count as f64;
    let lower = if count == 0 {
        0.0
    } else {
        bisect([0.0, drawn], |mean| at_least(drawn, mean) > TAIL)
    };
    // A safe upper bound: more than four standard deviations above the sample.
    let far = drawn + 4.0 * libm::sqrt(drawn + 1.0) + 4.0;
    let upper = bisect([drawn, far], |mean| at_most(drawn, mean) < TAIL);
    [lower, upper]
}

/// The point between `low` and `high` where `is_above` becomes true, to full precision.
fn bisect([mut low, mut high]: [f64; 2], is_above: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if is_above(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
}

/// The probability of `count` or more for a `mean` of at most `count`; the terms decrease from the first.
fn at_least(count: f64, mean: f64) -> f64 {
    let ratios = (1..).map(|step| mean / (count + f64::from(step)));
    probability(count, mean) * sum_of_decreasing_terms(ratios)
}

/// The probability of `count` or fewer for a `mean` of at least `count`; the terms decrease from the first.
fn at_most(count: f64, mean: f64) -> f64 {
    let ratios = (0..).map(|step| ((count - f64::from(step)) / mean).max(0.0));
    probability(count, mean) * sum_of_decreasing_terms(ratios)
}

/// 1 + r₁ + r₁r₂ + …, until a term no longer changes the sum.
fn sum_of_decreasing_terms(ratios: impl Iterator<Item = f64>) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for ratio in ratios {
        term *= ratio;
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum
}

/// The probability of exactly `count`.
fn probability(count: f64, mean: f64) -> f64 {
    libm::exp(count * libm::log(mean) - mean - libm::lgamma(count + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(count: u64, expected: [f64; 2], relative: f64) {
        let found = poisson_interval(count);
        for (found, expected) in found.into_iter().zip(expected) {
            let close = (found - expected).abs() <= relative * expected;
            assert!(close, "{count}: {found} against {expected}");
        }
    }

    #[test]
    fn intervals_are_those_of_the_chi_square_distribution() {
        // From the tables of Garwood 1936.
        check(0, [0.0, 3.689], 1e-4);
        check(10, [4.795, 18.39], 1e-4);
        // From exact sums with 60 decimal digits.
        check(0, [0.0, 3.688_879_454_113_936_3], 1e-12);
        check(1, [0.025_317_807_984_289_876, 5.571_643_390_938_899], 1e-12);
        check(2, [0.242_209_278_543_964_9, 7.224_687_667_723_961], 1e-12);
        check(10, [4.795_388_696_132_433_5, 18.390_356_042_017_78], 1e-12);
        check(100, [81.363_991_250_923_14, 121.626_793_792_426_38], 1e-12);
        check(1_000, [938.973_018_407_695_2, 1_063.952_136_016_302], 1e-11);
    }

    #[test]
    fn each_tail_has_two_and_a_half_percent() {
        for count in [1, 7, 60, 1_234] {
            let drawn = count as f64;
            let [lower, upper] = poisson_interval(count);
            // Summed term by term from 0, unlike the interval itself.
            let below = |mean: f64, up_to: u64| -> f64 {
                (0..=up_to).map(|k| probability(k as f64, mean)).sum()
            };
            assert!((1.0 - below(lower, count - 1) - TAIL).abs() < 1e-9);
            assert!((below(upper, count) - TAIL).abs() < 1e-9);
            assert!(lower < drawn && drawn < upper);
        }
    }
}
