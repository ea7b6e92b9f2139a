//! A mast above a forest: rows from five minutes of a CO2 logger and a thermal camera.
//!
//! `cargo run -p sensor-model --example wildfire_mast`
//!
//! The log has the text format of a logger. The frames are generated; a real program would open a recording with
//! `recording::open_frames`. Neither sensor is perfect: the log has a reading of 0, an empty cell and a gap of 40 s,
//! and the camera is off for half a minute. Unknown values are missing, never 0 and never guessed.
#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use sensor_model::extract::{CheckedExtractorParams, RowStream, SensorRow};
use sensor_model::recording::{Co2Columns, Co2Log, TimeFormat};
use sensor_model::{Co2Reading, FRAME_HEIGHT, FRAME_WIDTH, Feature, ThermalFrame};

/// Start of the recording as Unix time, the format of the logger's times.
const START: u32 = 1_784_000_000;
const LENGTH_S: u32 = 300;
/// Time at which dry grass catches fire below the mast.
const IGNITION_S: f64 = 180.0;

fn main() -> Result<(), Box<dyn Error>> {
    let rows = recorded()?;
    let shown = [
        Feature::TMax,
        Feature::TproxyVel,
        Feature::GasVal,
        Feature::GasDelta,
        Feature::GasVel,
    ];
    let line = |first: &str, cells: [String; 5]| {
        println!(
            "{first:>6}{}",
            cells.map(|cell| format!("{cell:>14}")).concat()
        );
    };
    line("s", shown.map(|feature| feature.name().to_owned()));
    line("", shown.map(|feature| feature.unit().to_owned()));
    for row in rows.iter().step_by(15) {
        line(
            &row.time_s.to_string(),
            shown.map(|feature| cell(row, feature)),
        );
    }
    println!();
    for feature in shown {
        println!("{:>12}: {}", feature.name(), feature.formula());
    }

    // A simple rule for this example; a real detector is trained on all features.
    let alarms =
        |row: &&SensorRow| value(row, Feature::GasDelta) > 15.0 && value(row, Feature::TMax) > 60.0;
    match rows.iter().find(alarms) {
        Some(row) => println!(
            "\nsmoke and heat {} s after the fire began",
            row.time_s - IGNITION_S
        ),
        None => println!("\nno fire was seen"),
    }
    Ok(())
}

/// The rows of both sensors, one for every second with any data.
fn recorded() -> Result<Vec<SensorRow>, sensor_model::Error> {
    let log = logged();
    // The column names are the logger's. Error messages name the log by the path.
    let columns = Co2Columns::new("unix_time", TimeFormat::UnixSeconds, "CO2 (ppm)");
    let readings = Co2Log::new(log.as_bytes(), Path::new("mast.csv"), &columns)?;
    let mut readings = readings.starting_at(f64::from(START)).peekable();
    // Both go into one stream in chronological order, because a row uses only data from before the end of its second.
    let mut stream = RowStream::new(CheckedExtractorParams::default());
    for second in 0..LENGTH_S {
        let time_s = f64::from(second) + 0.5;
        while let Some(reading) = readings.next_if(|reading| is_due(reading.as_ref().ok(), time_s))
        {
            stream.push_co2(reading?)?;
        }
        if !(120..150).contains(&second) {
            stream.push_frame(seen(time_s)?)?;
        }
    }
    let invalid = stream.counts().invalid_readings;
    let rows = stream.finish();
    println!("{} rows; {invalid} CO2 readings were invalid\n", rows.len());
    Ok(rows)
}

/// True for a reading before `time_s`, and for one that cannot be parsed, so that its error is reported.
fn is_due(reading: Option<&Co2Reading>, time_s: f64) -> bool {
    reading.is_none_or(|reading| reading.time_s < time_s)
}

fn value(row: &SensorRow, feature: Feature) -> f32 {
    row.features[feature.index()]
}

/// A missing value is NaN, for which every comparison is false.
fn cell(row: &SensorRow, feature: Feature) -> String {
    match value(row, feature) {
        missing if missing.is_nan() => "-".to_owned(),
        known => format!("{known:.2}"),
    }
}

/// A reading every 5 s: forest air, and smoke that reaches the sensor 20 s after ignition.
fn logged() -> String {
    let mut log = "unix_time,CO2 (ppm),battery (V)\n".to_owned();
    for second in (0..LENGTH_S).step_by(5) {
        let smoke = (f64::from(second) - IGNITION_S - 20.0).max(0.0) * 0.6;
        let gusts = 3.0 * (f64::from(second) / 7.0).sin();
        let ppm = match second {
            // The sensor reports 0 if it has no measurement.
            30 => "0".to_owned(),
            45 => String::new(),
            // The logger restarts.
            70..110 => continue,
            _ => format!("{:.0}", 418.0 + smoke + gusts),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(log, "{},{ppm},3.9", START + second);
    }
    log
}

/// Ground at 24 to 30 C, slightly warmer to the right, and flames that grow from a few pixels.
fn seen(time_s: f64) -> Result<ThermalFrame, sensor_model::Error> {
    let burning_s = (time_s - IGNITION_S).max(0.0);
    let size = (burning_s / 12.0).ceil();
    let pixel = |at: usize| {
        let (x, y) = (at % FRAME_WIDTH, at / FRAME_WIDTH);
        let burns = (x as f64 - 70.0).abs() < size && (y as f64 - 80.0).abs() < size;
        let ground = 24.0 + 6.0 * x as f64 / FRAME_WIDTH as f64;
        (if burns {
            45.0 + 2.0 * burning_s
        } else {
            ground
        }) as f32
    };
    let celsius = (0..FRAME_WIDTH * FRAME_HEIGHT).map(pixel).collect();
    Ok(ThermalFrame::new(time_s, celsius)?)
}
