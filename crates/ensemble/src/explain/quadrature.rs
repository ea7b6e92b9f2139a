//! Gauss-Legendre quadrature on the interval from 0 to 1.

use std::f64::consts::PI;

/// Points and weights. Polynomials of degree up to 2 N - 1 are integrated exactly, up to rounding.
#[derive(Debug, Clone)]
pub(super) struct Quadrature<const N: usize> {
    pub(super) points: [f64; N],
    pub(super) weights: [f64; N],
}

impl<const N: usize> Quadrature<N> {
    /// The points are the roots of the Legendre polynomial of degree N, found by Newton's method from initial
    /// estimates.
    pub(super) fn new() -> Self {
        let (mut points, mut weights) = ([0.0; N], [0.0; N]);
        for at in 0..N {
            let mut x = libm::cos(PI * (at as f64 + 0.75) / (N as f64 + 0.5));
            // Five or six steps suffice; more do no harm.
            for _ in 0..10 {
                let (value, slope) = legendre(N, x);
                x -= value / slope;
            }
            let (_, slope) = legendre(N, x);
            points[at] = f64::midpoint(1.0, x);
            weights[at] = 1.0 / ((1.0 - x * x) * slope * slope);
        }
        Self { points, weights }
    }
}

/// The Legendre polynomial of the given degree (at least 1) and its derivative, at `x` between -1 and 1.
fn legendre(degree: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for n in 2..=degree {
        let n = n as f64;
        (before, value) = (
            value,
            ((2.0 * n - 1.0) * x * value - (n - 1.0) * before) / n,
        );
    }
    let slope = degree as f64 * (x * value - before) / (x * x - 1.0);
    (value, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const N: usize>() {
        let Quadrature { points, weights } = Quadrature::<N>::new();
        for degree in 0..2 * N as i32 {
            let terms = points.iter().zip(weights).map(|(t, w)| w * t.powi(degree));
            let found: f64 = terms.sum();
            let error = (found * f64::from(degree + 1) - 1.0).abs();
            assert!(error < 1e-13, "{N} points, degree {degree}: {error:e}");
        }
        assert!(points.iter().all(|point| (0.0..1.0).contains(point)));
    }

    #[test]
    fn powers_are_integrated_exactly() {
        check::<1>();
        check::<4>();
        check::<8>();
        check::<16>();
        check::<128>();
    }
}
