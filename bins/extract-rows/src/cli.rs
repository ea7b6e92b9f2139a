//! The command-line arguments and their validation.

use std::path::{Path, PathBuf};

use alarm::AlarmRule;
use anyhow::anyhow;
use clap::Parser;
use fire_cli::{CommonArgs, EXIT_CODES, usage};
use sagemaker_ops::EndpointName;
use sensor_model::recording::{
    Co2Columns, FireIntervals, FrameOptions, FrameRate, Scale, TelemetryLines, read_labels,
};

use crate::by_kind;
use crate::follow::{FollowJob, alarm_rule};

const EXAMPLES: &str = "\
Examples:
  extract-rows --frames hall.y16.gz --co2 scd41.csv --labels fire.csv --out hall.parquet
  extract-rows --frames a.y16 b.y16 --scale 0.01K --fps 8.7 --out ab.parquet
  extract-rows --frames hall.raw --scale 0.01K --telemetry footer --out hall.parquet
  extract-rows --frames hall.y16.gz --co2 log.csv --co2-columns 'Time:iso:CO2 (ppm)' --out hall.csv
  extract-rows --follow --frames live.y16 --scale 0.01K --fps 8.7 --co2 scd41.csv --model model.tar.gz
  camera | extract-rows --follow --frames - --scale 0.01K --fps 8.7 --model model.tar.gz --output json

A CO2 log has a header with column names, followed by lines with a time and a concentration.
Labels have the columns start_s and end_s, in seconds since the first frame; without --labels every row is labelled 0.";

/// Extracts feature rows, one per second, from a recording of real sensors, for `train-100k --data`.
///
/// Formats: raw Y16 (.y16, .raw), the `PureThermal` container, 16-bit TIFF and tCam. Recordings without temperatures
/// (automatic gain control, `TLinear` off) are rejected.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "extract-rows",
    version,
    after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"),
)]
pub struct Args {
    /// Output options; the backend is used only with `--endpoint`.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Files of frames: the parts of one recording, in chronological order
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "completions")]
    pub frames: Vec<PathBuf>,

    /// Kelvin per count, 0.01K or 0.1K, if it is not in the file
    #[arg(long)]
    pub scale: Option<Scale>,

    /// Frames per second, if the file has no timestamps
    #[arg(long, value_name = "HZ")]
    pub fps: Option<FrameRate>,

    /// Position of the telemetry lines in each raw Y16 or TIFF image: none, header or footer
    #[arg(long, value_name = "PLACE", default_value = "none")]
    pub telemetry: TelemetryLines,

    /// Log of CO2 readings; without it, the gas features are missing values
    #[arg(long, value_name = "FILE")]
    pub co2: Option<PathBuf>,

    /// Columns of the log: scd4x, uci, airscout, or TIME:FORMAT:PPM with format s, iso, unix-s or unix-ms
    #[arg(long, value_name = "PRESET", default_value = "scd4x", requires = "co2")]
    pub co2_columns: Co2Columns,

    /// Unix time of the first frame in seconds, if the log has dates but the frames have none
    #[arg(long, value_name = "SECONDS", requires = "co2")]
    pub start_unix: Option<f64>,

    /// Table of the intervals with fire
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,

    /// Name of the recording, which determines the group of its rows [default: the name of the first file]
    #[arg(long, value_name = "NAME")]
    pub recording: Option<String>,

    /// Output file for the rows, .parquet or .csv
    #[arg(long, value_name = "FILE", required_unless_present_any = ["completions", "follow"])]
    pub out: Option<PathBuf>,

    /// Print alarms while raw Y16 frames arrive, from a growing file or standard input (--frames -)
    #[arg(
        long,
        conflicts_with_all = ["labels", "out", "recording"],
        help_heading = "Alarms"
    )]
    pub follow: bool,

    /// Model for predictions and, by default, the alarm rule: the model.tar.gz of a training job
    #[arg(
        long,
        value_name = "FILE",
        requires = "follow",
        help_heading = "Alarms"
    )]
    pub model: Option<PathBuf>,

    /// Endpoint for predictions, instead of a local model
    #[arg(
        long,
        value_name = "NAME",
        requires = "follow",
        help_heading = "Alarms"
    )]
    pub endpoint: Option<EndpointName>,

    /// Raise an alarm when K of the rows in N seconds reach the threshold [default: the model's rule]
    #[arg(
        long,
        value_name = "THRESHOLD:K:N",
        value_parser = alarm_rule,
        requires = "follow",
        help_heading = "Alarms"
    )]
    pub alarm_rule: Option<AlarmRule>,
}

