//! The log-loss and its link function, with pure-Rust `exp` and `ln` so that results are bit-identical on all machines.

/// The probability for the log-odds `margin`.
pub(crate) fn sigmoid(margin: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-margin))
}

/// The log-odds of a probability strictly between 0 and 1.
pub(crate) fn log_odds(probability: f64) -> f64 {
    libm::log(probability / (1.0 - probability))
}

/// The log-loss of the log-odds `margin` for `label`; finite for any finite margin.
pub(crate) fn margin_loss(margin: f64, label: u8) -> f64 {
    let against = if label == 1 { -margin } else { margin };
    against.max(0.0) + libm::log1p(libm::exp(-against.abs()))
}

/// [`sigmoid`] to within 3e-7, in plain arithmetic that the compiler vectorises.
pub(crate) fn sigmoid_f32(margin: f32) -> f32 {
    1.0 / (1.0 + exp_f32(-margin))
}

/// Adding this to a number below 2^22 leaves the nearest integer in the lowest bits of the result.
pub(crate) const TO_NEAREST: f32 = 12_582_912.0;

/// e^x for x from -87 to 87, by a polynomial around the nearest multiple of ln 2 (`expf` of Moshier's Cephes library).
fn exp_f32(x: f32) -> f32 {
    let x = if x > 87.0 { 87.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + TO_NEAREST;
    let n = shifted - TO_NEAREST;
    // ln 2 in two parts; the first has few enough digits that its product with n is exact.
    let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let series = [
        1.987_569_1e-4,
        1.398_2e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
        1.0,
        1.0,
    ];
    let near_one = series.into_iter().fold(0.0, |sum, term| sum * r + term);
    // 2^n: n shifted into the exponent, plus the bias.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    near_one * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_and_loss_agree() {
        for probability in [1e-9, 0.2, 0.5, 0.999] {
            let margin = log_odds(probability);
            assert!((sigmoid(margin) - probability).abs() < 1e-12);
            assert!((margin_loss(margin, 1) + libm::log(probability)).abs() < 1e-9);
            assert!((margin_loss(margin, 0) + libm::log(1.0 - probability)).abs() < 1e-9);
        }
        assert_eq!((sigmoid(-1e9), sigmoid(1e9)), (0.0, 1.0));
        assert_eq!(margin_loss(-1e9, 1), 1e9);
    }

    #[test]
    fn the_fast_sigmoid_is_close() {
        for step in -2_000..=2_000_i16 {
            let margin = f32::from(step) / 20.0;
            let (quick, exact) = (f64::from(sigmoid_f32(margin)), sigmoid(f64::from(margin)));
            assert!((quick - exact).abs() < 3e-7, "at {margin}: {quick} {exact}");
        }
    }
}
