//! Formats alarm rules and their metrics as text.

use alarm::AlarmMetrics;

/// Column headings for [`metrics_in_columns`].
pub const METRICS_HEADER: &str = "  fires  found   <30 s   <60 s  median     p90   false  hours";

/// A rule's metrics, aligned with [`METRICS_HEADER`].
pub fn metrics_in_columns(metrics: &AlarmMetrics) -> String {
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let seconds = |latency: Option<f64>| {
        latency.map_or_else(|| "never".to_owned(), |latency| format!("{latency:.0} s"))
    };
    let cells = metrics.detection.map(|detection| {
        [
            detection.events.to_string(),
            percent(detection.recall),
            percent(detection.within_30_s),
            percent(detection.within_60_s),
            seconds(detection.latency_p50_s),
            seconds(detection.latency_p90_s),
        ]
    });
    let [events, recall, in_30_s, in_60_s, p50, p90] = cells.unwrap_or_default();
    let found = format!("{events:>7} {recall:>6} {in_30_s:>7} {in_60_s:>7} {p50:>7} {p90:>7}");
    let alarms = metrics.false_alarms.map_or_else(String::new, |alarms| {
        let hours = 24.0 * alarms.days;
        format!(" {:>7} {hours:>6.1}", alarms.count)
    });
    format!("{found}{alarms}").trim_end().to_owned()
}

/// A false-alarm budget, such as "1 false alarm a day".
pub fn budget_in_words(per_day: f64) -> String {
    let number = per_day.to_string();
    let alarms = if number == "1" { "alarm" } else { "alarms" };
    format!("{number} false {alarms} a day")
}

#[cfg(test)]
mod tests {
    use alarm::{AlarmParams, AlarmReport, Recording};

    use super::*;

    #[test]
    fn a_rule_and_its_metrics_are_formatted_in_words_and_columns() {
        let rule = AlarmParams::new(0.8, 2, 3).check().unwrap();
        assert_eq!(
            rule.to_string(),
            "when 2 of the last 3 s are at 0.800 or above, until fewer are at 0.400"
        );
        let times: Vec<f64> = (0..3_600).map(f64::from).collect();
        let mut probabilities = vec![0.1; 3_600];
        probabilities[1_800..].fill(0.9);
        let columns = |event| {
            let recording = Recording::new(&times, &probabilities, event, "x").unwrap();
            metrics_in_columns(&AlarmReport::new(&rule, &[recording]).unwrap().all)
        };
        assert_eq!(
            columns(Some(1_790.0)),
            "      1  100 %   100 %   100 %    11 s    11 s       0    0.5"
        );
        let gap = " ".repeat(53);
        assert_eq!(columns(None), format!("{gap}1    1.0"));
        let calm = Recording::new(&times, &probabilities, None, "x").unwrap();
        let calm = AlarmReport::new(&rule, &[calm]).unwrap().all;
        assert_eq!(
            calm.false_alarms.unwrap().to_string(),
            "24.0 false alarms a day (95 %: 0.6 to 133.7)"
        );
    }

    #[test]
    fn a_budget_of_one_is_singular() {
        assert_eq!(budget_in_words(1.0), "1 false alarm a day");
        assert_eq!(budget_in_words(0.5), "0.5 false alarms a day");
        assert_eq!(budget_in_words(2.0), "2 false alarms a day");
    }
}