/// How to read the frames and the CO2 log.
pub(crate) struct Sensors {
    pub(crate) options: FrameOptions,
    pub(crate) co2: Option<(PathBuf, Co2Columns)>,
    pub(crate) start_unix_s: Option<f64>,
}

/// The arguments for extraction, checked except for what requires reading frames.
pub(crate) struct Job {
    pub(crate) frames: Vec<PathBuf>,
    pub(crate) sensors: Sensors,
    pub(crate) fire: Option<FireIntervals>,
    pub(crate) recording: String,
    pub(crate) out: PathBuf,
}

impl Args {
    /// Checks the arguments. Labels are read here because they are small and often invalid.
    pub(crate) fn job(self) -> anyhow::Result<Job> {
        let missing = |what: &str| usage(anyhow!("{what} is missing"));
        let sensors = self.sensors()?;
        self.reject_alarm_flags()?;
        let first = self.frames.first().ok_or_else(|| missing("--frames"))?;
        if first == Path::new("-") {
            return Err(usage(anyhow!("--frames - requires --follow; give a file")));
        }
        let name = first.file_name().unwrap_or_default().to_string_lossy();
        let recording = self.recording.unwrap_or_else(|| name.into_owned());
        let fire = self.labels.as_deref().map(read_labels).transpose();
        Ok(Job {
            sensors,
            fire: fire.map_err(by_kind)?,
            recording,
            out: self.out.ok_or_else(|| missing("--out"))?,
            frames: self.frames,
        })
    }

    /// Checks the arguments of `--follow`.
    pub(crate) fn follow_job(self) -> anyhow::Result<FollowJob> {
        let sensors = self.sensors()?;
        let [frames] = <[PathBuf; 1]>::try_from(self.frames).map_err(|frames| {
            let count = frames.len();
            usage(anyhow!(
                "--follow needs exactly one file of frames, not {count}"
            ))
        })?;
        Ok(FollowJob {
            sensors,
            model: self.model,
            endpoint: self.endpoint,
            rule: self.alarm_rule,
            common: self.common,
            frames,
        })
    }

    /// Clap does not enforce `requires = "follow"` here: it skips a requirement that conflicts with a
    /// given flag, and `--follow` conflicts with `--out`.
    fn reject_alarm_flags(&self) -> anyhow::Result<()> {
        let flags = [
            ("--model", self.model.is_some()),
            ("--endpoint", self.endpoint.is_some()),
            ("--alarm-rule", self.alarm_rule.is_some()),
        ];
        match flags.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(usage(anyhow!(
                "{flag} requires --follow; leave it out to extract rows"
            ))),
            None => Ok(()),
        }
    }

    fn sensors(&self) -> anyhow::Result<Sensors> {
        if self.start_unix.is_some_and(|start| !start.is_finite()) {
            return Err(usage(anyhow!(
                "--start-unix is not a finite number; give seconds since 1970"
            )));
        }
        let co2 = self.co2.clone();
        Ok(Sensors {
            options: FrameOptions {
                scale: self.scale,
                rate: self.fps,
                telemetry: self.telemetry,
            },
            co2: co2.map(|path| (path, self.co2_columns.clone())),
            start_unix_s: self.start_unix,
        })
    }
}

impl Job {
    /// Notes about missing gas features and labels.
    pub(crate) fn notes(&self) -> impl Iterator<Item = &'static str> {
        let gas = self
            .sensors
            .co2
            .is_none()
            .then_some("no --co2: gas_val, gas_delta and gas_vel are missing in every row");
        let fire = self
            .fire
            .is_none()
            .then_some("no --labels: every row is labelled 0 (no fire)");
        gas.into_iter().chain(fire)
    }
}
