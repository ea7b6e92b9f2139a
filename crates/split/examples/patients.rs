//! Never test on patients that you trained on: a split that cannot leak, one that does, and how much the leak inflates
//! the metric.
//!
//! `cargo run -p split --example patients`
//!
//! Each of 300 patients came one to five times, and the model predicts who comes back within a month. The visits of a
//! person resemble each other, so a model that was trained on one of them recognises the others. The same is true of
//! photos of one plant, pages by one writer and trips of one car: such rows form a group.
#![expect(
    clippy::print_stdout,
    reason = "an example prints to the reader's terminal"
)]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use split::{Assignment, AuditInput, Error, Part, Ratios, RowKey, Table, audit, split};

/// Age, systolic blood pressure, glucose and pulse, each in standard deviations from its mean.
const COLUMNS: usize = 4;

/// Each vector has one entry per visit, except `values`, which has [`COLUMNS`] per visit: the layout of [`Table`].
#[derive(Default)]
struct Visits {
    values: Vec<f32>,
    patients: Vec<u64>,
    came_back: Vec<u8>,
}

fn main() -> Result<(), Error> {
    let visits = simulate(300, &mut ChaCha8Rng::seed_from_u64(7));
    let count = visits.patients.len();
    println!("{count} visits by 300 patients");

    // The patient is the group: all visits of a patient go to the same part, and the parts are still stratified.
    let by_patient: Vec<RowKey> = keys(&visits, |visit| visits.patients[visit]);
    let sound = split(&by_patient, Ratios::new(0.7, 0.15, 0.15)?, 42)?;
    println!("\nsplit by patient");
    for share in sound.report.shares.iter().filter(|s| s.label.is_none()) {
        let percent = 100.0 * share.achieved;
        println!(
            "  {:<11} {:4} visits, {percent:.1} %",
            share.part, share.rows
        );
    }
    print_audit(&visits, &sound)?;

    // The usual mistake is to split row by row; here each visit is a group of its own. The splitter cannot detect that,
    // but the audit is given the patients, and it does not rely on the splitter's groups.
    let by_visit: Vec<RowKey> = keys(&visits, |visit| visit as u64);
    let leaking = split(&by_visit, Ratios::default(), 42)?;
    println!("\nsplit by visit");
    print_audit(&visits, &leaking)?;

    // This is the effect of the leak: predicting the label of the most similar training visit only recognises patients.
    println!("\nhow often the nearest training visit predicts the right label for a test visit");
    for (name, assignment) in [("by patient", &sound), ("by visit", &leaking)] {
        let percent = 100.0 * nearest_neighbour_accuracy(&visits, assignment);
        println!("  {name:<11} {percent:.0} %");
    }
    // With too few rows, `split` returns an error instead of an empty part.
    let two = &by_patient[..2];
    if let Err(error) = split(two, Ratios::default(), 42) {
        println!("\ntwo visits cannot be split: {error}");
    }
    Ok(())
}

/// The keys of the visits, grouped by `group`.
fn keys(visits: &Visits, group: impl Fn(usize) -> u64) -> Vec<RowKey> {
    let labels = visits.came_back.iter().enumerate();
    labels
        .map(|(visit, &label)| RowKey {
            group: group(visit),
            label,
        })
        .collect()
}

/// Audits the split and prints the result. A real program would stop here if the audit failed.
fn print_audit(visits: &Visits, assignment: &Assignment) -> Result<(), Error> {
    let table = Table {
        features: &visits.values,
        labels: &visits.came_back,
        groups: &visits.patients,
        // Set this to the hospital of each visit if the model must generalise to new hospitals.
        sites: None,
    };
    let input = AuditInput::new(COLUMNS).with_table(table, &assignment.part_of);
    let audit = audit(&input)?;
    for check in audit.checks() {
        let word = if check.passed { "passed" } else { "FAILED" };
        println!("  {word} {:<16} {}", check.name, check.detail);
    }
    let verdict = if audit.passed() {
        "fit for use"
    } else {
        "do not use"
    };
    println!("  => {verdict}");
    Ok(())
}

/// The share of test visits whose nearest training visit has the same label.
fn nearest_neighbour_accuracy(visits: &Visits, assignment: &Assignment) -> f64 {
    let row = |visit: usize| &visits.values[visit * COLUMNS..][..COLUMNS];
    let distance = |a: usize, b: usize| -> f32 {
        let pairs = row(a).iter().zip(row(b));
        pairs.map(|(a, b)| (a - b).powi(2)).sum()
    };
    let (train, test) = (assignment.rows(Part::Train), assignment.rows(Part::Test));
    let right = test.iter().filter(|&&visit| {
        let by_distance =
            |a: &&usize, b: &&usize| distance(visit, **a).total_cmp(&distance(visit, **b));
        let nearest = train.iter().min_by(by_distance);
        nearest.is_some_and(|&nearest| visits.came_back[nearest] == visits.came_back[visit])
    });
    right.count() as f64 / test.len() as f64
}

/// Simulates patients who differ a lot from each other but little between visits. The label is mostly random and
/// depends little on the four values, but it is the same for all visits of a patient.
fn simulate(patients: u64, rng: &mut ChaCha8Rng) -> Visits {
    let mut visits = Visits::default();
    let spread = |rng: &mut ChaCha8Rng, width: f32| width * (rng.random::<f32>() - 0.5);
    for patient in 0..patients {
        let person: [f32; COLUMNS] = std::array::from_fn(|_| spread(rng, 3.5));
        let comes_back = person[1] + spread(rng, 8.0) > 1.0;
        for _ in 0..rng.random_range(1..=5) {
            visits
                .values
                .extend(person.map(|value| value + spread(rng, 0.2)));
            visits.patients.push(patient);
            visits.came_back.push(u8::from(comes_back));
        }
    }
    visits
}
