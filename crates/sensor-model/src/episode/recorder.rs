//! Records an episode with both sensors and extracts its rows.

use crate::error::Error;
use crate::extract::{Extractor, ExtractorParams};
use crate::frame::ThermalFrame;
use crate::schema::FEATURE_COUNT;

use super::canvas::Canvas;
use super::co2_sensor::PERIOD_S;
use super::draw::hashed;
use super::header::Header;
use super::hidden::Hidden;
use super::params::WARM_UP_S;

/// A fire is visible once it changes a pixel by ten times the camera's sensitivity of 50 mK (datasheet).
pub(super) const VISIBLE_C: f32 = 0.5;
/// Time between consecutive frames at 8.7 Hz, s, and its jitter in a real recording.
const FRAME_GAP_S: f64 = 0.115;
const JITTER_S: f64 = 0.016;

/// The rows of an episode, without IDs and labels.
pub(super) struct Recorded {
    pub(super) features: Vec<f32>,
    pub(super) first_visible_s: Option<f64>,
    /// Number of rendered images.
    pub(super) frames: u32,
}

/// Records an episode.
///
/// Of the camera's 8.7 frames per second, only those that a row needs are rendered: one per second for the hotspot proxy
/// and the one-second difference, and the frame just before each row, for the flow.
pub(super) fn record(
    header: &Header,
    hidden: &Hidden,
    canvas: &mut Canvas,
) -> Result<Recorded, Error> {
    let mut extractor = Extractor::new(ExtractorParams::default().check()?);
    let mut recorded = Recorded {
        features: Vec::with_capacity(header.row_seconds.len() * FEATURE_COUNT),
        first_visible_s: None,
        frames: 0,
    };
    let (mut air, mut sensor) = hidden.gas_at_start();
    let mut row_seconds = header.row_seconds.iter().peekable();
    for second in 0..header.duration_s {
        let time_s = f64::from(second);
        hidden.step_air(time_s, &mut air, &mut sensor);
        if second.is_multiple_of(PERIOD_S as u32)
            && let Some(reading) = hidden.reading(&sensor, time_s)
        {
            extractor.push_co2(reading)?;
        }
        let is_row = row_seconds.next_if(|&&next| next == second).is_some();
        if is_row {
            let jitter = JITTER_S * hashed(header.episode.index(), second.into());
            extractor.push_frame(frame(hidden, time_s - FRAME_GAP_S - jitter, canvas)?.0)?;
            recorded.frames += 1;
        }
        if !is_needed(second) {
            continue;
        }
        let (image, change) = frame(hidden, time_s, canvas)?;
        extractor.push_frame(image)?;
        recorded.frames += 1;
        if recorded.first_visible_s.is_none() && change >= VISIBLE_C {
            recorded.first_visible_s = Some(time_s);
        }
        if is_row {
            recorded.features.extend(extractor.row_at(time_s).features);
        }
    }
    Ok(recorded)
}

/// Whether any row depends on the frame of this second.
///
/// Longer than 12 s before the first row, only the hotspot proxy of a minute ago does, for which every other second is
/// enough.
fn is_needed(second: u32) -> bool {
    second + 12 >= WARM_UP_S || (second + 62 >= WARM_UP_S && second.is_multiple_of(2))
}

/// A frame, and the fire's largest change of a pixel, C.
pub(super) fn frame(
    hidden: &Hidden,
    time_s: f64,
    canvas: &mut Canvas,
) -> Result<(ThermalFrame, f32), Error> {
    let change = hidden.paint(time_s, canvas);
    let image = ThermalFrame::new(time_s, hidden.report(time_s, canvas))?;
    let image = if hidden.shutter_was_closed(time_s) {
        image.with_closed_shutter()
    } else {
        image
    };
    Ok((image, change))
}

#[cfg(test)]
mod tests {
    use std::mem::discriminant;

    use super::super::Purpose;
    use super::super::draw::{Draw, Part};
    use super::super::faults::Fault;
    use super::super::params::EpisodeParams;
    use super::super::scenario::Scenario;
    use super::*;
    use crate::schema::Feature;

    /// The rows of the first episode of a scenario, with exactly these faults.
    fn rows(scenario: Scenario, faults: Vec<Fault>) -> Vec<f32> {
        let params = EpisodeParams {
            severity: 1.0,
            keep_one_in: 1,
            max_duration_s: 120,
            ..EpisodeParams::only(scenario)
        };
        let params = params.check().unwrap();
        let header = Header::draw(&params, 11, Purpose::Training, 0);
        let mut hidden = Hidden::draw(&params, 11, Purpose::Training, &header);
        hidden.faults = faults;
        record(&header, &hidden, &mut Canvas::new())
            .unwrap()
            .features
    }

    /// One random fault of each kind for an episode of two minutes; those that begin at some time do so after the warm-up.
    fn kinds() -> Vec<Fault> {
        let mut draw = Draw::new(5, Purpose::Training, Part::Hidden, 0);
        let mut kinds: Vec<Fault> = Vec::new();
        for _ in 0..400 {
            let fault = Fault::draw(120.0, &mut draw);
            let known = |known: &Fault| discriminant(known) == discriminant(&fault);
            let begins = fault
                .begins_s()
                .is_none_or(|at_s| (75.0..95.0).contains(&at_s));
            if begins && !kinds.iter().any(known) {
                kinds.push(fault);
            }
        }
        kinds
    }

    fn assert_possible(row: &[f32], which: &Fault) {
        let value = |feature: Feature| row[feature.index()];
        for feature in Feature::ALL {
            let value = value(feature);
            assert!(
                value.is_nan() || feature.range().contains(&value),
                "{which:?}: {feature:?} {value}"
            );
        }
        if !value(Feature::TMean).is_nan() {
            assert!(value(Feature::TMax) >= value(Feature::TP95), "{which:?}");
            assert!(value(Feature::TMax) >= value(Feature::TMean), "{which:?}");
            let [blob, area] = [Feature::THotLargestBlobPct, Feature::THotAreaPct].map(value);
            assert!(blob <= area, "{which:?}");
        }
    }

    #[test]
    fn each_fault_changes_rows_but_keeps_them_possible() {
        let kinds = kinds();
        assert_eq!(kinds.len(), 7, "{kinds:?}");
        let bits = |rows: &[f32]| rows.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        for scenario in [Scenario::LiquidPool, Scenario::People, Scenario::EmptyRoom] {
            let sound = bits(&rows(scenario, Vec::new()));
            for fault in &kinds {
                let rows = rows(scenario, vec![*fault]);
                assert_ne!(bits(&rows), sound, "{scenario}: {fault:?} changes nothing");
                for row in rows.chunks_exact(FEATURE_COUNT) {
                    assert_possible(row, fault);
                }
            }
        }
    }
}
