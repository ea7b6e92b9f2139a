//! The time of each step, the cost of the jobs, and the endpoint's test responses.

use fire_run::report::Report;
use maud::{Markup, html};

use super::table::{four_digits, or_dash};
use super::{Contents, Figure, Table};
use crate::charts::{Axis, Bar, Bars, Paint};

pub(super) fn section(contents: &Contents) -> anyhow::Result<Markup> {
    let report = contents.report;
    let timings = timings(report)?;
    Ok(html! {
        @match timings {
            Some(figure) => div.figures { (figure.markup()) },
            None => p.note { "This machine has no records of the steps." },
        }
        h3 { "Training jobs" }
        p { (price(report)) }
        (jobs(report).markup())
        h3 { "Endpoint" }
        (endpoint(report))
    })
}

fn price(report: &Report) -> &'static str {
    if report.backend == "local" {
        "Nothing was charged: the jobs ran on this machine. The price is what the same time would have cost on AWS \
         at the list price."
    } else {
        "The price is that of the billable seconds at the list price."
    }
}

fn timings(report: &Report) -> anyhow::Result<Option<Figure<'static>>> {
    let timings = &report.timings_seconds;
    let steps = [
        ("generate", timings.generate),
        ("split", timings.split),
        ("upload", timings.upload),
        ("train", timings.train),
        ("combine", timings.combine),
        ("deploy", timings.deploy),
        ("test", timings.test),
    ];
    let known: Vec<_> = steps
        .iter()
        .filter_map(|(name, seconds)| Some((*name, (*seconds)?)))
        .collect();
    let longest = known.iter().map(|step| step.1).fold(0.0, f64::max);
    if known.is_empty() {
        return Ok(None);
    }
    let bar = |(name, seconds): &(&str, f64)| Bar {
        name: (*name).to_owned(),
        lengths: vec![(Paint::Series(0), *seconds)],
        interval: None,
    };
    let digits = usize::from(longest < 5.0) + usize::from(longest < 0.5);
    let bars = Bars {
        x: Axis {
            label: "seconds",
            range: 0.0..longest.max(1e-3) * 1.05,
            format: &move |seconds| format!("{seconds:.digits$}"),
        },
        bars: known.iter().map(bar).collect(),
    };
    let total: f64 = known.iter().map(|step| step.1).sum();
    let rows = steps.iter().map(|(name, seconds)| {
        vec![
            (*name).to_owned(),
            or_dash(*seconds, |seconds| format!("{seconds:.2}")),
        ]
    });
    Ok(Some(Figure {
        id: "timings".into(),
        name: "Time of each step".into(),
        reading: "Wall-clock time. A step without a bar has no record on this machine.",
        description: format!("{total:.1} seconds in all recorded steps."),
        drawing: bars.draw()?,
        legend: Vec::new(),
        table: Table::new("Seconds of each step", &["step", "seconds"], rows.collect()),
    }))
}

fn jobs(report: &Report) -> Table {
    let seconds = |seconds: Option<f64>| or_dash(seconds, |seconds| format!("{seconds:.1}"));
    let rows = report.jobs.iter().map(|job| {
        vec![
            job.name.clone(),
            job.status.clone(),
            or_dash(job.instance_type.as_ref(), Clone::clone),
            seconds(job.training_seconds),
            seconds(job.billable_seconds),
            or_dash(job.cost_usd, |usd| format!("{usd:.4}")),
        ]
    });
    let head = [
        "job",
        "status",
        "instance",
        "training s",
        "billable s",
        "USD",
    ];
    Table::new("Training jobs", &head, rows.collect())
}

fn endpoint(report: &Report) -> Markup {
    let Some(endpoint) = &report.endpoint else {
        return html! { p.note { "Nothing was deployed from this machine." } };
    };
    let rows = endpoint.test.iter().map(|response| {
        vec![
            response.name.clone(),
            four_digits(response.fire_probability),
            four_digits(response.expected_probability),
            if response.right { "yes" } else { "NO" }.to_owned(),
        ]
    });
    let head = [
        "probe row",
        "fire probability",
        "computed when packed",
        "right",
    ];
    let table = Table::new(
        "Responses of the endpoint to the probe rows",
        &head,
        rows.collect(),
    );
    html! {
        p { code { (endpoint.name) } ": " (endpoint.status) }
        @if endpoint.test.is_empty() {
            p.note { "It was deployed without a test." }
        } @else { (table.markup()) }
    }
}
