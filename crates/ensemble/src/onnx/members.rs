//! The subgraph of a member.

use super::graph::Graph;
use super::trees;
use crate::decision_function::{DecisionFunction, Link};
use crate::learners::Model;
use crate::linear::{Linear, Term};

/// A column with the member's probability of class 1 for each row of `x`, given in double precision.
pub(super) fn probability(graph: &mut Graph, model: &Model, x: &str) -> String {
    match model.decision_function() {
        DecisionFunction::Trees(sum) => match sum.link {
            Link::Mean(_) => {
                let mean = trees::leaves(graph, x, (sum.trees, "AVERAGE"));
                graph.double(&mean)
            }
            Link::LogOdds => {
                let steps = trees::leaves(graph, x, (sum.trees, "SUM"));
                let steps = graph.double(&steps);
                let base = graph.scalar(sum.start);
                let margin = graph.apply("Add", &[&steps, &base]);
                graph.apply("Sigmoid", &[&margin])
            }
        },
        DecisionFunction::Linear(linear) => log_odds(graph, linear, x),
    }
}

/// The probability of a linear model. A missing value is replaced by the mean, so it contributes 0.
fn log_odds(graph: &mut Graph, Linear { terms, intercept }: Linear, x: &str) -> String {
    let each = |value: fn(&Term) -> f64| terms.iter().map(value).collect::<Vec<_>>();
    let means = graph.row(&each(|term| term.mean));
    let deviations = graph.row(&each(|term| term.deviation));
    let coefficients = graph.column(&each(|term| term.coefficient));
    let intercept = graph.scalar(intercept);
    let missing = graph.apply("IsNaN", &[x]);
    let filled = graph.apply("Where", &[&missing, &means, x]);
    let centred = graph.apply("Sub", &[&filled, &means]);
    let standardised = graph.apply("Div", &[&centred, &deviations]);
    let product = graph.apply("MatMul", &[&standardised, &coefficients]);
    let margin = graph.apply("Add", &[&product, &intercept]);
    graph.apply("Sigmoid", &[&margin])
}
