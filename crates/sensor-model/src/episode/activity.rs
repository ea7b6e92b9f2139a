//! When a device is on, and how far it has warmed up.

use super::draw::Draw;

/// A device or an action that is on for a while and warms and cools exponentially. Times are in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Activity {
    start: f64,
    end: f64,
    /// Time constants.
    rise: f64,
    fall: f64,
}

impl Activity {
    /// Starts during or before the episode; in half of the cases it ends before the episode does.
    pub(super) fn draw(duration_s: f64, rise_s: f64, fall_s: f64, draw: &mut Draw) -> Self {
        let start_s = if draw.chance(0.35) {
            -draw.log_uniform(5.0, 600.0)
        } else {
            duration_s * draw.uniform(0.1, 0.75)
        };
        let end_s = if draw.chance(0.5) {
            f64::INFINITY
        } else {
            start_s.max(0.0) + draw.log_uniform(15.0, 300.0)
        };
        Self {
            start: start_s,
            end: end_s,
            rise: rise_s,
            fall: fall_s,
        }
    }

    /// Whether it is on.
    pub(super) fn is_on(&self, time_s: f64) -> bool {
        (self.start..self.end).contains(&time_s)
    }

    /// How far it has warmed up, from 0 to 1.
    pub(super) fn level(&self, time_s: f64) -> f64 {
        if time_s <= self.start {
            return 0.0;
        }
        let on_s = time_s.min(self.end) - self.start;
        let reached = 1.0 - libm::exp(-on_s / self.rise);
        let off_s = (time_s - self.end).max(0.0);
        reached * libm::exp(-off_s / self.fall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_activity_warms_while_on_and_cools_afterwards() {
        let kettle = Activity {
            start: 10.0,
            end: 70.0,
            rise: 30.0,
            fall: 100.0,
        };
        let levels = [0.0, 10.0, 40.0, 70.0, 170.0].map(|time| kettle.level(time));
        assert_eq!((levels[0], levels[1]), (0.0, 0.0));
        assert!((levels[2] - 0.632).abs() < 0.001);
        assert!((levels[3] - 0.865).abs() < 0.001);
        assert!((levels[4] / levels[3] - (-1.0_f64).exp()).abs() < 1e-9);
        assert!(kettle.is_on(10.0) && !kettle.is_on(70.0));
    }
}
