//! Never test on patients that you trained on: a split that cannot leak, one that does, and what the leak would claim.
//!
//! `cargo run -p split --example patients`
//!
//! 300 patients came one to five times each, and the question is who has to come back within a month. The visits of one
//! person resemble each other, so a model that has seen one of them knows the others. The same holds for photos of one
//! plant, pages of one writer, trips of one car: rows travel in groups.
#![expect(clippy::print_stdout, reason = "an example is read in a terminal")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use split::{Assignment, AuditInput, Error, Part, Ratios, RowKey, audit, split};

/// Age, systolic blood pressure, glucose and pulse, each in standard deviations from its mean.
const COLUMNS: usize = 4;

/// One entry per visit in each of them, and [`COLUMNS`] values; this layout is all that the crate asks for.
#[derive(Default)]
struct Visits {
    values: Vec<f32>,
    patients: Vec<u64>,
    came_back: Vec<u8>,
}

fn main() -> Result<(), Error> {
    let visits = admitted(300, &mut ChaCha8Rng::seed_from_u64(7));
    let count = visits.patients.len();
    println!("{count} visits of 300 patients");

    // What belongs together is the patient: all visits of one go to the same part. Labels are spread evenly all the same.
    let by_patient: Vec<RowKey> = keys(&visits, |visit| visits.patients[visit]);
    let honest = split(&by_patient, Ratios::new(0.7, 0.15, 0.15)?, 42)?;
    println!("\ndealt by patient");
    for share in honest.report.shares.iter().filter(|s| s.label.is_none()) {
        let percent = 100.0 * share.achieved;
        println!(
            "  {:<11} {:4} visits, {percent:.1} %",
            share.part, share.rows
        );
    }
    judge(&visits, &honest)?;

    // The usual mistake: every row is dealt by itself, here by giving each visit a group of its own. The splitter cannot
    // know better. The audit is told the patients, and trusts nothing that the splitter says.
    let by_visit: Vec<RowKey> = keys(&visits, |visit| visit as u64);
    let leaking = split(&by_visit, Ratios::default(), 42)?;
    println!("\ndealt by visit");
    judge(&visits, &leaking)?;

    // Why that matters: the answer of the most similar visit in the training part, which has learnt nothing but faces.
    println!("\nhow often the nearest training visit has the right answer, on the test part");
    for (name, assignment) in [("by patient", &honest), ("by visit", &leaking)] {
        println!(
            "  {name:<11} {:.0} %",
            100.0 * recognised(&visits, assignment)
        );
    }
    // Too few to share out is an error and not an empty part.
    let two = &by_patient[..2];
    if let Err(error) = split(two, Ratios::default(), 42) {
        println!("\nof two visits nothing can be made: {error}");
    }
    Ok(())
}

/// The same rows, in groups of the caller's choice.
fn keys(visits: &Visits, group: impl Fn(usize) -> u64) -> Vec<RowKey> {
    let labels = visits.came_back.iter().enumerate();
    labels
        .map(|(visit, &label)| RowKey {
            group: group(visit),
            label,
        })
        .collect()
}

/// Prints what the audit finds. A program would stop here where `passed` is false.
fn judge(visits: &Visits, assignment: &Assignment) -> Result<(), Error> {
    let found = audit(&AuditInput {
        features: &visits.values,
        columns: COLUMNS,
        labels: &visits.came_back,
        groups: &visits.patients,
        // The hospital of each visit, where a model is to work in hospitals that it has not seen.
        sites: None,
        part_of: &assignment.part_of,
    })?;
    for check in &found.checks {
        let word = if check.passed { "passed " } else { "REFUSED" };
        println!("  {word} {:<16} {}", check.name, check.detail);
    }
    let verdict = if found.passed {
        "fit for use"
    } else {
        "not to be used"
    };
    println!("  => {verdict}");
    Ok(())
}

/// The share of test visits whose nearest training visit has the same label.
fn recognised(visits: &Visits, assignment: &Assignment) -> f64 {
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

/// Patients who differ much from each other and little from themselves. Whether one comes back has more to do with
/// chance than with the four values, but is the same at each visit.
fn admitted(patients: u64, rng: &mut ChaCha8Rng) -> Visits {
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
