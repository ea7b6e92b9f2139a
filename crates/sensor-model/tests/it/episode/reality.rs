//! Simulated rooms compared with recordings of real sensors.
//!
//! There is no public recording of a fire by a radiometric Lepton, so the parts are compared: images of a calm room, CO2
//! of calm rooms, CO2 of real fires. CFAST is compared in `src/episode/room.rs`. The model card contains the results.

use std::path::Path;

use sensor_model::episode::{EpisodeParams, EpisodeSource, Episodes, Purpose, Scenario};
use sensor_model::{FRAME_PIXELS, Feature};

use super::{source, threads};
use crate::model_card::assert_on_card;
use crate::real_data::real_text;

fn every_second_of(scenario: Scenario, episodes: u64) -> Episodes {
    let params = EpisodeParams {
        keep_one_in: 1,
        // No faults, and few additional nuisances.
        severity: 0.0,
        ..EpisodeParams::only(scenario)
    };
    source(params, Purpose::Training)
        .generate(0..episodes, threads(2))
        .unwrap()
}

fn column(data: &Episodes, feature: Feature) -> Vec<f64> {
    let rows = (0..data.rows.len()).map(|row| f64::from(data.rows.row(row)[feature.index()]));
    rows.filter(|value| value.is_finite()).collect()
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

fn quantiles<const N: usize>(values: &mut [f64], shares: [f64; N]) -> [f64; N] {
    shares.map(|share| quantile(values, share))
}

/// The column with this name in comma-separated text.
fn cells(text: &str, name: &str) -> Vec<f64> {
    let mut lines = text.lines();
    let unquoted = |cell: &str| cell.trim_matches('"').to_owned();
    let at = lines
        .by_ref()
        .find_map(|line| line.split(',').position(|cell| unquoted(cell) == name))
        .unwrap();
    lines
        .map(|line| unquoted(line.split(',').nth(at).unwrap()).parse().unwrap())
        .collect()
}

#[test]
fn a_calm_room_looks_like_the_real_one() {
    let name = "lepton35_y16/reference_features.json";
    let Some(text) = real_text(name, "calm images against a real Lepton 3.5") else {
        return;
    };
    let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
    let last = &reference["frames"]["81/hot50"];
    let second = &reference["diff_81_1s_lag"];
    let data = every_second_of(Scenario::EmptyRoom, 60);
    // The recording shows one room, which the median of many rooms must be close to. Its gradients are those of one warm
    // object, which not every room has.
    for (feature, real, lowest) in [
        (Feature::TStd, &last["t_std"], 0.5),
        (Feature::TGradMean, &last["sobel_div8_mean"], 0.5),
        (Feature::TGradStd, &last["sobel_div8_std"], 0.25),
        (Feature::TDiffMean, &second["mean_abs"], 0.5),
        (Feature::TDiffStd, &second["std_signed"], 0.5),
    ] {
        let real = real.as_f64().unwrap();
        let [low, middle, high] = quantiles(&mut column(&data, feature), [0.05, 0.5, 0.95]);
        assert_on_card(
            &format!("`{}` of an empty room, {}", feature.name(), feature.unit()),
            [
                &format!("{middle:.3} ({low:.3} to {high:.3})"),
                &format!("{real:.3}"),
                &format!("{lowest} to 2 times"),
            ],
        );
        assert!(
            (lowest..2.0).contains(&(middle / real)),
            "{feature:?}: {middle}, real {real}"
        );
    }
}

#[test]
fn images_drift_and_flicker_like_real_ones() {
    let name = "lepton35_y16/reference_features.json";
    let Some(text) = real_text(name, "noise and drift against a real Lepton 3.5") else {
        return;
    };
    let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
    let real = reference["diff_40_39"]["mean_abs"].as_f64().unwrap();
    let params = EpisodeParams {
        severity: 0.0,
        ..EpisodeParams::only(Scenario::EmptyRoom)
    };
    let source: EpisodeSource = source(params, Purpose::Training);
    let mut differences: Vec<f64> = (0..20)
        .map(|episode| {
            let [a, b] = [59.885, 60.0].map(|time| source.render(episode, time).unwrap());
            let pixels = a.celsius().iter().zip(b.celsius());
            pixels.map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / FRAME_PIXELS as f64
        })
        .collect();
    let [quiet, middle, loud] = quantiles(&mut differences, [0.05, 0.5, 0.95]);
    // With high gain, noise is as in the recording (0.011 and 0.016 C); with low gain, three times as much.
    assert_on_card(
        "change from frame to frame, C",
        [
            &format!("{middle:.3} ({quiet:.3} to {loud:.3})"),
            &format!("{real:.3}"),
            "0.7 to 3.5 times: two of five cameras are in low gain",
        ],
    );
    assert!(
        (0.7..3.5).contains(&(middle / real)),
        "{middle}, real {real}"
    );
    // No simulated camera may drift much faster than the recording, and some must drift visibly.
    let [first, last] =
        ["0/hot50", "81/hot50"].map(|frame| reference["frames"][frame]["t_mean"].as_f64().unwrap());
    let real = (last - first).abs() / 9.22;
    let data = every_second_of(Scenario::EmptyRoom, 40);
    let means = column(&data, Feature::TMean);
    let pairs = means
        .windows(2)
        .zip(data.rows.groups.windows(2))
        .filter(|(_, groups)| groups[0] == groups[1]);
    let mut drifts: Vec<f64> = pairs
        .map(|(means, _)| (means[1] - means[0]).abs())
        .collect();
    let [usual, fast] = quantiles(&mut drifts, [0.5, 0.99]);
    assert_on_card(
        "drift of `t_mean`, C/s",
        [
            &format!("{usual:.3} (p99 {fast:.3})"),
            &format!("{real:.3} shortly after the start"),
            "median below half, p99 0.3 to 2 times",
        ],
    );
    assert!(
        usual < 0.5 * real && (0.3..2.0).contains(&(fast / real)),
        "{usual} {fast} {real}"
    );
}

/// CO2 of simulated rooms without fire: levels and changes within a minute, ppm.
fn calm_gas() -> [Vec<f64>; 2] {
    let calm =
        [Scenario::EmptyRoom, Scenario::People].map(|scenario| every_second_of(scenario, 40));
    [Feature::GasVal, Feature::GasDelta].map(|feature| {
        let columns = calm.iter().map(|data| column(data, feature));
        columns.flatten().collect()
    })
}

#[test]
fn co2_of_calm_rooms_is_like_that_of_real_ones() {
    let (name, check) = ("uci_occupancy/datatraining.txt", "CO2 against an office");
    let Some(office) = real_text(name, check) else {
        return;
    };
    let name = "airscout_scd40/data/session_A_20250914_150134.csv";
    let Some(room) = real_text(name, "CO2 against an SCD40") else {
        return;
    };
    // The header of the office's file lacks the row number, so its columns are one to the left.
    let mut office: Vec<f64> = office
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(5).unwrap().parse().unwrap())
        .collect();
    let office_changes = office.windows(2).map(|pair| pair[1] - pair[0]);
    let mut office_changes: Vec<f64> = office_changes.collect();
    // Readings are 10.9 s apart, so six of them take about a minute.
    let mut room = cells(&room, "Gas1");
    let room_changes = room.iter().skip(6).zip(&room);
    let mut room_changes: Vec<f64> = room_changes.map(|(now, before)| now - before).collect();
    let [mut levels, mut changes] = calm_gas();

    let range = |values: &mut [f64]| quantiles(values, [0.05, 0.5, 0.95]);
    let shown = |[low, middle, high]: [f64; 3]| format!("{middle:.0} ({low:.0} to {high:.0})");
    let [simulated, office_range] = [&mut changes, &mut office_changes].map(|all| range(all));
    let room_range = range(&mut room_changes);
    assert_on_card(
        "change of CO2 in a minute without fire, ppm",
        [
            &shown(simulated),
            &format!(
                "office {}, SCD40 {}",
                shown(office_range),
                shown(room_range)
            ),
            "width between the office's and 1.3 times the SCD40's",
        ],
    );
    let width = |[low, _, high]: [f64; 3]| high - low;
    // The office's sensor averages over a minute, so it has less noise; the SCD40 is the noisiest sensor of its family.
    assert!(
        width(simulated) > width(office_range) && width(simulated) < 1.3 * width(room_range),
        "{simulated:?} {office_range:?} {room_range:?}"
    );

    let [simulated, office_range] = [&mut levels, &mut office].map(|all| range(all));
    let room_range = range(&mut room);
    assert_on_card(
        "CO2 without fire, ppm",
        [
            &shown(simulated),
            &format!(
                "office {}, SCD40 {}",
                shown(office_range),
                shown(room_range)
            ),
            "median 0.75 to 1.5 times the office's, p95 0.75 to 1.25 times",
        ],
    );
    let times = [1, 2].map(|at| simulated[at] / office_range[at]);
    assert!(
        (0.75..1.5).contains(&times[0]) && (0.75..1.25).contains(&times[1]),
        "{simulated:?} {office_range:?}"
    );
}

