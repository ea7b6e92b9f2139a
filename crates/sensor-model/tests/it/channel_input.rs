//! Directory trees of data files, as programs write them to S3 and SageMaker copies them.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sensor_model::{
    ChannelRows, Rows, SkipReason, data_fingerprint, read_channel, read_files, read_rows,
    write_rows,
};
use tempfile::{TempDir, tempdir};

use crate::dataset::{assert_same, sample};

/// The bytes of a data file with these rows; `extension` determines the format.
fn file(extension: &str, rows: &Rows) -> Vec<u8> {
    let dir = tempdir().unwrap();
    let path = dir.path().join("rows").with_extension(extension);
    write_rows(&path, rows).unwrap();
    fs::read(path).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn put(dir: &Path, name: &str, bytes: &[u8]) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A directory with these files.
fn tree(files: &[(&str, Vec<u8>)]) -> TempDir {
    let dir = tempdir().unwrap();
    for (name, bytes) in files {
        put(dir.path(), name, bytes);
    }
    dir
}

#[test]
fn every_file_below_a_channel_is_read_in_the_order_of_paths_whatever_its_name() {
    let part = |k: u64| sample(k * 5..k * 5 + 5);
    let csv = |k| file("csv", &part(k));
    let parquet = |k| file("parquet", &part(k));
    // In the order of their paths.
    let names_and_bytes = [
        ("0/ds=1/hour=00/part-00000", csv(0)),
        ("0/ds=1/hour=00/part-00001.snappy.parquet", parquet(1)),
        ("0/ds=1/hour=01/part-00000.csv.gz", gzip(&csv(2))),
        ("0/ds=2/part-00000", parquet(3)),
        ("0/ds=2/part-00001", gzip(&csv(4))),
        ("1/MORE.CSV", csv(5)),
        ("1/ROWS.PARQUET", parquet(6)),
        ("1/more.csv", csv(7)),
        ("1/named-csv.parquet", csv(8)),
        ("1/named-parquet.csv", parquet(9)),
        ("1/rows.parquet.gz", gzip(&parquet(10))),
        ("1/rows.pq", parquet(11)),
        ("1/rows.tsv.txt", csv(12)),
        ("_ds=3/rows.csv", csv(13)),
    ];
    let dir = tree(&names_and_bytes);
    let channel = read_channel(dir.path()).unwrap();
    assert_same(&channel.rows, &sample(0..70));
    let names = names_and_bytes.iter().map(|(name, _)| PathBuf::from(name));
    assert_eq!(channel.files, names.collect::<Vec<_>>());
    assert!(channel.skipped.is_empty());
}

#[test]
fn a_gzip_file_of_several_members_is_read_whole() {
    let rows = sample(0..1_000);
    for extension in ["csv", "parquet"] {
        let bytes = file(extension, &rows);
        for size in [500, 4_096, bytes.len() / 2 + 1] {
            let members: Vec<u8> = bytes.chunks(size).flat_map(gzip).collect();
            let dir = tree(&[("rows.gz", members)]);
            let path = dir.path().join("rows.gz");
            assert_same(&read_channel(dir.path()).unwrap().rows, &rows);
            assert_same(&read_rows(&path).unwrap(), &rows);
            assert_same(&read_files(&[path]).unwrap(), &rows);
        }
    }
}

/// The names of skipped files, by reason.
fn skipped(channel: &ChannelRows) -> Vec<(SkipReason, &str)> {
    let skipped = channel.skipped.iter();
    skipped
        .map(|one| (one.reason, one.path.to_str().unwrap()))
        .collect()
}

#[test]
fn markers_and_files_without_content_are_skipped_and_named() {
    let rows = file("csv", &sample(0..3));
    let text = |text: &str| text.as_bytes().to_vec();
    let dir = tree(&[
        ("rows.csv", rows.clone()),
        ("_SUCCESS", text("")),
        ("_metadata", text("PAR1")),
        ("_temporary/0/rows.csv", rows.clone()),
        (".part-00000.crc", text("crc")),
        (".ipynb_checkpoints/rows-checkpoint.csv", rows.clone()),
        ("ds=1/part-00000.crc", text("crc")),
        ("ds=1_$folder$", text("")),
        ("ds=1/part-00000.csv.gz", gzip(b"")),
        ("ds=1/part-00001.csv", text("")),
        ("ds=1/rows.csv.partial", rows),
    ]);
    fs::create_dir(dir.path().join("empty.csv")).unwrap();
    symlink(dir.path(), dir.path().join("loop")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    let channel = read_channel(dir.path()).unwrap();
    assert_same(&channel.rows, &sample(0..3));
    assert_eq!(channel.files, [Path::new("rows.csv")]);
    assert_eq!(
        skipped(&channel),
        [
            (SkipReason::Hidden, ".ipynb_checkpoints"),
            (SkipReason::Hidden, ".part-00000.crc"),
            (SkipReason::Hidden, "_SUCCESS"),
            (SkipReason::Hidden, "_metadata"),
            (SkipReason::Hidden, "_temporary"),
            (SkipReason::Hidden, "ds=1/part-00000.crc"),
            (SkipReason::Empty, "ds=1/part-00000.csv.gz"),
            (SkipReason::Empty, "ds=1/part-00001.csv"),
            (SkipReason::Empty, "ds=1_$folder$"),
            (SkipReason::Unfinished, "ds=1/rows.csv.partial"),
            (SkipReason::LinkedDirectory, "loop"),
            (SkipReason::Special, "socket"),
        ]
    );
}

#[test]
fn linked_files_and_files_with_only_a_header_count() {
    let dir = tree(&[("b-header.csv", file("csv", &Rows::default()))]);
    let elsewhere = tree(&[("rows.csv", file("csv", &sample(0..3)))]);
    symlink(
        elsewhere.path().join("rows.csv"),
        dir.path().join("a-link.csv"),
    )
    .unwrap();
    let channel = read_channel(dir.path()).unwrap();
    assert_same(&channel.rows, &sample(0..3));
    let names = ["a-link.csv", "b-header.csv"].map(Path::new);
    assert_eq!(channel.files, names);
}

#[test]
fn the_order_of_rows_does_not_depend_on_the_order_in_which_files_were_written() {
    let names = ["b/rows", "a/z/rows", "a/rows", "c", "a/0/rows", "a.csv"];
    let fingerprint = |order: &[usize]| {
        let dir = tempdir().unwrap();
        for &k in order {
            let first = k as u64 * 3;
            put(
                dir.path(),
                names[k],
                &file("csv", &sample(first..first + 3)),
            );
        }
        data_fingerprint(&read_channel(dir.path()).unwrap().rows)
    };
    let first = fingerprint(&[0, 1, 2, 3, 4, 5]);
    for order in [[5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3]] {
        assert_eq!(fingerprint(&order), first, "{order:?}");
    }
}

#[track_caller]
fn check_rejected(dir: &Path, expected: &str) {
    let shown = dir.display().to_string();
    assert_eq!(
        read_channel(dir).unwrap_err().to_string(),
        expected.replace("DIR", &shown)
    );
}

#[test]
fn a_channel_without_rows_is_rejected() {
    let dir = tempdir().unwrap();
    check_rejected(&dir.path().join("absent"), "cannot read DIR");
    check_rejected(
        dir.path(),
        "DIR has no file; a channel needs at least one labelled row",
    );
    put(dir.path(), "_SUCCESS", b"");
    put(dir.path(), "part-00000", b"");
    check_rejected(
        dir.path(),
        "DIR has no file except hidden, empty and unfinished ones; a channel needs at least one labelled row",
    );
    put(dir.path(), "a/b", &file("parquet", &Rows::default()));
    put(dir.path(), "c", &file("csv", &Rows::default()));
    check_rejected(
        dir.path(),
        "DIR has no rows; a channel needs at least one labelled row",
    );
    symlink("nowhere", dir.path().join("broken.csv")).unwrap();
    check_rejected(dir.path(), "cannot read DIR/broken.csv");
}

#[test]
fn a_file_that_is_neither_csv_nor_parquet_is_rejected_by_name_with_the_remedy() {
    let rows = file("csv", &sample(0..3));
    let instead = |found: &str| {
        format!(
            "DIR/x/other.csv is {found}, not CSV or Parquet (plain or gzip); convert it, or leave it out if it has no \
             rows"
        )
    };
    let no_header = |first: &str| {
        format!(
            "DIR/x/other.csv: none of its columns is known, and the first is `{first}`; add a header with the names of \
             the features, or leave the file out if it has no rows"
        )
    };
    for (content, expected) in [
        (
            b"PK\x03\x04\x14\x00".to_vec(),
            instead("a ZIP archive or an Excel workbook"),
        ),
        (b"\x28\xb5\x2f\xfd\x04".to_vec(), instead("Zstandard")),
        (b"{\"t_mean\": 1}\n".to_vec(), instead("JSON")),
        (b"<html></html>".to_vec(), instead("HTML or XML")),
        (b"\xff\xfet\x00_\x00".to_vec(), instead("UTF-16 text")),
        (b"\x7fELF\x02\x01\x01\x00".to_vec(), instead("binary data")),
        (gzip(&gzip(&rows)), instead("gzip inside gzip")),
        (gzip(b"[1, 2]"), instead("JSON")),
        (
            b"# Notes on the data\n".to_vec(),
            no_header("# Notes on the data"),
        ),
        (gzip(b"1,2,3\n"), no_header("1")),
        (
            gzip(&rows)[..40].to_vec(),
            "DIR/x/other.csv cannot be unpacked; it may be incomplete or corrupt; copy it again"
                .to_owned(),
        ),
    ] {
        let dir = tree(&[("a.csv", rows.clone()), ("x/other.csv", content)]);
        check_rejected(dir.path(), &expected);
    }
}
