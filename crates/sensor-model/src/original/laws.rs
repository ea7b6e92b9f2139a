//! The distributions of profile `original`, feature by feature.

use rand::Rng;
use rand_distr::{Beta, Distribution, Gamma, Normal, StandardNormal};

use crate::schema::Feature;

/// Standard deviation of the noise on the score.
pub(super) const NOISE: f64 = 0.05;

/// A distribution with its parameters as in numpy: gamma by shape and scale.
#[derive(Clone, Copy)]
enum Law {
    Normal { mean: f64, sd: f64 },
    Gamma { shape: f64, scale: f64 },
    Beta { a: f64, b: f64, scale: f64 },
}

/// Feature, law and clipping limits, in the order of a row. Features that the Python scripts did not have are missing.
const LAWS: &[(Feature, Law, (f64, f64))] = &[
    (Feature::TMean, normal(25.0, 15.0), (-40.0, 330.0)),
    (Feature::TStd, gamma(2.0, 5.0), (0.0, 50.0)),
    (Feature::TMax, normal(45.0, 20.0), (-40.0, 330.0)),
    (Feature::TP95, normal(40.0, 18.0), (-40.0, 330.0)),
    (Feature::THotAreaPct, beta(2.0, 5.0, 100.0), (0.0, 100.0)),
    (
        Feature::THotLargestBlobPct,
        beta(1.0, 4.0, 50.0),
        (0.0, 50.0),
    ),
    (Feature::TGradMean, gamma(2.0, 3.0), (0.0, 20.0)),
    (Feature::TGradStd, gamma(1.0, 2.0), (0.0, 10.0)),
    (Feature::TDiffMean, gamma(2.0, 4.0), (0.0, 30.0)),
    (Feature::TDiffStd, gamma(1.0, 3.0), (0.0, 15.0)),
    (Feature::FlowMagMean, gamma(2.0, 2.0), (0.0, 15.0)),
    (Feature::FlowMagStd, gamma(1.0, 1.5), (0.0, 8.0)),
    (Feature::TproxyVal, normal(30.0, 15.0), (0.0, 100.0)),
    (Feature::TproxyDelta, normal(0.0, 10.0), (-50.0, 50.0)),
    (Feature::TproxyVel, normal(0.0, 5.0), (-20.0, 20.0)),
    (Feature::GasVal, normal(450.0, 200.0), (400.0, 5000.0)),
    (Feature::GasDelta, normal(0.0, 100.0), (-500.0, 500.0)),
    (Feature::GasVel, normal(0.0, 15.0), (-50.0, 50.0)),
];

const fn normal(mean: f64, sd: f64) -> Law {
    Law::Normal { mean, sd }
}

const fn gamma(shape: f64, scale: f64) -> Law {
    Law::Gamma { shape, scale }
}

const fn beta(a: f64, b: f64, scale: f64) -> Law {
    Law::Beta { a, b, scale }
}

/// A law with its sampler prepared.
enum Sampler {
    Normal(Normal<f64>),
    Gamma(Gamma<f64>),
    Beta(Beta<f64>, f64),
}

impl Sampler {
    /// `None` for impossible parameters; the table has none, as a test that draws from each law shows.
    fn new(law: Law) -> Option<Self> {
        match law {
            Law::Normal { mean, sd } => Normal::new(mean, sd).ok().map(Self::Normal),
            Law::Gamma { shape, scale } => Gamma::new(shape, scale).ok().map(Self::Gamma),
            Law::Beta { a, b, scale } => Beta::new(a, b).ok().map(|beta| Self::Beta(beta, scale)),
        }
    }

    /// One draw, not yet clipped.
    fn draw(&self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Normal(law) => law.sample(rng),
            Self::Gamma(law) => law.sample(rng),
            Self::Beta(law, scale) => scale * law.sample(rng),
        }
    }
}

/// All samplers of a row.
pub(super) struct Laws {
    columns: Vec<(Feature, Sampler, (f64, f64))>,
    /// Noise on the score, in units of [`NOISE`].
    pub(super) noise: StandardNormal,
}

impl Laws {
    /// Prepares every law of the table.
    pub(super) fn new() -> Self {
        let columns = LAWS
            .iter()
            .filter_map(|&(feature, law, limits)| Some((feature, Sampler::new(law)?, limits)))
            .collect();
        Self {
            columns,
            noise: StandardNormal,
        }
    }

    /// Fills a row with clipped draws, in the order of the features.
    pub(super) fn draw(&self, rng: &mut impl Rng, row: &mut [f32]) {
        for (feature, sampler, (low, high)) in &self.columns {
            row[feature.index()] = sampler.draw(rng).clamp(*low, *high) as f32;
        }
    }
}