/// When a series of CO2 readings, passed through the SCD41's lag of 60 s, has risen by 100 ppm.
fn felt_rise_s(times: &[f64], ppm: &[f64]) -> Option<f64> {
    let start = ppm[..5].iter().sum::<f64>() / 5.0;
    let mut felt = start;
    for (pair, ppm) in times.windows(2).zip(&ppm[1..]) {
        felt += (ppm - felt) * (1.0 - (-(pair[1] - pair[0]) / 60.0).exp());
        if felt > start + 100.0 {
            return Some(pair[1]);
        }
    }
    None
}

/// Times of events in the real fires, in seconds after ignition.
#[derive(Default)]
struct RealFires {
    /// The first smoke alarm of each fire.
    first_alarm_s: Vec<f64>,
    /// When an SCD41 at each station with a CO2 record would have measured 100 ppm more; infinity if never.
    gas_s: Vec<f64>,
    /// The number of stations with smoke alarms and CO2 at which the first alarm came earlier than that.
    alarm_first: usize,
    compared: usize,
}

impl RealFires {
    fn read() -> Option<Self> {
        let check = "the order of events against real fires";
        let alarms = real_text("nist_smoke_alarms/Activation_Times.csv", check)?;
        let mut lines = alarms
            .lines()
            .map(|line| line.split(',').collect::<Vec<_>>());
        let (names, times) = (lines.next().unwrap(), lines.next().unwrap());
        let first_alarm_s = |test: &str, station: &str| {
            let of_station = std::iter::zip(&names, &times)
                .filter(|(name, _)| name.starts_with(test) && name.ends_with(station));
            let seconds = of_station.map(|(_, time)| time.parse::<f64>().unwrap());
            seconds.reduce(f64::min)
        };
        let mut fires = Self::default();
        for test in ["SDC33", "SDC35", "SDC38", "SDC39"] {
            let name = format!("nist_smoke_alarms/NIST_Smoke_Alarms_{test}.csv");
            let record = real_text(&name, check)?;
            let seconds = cells(&record, "TIME");
            fires.first_alarm_s.extend(first_alarm_s(test, ""));
            for station in ["A", "B", "C"] {
                let percent = cells(&record, &format!("GAS{station}_3"));
                let ppm: Vec<f64> = percent.iter().map(|percent| percent * 1e4).collect();
                let gas_s = felt_rise_s(&seconds, &ppm).unwrap_or(f64::INFINITY);
                fires.gas_s.push(gas_s);
                if let Some(alarm_s) = first_alarm_s(test, station) {
                    fires.compared += 1;
                    fires.alarm_first += usize::from(alarm_s < gas_s);
                }
            }
        }
        Some(fires)
    }
}

