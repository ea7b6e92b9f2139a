//! What programs say about files that they cannot use.

use std::fs;

use super::check_lines;
use super::shell::Shell;
use crate::bad_input::{Change, csv};
use crate::commands::frames;

#[test]
fn train_100k_explains_bad_data_files() {
    let shell = Shell::new();
    let files = [
        ("text", csv(&[Change::Cell(5, 2, "warm")])),
        ("infinite", csv(&[Change::Cell(3, 0, "inf")])),
        ("label", csv(&[Change::Cell(2, 18, "2")])),
        ("no-label", csv(&[Change::Cell(2, 18, "")])),
        ("no-feature", csv(&[Change::WithoutColumn(16)])),
        ("unknown-feature", csv(&[Change::WithColumn("humidity")])),
        ("twice", csv(&[Change::WithColumn("t_mean")])),
        ("short", csv(&[Change::Short(4)])),
        ("one-class", csv(&[Change::OneClass])),
        ("group", csv(&[Change::WithColumn("group")])),
        ("unclosed", csv(&[Change::Cell(3, 0, "\"1")])),
        ("header-only", csv(&[]).lines().next().unwrap().to_owned()),
        ("empty", String::new()),
        ("good", csv(&[])),
    ];
    let mut lines: Vec<String> = Vec::new();
    for (name, text) in &files {
        fs::write(shell.path(&format!("{name}.csv")), text).unwrap();
        if *name != "good" {
            lines.push(format!("train-100k --data {name}.csv --out out"));
        }
    }
    fs::write(shell.path("binary.csv"), [0xff, 0xfe, 0x00]).unwrap();
    fs::write(shell.path("text.parquet"), "no parquet").unwrap();
    fs::write(shell.path("rows.xlsx"), "no spreadsheet").unwrap();
    for file in ["binary.csv", "text.parquet", "rows.xlsx"] {
        lines.push(format!("train-100k --data {file} --out out"));
    }
    lines.push("train-100k --data good.csv --mix 1 --out out".to_owned());
    check_lines(&shell, "train-100k-data", &lines);
    assert!(!shell.path("out").exists(), "something was left behind");
}

#[test]
fn train_100k_explains_bad_parts() {
    let shell = Shell::new();
    for (folder, seed) in [("good", 1), ("other", 2)] {
        shell.call(&format!(
            "train-100k --profile original --samples 300 --seed {seed} --out {folder}"
        ));
    }
    let part = "test/part-00000.parquet";
    fs::copy(
        shell.path("other").join(part),
        shell.path("good").join(part),
    )
    .unwrap();
    fs::write(shell.path("other/manifest.json"), "{").unwrap();
    shell.call("train-100k --samples 500 --alarm-hours 0.1 --out shards --shard 2/2");
    check_lines(
        &shell,
        "train-100k-parts",
        &[
            "train-100k --parts good",
            "train-100k --parts other",
            "train-100k --parts shards",
        ],
    );
}

#[test]
fn extract_rows_explains_bad_recordings() {
    let shell = Shell::new();
    frames(&shell.path("hall.y16.gz"));
    for (name, text) in [
        ("text.y16", "no frames"),
        ("notes.txt", "no frames"),
        ("empty.csv", ""),
        ("other.csv", "a,b\n1,2\n"),
        ("words.csv", "time_s,co2_ppm\n0,many\n"),
        ("unsorted.csv", "time_s,co2_ppm\n5,600\n0,600\n"),
        ("dates.csv", "timestamp,co2_ppm\n2020-01-01T00:00:00Z,600\n"),
        ("late.csv", "time_s,co2_ppm\n9000,600\n"),
        ("reversed.csv", "start_s,end_s\n20,10\n"),
        ("overlap.csv", "start_s,end_s\n1,10\n5,20\n"),
    ] {
        fs::write(shell.path(name), text).unwrap();
    }
    check_lines(
        &shell,
        "extract-rows",
        &[
            "extract-rows",
            "extract-rows --frames hall.y16.gz",
            "extract-rows --frames hall.y16.gz --out rows.xlsx",
            "extract-rows --frames nowhere.y16 --out rows.csv",
            "extract-rows --frames notes.txt --out rows.csv",
            "extract-rows --frames text.y16 --out rows.csv",
            "extract-rows --frames text.y16 --scale 0.01K --out rows.csv",
            "extract-rows --frames text.y16 --scale 0.01K --fps 9 --out rows.csv",
            "extract-rows --frames hall.y16.gz --scale 0.1K --out rows.csv",
            "extract-rows --frames hall.y16.gz --scale 1K --out rows.csv",
            "extract-rows --frames hall.y16.gz --fps 0 --out rows.csv",
            "extract-rows --frames hall.y16.gz --telemetry left --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 nowhere.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 empty.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 other.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 words.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 unsorted.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 late.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 dates.csv --co2-columns timestamp:iso:co2_ppm --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 dates.csv --co2-columns timestamp:date:co2_ppm --out rows.csv",
            "extract-rows --frames hall.y16.gz --start-unix 5 --out rows.csv",
            "extract-rows --frames hall.y16.gz --co2 late.csv --start-unix NaN --out rows.csv",
            "extract-rows --frames hall.y16.gz --labels other.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --labels reversed.csv --out rows.csv",
            "extract-rows --frames hall.y16.gz --labels overlap.csv --out rows.csv",
            "extract-rows --frames - --out rows.csv",
            "extract-rows --follow --frames hall.y16.gz --scale 0.01K --fps 9",
            "extract-rows --follow --frames a.y16 b.y16",
            "extract-rows --follow --frames hall.y16.gz --out rows.csv",
            "extract-rows --follow --frames a.y16 --scale 0.01K --fps 9 --alarm-rule 2:3:5",
            "extract-rows --follow --frames a.y16 --scale 0.01K --fps 9 --alarm-rule often",
            "extract-rows --follow --frames a.y16 --scale 0.01K --fps 9 --model nowhere.tar.gz",
        ],
    );
    assert!(
        !shell.path("rows.csv").exists(),
        "something was left behind"
    );
}
