//! CO2 logs and fire intervals.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use sensor_model::Co2Reading;
use sensor_model::recording::{Co2Columns, Co2Log, FireIntervals, TimeFormat, read_labels};

use super::{message, shared};

fn log(text: &str, columns: &Co2Columns) -> Result<Vec<Co2Reading>, String> {
    let log = Co2Log::new(text.as_bytes(), Path::new("co2.csv"), columns);
    log.and_then(Iterator::collect)
        .map_err(|error| message(&error))
}

fn labels(text: &str) -> Result<FireIntervals, String> {
    FireIntervals::read(text.as_bytes(), Path::new("fire.csv")).map_err(|error| message(&error))
}

fn open_log(path: &Path, columns: &Co2Columns) -> Co2Log<BufReader<File>> {
    Co2Log::new(BufReader::new(File::open(path).unwrap()), path, columns).unwrap()
}

/// Checks the readings of a real log: their number, the first one, and the time span in seconds.
#[track_caller]
fn check_real(name: &str, columns: &Co2Columns, expected: (usize, f64, f32, f64)) {
    let Some(path) = shared(name) else {
        return;
    };
    let readings: Result<Vec<_>, _> = open_log(&path, columns).collect();
    let readings = readings.unwrap();
    let (count, start_s, ppm, span_s) = expected;
    assert_eq!((readings.len(), readings[0].ppm), (count, ppm));
    assert!(
        (readings[0].time_s - start_s).abs() < 1e-3,
        "{}",
        readings[0].time_s
    );
    let found = readings[count - 1].time_s - readings[0].time_s;
    assert!((found - span_s).abs() < 1e-3, "{found}");
    assert!(readings.iter().all(Co2Reading::is_valid));
    let mut shifted = open_log(&path, columns).starting_at(start_s - 7.0);
    assert!((shifted.next().unwrap().unwrap().time_s - 7.0).abs() < 1e-3);
}

#[test]
fn the_presets_read_the_real_logs() {
    check_real(
        "uci_occupancy/datatraining.txt",
        &Co2Columns::uci(),
        (8_143, 1_423_072_260.0, 721.25, 488_520.0),
    );
    check_real(
        "airscout_scd40/data/session_A_20250914_150134.csv",
        &Co2Columns::airscout(),
        (188, 1_757_854_894.376, 1_250.0, 2_071.089),
    );
}

#[test]
fn columns_are_found_by_name_for_any_separator_and_order() {
    let columns = Co2Columns::new("t", TimeFormat::Seconds, "CO2, ppm");
    for text in [
        "t,note,\"CO2, ppm\"\n0,x,400\n5,\"a, b\",410\n",
        "\u{feff}CO2, ppm;t\r\n400;0\r\n\r\n410;5\r\n",
        "Session: A\nStart: today\n\nt\tCO2, ppm\n0\t400\n5\t410",
    ] {
        let readings = log(text, &columns).unwrap();
        let found: Vec<_> = readings
            .iter()
            .map(|reading| (reading.time_s, reading.ppm))
            .collect();
        assert_eq!(found, [(0.0, 400.0), (5.0, 410.0)], "{text}");
    }
}

#[test]
fn readings_that_are_not_measurements_are_returned_but_not_valid() {
    let readings = log(
        "time_s,co2_ppm\n0,0\n5,\n10,NaN\n15,40001\n20,500\n",
        &Co2Columns::scd4x(),
    )
    .unwrap();
    let valid: Vec<_> = readings.iter().map(Co2Reading::is_valid).collect();
    assert_eq!(valid, [false, false, false, false, true]);
}

