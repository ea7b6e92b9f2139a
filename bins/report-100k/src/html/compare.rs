//! `compare.html`: two runs side by side.

use maud::{Markup, html};

use super::numbers::{count, figure, interval};
use super::{Figure, Key, Table, shell};
use crate::charts::{Axis, Chart, Mark, Paint};
use crate::compare::{Comparison, Pair, Side, in_words};
use crate::curves::{Curves, height_at};
use crate::verdict::Verdict;

/// The whole page.
pub(crate) fn comparison_page(
    comparison: &Comparison,
    sides: [&Side; 2],
) -> anyhow::Result<String> {
    let [first, second] = &comparison.runs;
    let sections = [
        ("summary", "Verdicts", verdicts(sides)),
        ("differences", "Differences", differences(comparison)),
        ("curves", "Curves of both", curves(comparison, sides)?),
        ("rows", "Figures side by side", side_by_side(comparison)),
    ];
    let subtitle = html! {
        (count(comparison.test_rows)) " test rows in " (count(comparison.test_groups))
        " groups, the same in both runs"
    };
    Ok(shell(
        &format!("Runs {first} and {second}"),
        &subtitle,
        &sections,
    ))
}

fn verdicts(sides: [&Side; 2]) -> Markup {
    html! {
        @for side in sides {
            h3 { "Run " (side.gathered.report.run) }
            @let verdict = Verdict::of(&side.gathered.report);
            p.verdict.reached[verdict.reached] { (verdict.sentence) }
        }
    }
}

fn differences(comparison: &Comparison) -> Markup {
    let mut rows = Vec::new();
    for pair in &comparison.pairs {
        for (name, [first, second], difference) in pair.figures() {
            let [low, high] = difference.interval;
            rows.push(vec![
                pair.name(),
                name.to_owned(),
                figure(first),
                figure(second),
                format!("{:+.4}", difference.value),
                format!("{low:+.4} to {high:+.4}"),
                in_words(name, &difference).to_owned(),
            ]);
        }
    }
    let head = [
        "models",
        "figure",
        "first",
        "second",
        "difference",
        "95 % interval",
        "in words",
    ];
    let table = Table {
        texts: vec![1, 6],
        ..Table::new(
            "The second run less the first, on the same test rows",
            &head,
            rows,
        )
    };
    html! {
        p { "Paired bootstrap: both models are judged on each draw of whole groups of rows, so that what makes rows hard for "
            "both cancels. F1 is at each model’s own threshold; of log-loss, less is better." }
        (table.markup())
    }
}

fn curves(comparison: &Comparison, sides: [&Side; 2]) -> anyhow::Result<Markup> {
    let found = sides.map(|side| side.main().and_then(Curves::of));
    let [Some(first), Some(second)] = &found else {
        return Ok(html! { p.note { "A run has no curves." } });
    };
    let Some(pair) = comparison.pairs.first() else {
        return Ok(html! {});
    };
    let roc = both(pair, [first, second])?;
    Ok(html! { div.figures { (roc.markup()) } })
}

fn both(pair: &Pair, curves: [&Curves; 2]) -> anyhow::Result<Figure<'static>> {
    let mut marks = vec![Mark::Guide([(0.0, 0.0), (1.0, 1.0)])];
    for (number, curves) in curves.into_iter().enumerate() {
        marks.push(Mark::Line(Paint::Series(number as u8), curves.roc.clone()));
    }
    let chart = Chart {
        x: Axis::share("share of the other rows called fire"),
        y: Axis::share("share of fire rows called fire"),
        marks,
    };
    let text = |number: usize| {
        let which = ["first", "second"][number];
        format!(
            "{which}: {}, AUC {:.4}",
            pair.models[number], pair.test[number].auc
        )
    };
    let rows = (0..=10_u32).map(|step| {
        let at = f64::from(step) / 10.0;
        let heights =
            curves.map(|curves| height_at(&curves.roc, at).map_or_else(|| "–".to_owned(), figure));
        std::iter::once(format!("{at:.1}")).chain(heights).collect()
    });
    Ok(Figure {
        id: "roc".into(),
        name: "Receiver operating characteristic".into(),
        reading: "Further to the upper left is better; the thin line is guessing.",
        description: format!("{}; {}.", text(0), text(1)),
        drawing: chart.draw()?,
        legend: [0, 1]
            .map(|number| Key::line(Paint::Series(number as u8), text(number)))
            .into(),
        table: Table::new(
            "Heights of the curves",
            &["false-positive rate", "first", "second"],
            rows.collect(),
        ),
    })
}

fn side_by_side(comparison: &Comparison) -> Markup {
    let mut rows = Vec::new();
    for pair in &comparison.pairs {
        for (number, scores) in pair.test.iter().enumerate() {
            rows.push(vec![
                format!("{}, {}", ["first", "second"][number], pair.models[number]),
                figure(scores.auc),
                interval(scores.auc_interval),
                figure(scores.pr_auc),
                figure(scores.accuracy),
                figure(scores.f1),
                figure(scores.logloss),
                figure(scores.brier),
                figure(scores.ece),
            ]);
        }
    }
    let head = [
        "run, model",
        "AUC",
        "95 % interval",
        "PR-AUC",
        "accuracy",
        "F1",
        "log-loss",
        "Brier",
        "ECE",
    ];
    Table::new(
        "Figures on the test part; accuracy and F1 at probability 1/2",
        &head,
        rows,
    )
    .markup()
}
