//! The program on a real recording, compared with values computed with numpy and scipy.
//!
//! The reference includes the 19 defective pixels, which the extractor replaces. Features not affected by them agree
//! within 0.5 % or 0.01 C; the differences of the others are documented in `extract/bad_pixels.rs`.

use std::path::Path;

use sensor_model::recording::{FrameOptions, open_frames};
use sensor_model::{Feature, Rows, read_rows};
use serde_json::Value;

use crate::bad_input::container_of;
use crate::{Bench, RECORDING, shared};

/// The counts of each frame at 0.01 K per count.
fn counts(recording: &Path) -> Vec<Vec<u16>> {
    let count = |celsius: &f32| ((celsius + 273.15) * 100.0).round() as u16;
    open_frames(recording, &FrameOptions::default())
        .unwrap()
        .map(|frame| frame.unwrap().celsius().iter().map(count).collect())
        .collect()
}

/// The rows that the program computes for two frames one second apart.
fn rows(frames: [&[u16]; 2]) -> Rows {
    let bench = Bench::new();
    let [first, second] = frames.map(<[u16]>::to_vec);
    let recording = container_of(&[(100.0, first), (101.0, second)], str::to_owned);
    bench.file("pair.y16.gz", recording);
    let flags = ["--frames", "{}/pair.y16.gz", "--out", "{}/rows.parquet"];
    assert_eq!(bench.run(&flags).json()["rows"], 2);
    read_rows(&bench.path("rows.parquet")).unwrap()
}

/// Asserts that a value agrees within 0.5 % or 0.01 C.
#[track_caller]
fn check(rows: &Rows, row: usize, feature: Feature, expected: &Value) {
    let (found, expected) = (
        f64::from(rows.row(row)[feature.index()]),
        expected.as_f64().unwrap(),
    );
    let distance = (found - expected).abs();
    assert!(
        distance <= 0.01 || distance <= 0.005 * expected.abs(),
        "{feature:?}: {found} instead of {expected}"
    );
}

#[test]
fn the_program_computes_the_golden_features() {
    let Some(path) = shared(RECORDING) else {
        return;
    };
    let reference = path.with_file_name("reference_features.json");
    let reference: Value = serde_json::from_slice(&std::fs::read(reference).unwrap()).unwrap();
    let frames = counts(&path);
    for number in [0, 1, 40, 81] {
        let rows = rows([&frames[number], &frames[number]]);
        let expected = &reference["frames"][format!("{number}/hot50")];
        for (feature, key) in [
            (Feature::TMean, "t_mean"),
            (Feature::TP95, "t_p95"),
            (Feature::THotAreaPct, "t_hot_area_pct"),
            (Feature::THotLargestBlobPct, "t_hot_largest_blob_pct"),
            (Feature::TproxyVal, "top_decile_mean"),
        ] {
            check(&rows, 0, feature, &expected[key]);
        }
        // The share of the other four features that comes from the camera's 19 defective pixels; see
        // `extract::bad_pixels`.
        for (feature, key, least, most) in [
            (Feature::TStd, "t_std", 0.02, 0.06),
            (Feature::TMax, "t_max", 0.05, 0.15),
            (Feature::TGradMean, "sobel_div8_mean", 0.10, 0.20),
            (Feature::TGradStd, "sobel_div8_std", 0.35, 0.55),
        ] {
            let found = f64::from(rows.row(0)[feature.index()]);
            let excess = 1.0 - found / expected[key].as_f64().unwrap();
            assert!(
                (least..=most).contains(&excess),
                "{feature:?} of frame {number}: the defects account for a share of {excess}"
            );
        }
    }
    let rows = rows([&frames[72], &frames[81]]);
    let expected = &reference["diff_81_1s_lag"];
    check(&rows, 1, Feature::TDiffMean, &expected["mean_abs"]);
    check(&rows, 1, Feature::TDiffStd, &expected["std_signed"]);
}
