//! Each kind of member as a part of the graph.

use super::graph::Graph;
use super::trees;
use crate::logistic::Logistic;
use crate::model::Model;

/// The member's probability of class 1 for each row of `x`, which is in double precision: a column.
pub(super) fn probability(graph: &mut Graph, model: &Model, x: &str) -> String {
    match model {
        Model::Forest(forest) => {
            let mean = trees::leaves(graph, x, (&forest.trees, "AVERAGE"));
            graph.double(&mean)
        }
        Model::Boosting(boosting) => {
            let steps = trees::leaves(graph, x, (&boosting.trees, "SUM"));
            let steps = graph.double(&steps);
            let base = graph.scalar(boosting.base);
            let margin = graph.apply("Add", &[&steps, &base]);
            graph.apply("Sigmoid", &[&margin])
        }
        Model::Logistic(logistic) => log_odds(graph, logistic, x),
    }
}

/// A missing value is the mean, and so counts nothing.
fn log_odds(graph: &mut Graph, logistic: &Logistic, x: &str) -> String {
    let terms = &logistic.terms;
    let means = graph.row(terms.iter().map(|term| term.mean).collect());
    let deviations = graph.row(terms.iter().map(|term| term.deviation).collect());
    let coefficients = graph.column(terms.iter().map(|term| term.coefficient).collect());
    let intercept = graph.scalar(logistic.intercept);
    let missing = graph.apply("IsNaN", &[x]);
    let filled = graph.apply("Where", &[&missing, &means, x]);
    let centred = graph.apply("Sub", &[&filled, &means]);
    let standardised = graph.apply("Div", &[&centred, &deviations]);
    let product = graph.apply("MatMul", &[&standardised, &coefficients]);
    let margin = graph.apply("Add", &[&product, &intercept]);
    graph.apply("Sigmoid", &[&margin])
}
