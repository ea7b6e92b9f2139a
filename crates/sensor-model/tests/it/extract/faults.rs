//! Gaps, closed shutters and impossible input: features without data are missing, and invalid input is rejected.

use sensor_model::extract::ExtractError;
use sensor_model::{Co2Reading, Error, Feature};

use super::{extractor, frame, known, value};

const SCENE: [Feature; 8] = [
    Feature::TMean,
    Feature::TStd,
    Feature::TMax,
    Feature::TP95,
    Feature::THotAreaPct,
    Feature::THotLargestBlobPct,
    Feature::TGradMean,
    Feature::TGradStd,
];

fn co2(time_s: f64, ppm: f32) -> Co2Reading {
    Co2Reading { time_s, ppm }
}

#[test]
fn all_features_are_missing_before_the_first_item() {
    assert_eq!(known(&extractor().row_at(0.0)), []);
}

#[test]
fn each_feature_waits_for_the_history_that_it_needs() {
    let mut extractor = extractor();
    let mut expect_after = |time_s: f64, more: &[Feature]| {
        extractor.push_frame(frame(time_s, |_, _| 20.0)).unwrap();
        let expected: Vec<_> = Feature::ALL
            .into_iter()
            .filter(|feature| {
                SCENE.contains(feature) || *feature == Feature::TproxyVal || more.contains(feature)
            })
            .collect();
        assert_eq!(known(&extractor.row_at(time_s)), expected, "{time_s} s");
    };
    let flow = [Feature::FlowMagMean, Feature::FlowMagStd];
    let both = [Feature::TDiffMean, Feature::TDiffStd, flow[0], flow[1]];
    expect_after(0.0, &[]);
    // A burst: 10 ms are too short to measure motion.
    expect_after(0.01, &[]);
    expect_after(0.2, &flow);
    expect_after(0.45, &flow);
    expect_after(0.9, &both);
    // After a gap of more than half a second there is no motion, and after more than 1.5 s no difference.
    expect_after(1.5, &both[..2]);
    expect_after(3.2, &[]);
}

#[test]
fn the_difference_is_from_the_frame_nearest_to_a_second_earlier() {
    let mut extractor = extractor();
    for (time_s, celsius) in [
        (0.0, 20.0),
        (0.3, 21.0),
        (0.55, 22.0),
        (0.8, 23.0),
        (1.4, 30.0),
    ] {
        extractor.push_frame(frame(time_s, |_, _| celsius)).unwrap();
    }
    assert_eq!(value(&extractor.row_at(1.4), Feature::TDiffMean), 9.0);
}

#[test]
fn frames_with_a_closed_shutter_are_ignored() {
    let (mut with, mut without) = (extractor(), extractor());
    for k in 0..20 {
        let time_s = 0.1 * f64::from(k);
        let scene = frame(time_s, |x, _| 20.0 + x as f32 * 0.01);
        if (8..16).contains(&k) {
            with.push_frame(frame(time_s, |_, _| 90.0).with_closed_shutter())
                .unwrap();
        } else {
            with.push_frame(scene.clone()).unwrap();
            without.push_frame(scene).unwrap();
        }
        let bits = |row: sensor_model::extract::SensorRow| row.features.map(f32::to_bits);
        assert_eq!(
            bits(with.row_at(time_s)),
            bits(without.row_at(time_s)),
            "{time_s} s"
        );
    }
    assert_eq!(with.counts().shutter_frames, 8);
}

#[test]
fn a_frame_is_held_for_two_seconds_and_then_all_its_features_are_missing() {
    let mut extractor = extractor();
    for k in 0..=40 {
        extractor
            .push_frame(frame(f64::from(k), |_, _| 20.0))
            .unwrap();
    }
    extractor.push_co2(co2(40.0, 600.0)).unwrap();
    assert_eq!(value(&extractor.row_at(42.0), Feature::TMean), 20.0);
    assert_eq!(known(&extractor.row_at(42.1)), [Feature::GasVal]);
    assert_eq!(known(&extractor.row_at(55.1)), []);
}

#[test]
fn impossible_readings_are_ignored() {
    let mut extractor = extractor();
    extractor.push_co2(co2(0.0, 600.0)).unwrap();
    for (number, ppm) in [0.0, -5.0, 40_001.0, f32::NAN, f32::INFINITY]
        .into_iter()
        .enumerate()
    {
        extractor.push_co2(co2(5.0, ppm)).unwrap();
        assert_eq!(
            value(&extractor.row_at(5.0), Feature::GasVal),
            600.0,
            "{ppm}"
        );
        assert_eq!(extractor.counts().invalid_readings, number as u64 + 1);
    }
    assert_eq!(known(&extractor.row_at(15.1)), []);
    // A sensor with a baseline that is too low still shows changes.
    extractor.push_co2(co2(20.0, 236.0)).unwrap();
    assert_eq!(value(&extractor.row_at(20.0), Feature::GasVal), 236.0);
}

#[test]
fn decreasing_times_are_rejected_and_change_nothing() {
    let mut extractor = extractor();
    extractor.push_frame(frame(2.5, |_, _| 20.0)).unwrap();
    extractor.push_co2(co2(3.0, 600.0)).unwrap();
    let frame_error = extractor.push_frame(frame(2.4, |_, _| 90.0)).unwrap_err();
    let frozen_error = extractor
        .push_frame(frame(2.4, |_, _| 90.0).with_closed_shutter())
        .unwrap_err();
    let reading_error = extractor.push_co2(co2(2.9, 0.0)).unwrap_err();
    let nowhere = extractor.push_co2(co2(f64::NAN, 600.0)).unwrap_err();
    let remedy = "sort the recording by time, or start a new extractor";
    assert_eq!(
        frame_error.to_string(),
        format!("a frame at 2.4 s follows one at 2.5 s; {remedy}")
    );
    assert_eq!(frame_error, frozen_error);
    assert_eq!(
        reading_error.to_string(),
        format!("a CO2 reading at 2.9 s follows one at 3 s; {remedy}")
    );
    assert!(matches!(nowhere, ExtractError::Time { .. }));
    assert_eq!(Error::from(nowhere).to_string(), nowhere.to_string());
    // The times of the two sensors are independent, and repeating a time is allowed.
    extractor.push_frame(frame(2.5, |_, _| 20.0)).unwrap();
    let row = extractor.row_at(3.0);
    assert_eq!(
        (value(&row, Feature::TMax), value(&row, Feature::GasVal)),
        (20.0, 600.0)
    );
    assert_eq!(
        (
            extractor.counts().shutter_frames,
            extractor.counts().invalid_readings
        ),
        (0, 0)
    );
}
