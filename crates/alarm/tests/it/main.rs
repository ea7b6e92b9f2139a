//! Reports checked against hand counts, and the choice of a rule.

#![expect(
    clippy::float_cmp,
    reason = "the compared numbers must be bit-identical"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot build its recordings has failed"
)]

use alarm::{AlarmParams, AlarmReport, AlarmRule, CurvePoint, Recording, choose, curve, recall_at};

/// A recording that owns its rows: one per second from 0.
struct Made {
    times: Vec<f64>,
    probabilities: Vec<f64>,
    event: Option<f64>,
    kind: &'static str,
}

impl Made {
    /// `runs` are (seconds, constant probability).
    fn new(kind: &'static str, event: Option<f64>, runs: &[(usize, f64)]) -> Self {
        let probabilities: Vec<f64> = runs
            .iter()
            .flat_map(|&(seconds, p)| vec![p; seconds])
            .collect();
        Self {
            times: (0..probabilities.len()).map(|row| row as f64).collect(),
            probabilities,
            event,
            kind,
        }
    }

    fn recording(&self) -> Recording<'_> {
        Recording::new(&self.times, &self.probabilities, self.event, self.kind).unwrap()
    }
}

fn recordings(made: &[Made]) -> Vec<Recording<'_>> {
    made.iter().map(Made::recording).collect()
}

fn rule(threshold: f64, k: u32, n: u32) -> AlarmRule {
    AlarmParams::new(threshold, k, n).check().unwrap()
}

/// Two events, a quick one at 0.9 and a slow one at 0.6, and two disturbances, a long one at 0.5 and a brief one at
/// 0.7.
fn day() -> Vec<Made> {
    vec![
        Made::new("quick", Some(100.0), &[(105, 0.0), (95, 0.9)]),
        Made::new("slow", Some(100.0), &[(140, 0.0), (60, 0.6)]),
        Made::new("sun", None, &[(500, 0.0), (300, 0.5), (200, 0.0)]),
        Made::new("glint", None, &[(500, 0.0), (1, 0.7), (499, 0.0)]),
    ]
}

#[test]
fn a_report_agrees_with_counting_by_hand() {
    let day = day();
    let report = AlarmReport::new(&rule(0.55, 2, 3), &recordings(&day)).unwrap();
    let found = report.all.detection.unwrap();
    // Each event is found at the second row of its run.
    assert_eq!((found.events, found.found, found.missed), (2, 2, 0));
    assert_eq!(
        (found.latency_p50_s, found.latency_p90_s),
        (Some(6.0), Some(41.0))
    );
    assert_eq!((found.within_30_s, found.within_60_s), (0.5, 1.0));
    // The glint is over before its second row.
    let alarms = report.all.false_alarms.unwrap();
    assert_eq!((alarms.count, alarms.days), (0, 2_200.0 / 86_400.0));
    assert_eq!(alarms.per_day_interval[0], 0.0);

    let kinds: Vec<_> = report.kinds.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["glint", "quick", "slow", "sun"]);
    assert_eq!(report.kinds["sun"].detection, None);
    assert_eq!(report.kinds["slow"].detection.unwrap().within_30_s, 0.0);
    let lower = AlarmReport::new(&rule(0.45, 2, 3), &recordings(&day)).unwrap();
    assert_eq!(lower.kinds["sun"].false_alarms.unwrap().count, 1);
    assert_eq!(lower.all.false_alarms.unwrap().count, 1);
}

#[test]
fn recall_is_taken_at_the_best_threshold_within_the_rate() {
    let day = day();
    let report = AlarmReport::new(&rule(0.95, 1, 1), &recordings(&day)).unwrap();
    // The rule itself never raises an alarm; the curve covers lower thresholds.
    assert_eq!(report.all.detection.unwrap().recall, 0.0);
    let thresholds: Vec<f64> = report.curve.iter().map(|point| point.threshold).collect();
    let between: Vec<f64> = [(0.9, 0.7), (0.7, 0.6), (0.6, 0.5)]
        .map(|(a, b)| f64::midpoint(a, b))
        .into();
    assert_eq!(thresholds, [&between[..], &[0.5]].concat());
    let counts: Vec<(u64, u64)> = report.curve.iter().map(counts).collect();
    assert_eq!(counts, [(1, 0), (1, 1), (2, 1), (2, 2)]);

    // One alarm in 2,200 s is 39 per day.
    let recalls: Vec<f64> = report
        .recall_at_rates
        .iter()
        .map(|rate| rate.recall)
        .collect();
    assert_eq!(recalls, [0.5; 4]);
    let check = |per_day, expected: Option<f64>| {
        let found = recall_at(&report.curve, per_day).map(|point| point.threshold);
        assert_eq!(found, expected);
    };
    check(0.0, Some(between[0]));
    check(39.0, Some(between[0]));
    check(40.0, Some(between[2]));
    check(1e9, Some(between[2]));
    assert!(recall_at(&report.curve[1..], 1.0).is_none());
}

