//! CSV files written by people and other programs.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::fs;

use sensor_model::{Feature, LABEL, REQUIRED_COUNT, Rows, read_channel, read_files, read_rows};
use tempfile::tempdir;

const CELLS: &str = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,1";

fn header() -> String {
    let features = Feature::ALL[..REQUIRED_COUNT].iter();
    let names = features.map(|feature| feature.name()).chain([LABEL]);
    names.collect::<Vec<_>>().join(",")
}

fn read(text: &[u8]) -> Result<Rows, String> {
    let dir = tempdir().unwrap();
    let path = dir.path().join("rows.csv");
    fs::write(&path, text).unwrap();
    let message = |error: sensor_model::Error| {
        let source = error
            .source()
            .map(|source| format!(": {source}"))
            .unwrap_or_default();
        format!("{error}{source}").replace(&path.display().to_string(), "FILE")
    };
    read_rows(&path).map_err(message)
}

#[track_caller]
fn check_accepted(text: &str, check: impl Fn(&Rows)) {
    check(&read(text.as_bytes()).unwrap());
}

#[track_caller]
fn check_rejected(text: &str, expected: &str) {
    assert_eq!(read(text.as_bytes()).unwrap_err(), expected, "{text}");
}

#[test]
fn the_columns_may_come_in_any_order() {
    let names = Feature::ALL[..REQUIRED_COUNT].iter().rev();
    let names: Vec<_> = names.map(|feature| feature.name()).collect();
    let text = format!(
        "fire_detected,{}\n1,18,17,16,15,14,13,12,11,10,9,8,7,6,5,4,3,2,1\n",
        names.join(",")
    );
    check_accepted(&text, |rows| {
        let expected: Vec<f32> = (1..=18).map(|i| i as f32).collect();
        let (known, later) = rows.row(0).split_at(REQUIRED_COUNT);
        assert_eq!((known, rows.labels[0]), (expected.as_slice(), 1));
        assert!(later.iter().all(|value| value.is_nan()));
    });
}

#[test]
fn text_from_windows_and_spreadsheets_is_accepted() {
    let quoted = CELLS
        .split(',')
        .map(|cell| format!("\"{cell}\""))
        .collect::<Vec<_>>()
        .join(",");
    let text = format!("\u{feff}{}\r\n{CELLS}\r\n\r\n{quoted}\r\n", header());
    check_accepted(&text, |rows| {
        assert_eq!(rows.len(), 2);
        assert_eq!(rows.row(0)[..REQUIRED_COUNT], rows.row(1)[..REQUIRED_COUNT]);
    });
    check_accepted(&format!("{}\n{CELLS}", header()), |rows| {
        assert_eq!(rows.len(), 1);
    });
}

#[test]
fn empty_cells_and_nan_are_missing_values() {
    let cells = ",NaN, ,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,0";
    check_accepted(&format!("{}\n{cells}\n", header()), |rows| {
        assert!(rows.row(0)[..3].iter().all(|value| value.is_nan()));
        assert_eq!(rows.row(0)[3], 4.0);
    });
}

#[test]
fn rows_without_ids_are_numbered_and_form_their_own_groups() {
    check_accepted(&format!("{}\n{CELLS}\n{CELLS}\n", header()), |rows| {
        assert_eq!((&rows.ids, &rows.groups), (&vec![0, 1], &vec![0, 1]));
    });
    check_accepted(
        &format!("row_id,{}\n70,{CELLS}\n80,{CELLS}\n", header()),
        |rows| {
            assert_eq!((&rows.ids, &rows.groups), (&vec![70, 80], &vec![70, 80]));
        },
    );
}

#[test]
fn numbering_continues_from_file_to_file() {
    let dir = tempdir().unwrap();
    for name in ["a.csv", "b.csv"] {
        fs::write(
            dir.path().join(name),
            format!("{}\n{CELLS}\n{CELLS}\n", header()),
        )
        .unwrap();
    }
    assert_eq!(read_channel(dir.path()).unwrap().rows.ids, [0, 1, 2, 3]);
}

#[test]
fn files_without_ids_share_no_groups() {
    let dir = tempdir().unwrap();
    let paths = ["z.csv", "a.csv"].map(|name| dir.path().join(name));
    for path in &paths {
        let lines = format!("{CELLS}\n").repeat(200);
        fs::write(path, format!("{}\n{lines}", header())).unwrap();
    }
    let rows = read_files(&paths).unwrap();
    let groups: BTreeSet<_> = rows.groups.iter().collect();
    assert_eq!((rows.len(), groups.len()), (400, 400));
}

