//! The page that compares two runs.

use maud::{Markup, html};

use super::curves::{FALSE_POSITIVE_RATE, RANDOM_GUESSING, points_table, roc_figure};
use super::metrics::COLUMNS;
use super::table::{count, four_digits, interval};
use super::{Figure, Key, Table, shell};
use crate::charts::{Mark, Paint};
use crate::compare::{Comparison, Pair, Side, conclusion};
use crate::curves::Curves;
use crate::verdict::Verdict;

/// Renders the whole page.
pub(crate) fn comparison_page(
    comparison: &Comparison,
    sides: [&Side; 2],
) -> anyhow::Result<String> {
    let [first, second] = &comparison.runs;
    let sections = [
        ("summary", "Verdicts", verdicts(sides)),
        ("differences", "Differences", differences(comparison)),
        ("curves", "Curves of both", curves(comparison, sides)?),
        ("rows", "Metrics side by side", side_by_side(comparison)),
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
        for (name, [first, second], difference) in pair.metrics() {
            let [low, high] = difference.interval;
            rows.push(vec![
                pair.name(),
                name.to_owned(),
                four_digits(first),
                four_digits(second),
                format!("{:+.4}", difference.value),
                format!("{low:+.4} to {high:+.4}"),
                conclusion(name, &difference).to_owned(),
            ]);
        }
    }
    let head = [
        "models",
        "metric",
        "first",
        "second",
        "difference",
        "95 % interval",
        "conclusion",
    ];
    let table = Table {
        texts: vec![1, 6],
        ..Table::new(
            "The second run minus the first, on the same test rows",
            &head,
            rows,
        )
    };
    html! {
        p { "Paired bootstrap: both models are evaluated on each resample of whole groups of rows, so difficulty that "
            "affects both cancels out. F1 is at each model’s own threshold; for log-loss, lower is better." }
        (table.markup())
    }
}

fn curves(comparison: &Comparison, sides: [&Side; 2]) -> anyhow::Result<Markup> {
    let found = sides.map(|side| side.main().and_then(Curves::of));
    let [Some(first), Some(second)] = &found else {
        return Ok(html! { p.note { "One of the runs has no curves." } });
    };
    let Some(pair) = comparison.pairs.first() else {
        return Ok(html! {});
    };
    let roc = both_roc_curves(pair, [first, second])?;
    Ok(html! { div.figures { (roc.markup()) } })
}

fn both_roc_curves(pair: &Pair, curves: [&Curves; 2]) -> anyhow::Result<Figure<'static>> {
    let mut marks = vec![Mark::Guide(RANDOM_GUESSING)];
    for (number, curves) in curves.into_iter().enumerate() {
        marks.push(Mark::Line(Paint::Series(number as u8), curves.roc.clone()));
    }
    let text = |number: usize| {
        let which = ["first", "second"][number];
        format!(
            "{which}: {}, AUC {:.4}",
            pair.models[number], pair.test[number].auc
        )
    };
    let [first, second] = curves.map(|curves| curves.roc.as_slice());
    roc_figure(
        marks,
        format!("{}; {}.", text(0), text(1)),
        [0, 1]
            .map(|number| Key::line(Paint::Series(number as u8), text(number)))
            .into(),
        points_table(FALSE_POSITIVE_RATE, &[("first", first), ("second", second)]),
    )
}

fn side_by_side(comparison: &Comparison) -> Markup {
    let columns = || {
        let is_shown = |name: &str| !matches!(name, "precision" | "recall");
        COLUMNS.into_iter().filter(move |(name, _)| is_shown(name))
    };
    let mut rows = Vec::new();
    for pair in &comparison.pairs {
        for (number, scores) in pair.test.iter().enumerate() {
            let name = format!("{}, {}", ["first", "second"][number], pair.models[number]);
            let mut row = vec![name, four_digits(scores.auc), interval(scores.auc_interval)];
            row.extend(columns().map(|(_, of)| four_digits(of(scores))));
            rows.push(row);
        }
    }
    let head = ["run, model", "AUC", "95 % interval"].into_iter();
    let head: Vec<&str> = head.chain(columns().map(|(name, _)| name)).collect();
    Table::new(
        "Metrics on the test rows; accuracy and F1 at probability 1/2",
        &head,
        rows,
    )
    .markup()
}
