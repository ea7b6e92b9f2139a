//! Writes channels of profile `original` for running a training job manually:
//! `cargo run -p sensor-model --example sample_channels -- DIR ROWS`.

use std::error::Error;
use std::fs;
use std::io::{Write, stdout};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use sensor_model::{original, write_rows};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().ok_or("usage: sample_channels DIR ROWS")?);
    let rows: u64 = args
        .next()
        .ok_or("usage: sample_channels DIR ROWS")?
        .parse()?;
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let cuts = [0, rows * 70 / 100, rows * 85 / 100, rows];
    for (name, cut) in ["train", "validation", "test"]
        .into_iter()
        .zip(cuts.windows(2))
    {
        let path = dir.join(name).join("part-00000.parquet");
        fs::create_dir_all(dir.join(name))?;
        let start = Instant::now();
        let generated = original::generate(42, cut[0]..cut[1], threads);
        let drawn = start.elapsed();
        write_rows(&path, &generated.rows)?;
        let (count, all) = (generated.rows.len(), start.elapsed());
        writeln!(
            stdout(),
            "{name}: {count} rows, {drawn:?} to generate, {all:?} including writing"
        )?;
    }
    Ok(())
}
