//! Writing files and reading them back.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use sensor_model::{
    Error, FEATURE_COUNT, RowMetadata, RowWriter, Rows, data_fingerprint, original, read_files,
    read_rows, write_rows,
};
use tempfile::tempdir;

pub(crate) fn sample(rows: std::ops::Range<u64>) -> Rows {
    original::generate(7, rows, NonZeroUsize::MIN).rows
}

/// Rows with edge cases: missing values, large IDs, extreme numbers.
fn awkward() -> Rows {
    let mut rows = sample(0..5);
    rows.ids = vec![u64::MAX, 0, 1 << 60, 17, 3];
    rows.groups = vec![4, 4, u64::MAX, 0, 0];
    rows.features[0] = f32::NAN;
    rows.features[FEATURE_COUNT..2 * FEATURE_COUNT].fill(f32::NAN);
    rows.features[40] = f32::MIN_POSITIVE;
    rows.features[41] = f32::MAX;
    rows.features[42] = -0.1;
    rows
}

/// Asserts equality; NaN equals NaN.
#[track_caller]
pub(crate) fn assert_same(left: &Rows, right: &Rows) {
    assert_eq!(
        (&left.ids, &left.groups, &left.labels),
        (&right.ids, &right.groups, &right.labels)
    );
    assert_eq!(data_fingerprint(left), data_fingerprint(right));
}

#[test]
fn both_formats_return_the_rows_written() {
    let dir = tempdir().unwrap();
    for name in ["rows.parquet", "rows.csv"] {
        let path = dir.path().join(name);
        write_rows(&path, &awkward()).unwrap();
        assert_same(&read_rows(&path).unwrap(), &awkward());
    }
}

fn with_metadata() -> Rows {
    let metadata = RowMetadata {
        times_s: vec![0.0, 1.0, 0.1 + 0.2, 3_599.0, -1.5],
        scenarios: ["sun-patch", "sun-patch", "", "a, b", "sun-patch"]
            .map(Into::into)
            .to_vec(),
        sites: vec![0, 1, u64::MAX, 1 << 60, 7],
    };
    Rows {
        metadata: Some(metadata),
        ..awkward()
    }
}

#[test]
fn metadata_is_written_and_read_back() {
    let dir = tempdir().unwrap();
    for name in ["rows.parquet", "rows.csv"] {
        let path = dir.path().join(name);
        write_rows(&path, &with_metadata()).unwrap();
        let read = read_rows(&path).unwrap();
        assert_same(&read, &with_metadata());
        assert_eq!(read.metadata, with_metadata().metadata, "{name}");
    }
}

#[test]
fn combining_files_with_and_without_metadata_drops_the_metadata() {
    let dir = tempdir().unwrap();
    let [known, bare] = ["a.parquet", "b.csv"].map(|name| dir.path().join(name));
    write_rows(&known, &with_metadata()).unwrap();
    write_rows(&bare, &awkward()).unwrap();
    let twice = read_files(&[known.clone(), known.clone()]).unwrap();
    assert_eq!(twice.metadata.unwrap().sites.len(), 10);
    assert_eq!(read_files(&[known, bare]).unwrap().metadata, None);
}