#[test]
fn errors_in_a_log_name_the_line_and_what_to_do() {
    let reject = |text: &str, expected: &str| {
        assert_eq!(
            log(text, &Co2Columns::scd4x()).unwrap_err(),
            expected,
            "{text}"
        );
    };
    reject(
        "when,co2\n0,400\n",
        "co2.csv: there is no header with the columns `time_s` and `co2_ppm` (lines searched: 2); use the column names in the file",
    );
    reject(
        "time_s,co2_ppm\n0,400\nlater,410\n",
        "co2.csv, line 3, column time_s: `later` is not seconds since the recording's start; correct it, or specify \
         another time format",
    );
    reject(
        "time_s,co2_ppm\n0,high\n",
        "co2.csv, line 2, column co2_ppm: `high` is not a number; write a decimal number, or leave the cell empty for \
         a missing value",
    );
    reject(
        "time_s,co2_ppm\n\n9,400\n8,410\n",
        "co2.csv, line 4: its time, 8 s, is earlier than the previous one, 9 s; split the recording where the clock was \
         set back",
    );
    reject(
        "time_s,co2_ppm\n0\n",
        "co2.csv, line 2: expected 2 cells, one per column of the header, but found 1",
    );
    reject(
        "time_s,co2_ppm\n0,\"400\n",
        "co2.csv, line 2, column 2: `\"400` has an unclosed quotation mark; close it on the same line",
    );
    let endless = format!("time_s,co2_ppm\n{}", "1".repeat(70_000));
    reject(
        &endless,
        "co2.csv, line 2: the line is longer than 65536 bytes, so this is not a table of the expected kind",
    );
    let iso = Co2Columns::new("time_s", TimeFormat::Iso, "co2_ppm");
    let error = log("time_s,co2_ppm\n12,400\n", &iso).unwrap_err();
    assert!(error.contains("`12` is not an ISO 8601 time"), "{error}");
}

#[test]
fn text_in_another_encoding_is_reported_with_the_line() {
    let bytes = b"time_s,co2_ppm\n0,400\n\xff,400\n";
    let log = Co2Log::new(bytes.as_slice(), Path::new("co2.csv"), &Co2Columns::scd4x()).unwrap();
    let error = log.collect::<Result<Vec<_>, _>>().unwrap_err();
    assert_eq!(
        message(&error),
        "co2.csv, line 3: the line is not UTF-8 text; save the file as UTF-8"
    );
}

#[test]
fn an_interval_includes_its_start_but_not_its_end() {
    let fire = labels("note,start_s,end_s\nsecond,60,70.5\nfirst,10,20\nthird,20,30\n").unwrap();
    assert_eq!(fire.len(), 3);
    for (time_s, expected) in [
        (-1.0, false),
        (9.999, false),
        (10.0, true),
        (19.999, true),
        (20.0, true),
        (30.0, false),
        (60.0, true),
        (70.5, false),
        (f64::MAX, false),
    ] {
        assert_eq!(fire.contains(time_s), expected, "{time_s}");
    }
    let none = labels("start_s,end_s\n").unwrap();
    assert!(none.is_empty() && !none.contains(0.0));
}

#[test]
fn overlapping_intervals_are_reported_with_both_lines() {
    for (text, expected) in [
        (
            "start_s,end_s\n50,60\n10,20\n\n55,58\n",
            "fire.csv, line 5: its interval overlaps with line 2; merge the two lines",
        ),
        (
            "start_s,end_s\n15,30\n10,20\n",
            "fire.csv, line 3: its interval overlaps with line 2; merge the two lines",
        ),
        (
            "start_s,end_s\n1,2\n20,10\n",
            "fire.csv, line 3: the interval from 20 s to 10 s does not end after its start; swap the two times",
        ),
        (
            "start_s,end_s\n1,inf\n",
            "fire.csv, line 2, column end_s: `inf` is not seconds since the recording's start; correct it, or specify \
             another time format",
        ),
        (
            "start,end\n1,2\n",
            "fire.csv: there is no header with the columns `start_s` and `end_s` (lines searched: 2); use the column \
             names in the file",
        ),
    ] {
        assert_eq!(labels(text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn a_missing_file_is_reported() {
    let path = Path::new("/nowhere/fire.csv");
    let error = read_labels(path).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot read /nowhere/fire.csv"),
        "{error}"
    );
}
