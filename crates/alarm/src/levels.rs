//! The levels of a recording, computed once and reused for many thresholds.

use crate::recording::Recording;
use crate::rule::AlarmRule;
use crate::state::Trigger;
use crate::window::Window;

/// Rows per block; a block is skipped if no alarm can begin or end in it.
const BLOCK: usize = 64;

/// The level at each row of a recording; it depends only on a rule's `k` and `n`.
#[derive(Debug)]
pub(crate) struct Levels<'a> {
    recording: Recording<'a>,
    /// One level per row.
    each: Vec<f64>,
    /// The lowest and the highest level of each block.
    extremes: Vec<[f64; 2]>,
}

impl<'a> Levels<'a> {
    /// The levels of all `recordings`.
    pub(crate) fn of_all(rule: &AlarmRule, recordings: &[Recording<'a>]) -> Vec<Self> {
        let levels = |recording| Self::new(rule, recording);
        recordings.iter().map(levels).collect()
    }

    /// The levels for rules with the `k` and `n` of `rule`.
    pub(crate) fn new(rule: &AlarmRule, recording: &Recording<'a>) -> Self {
        let mut window = Window::new(rule.params().k, rule.params().n);
        let each: Vec<f64> = recording
            .rows()
            .map(|(time_s, p)| window.push(time_s, p))
            .collect();
        let extremes = each.chunks(BLOCK).map(extremes).collect();
        Self {
            recording: *recording,
            each,
            extremes,
        }
    }

    /// The recording with these levels.
    pub(crate) fn recording(&self) -> &Recording<'a> {
        &self.recording
    }

    /// One level per row.
    pub(crate) fn all(&self) -> &[f64] {
        &self.each
    }

    /// The times of the alarms under `rule`.
    pub(crate) fn alarm_times_s(&self, rule: &AlarmRule) -> Vec<f64> {
        let mut trigger = Trigger::default();
        let mut begins_s = Vec::new();
        let blocks = self.each.chunks(BLOCK).zip(&self.extremes);
        let times_s = self.recording.times_s().chunks(BLOCK);
        for ((levels, &extremes), times_s) in blocks.zip(times_s) {
            // True for nearly all blocks, which makes a thousand thresholds affordable.
            if trigger.holds(rule, extremes) {
                continue;
            }
            let rows = levels.iter().zip(times_s);
            let begins = rows.filter(|&(&level, _)| trigger.step(rule, level));
            begins_s.extend(begins.map(|(_, time_s)| time_s));
        }
        begins_s
    }
}

fn extremes(levels: &[f64]) -> [f64; 2] {
    let lowest = levels.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    [lowest, highest]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::AlarmParams;

    /// Up to a thousand rows: runs of constant probability, separated by gaps in time.
    fn rows() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        let run = (1..90_usize, 0..9_u8, 1..20_u8);
        prop::collection::vec(run, 1..12).prop_map(|runs| {
            let (mut times, mut probabilities, mut time) = (Vec::new(), Vec::new(), 0.0);
            for (length, level, gap) in runs {
                time += f64::from(gap);
                for row in 0..length {
                    times.push(time + row as f64);
                    probabilities.push(f64::from(level) / 8.0);
                }
                time += length as f64;
            }
            (times, probabilities)
        })
    }

    fn rules() -> impl Strategy<Value = AlarmParams> {
        (1..8_u32).prop_flat_map(|n| {
            let parts = (1..=n, 1..=8_u8, 0..=4_u8, any::<bool>());
            parts.prop_map(move |(k, threshold, release, latch)| {
                let threshold = f64::from(threshold) / 8.0;
                AlarmParams {
                    release: threshold * f64::from(release) / 4.0,
                    latch,
                    ..AlarmParams::new(threshold, k, n)
                }
            })
        })
    }

    proptest! {
        #[test]
        fn skipping_blocks_gives_the_same_alarms_as_streaming(
            (times, probabilities) in rows(),
            params in rules(),
        ) {
            let rule = params.check().unwrap();
            let recording = Recording::new(&times, &probabilities, None, "k").unwrap();
            let levels = Levels::new(&rule, &recording);
            let streamed = rule.alarms(&recording);
            let streamed: Vec<f64> = streamed.iter().map(|alarm| alarm.time_s).collect();
            prop_assert_eq!(levels.alarm_times_s(&rule), streamed);
        }

        #[test]
        fn a_lower_threshold_never_gives_a_later_first_alarm(
            (times, probabilities) in rows(),
            params in rules(),
            share in 0.01..1.0_f64,
        ) {
            let rule = params.check().unwrap();
            let lower = rule.at(params.threshold * share).unwrap();
            let recording = Recording::new(&times, &probabilities, None, "k").unwrap();
            let first = |rule: &AlarmRule| rule.alarms(&recording).first().map(|alarm| alarm.time_s);
            if let Some(first_s) = first(&rule) {
                prop_assert!(first(&lower).is_some_and(|lower_s| lower_s <= first_s));
            }
        }
    }
}