/// Times of events in simulated fires in full view, in seconds after ignition; infinity if never.
#[derive(Default)]
struct SimulatedFires {
    seen_s: Vec<f64>,
    gas_s: Vec<f64>,
    camera_first: usize,
}

impl SimulatedFires {
    fn generate(episodes: u64) -> Self {
        let data = every_second_of(Scenario::FlamingNear, episodes);
        let (mut fires, mut row) = (Self::default(), 0);
        for episode in &data.episodes {
            let (header, ignition) = (&episode.header, episode.header.ignition_s.unwrap());
            let gas: Vec<f64> = (row..row + header.row_seconds.len())
                .map(|row| f64::from(data.rows.row(row)[Feature::GasVal.index()]))
                .collect();
            row += header.row_seconds.len();
            let risen = header
                .row_seconds
                .iter()
                .zip(&gas)
                .find(|&(&at, &ppm)| f64::from(at) > ignition && ppm > gas[0] + 100.0);
            let gas_s = risen.map_or(f64::INFINITY, |(&at, _)| f64::from(at));
            let seen_s = episode.first_visible_s.unwrap_or(f64::INFINITY);
            fires.seen_s.push(seen_s - ignition);
            fires.gas_s.push(gas_s - ignition);
            fires.camera_first += usize::from(seen_s < gas_s);
        }
        fires
    }
}