#[test]
fn a_file_with_metadata_rejects_rows_without_metadata() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("rows.csv");
    let mut writer = RowWriter::with_metadata(&path).unwrap();
    writer.write(&with_metadata()).unwrap();
    let error = writer.write(&awkward()).unwrap_err().to_string();
    let expected =
        "has the columns time_s, scenario and site, but some rows have no values for them";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn csv_files_have_a_header_and_one_line_per_row() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("rows.csv");
    let mut rows = sample(0..1);
    rows.features = (0..FEATURE_COUNT).map(|i| i as f32 / 2.0).collect();
    rows.features[3] = f32::NAN;
    rows.labels[0] = 1;
    write_rows(&path, &rows).unwrap();
    let written = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    let begins = [
        "row_id,group,t_mean,t_std,t_max,t_p95,t_hot_area_pct,t_hot_largest_blob_pct,t_grad_mean,\
         t_grad_std,t_diff_mean,t_diff_std,flow_mag_mean,flow_mag_std,tproxy_val,tproxy_delta,\
         tproxy_vel,gas_val,gas_delta,gas_vel,",
        "0,0,0.0,0.5,1.0,,2.0,2.5,3.0,3.5,4.0,4.5,5.0,5.5,6.0,6.5,7.0,7.5,8.0,8.5,",
    ];
    let ends = [",fire_detected", ",1"];
    assert_eq!((lines.len(), written.ends_with('\n')), (2, true));
    for ((line, begin), end) in lines.iter().zip(begins).zip(ends) {
        assert!(line.starts_with(begin) && line.ends_with(end), "{line}");
        assert_eq!(line.matches(',').count(), FEATURE_COUNT + 2, "{line}");
    }
}

#[test]
fn the_bytes_do_not_depend_on_how_rows_are_divided_into_calls() {
    let dir = tempdir().unwrap();
    let rows = sample(0..70_000);
    for extension in ["parquet", "csv"] {
        let [whole, pieces] =
            ["whole", "pieces"].map(|n| dir.path().join(n).with_extension(extension));
        write_rows(&whole, &rows).unwrap();
        let mut writer = RowWriter::create(&pieces).unwrap();
        for start in (0..70_000).step_by(9_999) {
            writer
                .write(&sample(start..(start + 9_999).min(70_000)))
                .unwrap();
        }
        writer.finish().unwrap();
        assert!(
            fs::read(&whole).unwrap() == fs::read(&pieces).unwrap(),
            "{extension}"
        );
        assert_same(&read_rows(&pieces).unwrap(), &rows);
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_unfinished_file_is_removed() {
    let dir = tempdir().unwrap();
    for name in ["rows.parquet", "rows.csv"] {
        let mut writer = RowWriter::create(&dir.path().join(name)).unwrap();
        writer.write(&sample(0..10)).unwrap();
        assert_eq!(names(dir.path()), [format!("{name}.partial")]);
        drop(writer);
        assert!(names(dir.path()).is_empty());
    }
}

#[test]
fn an_unfinished_file_does_not_replace_an_existing_one() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("rows.csv");
    write_rows(&path, &sample(0..3)).unwrap();
    let mut writer = RowWriter::create(&path).unwrap();
    writer.write(&sample(3..6)).unwrap();
    drop(writer);
    assert_same(&read_rows(&path).unwrap(), &sample(0..3));
}

#[test]
fn several_files_are_read_in_the_order_given() {
    let dir = tempdir().unwrap();
    let [late, early, bare] = ["z.csv", "a.parquet", "bare.csv"].map(|name| dir.path().join(name));
    write_rows(&late, &sample(0..4)).unwrap();
    write_rows(&early, &sample(4..9)).unwrap();
    write_rows(&bare, &Rows::default()).unwrap();
    let rows = read_files(&[late, bare.clone(), early]).unwrap();
    assert_same(&rows, &sample(0..9));
    let reject = |paths| read_files(paths).unwrap_err();
    assert!(matches!(reject(&[]), Error::NoFiles));
    let empty = reject(&[bare.clone(), bare.clone()]).to_string();
    assert!(
        empty.starts_with(&format!("{} has no rows", bare.display())),
        "{empty}"
    );
}

#[test]
fn other_extensions_are_rejected_for_writing() {
    let path = Path::new("rows.xlsx");
    let expected = "rows.xlsx is neither .parquet nor .csv; rename or convert it";
    assert_eq!(
        write_rows(path, &sample(0..1)).unwrap_err().to_string(),
        expected
    );
}

#[test]
fn a_file_that_cannot_be_created_is_reported() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("absent/rows.csv");
    let error = write_rows(&path, &sample(0..1)).unwrap_err();
    assert!(matches!(&error, Error::Write { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("cannot write {}", path.display())
    );
}
