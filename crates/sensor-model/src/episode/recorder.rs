//! Watches an episode with both sensors and lets the extractor make rows of it.

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
/// Between consecutive frames at 8.7 Hz, s; a real recording's jitter by 0.016.
const FRAME_GAP_S: f64 = 0.115;
const JITTER_S: f64 = 0.016;

/// What came of an episode.
pub(super) struct Recorded {
    pub(super) features: Vec<f32>,
    pub(super) first_visible_s: Option<f64>,
}

/// Watches an episode.
///
/// Of the camera's 8.7 frames a second only those that a row needs are rendered: one a second for the hotspot proxy and
/// the one-second difference, and for a kept second the frame just before it, for the flow.
pub(super) fn record(
    header: &Header,
    hidden: &Hidden,
    canvas: &mut Canvas,
) -> Result<Recorded, Error> {
    let mut extractor = Extractor::new(ExtractorParams::default().check()?);
    let mut recorded = Recorded {
        features: Vec::with_capacity(header.kept_s.len() * FEATURE_COUNT),
        first_visible_s: None,
    };
    let (mut air, mut sensor) = hidden.gas_at_start();
    let mut kept = header.kept_s.iter().peekable();
    for second in 0..header.duration_s {
        let time_s = f64::from(second);
        hidden.breathe(time_s, &mut air, &mut sensor);
        if second.is_multiple_of(PERIOD_S as u32)
            && let Some(reading) = hidden.delivered(&sensor, time_s)
        {
            extractor.push_co2(reading)?;
        }
        let is_kept = kept.next_if(|&&next| next == second).is_some();
        if is_kept {
            let jitter = JITTER_S * hashed(header.episode.index(), second.into());
            extractor.push_frame(frame(hidden, time_s - FRAME_GAP_S - jitter, canvas)?.0)?;
        }
        if !is_watched(second) {
            continue;
        }
        let (image, change) = frame(hidden, time_s, canvas)?;
        extractor.push_frame(image)?;
        if recorded.first_visible_s.is_none() && change >= VISIBLE_C {
            recorded.first_visible_s = Some(time_s);
        }
        if is_kept {
            recorded.features.extend(extractor.row_at(time_s).features);
        }
    }
    Ok(recorded)
}

/// Whether a frame of that second matters to any row.
///
/// Before the first row, only the hotspot proxy of a minute ago does, for which every other second will do; its slope
/// and the differences look back no more than 12 s.
fn is_watched(second: u32) -> bool {
    second + 12 >= WARM_UP_S || (second + 62 >= WARM_UP_S && second.is_multiple_of(2))
}

/// A frame, and by how many degrees the fire changed the pixel that it changed most.
pub(super) fn frame(
    hidden: &Hidden,
    time_s: f64,
    canvas: &mut Canvas,
) -> Result<(ThermalFrame, f32), Error> {
    let change = hidden.paint(time_s, canvas);
    let image = ThermalFrame::new(time_s, hidden.report(time_s, canvas))?;
    let image = if hidden.is_frozen(time_s) {
        image.frozen()
    } else {
        image
    };
    Ok((image, change))
}
