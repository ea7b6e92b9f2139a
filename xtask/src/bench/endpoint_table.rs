//! The results of the endpoint benchmark as Markdown and as JSON.

use serde_json::{Value, json};

use super::endpoint::{Findings, Load};
use super::targets::{self, Target};
use super::{joined, machine, today};

/// The targets of the endpoint.
fn all_targets(found: &Findings) -> Vec<Target> {
    let target = |what: &str, found, [target, floor]: [f64; 2], unit| Target {
        what: what.to_owned(),
        found,
        target,
        floor,
        unit,
    };
    let share = |name: &str, ours: f64| {
        let theirs = found
            .lightgbm
            .get(name)
            .map_or(f64::NAN, |rows| rows.single_p50_us);
        ours / theirs
    };
    let ensemble = &found.ours.ensemble;
    let faster = found.full.requests_per_second / found.flask.requests_per_second;
    let mut all = vec![
        target(
            "one row of the forest against LightGBM",
            share("forest", found.ours.forest.single_p50_us),
            [0.25, 1.0],
            "x",
        ),
        target(
            "one row of the boosting against LightGBM",
            share("boosting", found.ours.boosting.single_p50_us),
            [0.25, 1.0],
            "x",
        ),
        target(
            "requests a second against Flask",
            faster,
            [200.0, 100.0],
            "x",
        ),
        target(
            "p99 at half load",
            found.half.p99_us / 1e3,
            [2.0, 10.0],
            " ms",
        ),
        target(
            "rows a second and core, ensemble",
            ensemble.per_second,
            [500_000.0, 250_000.0],
            "",
        ),
        target("cold start", found.cold_start_ms, [50.0, 100.0], " ms"),
        target(
            "resident memory",
            found.resident_bytes[1] as f64 / 1e6,
            [64.0, 128.0],
            " MB",
        ),
    ];
    if let Some([ours, flask]) = &found.by_wrk {
        let faster = ours.requests_per_second / flask.requests_per_second;
        all.push(target(
            "requests a second against Flask, by wrk",
            faster,
            [200.0, 100.0],
            "x",
        ));
    }
    all
}

/// Prints tables in Markdown.
pub(super) fn print(found: &Findings) {
    println!(
        "{}; {}; {}; {} s a load\n",
        machine(),
        today(),
        joined(&found.versions),
        found.seconds
    );
    println!("| | one row, p50 us | rows a second, one core |");
    println!("|---|---|---|");
    for (name, rows) in [
        ("forest, 200 trees of depth 10", &found.ours.forest),
        ("boosting, 200 trees of depth 6", &found.ours.boosting),
        ("ensemble", &found.ours.ensemble),
    ] {
        println!(
            "| {name} | {:.2} | {:.0} |",
            rows.single_p50_us, rows.per_second
        );
    }
    if let Some(rows) = found.ours.ensemble.csv_per_second {
        println!("| ensemble, from CSV to CSV | | {rows:.0} |");
    }
    for (name, rows) in &found.lightgbm {
        println!(
            "| LightGBM {name} | {:.2} | {:.0} |",
            rows.single_p50_us, rows.per_second
        );
    }
    print_loads(found);
    print_sides(found);
    println!();
    targets::print(&all_targets(found), 2);
}

/// A row for each load.
fn print_loads(found: &Findings) {
    println!("\n| 16 connections | requests a second | p50 us | p99 us | responses |");
    println!("|---|---|---|---|---|");
    let mut loads = vec![
        ("ours, as fast as it responds", &found.full),
        ("ours, at half of that", &found.half),
        ("scikit-learn, Flask, gunicorn", &found.flask),
    ];
    if let Some([ours, flask]) = &found.by_wrk {
        loads.push(("ours, by wrk", ours));
        loads.push(("scikit-learn, Flask, gunicorn, by wrk", flask));
    }
    if let Some(soak) = &found.soak {
        loads.push(("ours, by wrk, for long", &soak.load));
    }
    for (name, load) in loads {
        println!(
            "| {name} | {:.0} | {:.0} | {:.0} | {} |",
            load.requests_per_second,
            load.p50_us,
            load.p99_us,
            statuses(load)
        );
    }
}

/// Start, memory and size of the program.
fn print_sides(found: &Findings) {
    println!("\n| | ours | Flask |");
    println!("|---|---|---|");
    println!(
        "| start to first 200, ms | {:.1} | {:.0} |",
        found.cold_start_ms, found.flask_cold_start_ms
    );
    let [before, after] = found.resident_bytes.map(|bytes| bytes as f64 / 1e6);
    println!("| resident MB, before and after the load | {before:.1}, {after:.1} | |");
    if let Some(soak) = &found.soak {
        let [before, least, most] = soak.resident_bytes.map(|bytes| bytes as f64 / 1e6);
        let seconds = soak.seconds;
        println!(
            "| resident MB, before {seconds} s by wrk, then at least and at most | {before:.1}, {least:.1}, {most:.1} | |"
        );
    }
    println!("| program MB | {:.1} | |", found.program_bytes as f64 / 1e6);
}

fn statuses(load: &Load) -> String {
    let statuses = load
        .statuses
        .iter()
        .map(|(status, count)| format!("{count} x {status}"));
    statuses.collect::<Vec<_>>().join(", ")
}

/// The results as JSON; the keys are stable.
pub(super) fn document(found: &Findings) -> Value {
    let load = |load: &Load| {
        json!({
            "requests_per_second": load.requests_per_second, "p50_us": load.p50_us,
            "p99_us": load.p99_us, "statuses": load.statuses,
        })
    };
    let ensemble = &found.ours.ensemble;
    json!({
        "machine": machine(), "date": today(), "versions": found.versions, "seconds": found.seconds,
        "single_p50_us": {
            "forest": found.ours.forest.single_p50_us, "boosting": found.ours.boosting.single_p50_us,
            "ensemble": ensemble.single_p50_us,
        },
        "rows_per_second": {
            "forest": found.ours.forest.per_second,
            "boosting": found.ours.boosting.per_second,
            "ensemble": ensemble.per_second, "ensemble_csv": ensemble.csv_per_second,
        },
        "lightgbm": found.lightgbm.iter().map(|(name, rows)| (name.clone(), json!({
            "single_p50_us": rows.single_p50_us, "rows_per_second": rows.per_second,
        }))).collect::<serde_json::Map<_, _>>(),
        "load": { "full": load(&found.full), "half": load(&found.half), "flask": load(&found.flask) },
        "load_by_wrk": found.by_wrk.as_ref().map(|[ours, flask]| {
            json!({ "full": load(ours), "flask": load(flask) })
        }),
        "soak": found.soak.as_ref().map(|soak| json!({
            "seconds": soak.seconds, "load": load(&soak.load), "resident_bytes": soak.resident_bytes,
        })),
        "cold_start_ms": { "ours": found.cold_start_ms, "flask": found.flask_cold_start_ms },
        "resident_bytes": found.resident_bytes, "program_bytes": found.program_bytes,
        "targets": targets::document(&all_targets(found)),
    })
}
