//! The distributions of profile `original`, feature by feature.

use rand::Rng;
use rand_distr::{Beta, Distribution, Gamma, Normal, StandardNormal};

use crate::schema::{FEATURE_COUNT, Feature};

/// Standard deviation of the noise on the score.
pub(super) const NOISE: f64 = 0.05;

/// A distribution with its parameters as in numpy: gamma by shape and scale.
#[derive(Clone, Copy)]
enum Law {
    Normal { mean: f64, sd: f64 },
    Gamma { shape: f64, scale: f64 },
    Beta { a: f64, b: f64, scale: f64 },
}

/// Feature, law and the limits to which the draw is clipped, in the order of a row.
const LAWS: [(Feature, Law, (f64, f64)); FEATURE_COUNT] = [
    (
        Feature::TMean,
        Law::Normal {
            mean: 25.0,
            sd: 15.0,
        },
        (-40.0, 330.0),
    ),
    (
        Feature::TStd,
        Law::Gamma {
            shape: 2.0,
            scale: 5.0,
        },
        (0.0, 50.0),
    ),
    (
        Feature::TMax,
        Law::Normal {
            mean: 45.0,
            sd: 20.0,
        },
        (-40.0, 330.0),
    ),
    (
        Feature::TP95,
        Law::Normal {
            mean: 40.0,
            sd: 18.0,
        },
        (-40.0, 330.0),
    ),
    (
        Feature::THotAreaPct,
        Law::Beta {
            a: 2.0,
            b: 5.0,
            scale: 100.0,
        },
        (0.0, 100.0),
    ),
    (
        Feature::THotLargestBlobPct,
        Law::Beta {
            a: 1.0,
            b: 4.0,
            scale: 50.0,
        },
        (0.0, 50.0),
    ),
    (
        Feature::TGradMean,
        Law::Gamma {
            shape: 2.0,
            scale: 3.0,
        },
        (0.0, 20.0),
    ),
    (
        Feature::TGradStd,
        Law::Gamma {
            shape: 1.0,
            scale: 2.0,
        },
        (0.0, 10.0),
    ),
    (
        Feature::TDiffMean,
        Law::Gamma {
            shape: 2.0,
            scale: 4.0,
        },
        (0.0, 30.0),
    ),
    (
        Feature::TDiffStd,
        Law::Gamma {
            shape: 1.0,
            scale: 3.0,
        },
        (0.0, 15.0),
    ),
    (
        Feature::FlowMagMean,
        Law::Gamma {
            shape: 2.0,
            scale: 2.0,
        },
        (0.0, 15.0),
    ),
    (
        Feature::FlowMagStd,
        Law::Gamma {
            shape: 1.0,
            scale: 1.5,
        },
        (0.0, 8.0),
    ),
    (
        Feature::TproxyVal,
        Law::Normal {
            mean: 30.0,
            sd: 15.0,
        },
        (0.0, 100.0),
    ),
    (
        Feature::TproxyDelta,
        Law::Normal {
            mean: 0.0,
            sd: 10.0,
        },
        (-50.0, 50.0),
    ),
    (
        Feature::TproxyVel,
        Law::Normal { mean: 0.0, sd: 5.0 },
        (-20.0, 20.0),
    ),
    (
        Feature::GasVal,
        Law::Normal {
            mean: 450.0,
            sd: 200.0,
        },
        (400.0, 5000.0),
    ),
    (
        Feature::GasDelta,
        Law::Normal {
            mean: 0.0,
            sd: 100.0,
        },
        (-500.0, 500.0),
    ),
    (
        Feature::GasVel,
        Law::Normal {
            mean: 0.0,
            sd: 15.0,
        },
        (-50.0, 50.0),
    ),
];

/// A law made ready for drawing.
enum Sampler {
    Normal(Normal<f64>),
    Gamma(Gamma<f64>),
    Beta(Beta<f64>, f64),
}

impl Sampler {
    /// `None` for impossible parameters; the table has none, and a test draws from each.
    fn new(law: Law) -> Option<Self> {
        match law {
            Law::Normal { mean, sd } => Normal::new(mean, sd).ok().map(Self::Normal),
            Law::Gamma { shape, scale } => Gamma::new(shape, scale).ok().map(Self::Gamma),
            Law::Beta { a, b, scale } => Beta::new(a, b).ok().map(|beta| Self::Beta(beta, scale)),
        }
    }

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
    pub(super) fn new() -> Self {
        let columns = LAWS
            .into_iter()
            .filter_map(|(feature, law, limits)| Some((feature, Sampler::new(law)?, limits)))
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