/// Events found and false alarms.
fn counts(point: &CurvePoint) -> (u64, u64) {
    let found = point.metrics.detection.unwrap().found;
    (found, point.metrics.false_alarms.unwrap().count)
}

#[test]
fn a_curve_agrees_with_a_report_at_each_threshold() {
    let day = day();
    let recordings = recordings(&day);
    let rule = rule(0.5, 3, 5);
    let points = curve(&rule, &[0.95, 0.6, 0.3, 0.01], &recordings).unwrap();
    for point in points {
        let report = AlarmReport::new(&rule.at(point.threshold).unwrap(), &recordings).unwrap();
        assert_eq!(point.metrics, report.all);
    }
    let error = curve(&rule, &[0.5, 1.5], &recordings).unwrap_err();
    let expected = "parameter `threshold` is `1.5`; it must be a number above 0 and at most 1";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_rule_that_finds_the_most_events_within_the_budget_is_chosen() {
    let day = day();
    let check = |budget, found: u64, alarms: u64, within| {
        let choice = choose(&recordings(&day), budget).unwrap();
        let (detection, rate) = (choice.chosen_on.detection, choice.chosen_on.false_alarms);
        assert_eq!(
            (detection.unwrap().found, rate.unwrap().count),
            (found, alarms)
        );
        assert_eq!(choice.within_budget, within);
        let report = AlarmReport::new(&choice.rule, &recordings(&day)).unwrap();
        assert_eq!(report.all, choice.chosen_on);
        choice.rule
    };
    // Two rows of three ignore the glint, and 0.55 is above the sun.
    let chosen = check(0.0, 2, 0, true);
    assert_eq!(chosen, rule(f64::midpoint(0.6, 0.5), 2, 3));
    // If one false alarm is allowed, a single row suffices and is a second faster.
    assert_eq!(check(40.0, 2, 1, true), rule(f64::midpoint(0.6, 0.5), 1, 1));

    // With a disturbance brighter than every event, no rule is within the budget.
    let mut bright = day.into_iter().take(2).collect::<Vec<_>>();
    bright.push(Made::new(
        "lamp",
        None,
        &[(500, 0.0), (300, 1.0), (200, 0.0)],
    ));
    let choice = choose(&recordings(&bright), 0.0).unwrap();
    assert!(!choice.within_budget);
    assert_eq!(choice.chosen_on.false_alarms.unwrap().count, 1);
    assert_eq!(choice.chosen_on.detection.unwrap().found, 2);
}

#[test]
fn recordings_unsuitable_for_choosing_are_rejected() {
    let check = |made: &[Made], budget, expected: &str| {
        let error = choose(&recordings(made), budget).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let tail = "choosing an alarm rule requires events and event-free time";
    let event = || Made::new("e", Some(0.0), &[(9, 0.5)]);
    let calm = || Made::new("c", None, &[(9, 0.0)]);
    check(
        &[calm()],
        1.0,
        &format!("no recording has an event; {tail}"),
    );
    let expected = format!("no recording has time without an event; {tail}");
    check(&[event()], 1.0, &expected);
    let dark = Made::new("e", Some(0.0), &[(9, 0.0)]);
    let expected = "every probability is 0; no threshold raises an alarm";
    check(&[dark, calm()], 1.0, expected);
    let expected = "parameter `budget_per_day` is `NaN`; it must be a finite number of at least 0";
    check(&[event(), calm()], f64::NAN, expected);
}

#[test]
fn reports_have_stable_names() {
    let day = day();
    let report = AlarmReport::new(&rule(0.55, 2, 3), &recordings(&day)).unwrap();
    let json = serde_json::to_value(&report).unwrap();
    let check = |pointer: &str, expected: &str| {
        let object = json.pointer(pointer).unwrap().as_object().unwrap();
        let names: Vec<_> = object.keys().map(String::as_str).collect();
        assert_eq!(names.join(" "), expected, "{pointer}");
    };
    check("", "all curve kinds recall_at_rates rule");
    check("/rule", "k latch n release threshold");
    check("/kinds", "glint quick slow sun");
    check("/all", "detection false_alarms recordings");
    check(
        "/all/detection",
        "events found latency_p50_s latency_p90_s missed recall within_120_s within_30_s within_60_s",
    );
    check("/all/false_alarms", "count days per_day per_day_interval");
    check("/curve/0", "detection false_alarms recordings threshold");
    check("/recall_at_rates/0", "per_day recall threshold");
    let choice = serde_json::to_value(choose(&recordings(&day), 1.0).unwrap()).unwrap();
    let names: Vec<_> = choice.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["budget_per_day", "chosen_on", "rule", "within_budget"]
    );
    let again: AlarmReport = serde_json::from_str(&json.to_string()).unwrap();
    assert_eq!(
        (again.rule, again.all.detection),
        (report.rule, report.all.detection)
    );
    assert_eq!(again.curve.len(), report.curve.len());
}
