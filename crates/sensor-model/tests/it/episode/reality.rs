//! Simulated rooms against what real sensors recorded.
//!
//! There is no public recording of a fire by a radiometric Lepton, so the parts are compared: images of a calm room, CO2
//! of calm rooms, CO2 of real fires. CFAST is compared in `src/episode/room.rs`.

use std::path::Path;

use sensor_model::episode::{EpisodeParams, EpisodeSource, Episodes, Purpose, Scenario};
use sensor_model::{FRAME_PIXELS, Feature};

use super::{source, threads};

/// A file of the real recordings. Without it, the name of the check that was not made is printed.
#[expect(
    clippy::print_stdout,
    reason = "a check that was not made must be seen"
)]
fn read(name: &str, check: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        let must = std::env::var_os("FIRE_CI").is_some_and(|value| value == "1");
        assert!(
            !must,
            "{} is missing; with FIRE_CI=1 every check must be made",
            path.display()
        );
        println!(
            "not checked: {check}, because {} is missing",
            path.display()
        );
    }
    text
}

fn every_second_of(scenario: Scenario, episodes: u64) -> Episodes {
    let params = EpisodeParams {
        keep_one_in: 1,
        // No faults, and few second nuisances.
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

/// The column of that name in comma-separated text.
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
    let Some(text) = read(name, "calm images against a real Lepton 3.5") else {
        return;
    };
    let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
    let last = &reference["frames"]["81/hot50"];
    let second = &reference["diff_81_1s_lag"];
    let data = every_second_of(Scenario::EmptyRoom, 60);
    // One recording is one room: the middle of many rooms must be within a factor of two of it.
    for (feature, real) in [
        (Feature::TStd, &last["t_std"]),
        (Feature::TGradMean, &last["sobel_div8_mean"]),
        (Feature::TDiffMean, &second["mean_abs"]),
        (Feature::TDiffStd, &second["std_signed"]),
    ] {
        let real = real.as_f64().unwrap();
        let middle = quantile(&mut column(&data, feature), 0.5);
        println!("{feature:?}: simulated {middle:.3}, real {real:.3}");
        assert!(
            (0.5..2.0).contains(&(middle / real)),
            "{feature:?}: {middle}, real {real}"
        );
    }
    // The real edges are those of one warm thing; a room may have none.
    let real = last["sobel_div8_std"].as_f64().unwrap();
    let edges = quantile(&mut column(&data, Feature::TGradStd), 0.5);
    assert!(
        (0.25..2.0).contains(&(edges / real)),
        "{edges}, real {real}"
    );
}

#[test]
fn the_picture_drifts_and_flickers_like_the_real_one() {
    let name = "lepton35_y16/reference_features.json";
    let Some(text) = read(name, "noise and drift against a real Lepton 3.5") else {
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
    let middle = quantile(&mut differences, 0.5);
    // High gain is as quiet as the recording (0.011 and 0.016 C), low gain three times as loud.
    println!("consecutive frames: simulated {middle:.4}, real {real:.4}");
    assert!(
        (0.7..3.5).contains(&(middle / real)),
        "{middle}, real {real}"
    );
    // The recording lost 0.075 C/s; no simulated camera may drift faster, and some must drift visibly.
    let data = every_second_of(Scenario::EmptyRoom, 40);
    let means = column(&data, Feature::TMean);
    let pairs = means
        .windows(2)
        .zip(data.rows.groups.windows(2))
        .filter(|(_, groups)| groups[0] == groups[1]);
    let mut drifts: Vec<f64> = pairs
        .map(|(means, _)| (means[1] - means[0]).abs())
        .collect();
    let (usual, fast) = (quantile(&mut drifts, 0.5), quantile(&mut drifts, 0.99));
    println!("drift: median {usual:.4} C/s, p99 {fast:.4} C/s, real 0.075");
    assert!(
        usual < 0.04 && (0.02..0.12).contains(&fast),
        "{usual} {fast}"
    );
}

#[test]
fn co2_of_calm_rooms_changes_as_in_real_ones() {
    let Some(office) = read(
        "uci_occupancy/datatraining.txt",
        "CO2 changes against an office",
    ) else {
        return;
    };
    let name = "airscout_scd40/data/session_A_20250914_150134.csv";
    let Some(room) = read(name, "CO2 changes against an SCD40") else {
        return;
    };
    // The header of the office's file lacks the row number, so its columns are one to the left.
    let office: Vec<f64> = office
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(5).unwrap().parse().unwrap())
        .collect();
    let mut office: Vec<f64> = office.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Readings 10.9 s apart: six of them are a minute.
    let room = cells(&room, "Gas1");
    let mut room: Vec<f64> = room
        .iter()
        .skip(6)
        .zip(&room)
        .map(|(now, before)| now - before)
        .collect();
    let mut simulated = column(&every_second_of(Scenario::EmptyRoom, 40), Feature::GasDelta);
    simulated.extend(column(
        &every_second_of(Scenario::People, 40),
        Feature::GasDelta,
    ));
    let width = |values: &mut [f64]| quantile(values, 0.95) - quantile(values, 0.05);
    let [office, room, simulated] =
        [&mut office, &mut room, &mut simulated].map(|values| width(values));
    println!(
        "p95 - p5 of the change in a minute, ppm: office {office:.1}, SCD40 {room:.1}, simulated {simulated:.1}"
    );
    // The office's sensor averages over its minute, so it has less noise; the SCD40 is the noisiest of its kind.
    assert!(
        simulated > office && simulated < 1.3 * room,
        "{office} {simulated} {room}"
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

#[test]
fn the_camera_is_earlier_than_the_gas_as_in_real_fires() {
    let mut real = Vec::new();
    for test in ["SDC33", "SDC35", "SDC38", "SDC39"] {
        let name = format!("nist_smoke_alarms/NIST_Smoke_Alarms_{test}.csv");
        let Some(text) = read(&name, "the order of camera and CO2 against real fires") else {
            return;
        };
        let times = cells(&text, "TIME");
        let stations = ["GASA_3", "GASB_3", "GASC_3"].map(|station| cells(&text, station));
        real.extend(stations.map(|percent| {
            let ppm: Vec<f64> = percent.iter().map(|percent| percent * 1e4).collect();
            felt_rise_s(&times, &ppm).unwrap_or(f64::INFINITY)
        }));
    }
    let earliest = quantile(&mut real, 0.0);
    println!("real fires: +100 ppm felt after {real:.0?} s");
    assert!(earliest > 40.0, "{earliest}");

    let data = every_second_of(Scenario::FlamingNear, 80);
    let (mut delays, mut camera_first, mut row) = (Vec::new(), 0, 0);
    for episode in &data.episodes {
        let (header, ignition) = (&episode.header, episode.header.ignition_s.unwrap());
        let gas: Vec<f64> = (row..row + header.kept_s.len())
            .map(|row| f64::from(data.rows.row(row)[Feature::GasVal.index()]))
            .collect();
        row += header.kept_s.len();
        let level = gas[0];
        let risen = header
            .kept_s
            .iter()
            .zip(&gas)
            .find(|&(&at, &ppm)| f64::from(at) > ignition && ppm > level + 100.0);
        let gas_s = risen.map_or(f64::INFINITY, |(&at, _)| f64::from(at));
        delays.push(gas_s - ignition);
        camera_first += u32::from(episode.first_visible_s.is_some_and(|seen| seen < gas_s));
    }
    let [early, middle] = [0.1, 0.5].map(|share| quantile(&mut delays, share));
    println!(
        "simulated near fires: +100 ppm after {early:.0} s (p10), {middle:.0} s (median); camera first in {camera_first} of 80"
    );
    assert!(camera_first >= 76, "{camera_first}");
    // Real ones: 59 s at the station next to the fire, never in the record at remote ones.
    assert!(early > 15.0 && middle > earliest * 0.7, "{early} {middle}");
}
