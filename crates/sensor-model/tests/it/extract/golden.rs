//! A real recording of 82 frames against values computed with numpy and scipy.

use std::path::{Path, PathBuf};

use sensor_model::extract::{Extractor, ExtractorParams, SensorRow};
use sensor_model::recording::{FrameOptions, open_frames};
use sensor_model::{FRAME_WIDTH, Feature, ThermalFrame};

use super::{extractor, value};
use crate::real_data::real_data;

const RECORDING: &str = "lepton35_y16/thermal_20260512_151542.raw.y16.gz";

/// The directory of the recording, if it is available.
fn recording() -> Option<PathBuf> {
    let path = real_data(RECORDING, "the extractor on a real recording")?;
    path.parent().map(Path::to_owned)
}

fn frames(dir: &Path) -> Vec<ThermalFrame> {
    let path = dir.join("thermal_20260512_151542.raw.y16.gz");
    let reader = open_frames(&path, &FrameOptions::default()).unwrap();
    reader.map(Result::unwrap).collect()
}

/// The row at each frame's own time.
fn rows(mut extractor: Extractor, frames: &[ThermalFrame]) -> Vec<SensorRow> {
    let row = |frame: &ThermalFrame| {
        extractor.push_frame(frame.clone()).unwrap();
        extractor.row_at(frame.time_s())
    };
    frames.iter().map(row).collect()
}

/// The reference has six digits after the point.
fn assert_close(found: f32, expected: &serde_json::Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    let distance = (f64::from(found) - expected).abs();
    assert!(
        distance <= 2e-6 * expected.abs().max(1.0),
        "{what}: {found} instead of {expected}"
    );
}

#[test]
fn the_features_of_a_real_recording_are_those_of_numpy_and_scipy() {
    let Some(dir) = recording() else { return };
    let text = std::fs::read_to_string(dir.join("reference_features.json")).unwrap();
    let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
    let frames = frames(&dir);
    for hot_above_c in [24.0, 30.0, 50.0] {
        // The reference includes the defective pixels. No pixel deviates by 100 C, so none is replaced.
        let params = ExtractorParams {
            hot_above_c,
            bad_pixel_c: 100.0,
            ..ExtractorParams::default()
        };
        let rows = rows(Extractor::new(params.check().unwrap()), &frames);
        for number in [0, 1, 40, 81] {
            let expected = &reference["frames"][format!("{number}/hot{hot_above_c}")];
            for (feature, key) in [
                (Feature::TMean, "t_mean"),
                (Feature::TStd, "t_std"),
                (Feature::TMax, "t_max"),
                (Feature::TP95, "t_p95"),
                (Feature::THotAreaPct, "t_hot_area_pct"),
                (Feature::THotLargestBlobPct, "t_hot_largest_blob_pct"),
                (Feature::TGradMean, "sobel_div8_mean"),
                (Feature::TGradStd, "sobel_div8_std"),
            ] {
                let what = format!("{key} of frame {number}");
                assert_close(value(&rows[number], feature), &expected[key], &what);
            }
        }
        let hottest = &reference["frames"][format!("0/hot{hot_above_c}")]["top_decile_mean"];
        assert_close(
            value(&rows[0], Feature::TproxyVal),
            hottest,
            "the first tproxy_val",
        );
        let change = &reference["diff_81_1s_lag"];
        assert_close(
            value(&rows[81], Feature::TDiffMean),
            &change["mean_abs"],
            "t_diff_mean",
        );
        assert_close(
            value(&rows[81], Feature::TDiffStd),
            &change["std_signed"],
            "t_diff_std",
        );
    }
}

#[test]
fn the_defective_pixels_of_a_real_camera_are_replaced_and_no_others() {
    let Some(dir) = recording() else { return };
    let frames = frames(&dir);
    let mut extractor = extractor();
    for (number, frame) in frames.iter().enumerate() {
        extractor.push_frame(frame.clone()).unwrap();
        assert_eq!(
            extractor.counts().bad_pixels,
            19 * (number as u64 + 1),
            "frame {number}"
        );
    }
    // The defects are all in one row, which is otherwise not hot.
    for (frame, row) in frames.iter().zip(rows(self::extractor(), &frames)) {
        let others = frame.celsius().iter().enumerate();
        let hottest = others
            .filter(|(at, _)| at / FRAME_WIDTH != 76)
            .map(|(_, &celsius)| celsius)
            .fold(f32::MIN, f32::max);
        assert_eq!(value(&row, Feature::TMax), hottest, "{} s", row.time_s);
    }
}

#[test]
fn a_real_room_without_motion_has_nearly_no_flow() {
    let Some(dir) = recording() else { return };
    // The first eight frames arrived in a burst.
    let rows = rows(extractor(), &frames(&dir));
    for row in &rows[8..] {
        let flow = value(row, Feature::FlowMagMean);
        assert!(flow < 0.05, "{flow} px/s at {} s", row.time_s);
    }
}
