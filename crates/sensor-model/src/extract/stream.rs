//! A row for every second.

use super::{CheckedExtractorParams, Counts, ExtractError, Extractor, SensorRow};
use crate::co2::Co2Reading;
use crate::frame::ThermalFrame;

/// After this many seconds without any item nothing is known any more, not even CO2.
const LONGEST_HOLD_S: f64 = 15.0;

/// An [`Extractor`] that gives a row for every whole second of which anything is known.
///
/// An item later than second `t` completes `t`. The sensors may be pushed one ahead of the other, but a row knows only
/// what came before its second was complete.
#[derive(Clone, Debug)]
pub struct RowStream {
    extractor: Extractor,
    /// The first whole second that is not complete; `None` before the first item.
    next_s: Option<f64>,
    rows: Vec<SensorRow>,
}

impl RowStream {
    /// A stream that has seen nothing yet.
    pub fn new(params: CheckedExtractorParams) -> Self {
        Self {
            extractor: Extractor::new(params),
            next_s: None,
            rows: Vec::new(),
        }
    }

    /// Takes in a frame, see [`Extractor::push_frame`].
    pub fn push_frame(&mut self, frame: ThermalFrame) -> Result<(), ExtractError> {
        self.complete_before(frame.time_s());
        self.extractor.push_frame(frame)
    }

    /// Takes in a CO2 reading, see [`Extractor::push_co2`].
    pub fn push_co2(&mut self, reading: Co2Reading) -> Result<(), ExtractError> {
        self.complete_before(reading.time_s);
        self.extractor.push_co2(reading)
    }

    /// The rows that have become complete since the last call, in the order of time.
    pub fn take_rows(&mut self) -> Vec<SensorRow> {
        std::mem::take(&mut self.rows)
    }

    /// What was left out or replaced so far.
    pub fn counts(&self) -> Counts {
        self.extractor.counts()
    }

    /// The rows not yet taken, up to the last whole second before or at the newest item.
    pub fn finish(mut self) -> Vec<SensorRow> {
        let newest_s = self.extractor.newest_s();
        self.complete_before(newest_s);
        if self.next_s == Some(newest_s) {
            self.emit(newest_s);
        }
        self.rows
    }

    /// Emits the seconds before `time_s`. A time that is refused afterwards lies before them all and completes none.
    fn complete_before(&mut self, time_s: f64) {
        if !time_s.is_finite() {
            return;
        }
        let mut second = self.next_s.unwrap_or_else(|| time_s.ceil());
        while second < time_s {
            // A clock that jumps by years must not cost a row per second of them.
            if second > self.extractor.newest_s() + LONGEST_HOLD_S {
                second = time_s.ceil();
                break;
            }
            self.emit(second);
            second += 1.0;
        }
        self.next_s = Some(second);
    }

    fn emit(&mut self, second: f64) {
        let row = self.extractor.row_at(second);
        if row.features.iter().any(|value| !value.is_nan()) {
            self.rows.push(row);
        }
    }
}
