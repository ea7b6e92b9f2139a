//! Parquet files written by other programs.

use std::error::Error as _;
use std::fs::{self, File};
use std::path::Path;

use polars::prelude::{Column, DataFrame, DataType, ParquetWriter, Series};
use sensor_model::{Feature, LABEL, REQUIRED_COUNT, Rows, read_rows, write_rows};
use tempfile::tempdir;

use crate::dataset::sample;

/// Two rows of the numbers 1 to 18 as 64-bit floats, with labels 0 and 1 as 64-bit integers; `replacement` replaces the
/// column of the same name, or is added.
fn table(replacement: Option<Column>) -> DataFrame {
    let feature = |f: Feature| Column::new(f.name().into(), [f.index() as f64 + 1.0; 2]);
    let mut columns: Vec<Column> = Feature::ALL.map(feature)[..REQUIRED_COUNT].to_vec();
    columns.push(Column::new(LABEL.into(), [0_i64, 1]));
    if let Some(new) = replacement {
        match columns
            .iter()
            .position(|column| column.name() == new.name())
        {
            Some(i) => columns[i] = new,
            None => columns.push(new),
        }
    }
    DataFrame::new(2, columns).unwrap()
}

fn read(mut table: DataFrame) -> Result<Rows, String> {
    let dir = tempdir().unwrap();
    let path = dir.path().join("rows.parquet");
    ParquetWriter::new(File::create(&path).unwrap())
        .finish(&mut table)
        .unwrap();
    read_rows(&path).map_err(|error| {
        error
            .to_string()
            .replace(&path.display().to_string(), "FILE")
    })
}

#[test]
fn any_number_type_is_read() {
    let rows = read(table(None)).unwrap();
    let expected: Vec<f32> = (1..=18).map(|i| i as f32).collect();
    assert_eq!(rows.row(1)[..REQUIRED_COUNT], expected);
    assert_eq!(
        (rows.labels, rows.ids, rows.groups),
        (vec![0, 1], vec![0, 1], vec![0, 1])
    );

    let whole = Column::new("t_mean".into(), [3_i32, 4]);
    assert_eq!(read(table(Some(whole))).unwrap().row(1)[0], 4.0);
    for labels in [
        Column::new(LABEL.into(), [false, true]),
        Column::new(LABEL.into(), [0_i32, 1]),
        Column::new(LABEL.into(), [0.0_f64, 1.0]),
    ] {
        assert_eq!(read(table(Some(labels))).unwrap().labels, [0, 1]);
    }
}

#[test]
fn null_and_nan_are_missing_values() {
    let column = Column::new("gas_val".into(), [None, Some(f64::NAN)]);
    let rows = read(table(Some(column))).unwrap();
    assert!(rows.row(0)[15].is_nan() && rows.row(1)[15].is_nan());
    let nothing = Column::from(Series::full_null("gas_val".into(), 2, &DataType::Null));
    assert!(read(table(Some(nothing))).unwrap().row(0)[15].is_nan());
}

#[test]
fn groups_come_from_the_group_or_the_episode() {
    let groups = Column::new("group".into(), [9_i64, 9]);
    assert_eq!(read(table(Some(groups))).unwrap().groups, [9, 9]);
    let episodes = Column::new("episode_id".into(), ["kitchen-7", "kitchen-7"]);
    let groups = read(table(Some(episodes))).unwrap().groups;
    assert_eq!(groups[0], groups[1]);
    assert!(groups[0] > 1);
}

#[track_caller]
fn check_rejected(column: Column, expected: &str) {
    assert_eq!(read(table(Some(column))).unwrap_err(), expected);
}

#[test]
fn invalid_values_are_reported_with_row_column_and_value() {
    check_rejected(
        Column::new("t_max".into(), [1.0, f64::INFINITY]),
        "FILE, row 2, column t_max: `inf` is not finite; leave the cell empty for a missing value",
    );
    check_rejected(
        Column::new("t_max".into(), [1e300, 0.0]),
        "FILE, row 1, column t_max: `1.0000e300` is not finite; leave the cell empty for a missing value",
    );
    check_rejected(
        Column::new(LABEL.into(), [0_i64, 3]),
        "FILE, row 2, column fire_detected: `3` is not a label; use 1 for fire and 0 for none",
    );
    check_rejected(
        Column::new(LABEL.into(), [None, Some(1_i64)]),
        "FILE, row 1, column fire_detected: `null` is not a label; use 1 for fire and 0 for none",
    );
    check_rejected(
        Column::new("row_id".into(), [-1_i64, 1]),
        "FILE, row 1, column row_id: `-1` is not a whole number from 0 to 2^64 - 1",
    );
    check_rejected(
        Column::new("t_max".into(), ["1", "warm"]),
        "FILE: column t_max has the type str; it must contain numbers",
    );
    check_rejected(
        Column::new("t_maks".into(), [1.0, 2.0]),
        "FILE: column `t_maks` is unknown; remove it, or rename it if it is a feature",
    );
}

#[test]
fn a_truncated_or_foreign_file_is_rejected_with_the_reason() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("rows.parquet");
    write_rows(&path, &sample(0..100)).unwrap();
    let bytes = fs::read(&path).unwrap();
    for corrupt in [&bytes[..bytes.len() / 2], &bytes[..4]] {
        fs::write(&path, corrupt).unwrap();
        check_corrupt(&path);
    }
    // The name does not make a file Parquet.
    for (content, expected) in [
        (&b""[..], "has no header line"),
        (
            &bytes[..3],
            "none of its columns is known, and the first is `PAR`",
        ),
        (b"t_mean,t_std\n1,2\n", "column t_max is missing"),
        (b"\x00\x01\x02\x03", "is binary data, not CSV or Parquet"),
    ] {
        fs::write(&path, content).unwrap();
        let error = read_rows(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[track_caller]
fn check_corrupt(path: &Path) {
    let error = read_rows(path).unwrap_err();
    let expected = format!(
        "{} cannot be read as a data file; it may be incomplete or have another format",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(error.source().is_some());
}

#[test]
fn truncated_files_and_altered_footers_never_crash_the_reader() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("rows.parquet");
    write_rows(&path, &sample(0..200)).unwrap();
    let bytes = fs::read(&path).unwrap();
    for length in (4..bytes.len()).step_by(499) {
        fs::write(&path, &bytes[..length]).unwrap();
        check_corrupt(&path);
    }
    // A small prime step alters bytes in every kind of field.
    for at in (bytes.len() - 3_000..bytes.len()).step_by(7) {
        let mut altered = bytes.clone();
        altered[at] ^= 0x55;
        fs::write(&path, altered).unwrap();
        // Both success and an error are acceptable: altered names and statistics may be harmless.
        let _ = read_rows(&path);
    }
}

#[test]
fn missing_metadata_is_reported() {
    let mut table = table(Some(Column::new("time_s".into(), [Some(1.0), None])));
    let whole = table
        .with_column(Column::new("scenario".into(), ["a", "b"]))
        .unwrap()
        .with_column(Column::new("site".into(), [3_i32, 4]))
        .unwrap()
        .clone();
    assert_eq!(
        read(whole).unwrap_err(),
        "FILE, row 2, column time_s: `null` is not a number of seconds; write the time since the recording's start"
    );
}
