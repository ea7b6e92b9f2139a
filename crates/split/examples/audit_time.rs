//! Prints the time that splitting and auditing take:
//! `cargo run -p split --example audit_time -- ROWS`.

use std::error::Error;
use std::io::{Write, stdout};
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use split::{AuditInput, Ratios, RowKey, Table, audit, split};

fn main() -> Result<(), Box<dyn Error>> {
    let rows: usize = std::env::args()
        .nth(1)
        .map_or(Ok(100_000), |text| text.parse())?;
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    let features: Vec<f32> = (0..rows * 18).map(|_| rng.random()).collect();
    let labels: Vec<u8> = (0..rows).map(|_| u8::from(rng.random::<bool>())).collect();
    let groups: Vec<u64> = (0..rows as u64).collect();
    let keys = labels
        .iter()
        .zip(&groups)
        .map(|(&label, &group)| RowKey { group, label });
    let keys: Vec<RowKey> = keys.collect();

    let start = Instant::now();
    let part_of = split(&keys, Ratios::default(), 42)?.part_of;
    let split_time = start.elapsed();
    let start = Instant::now();
    let table = Table {
        features: &features,
        labels: &labels,
        groups: &groups,
        sites: None,
    };
    let passed = audit(&AuditInput::new(18).with_table(table, &part_of))?.passed();
    let audit_time = start.elapsed();
    writeln!(
        stdout(),
        "{rows} rows: {split_time:?} to split, {audit_time:?} to audit (passed: {passed})"
    )?;
    Ok(())
}
