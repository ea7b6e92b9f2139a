//! The requested share of each part.

use crate::error::Error;
use crate::part::Part;

/// The shares of the three parts, each above 0 and with a sum of 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratios([f64; 3]);

impl Ratios {
    /// Checks the shares. Their sum may differ from 1 by at most 1e-9.
    pub fn new(train: f64, validation: f64, test: f64) -> Result<Self, Error> {
        let shares = [train, validation, test];
        let sum: f64 = shares.iter().sum();
        let each_positive = shares.iter().all(|&share| share > 0.0);
        if each_positive && (sum - 1.0).abs() <= 1e-9 {
            Ok(Self(shares))
        } else {
            Err(Error::Ratios {
                train,
                validation,
                test,
            })
        }
    }

    /// The share of a part, between 0 and 1.
    pub fn share(self, part: Part) -> f64 {
        self.0[part as usize]
    }

    /// The shares in the order of [`Part::ALL`].
    pub(crate) fn shares(self) -> [f64; 3] {
        self.0
    }
}

impl Default for Ratios {
    /// 70 / 15 / 15.
    fn default() -> Self {
        Self([0.70, 0.15, 0.15])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_must_be_positive_and_sum_to_one() {
        assert!(Ratios::new(0.7, 0.15, 0.15).is_ok());
        assert!(Ratios::new(1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0).is_ok());
        for [a, b, c] in [
            [0.7, 0.2, 0.2],
            [0.85, 0.15, 0.0],
            [1.1, -0.2, 0.1],
            [f64::NAN, 0.5, 0.5],
            [70.0, 15.0, 15.0],
        ] {
            let error = Ratios::new(a, b, c).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "invalid shares {a}, {b} and {c} for train, validation and test; \
                     each must be above 0, and their sum must be 1"
                )
            );
        }
    }
}
