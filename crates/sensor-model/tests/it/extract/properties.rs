//! Properties that hold for any scene.

use proptest::prelude::*;
use sensor_model::extract::{Extractor, SensorRow};
use sensor_model::{Co2Reading, FRAME_PIXELS, Feature, ThermalFrame};

use super::{extractor, frame, value};
use crate::possible::assert_possible;

/// A background with a slope and noise, and a few hot or cold rectangles: `(x, y, size, Celsius)`.
#[derive(Clone, Debug)]
struct Scene {
    background_c: f32,
    slope_c: f32,
    noise_c: f32,
    spots: Vec<(usize, usize, usize, f32)>,
}

impl Scene {
    /// The scene at one time, with its spots moved by `shift` pixels and noise from `seed`.
    fn at(&self, time_s: f64, shift: usize, seed: u32) -> ThermalFrame {
        frame(time_s, |x, y| {
            let mut dice =
                (x as u32 * 7919 + y as u32 * 104_729) ^ seed.wrapping_mul(2_654_435_761);
            dice ^= dice >> 15;
            dice = dice.wrapping_mul(2_246_822_519);
            dice ^= dice >> 13;
            let noise = self.noise_c * ((dice % 2001) as f32 / 1000.0 - 1.0);
            let inside = |&&(left, top, size, _): &&(usize, usize, usize, f32)| {
                (left + shift..left + shift + size).contains(&x) && (top..top + size).contains(&y)
            };
            let base = self.background_c + self.slope_c * x as f32;
            (self.spots.iter().find(inside).map_or(base, |spot| spot.3) + noise).clamp(-40.0, 400.0)
        })
    }
}

fn scene() -> impl Strategy<Value = Scene> {
    let spot = (0_usize..160, 0_usize..120, 1_usize..40, -40.0_f32..400.0);
    let noise = prop_oneof![Just(0.0_f32), 0.0_f32..0.1, 0.0_f32..200.0];
    let spots = prop::collection::vec(spot, 0..5);
    (-20.0_f32..60.0, -0.2_f32..0.2, noise, spots).prop_map(
        |(background_c, slope_c, noise_c, spots)| Scene {
            background_c,
            slope_c,
            noise_c,
            spots,
        },
    )
}

/// The features as bits, so that NaN equals NaN.
fn bits(row: &SensorRow) -> Vec<u32> {
    row.features.iter().map(|value| value.to_bits()).collect()
}

fn push(extractor: &mut Extractor, frames: &[ThermalFrame]) {
    for frame in frames {
        extractor.push_frame(frame.clone()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_row_is_impossible(
        scene in scene(),
        steps in prop::collection::vec((0.01_f64..1.5, 0_usize..4), 1..12),
        ppm in prop::collection::vec(-100.0_f32..60_000.0, 12),
    ) {
        let mut extractor = extractor();
        let (mut time_s, mut shift) = (0.0, 0);
        for (number, (step_s, pixels)) in steps.into_iter().enumerate() {
            time_s += step_s;
            shift += pixels;
            extractor.push_frame(scene.at(time_s, shift, number as u32)).unwrap();
            extractor.push_co2(Co2Reading { time_s, ppm: ppm[number] }).unwrap();
            let row = extractor.row_at(time_s);
            assert_possible(&row.features, format_args!("{time_s} s"));
        }
    }

    #[test]
    fn asking_for_a_row_changes_no_other(scene in scene()) {
        let frames: Vec<_> = (0..12).map(|k| scene.at(0.115 * f64::from(k), k as usize, k)).collect();
        let last_s = frames[11].time_s();
        let (mut asked, mut silent) = (extractor(), extractor());
        for frame in &frames {
            push(&mut asked, std::slice::from_ref(frame));
            let _ = asked.row_at(frame.time_s());
        }
        push(&mut silent, &frames);
        prop_assert_eq!(bits(&asked.row_at(last_s)), bits(&silent.row_at(last_s)));
    }

    #[test]
    fn an_offset_of_the_camera_shifts_temperatures_and_nothing_else(
        background_c in 0_i32..40,
        // Whole degrees, whose sums are exact.
        offset_c in -5_i32..=5,
    ) {
        let row = |offset_c: i32| {
            let mut extractor = extractor();
            for k in 0..12 {
                let celsius = |x: usize, y: usize| (background_c + offset_c) as f32 + ((x / 9 + y / 7 + k) % 5) as f32;
                extractor.push_frame(frame(0.125 * k as f64, celsius)).unwrap();
            }
            extractor.row_at(0.125 * 11.0)
        };
        let (plain, shifted) = (row(0), row(offset_c));
        for feature in [Feature::TMean, Feature::TMax, Feature::TP95, Feature::TproxyVal] {
            let shift = value(&shifted, feature) - value(&plain, feature);
            prop_assert!((shift - offset_c as f32).abs() < 1e-4, "{} {shift}", feature.name());
        }
        for feature in [
            Feature::TStd, Feature::TGradMean, Feature::TGradStd, Feature::TDiffMean, Feature::TDiffStd,
            Feature::FlowMagMean, Feature::FlowMagStd,
        ] {
            let change = (value(&shifted, feature) - value(&plain, feature)).abs();
            prop_assert!(change < 1e-4, "{} {change}", feature.name());
        }
    }
}

#[test]
fn a_uniform_image_has_only_temperature_features() {
    let mut extractor = extractor();
    let frames: Vec<_> = (0..100)
        .map(|k| frame(0.125 * f64::from(k), |_, _| 21.37))
        .collect();
    push(&mut extractor, &frames);
    let row = extractor.row_at(12.5);
    for feature in [
        Feature::TMean,
        Feature::TMax,
        Feature::TP95,
        Feature::TproxyVal,
    ] {
        assert_eq!(value(&row, feature), 21.37, "{}", feature.name());
    }
    for feature in [
        Feature::THotAreaPct,
        Feature::THotLargestBlobPct,
        Feature::TGradMean,
        Feature::TGradStd,
        Feature::TDiffMean,
        Feature::TDiffStd,
        Feature::FlowMagMean,
        Feature::FlowMagStd,
    ] {
        assert_eq!(value(&row, feature), 0.0, "{}", feature.name());
    }
    assert!(value(&row, Feature::TStd) < 1e-6);
    assert!(value(&row, Feature::TproxyVel).abs() < 1e-6);
}

#[test]
fn a_lone_hot_pixel_is_a_defect_and_a_hot_spot_is_not() {
    // A defective pixel at 300 C, and a real spot blurred by a lens.
    let lone = |x: usize, y: usize| if (x, y) == (80, 60) { 300.0 } else { 22.0 };
    let spot = |x: usize, y: usize| match x.abs_diff(80) + y.abs_diff(60) {
        0 => 300.0,
        1 => 52.0,
        _ => 22.0,
    };
    let row = |celsius: &dyn Fn(usize, usize) -> f32| {
        let mut extractor = extractor();
        extractor.push_frame(frame(0.0, celsius)).unwrap();
        extractor.row_at(0.0)
    };
    assert_eq!(value(&row(&lone), Feature::TMax), 22.0);
    assert_eq!(value(&row(&lone), Feature::THotAreaPct), 0.0);
    let seen = row(&spot);
    assert_eq!(value(&seen, Feature::TMax), 300.0);
    let five_pixels = 5.0 * 100.0 / FRAME_PIXELS as f32;
    assert_eq!(value(&seen, Feature::THotAreaPct), five_pixels);
    assert_eq!(value(&seen, Feature::THotLargestBlobPct), five_pixels);
}
