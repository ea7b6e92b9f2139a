//! Permutation importances and partial dependences, both on the validation rows.

use ensemble::inspection::Dependence;
use maud::{Markup, html};
use sensor_model::Feature;

use super::table::four_digits;
use super::{Contents, Figure, Table};
use crate::charts::{Axis, Bar, Bars, Chart, Mark, Paint};
use crate::importance::{Inspection, REPEATS};

pub(super) fn section(contents: &Contents) -> anyhow::Result<Markup> {
    let inspection = match &contents.inspection {
        Ok(inspection) => inspection,
        Err(why) => return Ok(html! { p.note { (why) } }),
    };
    let importances = importances(inspection)?;
    let dependences = inspection.dependences.iter().enumerate();
    let dependences = dependences
        .filter(|(_, (_, curve))| curve.len() > 1)
        .map(|(number, (feature, curve))| dependence(number, *feature, curve));
    let dependences = dependences.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(html! {
        p { "Measured on the validation rows. Correlated features share their information, so shuffling one of them "
            "alone may change little; none of this shows causation." }
        div.figures {
            (importances.markup())
            @for figure in &dependences { (figure.markup()) }
        }
    })
}

fn importances(inspection: &Inspection) -> anyhow::Result<Figure<'static>> {
    let ends = |(_, found): &(Feature, ensemble::inspection::Importance)| {
        [found.mean - found.deviation, found.mean + found.deviation]
    };
    let all = inspection.importances.iter().map(ends);
    let (low, high) = all.fold((0.0_f64, 0.0_f64), |(low, high), ends| {
        (low.min(ends[0]), high.max(ends[1]))
    });
    // A model that uses no feature still needs an axis.
    let high = high.max(low + 1e-3);
    let bar = |found: &(Feature, ensemble::inspection::Importance)| Bar {
        name: found.0.name().to_owned(),
        lengths: vec![(Paint::Series(0), found.1.mean)],
        interval: Some(ends(found)),
    };
    let bars = Bars {
        x: Axis {
            label: "decrease of the AUC when shuffled",
            range: low * 1.05..high * 1.05,
            format: &|decrease| format!("{decrease:.3}"),
        },
        bars: inspection.importances.iter().map(bar).collect(),
    };
    let strongest = inspection.importances.iter().take(3);
    let words = strongest.map(|(feature, found)| format!("{} {:.4}", feature.name(), found.mean));
    let rows = inspection.importances.iter().map(|(feature, found)| {
        vec![
            feature.name().to_owned(),
            feature.unit().to_owned(),
            four_digits(found.mean),
            four_digits(found.deviation),
        ]
    });
    Ok(Figure {
        id: "importances".into(),
        name: "Permutation importance".into(),
        reading: "Decrease of the AUC when a feature’s values are shuffled among the rows, with its standard deviation.",
        description: format!(
            "Model {} on {} validation rows, each feature shuffled {REPEATS} times. The most important: {}.",
            inspection.name,
            inspection.rows,
            words.collect::<Vec<_>>().join(", ")
        ),
        drawing: bars.draw()?,
        legend: Vec::new(),
        table: Table::new(
            "Permutation importances",
            &["feature", "unit", "mean decrease", "standard deviation"],
            rows.collect(),
        ),
    })
}

fn dependence(
    number: usize,
    feature: Feature,
    curve: &[Dependence],
) -> anyhow::Result<Figure<'static>> {
    let points: Vec<_> = curve
        .iter()
        .map(|point| (f64::from(point.value), point.mean_probability))
        .collect();
    let (first, last) = (points[0], points[points.len() - 1]);
    let unit = match feature.unit() {
        "" | "1" => String::new(),
        unit => format!(" [{unit}]"),
    };
    let label = format!("{}{unit}", feature.name());
    let digits = usize::from(last.0 - first.0 < 20.0) + usize::from(last.0 - first.0 < 2.0);
    let chart = Chart {
        x: Axis {
            label: &label,
            range: first.0..last.0,
            format: &move |value| format!("{value:.digits$}"),
        },
        y: Axis::share("mean probability of fire"),
        marks: vec![Mark::Line(Paint::Series(0), points.clone())],
    };
    let rows = points
        .iter()
        .map(|(value, p)| vec![format!("{value:.3}"), four_digits(*p)]);
    Ok(Figure {
        id: format!("dependence-{}", number + 1).into(),
        name: feature.name().into(),
        reading: "The mean prediction when this feature has the same value in every row and all others are unchanged.",
        description: format!(
            "Partial dependence: from {:.3} at {:.2} to {:.3} at {:.2}, over the middle 98 % of the feature’s values.",
            first.1, first.0, last.1, last.0
        ),
        drawing: chart.draw()?,
        legend: Vec::new(),
        table: Table::new(
            "Partial dependence",
            &[&label, "mean probability"],
            rows.collect(),
        ),
    })
}
