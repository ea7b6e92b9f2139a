//! Statistics of the episodes of a seed: `cargo run -p sensor-model --example episode_survey [EPISODES]`.
//!
//! Class balance, visibility of fires, and the AUC with which each single feature separates the fire rows of a scenario
//! from all rows without fire; no single feature should separate them well.
#![expect(clippy::print_stdout, reason = "prints tables for people")]

use std::num::NonZeroUsize;

use sensor_model::episode::{EpisodeParams, EpisodeSource, Episodes, Purpose, Scenario};
use sensor_model::{Error, Feature};

fn main() -> Result<(), Error> {
    let episodes = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_000);
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let source = EpisodeSource::new(EpisodeParams::default().check()?, 42, Purpose::Training);
    let started = std::time::Instant::now();
    let data = source.generate(0..episodes, threads)?;
    let rows = data.rows.len();
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{rows} rows of {episodes} episodes in {seconds:.1} s: {:.0} rows/s",
        rows as f64 / seconds
    );
    let fires = data
        .rows
        .labels
        .iter()
        .map(|&label| u64::from(label))
        .sum::<u64>();
    println!("positive rows: {:.3}", fires as f64 / rows as f64);
    let scenarios = scenario_of_rows(&data);
    visibility(&data);
    single_features(&data, &scenarios);
    quantiles(&data, &scenarios);
    Ok(())
}

fn scenario_of_rows(data: &Episodes) -> Vec<Scenario> {
    let episodes = data.episodes.iter();
    episodes
        .flat_map(|episode| {
            episode
                .header
                .row_seconds
                .iter()
                .map(|_| episode.header.scenario)
        })
        .collect()
}

fn visibility(data: &Episodes) {
    println!(
        "\nseconds from ignition to the first visible pixel (p10, p50, p90), and fires never seen"
    );
    for scenario in Scenario::ALL
        .into_iter()
        .filter(|scenario| scenario.is_fire())
    {
        let of_scenario = data
            .episodes
            .iter()
            .filter(|episode| episode.header.scenario == scenario);
        let (mut delays, mut unseen) = (Vec::new(), 0);
        for episode in of_scenario {
            match (episode.first_visible_s, episode.header.ignition_s) {
                (Some(seen), Some(ignition)) => delays.push(seen - ignition),
                _ => unseen += 1,
            }
        }
        let [low, middle, high] = [0.1, 0.5, 0.9].map(|share| quantile(&mut delays, share));
        println!(
            "{scenario:18} {low:6.1} {middle:6.1} {high:6.1}  unseen {unseen} of {}",
            delays.len() + unseen
        );
    }
}

/// Prints the AUC of each single feature: a scenario's positive rows against all rows without fire.
fn single_features(data: &Episodes, scenarios: &[Scenario]) {
    println!(
        "\nAUC of single features: fire rows of a scenario (last column: of all scenarios) against all rows without fire"
    );
    let fires: Vec<Scenario> = Scenario::ALL
        .into_iter()
        .filter(|scenario| scenario.is_fire())
        .collect();
    print!("{:24}", "");
    for scenario in &fires {
        print!("{:>17}", scenario.name());
    }
    println!("{:>8}", "all");
    for feature in Feature::ALL {
        let value = |row: usize| data.rows.row(row)[feature.index()];
        let rows = |include: &dyn Fn(usize) -> bool| {
            (0..data.rows.len())
                .filter(|&row| include(row))
                .map(value)
                .collect()
        };
        let negatives: Vec<f32> = rows(&|row| data.rows.labels[row] == 0);
        print!("{:24}", feature.name());
        for &scenario in &fires {
            let positives: Vec<f32> =
                rows(&|row| data.rows.labels[row] == 1 && scenarios[row] == scenario);
            print!("{:17.3}", auc(&positives, &negatives));
        }
        let positives: Vec<f32> = rows(&|row| data.rows.labels[row] == 1);
        println!("{:8.3}", auc(&positives, &negatives));
    }
}

fn quantiles(data: &Episodes, scenarios: &[Scenario]) {
    println!("\nmedian (p95) of rows without fire, and of rows with fire");
    let shown = [
        Feature::TStd,
        Feature::TMax,
        Feature::TGradMean,
        Feature::TDiffMean,
        Feature::FlowMagMean,
    ];
    let shown = shown
        .into_iter()
        .chain([Feature::TproxyVel, Feature::GasVal, Feature::GasDelta]);
    let shown: Vec<Feature> = shown.collect();
    print!("{:20}", "");
    for feature in &shown {
        print!("{:>18}", feature.name());
    }
    println!();
    for scenario in Scenario::ALL {
        for label in [0, 1] {
            let rows = (0..data.rows.len())
                .filter(|&r| scenarios[r] == scenario && data.rows.labels[r] == label);
            let rows: Vec<usize> = rows.collect();
            if rows.is_empty() {
                continue;
            }
            print!("{:18} {label}", scenario.name());
            for feature in &shown {
                let values = rows
                    .iter()
                    .map(|&row| f64::from(data.rows.row(row)[feature.index()]));
                let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
                let [middle, high] = [0.5, 0.95].map(|share| quantile(&mut values, share));
                print!("{:>18}", format!("{middle:.2} ({high:.2})"));
            }
            println!();
        }
    }
}

/// The AUC of a feature, or 1 minus the AUC if that is larger, without missing values.
fn auc(positives: &[f32], negatives: &[f32]) -> f64 {
    let labelled = |values: &[f32], label: u8| -> Vec<(f32, u8)> {
        values
            .iter()
            .filter(|value| value.is_finite())
            .map(|&value| (value, label))
            .collect()
    };
    let mut all = labelled(positives, 1);
    let count = all.len() as f64;
    all.extend(labelled(negatives, 0));
    let others = all.len() as f64 - count;
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rank, mut sum) = (0.0, 0.0);
    for tied in all.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let middle = rank + f64::midpoint(tied.len() as f64, 1.0);
        sum += middle * tied.iter().filter(|(_, label)| *label == 1).count() as f64;
        rank += tied.len() as f64;
    }
    let auc = (sum - count * (count + 1.0) / 2.0) / (count * others);
    auc.max(1.0 - auc)
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    values
        .get((last * share).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}
