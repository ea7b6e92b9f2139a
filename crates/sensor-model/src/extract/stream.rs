//! A row for every second.

use super::{CheckedExtractorParams, Counts, ExtractError, Extractor, SensorRow};
use crate::co2::Co2Reading;
use crate::frame::ThermalFrame;

/// After this many seconds without any item, all features are missing, even CO2.
const LONGEST_HOLD_S: f64 = 15.0;

/// An [`Extractor`] that produces a row for every whole second with at least one feature.
///
/// An item later than second `t` completes `t`. One sensor may be ahead of the other, but a row contains only what was
/// pushed before its second was complete.
#[derive(Clone, Debug)]
pub struct RowStream {
    extractor: Extractor,
    /// The first whole second that is not complete; `None` before the first item.
    next_s: Option<f64>,
    rows: Vec<SensorRow>,
}

impl RowStream {
    /// A stream without any input yet.
    pub fn new(params: CheckedExtractorParams) -> Self {
        Self {
            extractor: Extractor::new(params),
            next_s: None,
            rows: Vec::new(),
        }
    }

    /// Adds a frame, see [`Extractor::push_frame`].
    pub fn push_frame(&mut self, frame: ThermalFrame) -> Result<(), ExtractError> {
        self.complete_before(frame.time_s());
        self.extractor.push_frame(frame)
    }

    /// Adds a CO2 reading, see [`Extractor::push_co2`].
    pub fn push_co2(&mut self, reading: Co2Reading) -> Result<(), ExtractError> {
        self.complete_before(reading.time_s);
        self.extractor.push_co2(reading)
    }

    /// The rows that were completed since the last call, in chronological order.
    pub fn take_rows(&mut self) -> Vec<SensorRow> {
        std::mem::take(&mut self.rows)
    }

    /// Ignored and repaired input so far.
    pub fn counts(&self) -> Counts {
        self.extractor.counts()
    }

    /// The rows not yet taken, up to the last whole second at or before the newest item.
    pub fn finish(mut self) -> Vec<SensorRow> {
        let newest_s = self.extractor.newest_s();
        self.complete_before(newest_s);
        if self.next_s == Some(newest_s) {
            self.emit(newest_s);
        }
        self.rows
    }

    /// Emits the seconds before `time_s`. A time that is rejected afterwards is before all of them and completes none.
    fn complete_before(&mut self, time_s: f64) {
        if !time_s.is_finite() {
            return;
        }
        let mut second = self.next_s.unwrap_or_else(|| time_s.ceil());
        while second < time_s {
            // If the clock jumps by years, do not compute a row for each second.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::FRAME_PIXELS;
    use crate::schema::Feature;

    fn frame(time_s: f64) -> ThermalFrame {
        ThermalFrame::new(time_s, vec![20.0; FRAME_PIXELS]).unwrap()
    }

    fn stream() -> RowStream {
        RowStream::new(CheckedExtractorParams::default())
    }

    fn taken(stream: &mut RowStream) -> Vec<f64> {
        stream.take_rows().iter().map(|row| row.time_s).collect()
    }

    #[test]
    fn a_later_item_completes_a_second() {
        let mut stream = stream();
        let mut expect = |time_s: f64, expected: &[f64]| {
            stream.push_frame(frame(time_s)).unwrap();
            assert_eq!(taken(&mut stream), expected, "{time_s}");
        };
        expect(3.4, &[]);
        expect(3.9, &[]);
        expect(4.0, &[]);
        expect(4.1, &[4.0]);
        expect(6.5, &[5.0, 6.0]);
        expect(8.0, &[7.0]);
        let last: Vec<_> = stream.finish().iter().map(|row| row.time_s).collect();
        assert_eq!(last, [8.0]);
    }

    #[test]
    fn a_row_does_not_depend_on_later_items() {
        let mut stream = stream();
        let co2 = |time_s, ppm| Co2Reading { time_s, ppm };
        stream.push_co2(co2(1.0, 500.0)).unwrap();
        stream.push_co2(co2(2.5, 900.0)).unwrap();
        let gas = |row: &SensorRow| row.features[Feature::GasVal.index()];
        assert_eq!(
            stream.take_rows().iter().map(gas).collect::<Vec<_>>(),
            [500.0, 500.0]
        );
    }

    #[test]
    fn seconds_without_any_feature_have_no_row() {
        let mut stream = stream();
        stream
            .push_co2(Co2Reading {
                time_s: 0.0,
                ppm: 500.0,
            })
            .unwrap();
        stream.push_frame(frame(1e9)).unwrap();
        let held: Vec<_> = (0..=15).map(f64::from).collect();
        assert_eq!(taken(&mut stream), held);
        assert_eq!(stream.finish().len(), 1);
    }

    #[test]
    fn a_rejected_item_does_not_change_the_rows() {
        let mut stream = stream();
        stream.push_frame(frame(5.0)).unwrap();
        assert!(stream.push_frame(frame(4.0)).is_err());
        let nowhere = Co2Reading {
            time_s: f64::NAN,
            ppm: 500.0,
        };
        assert!(stream.push_co2(nowhere).is_err());
        assert_eq!(taken(&mut stream), [0.0; 0]);
        assert_eq!(stream.finish().len(), 1);
    }
}