#[test]
fn the_camera_reacts_before_the_gas_sensor_as_in_real_fires() {
    let Some(mut real) = RealFires::read() else {
        return;
    };
    let mut simulated = SimulatedFires::generate(80);
    let count = simulated.gas_s.len();
    let [real_early, real_middle] = quantiles(&mut real.gas_s, [0.0, 0.5]);
    let [early, middle] = quantiles(&mut simulated.gas_s, [0.1, 0.5]);
    let shown = |seconds: f64| {
        let rounded = format!("{seconds:.0} s");
        if seconds.is_finite() {
            rounded
        } else {
            "not within the record".to_owned()
        }
    };
    assert_on_card(
        "CO2 felt 100 ppm higher, after the ignition",
        [
            &format!("p10 {}, median {}", shown(early), shown(middle)),
            &format!(
                "earliest of {} stations {}, median {}",
                real.gas_s.len(),
                shown(real_early),
                shown(real_middle)
            ),
            "p10 above 15 s, median above 0.7 times the earliest real one",
        ],
    );
    assert!(real_early > 40.0, "{real_early}");
    assert!(
        early > 15.0 && middle > 0.7 * real_early,
        "{early} {middle}"
    );

    let [seen] = quantiles(&mut simulated.seen_s, [0.5]);
    let [alarm_early, alarm_late] = quantiles(&mut real.first_alarm_s, [0.0, 1.0]);
    assert_on_card(
        "what comes before that",
        [
            &format!(
                "a visible pixel in {} of {count} near fires, median {seen:.0} s after the ignition",
                simulated.camera_first
            ),
            &format!(
                "a smoke alarm in all {} fires ({alarm_early:.0} to {alarm_late:.0} s), at the same station in {} of {}",
                real.first_alarm_s.len(),
                real.alarm_first,
                real.compared
            ),
            "95 % of the simulated, all real fires",
        ],
    );
    assert!(
        simulated.camera_first * 100 >= 95 * count,
        "{}",
        simulated.camera_first
    );
    assert!(alarm_late < real_early, "{alarm_late} {real_early}");
}

/// The rows of the card that are checked in this file and in `src/episode/room.rs`, in order.
const ON_THE_CARD: [&str; 13] = [
    "`t_std` of an empty room, C",
    "`t_grad_mean` of an empty room, C/px",
    "`t_grad_std` of an empty room, C/px",
    "`t_diff_mean` of an empty room, C",
    "`t_diff_std` of an empty room, C",
    "change from frame to frame, C",
    "drift of `t_mean`, C/s",
    "CO2 without fire, ppm",
    "change of CO2 in a minute without fire, ppm",
    "rise of CO2 under the ceiling, ppm",
    "rise of CO2 below, ppm",
    "CO2 felt 100 ppm higher, after the ignition",
    "what comes before that",
];

#[test]
fn every_line_of_the_model_card_is_measured() {
    let card = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/MODEL_CARD.md");
    let card = std::fs::read_to_string(card).unwrap();
    let (_, section) = card.split_once("## Simulated against real\n").unwrap();
    let table = section.lines().skip_while(|line| !line.starts_with("|---"));
    let lines = table.skip(1).take_while(|line| line.starts_with("| "));
    let names = lines.map(|line| line.split(" | ").next().unwrap().trim_start_matches("| "));
    assert_eq!(names.collect::<Vec<_>>(), ON_THE_CARD);
}
