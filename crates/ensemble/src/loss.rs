//! The log-loss and its link, in one pure-Rust `exp` and `ln`, so that every machine computes the same bits.

/// The probability that belongs to log-odds `margin`.
pub(crate) fn sigmoid(margin: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-margin))
}

/// The log-odds that belong to a probability strictly between 0 and 1.
pub(crate) fn log_odds(probability: f64) -> f64 {
    libm::log(probability / (1.0 - probability))
}

/// The log-loss of log-odds `margin` against `label`, without ever taking the logarithm of 0.
pub(crate) fn margin_loss(margin: f64, label: u8) -> f64 {
    let wrongness = if label == 1 { -margin } else { margin };
    wrongness.max(0.0) + libm::log1p(libm::exp(-wrongness.abs()))
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
}