#[test]
fn an_episode_is_the_group_unless_a_group_is_given() {
    let text = format!(
        "episode_id,site,{}\nkitchen-7,\"Hall, east\",{CELLS}\nkitchen-8,x,{CELLS}\nkitchen-7,x,{CELLS}\n",
        header()
    );
    check_accepted(&text, |rows| {
        assert_eq!(rows.groups[0], rows.groups[2]);
        assert_ne!(rows.groups[0], rows.groups[1]);
        // The group derived from an episode's name is the same in every file and on every machine.
        assert_eq!(rows.groups[0], 5_986_435_303_160_774_259);
    });
    check_accepted(
        &format!("group,episode_id,{}\n5,a,{CELLS}\n", header()),
        |rows| {
            assert_eq!(rows.groups, [5]);
        },
    );
}

#[test]
fn an_invalid_cell_is_reported_with_line_column_and_value() {
    let with = |cell: &str| {
        format!(
            "{}\n{CELLS}\n\n{}\n",
            header(),
            CELLS.replacen('3', cell, 1)
        )
    };
    check_rejected(
        &with("warm"),
        "FILE, line 4, column t_max: `warm` is not a number; write a decimal number, or leave \
         the cell empty for a missing value",
    );
    check_rejected(
        &with("inf"),
        "FILE, line 4, column t_max: `inf` is not finite; leave the cell empty for a missing value",
    );
    check_rejected(
        &with("\"3"),
        "FILE, line 4, column t_max: `\"3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,1` has an unclosed \
         quotation mark; close it on the same line",
    );
    check_rejected(
        &format!("{}\n{}\n", header(), CELLS.replacen(",18,1", ",18,2", 1)),
        "FILE, line 2, column fire_detected: `2` is not a label; use 1 for fire and 0 for none",
    );
    check_rejected(
        &format!("row_id,{}\n-1,{CELLS}\n", header()),
        "FILE, line 2, column row_id: `-1` is not a whole number from 0 to 2^64 - 1",
    );
}

#[test]
fn a_line_with_too_few_or_too_many_cells_is_reported() {
    check_rejected(
        &format!("{}\n{CELLS}\n1,2,3\n", header()),
        "FILE, line 3: expected 19 cells, one per column of the header, but found 3",
    );
    check_rejected(
        &format!("{}\n{CELLS},\n", header()),
        "FILE, line 2: expected 19 cells, one per column of the header, but found 20",
    );
}

#[test]
fn columns_are_checked_before_rows() {
    check_rejected(
        &format!("{}\n{CELLS}\n", header().replace("gas_val", "co2")),
        "FILE: column `co2` is unknown; remove it, or rename it if it is a feature",
    );
    check_rejected(
        &format!("{CELLS}\n{CELLS}\n"),
        "FILE: none of its columns is known, and the first is `1`; add a header with the names of the features, or \
         leave the file out if it has no rows",
    );
    check_rejected(
        &format!("{}\n{CELLS}\n", header().replace(",gas_val", "")),
        "FILE: column gas_val is missing; a data file has the 18 features and fire_detected",
    );
}

#[test]
fn a_file_without_rows_or_with_binary_data_is_rejected() {
    check_rejected(
        "\n",
        "FILE has no header line; a data file needs at least one row",
    );
    check_rejected(
        &format!("{}\n\n", header()),
        "FILE has no rows; a data file needs at least one row",
    );
    let binary = [header().as_bytes(), b"\n", &[0xff, 0xfe, b'\n']].concat();
    assert_eq!(
        read(&binary).unwrap_err(),
        "FILE, line 2: the line is not UTF-8 text; save the file as UTF-8"
    );
}

#[test]
fn invalid_metadata_is_reported() {
    let header = format!("{},time_s,scenario,site", header());
    let text = |metadata| format!("{header}\n{CELLS},{metadata}\n");
    check_accepted(&text("1.5,sun-patch,7"), |rows| {
        let metadata = rows.metadata.as_ref().unwrap();
        assert_eq!((metadata.times_s[0], metadata.sites[0]), (1.5, 7));
        assert_eq!(&*metadata.scenarios[0], "sun-patch");
    });
    check_rejected(
        &text("noon,sun-patch,7"),
        "FILE, line 2, column time_s: `noon` is not a number of seconds; write the time since the recording's start",
    );
    check_rejected(
        &text("1.5,sun-patch,kitchen"),
        "FILE, line 2, column site: `kitchen` is not a whole number from 0 to 2^64 - 1",
    );
}
