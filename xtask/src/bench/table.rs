//! The results as Markdown for people and `docs/benchmarks.md`, and as JSON.

use serde_json::{Value, json};

use super::contestants::Task;
use super::learners::{Findings, Measured, PublicScore, Size, THREADS};
use super::{joined, machine, targets, today};

pub(crate) fn print(findings: &Findings) {
    println!("{}", heading(findings));
    for size in &findings.sizes {
        println!("\n## {} rows x 18, profile original\n", size.rows);
        println!("| | fit s | ours is faster | AUC | peak MB above the input | runs |");
        println!("|---|---|---|---|---|---|");
        for task in Task::ALL {
            println!("| **{}** | | | | | |", task.title());
            let of_task = size
                .results
                .iter()
                .filter(|one| one.contestant.task == task);
            of_task.for_each(|one| println!("{}", row(one, size)));
        }
    }
    println!("\n## Public sets, AUC\n");
    println!("| | set | AUC |\n|---|---|---|");
    for PublicScore {
        contestant,
        set,
        auc,
    } in &findings.public
    {
        let task = contestant.task.title();
        println!("| {task}: {} | {set} | {auc:.4} |", contestant.name);
    }
    println!("\n## Targets\n");
    targets::print(&targets::all(findings), 4);
}

fn heading(findings: &Findings) -> String {
    format!(
        "{}; {}; {THREADS} threads each, medians of {} alternating runs; {}",
        machine(),
        today(),
        findings.runs,
        joined(&findings.versions)
    )
}

fn row(one: &Measured, size: &Size) -> String {
    let auc = one.auc.map_or(String::new(), |auc| format!("{auc:.4}"));
    let faster = factor(one, size).map_or(String::new(), |factor| format!("{factor:.1}x"));
    format!(
        "| {} | {:.3} | {faster} | {auc} | {:.1} | {} |",
        one.contestant.name,
        one.seconds,
        one.peak_bytes / 1e6,
        one.runs
    )
}

/// How many times as long as our learner it took; `None` for our own.
fn factor(one: &Measured, size: &Size) -> Option<f64> {
    let of_task = size
        .results
        .iter()
        .filter(|other| other.contestant.task == one.contestant.task);
    let ours = of_task
        .filter(|_| !one.contestant.is_ours())
        .find(|other| other.contestant.is_ours())?;
    Some(one.seconds / ours.seconds)
}

/// The results as JSON; the keys are stable.
pub(crate) fn document(findings: &Findings) -> Value {
    let sizes = findings.sizes.iter().map(|size| {
        let results = size.results.iter().map(|one| measured(one, size));
        json!({ "rows": size.rows, "results": results.collect::<Vec<_>>() })
    });
    let public = findings.public.iter().map(|one| {
        json!({
            "task": one.contestant.task.title(),
            "contestant": one.contestant.name,
            "set": one.set,
            "auc": one.auc,
        })
    });
    json!({
        "machine": machine(),
        "date": today(),
        "threads": THREADS,
        "runs": findings.runs,
        "versions": findings.versions,
        "sizes": sizes.collect::<Vec<_>>(),
        "public": public.collect::<Vec<_>>(),
        "targets": targets::document(&targets::all(findings)),
    })
}

fn measured(one: &Measured, size: &Size) -> Value {
    json!({
        "task": one.contestant.task.title(),
        "contestant": one.contestant.name,
        "median_seconds": one.seconds,
        "times_ours": factor(one, size),
        "auc": one.auc,
        "peak_bytes": one.peak_bytes,
        "runs": one.runs,
    })
}
