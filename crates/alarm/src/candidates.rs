//! Candidate thresholds: those at which an alarm appears or disappears.

use crate::levels::Levels;

/// Rows per block of event-free time, ten minutes: within one block, one false alarm is as bad as several.
const BLOCK: usize = 600;

/// Up to `at_most` thresholds in descending order, for rules with the `k` and `n` of `levels`.
///
/// An alarm appears or disappears where the threshold crosses the peak level around it. The candidates are therefore
/// the midpoints between neighbouring peaks (of events, and of each ten minutes of event-free time), so that alarms do
/// not depend on rounding, and the lowest peak itself. Thresholds above all peaks are omitted, because they are never
/// reached. Too many candidates are thinned evenly.
pub(crate) fn thresholds(levels: &[Levels], at_most: usize) -> Vec<f64> {
    let mut peaks: Vec<f64> = levels.iter().flat_map(peaks).collect();
    peaks.retain(|&peak| peak > 0.0);
    peaks.sort_unstable_by(|a, b| b.total_cmp(a));
    peaks.dedup();
    let midpoints = peaks.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
    let mut thresholds: Vec<f64> = midpoints.chain(peaks.last().copied()).collect();
    // The midpoint of two adjacent floating-point numbers is one of them.
    thresholds.dedup();
    thin(thresholds, at_most)
}

/// The peak level of each block before the event, of the event, and of the event's first minute.
fn peaks(levels: &Levels) -> Vec<f64> {
    let (before, after) = levels.all().split_at(levels.recording().event_free_rows());
    let highest = |rows: &[f64]| rows.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut peaks: Vec<f64> = before.chunks(BLOCK).map(highest).collect();
    peaks.extend([highest(after), highest(&after[..after.len().min(60)])]);
    peaks
}

/// Evenly spaced items, including the first and the last.
fn thin(items: Vec<f64>, at_most: usize) -> Vec<f64> {
    if items.len() <= at_most {
        return items;
    }
    let gaps = at_most.saturating_sub(1).max(1);
    (0..at_most)
        .map(|at| items[at * (items.len() - 1) / gaps])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AlarmParams, Recording};

    #[test]
    fn thresholds_are_midpoints_between_peaks() {
        let times: Vec<f64> = (0..700).map(f64::from).collect();
        let mut probabilities = vec![0.0; 700];
        for (row, p) in [(10, 0.25), (20, 0.5), (650, 0.75), (699, 1.0)] {
            probabilities[row] = p;
        }
        let rule = AlarmParams::new(0.5, 1, 1).check().unwrap();
        let check = |event, at_most, expected: &[f64]| {
            let recording = Recording::new(&times, &probabilities, event, "k").unwrap();
            let levels = [Levels::new(&rule, &recording)];
            assert_eq!(thresholds(&levels, at_most), expected);
        };
        check(None, 9, &[0.75, 0.5]);
        check(Some(690.0), 9, &[0.875, 0.625, 0.5]);
        check(Some(600.0), 9, &[0.875, 0.625, 0.5]);
        check(Some(600.0), 2, &[0.875, 0.5]);
    }

    #[test]
    fn without_peaks_there_are_no_thresholds() {
        let rule = AlarmParams::new(0.5, 2, 2).check().unwrap();
        let short = Recording::new(&[0.0], &[0.9], None, "k").unwrap();
        let silent = Recording::new(&[0.0, 1.0], &[0.0, 0.0], None, "k").unwrap();
        let levels = [short, silent].map(|recording| Levels::new(&rule, &recording));
        assert_eq!(thresholds(&levels, 9), [0.0; 0]);
    }
}
