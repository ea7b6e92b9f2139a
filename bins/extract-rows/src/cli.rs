//! The arguments, and what they mean.

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
use crate::follow::{Watch, alarm_rule};

const EXAMPLES: &str = "\
Examples:
  extract-rows --frames hall.y16.gz --co2 scd41.csv --labels fire.csv --out hall.parquet
  extract-rows --frames a.y16 b.y16 --scale 0.01K --fps 8.7 --out ab.parquet
  extract-rows --frames hall.raw --scale 0.01K --telemetry footer --out hall.parquet
  extract-rows --frames hall.y16.gz --co2 log.csv --co2-columns 'Time:iso:CO2 (ppm)' --out hall.csv
  extract-rows --follow --frames live.y16 --scale 0.01K --fps 8.7 --co2 scd41.csv --model model.tar.gz
  camera | extract-rows --follow --frames - --scale 0.01K --fps 8.7 --model model.tar.gz --output json

A CO2 log has a line with column names and a time and a concentration in each line below it.
Labels have the columns start_s and end_s, in seconds since the first frame; without --labels there was no fire.";

/// Turns a recording of real sensors into rows of features, one a second, for `train-100k --data`.
///
/// Recordings are raw Y16 (.y16, .raw), the `PureThermal` container, 16-bit TIFF or tCam. What holds no temperatures
/// (automatic gain control, `TLinear` off) is refused.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "extract-rows",
    version,
    after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"),
)]
pub struct Args {
    /// Output; a backend is used with `--endpoint` only.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Files of frames, parts of one recording in the order of time
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "completions")]
    pub frames: Vec<PathBuf>,

    /// Kelvin per count, 0.01K or 0.1K, where the file does not say it
    #[arg(long)]
    pub scale: Option<Scale>,

    /// Frames per second, where the file has no times
    #[arg(long, value_name = "HZ")]
    pub fps: Option<FrameRate>,

    /// Telemetry lines that raw Y16 or TIFF has with each image: none, header or footer
    #[arg(long, value_name = "PLACE", default_value = "none")]
    pub telemetry: TelemetryLines,

    /// Log of CO2 readings; without it the gas features are missing
    #[arg(long, value_name = "FILE")]
    pub co2: Option<PathBuf>,

    /// Columns of the log: scd4x, uci, airscout, or TIME:FORMAT:PPM with format s, iso, unix-s or unix-ms
    #[arg(long, value_name = "PRESET", default_value = "scd4x", requires = "co2")]
    pub co2_columns: Co2Columns,

    /// Unix time of the first frame in seconds, for a log with dates where the frames have none
    #[arg(long, value_name = "SECONDS", requires = "co2")]
    pub start_unix: Option<f64>,

    /// Intervals with fire
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,

    /// Name of the recording, from which its group is made [default: that of the first file]
    #[arg(long, value_name = "NAME")]
    pub recording: Option<String>,

    /// File of rows to write, .parquet or .csv
    #[arg(long, value_name = "FILE", required_unless_present_any = ["completions", "follow"])]
    pub out: Option<PathBuf>,

    /// Print alarms while raw Y16 frames come, from a growing file or standard input (--frames -)
    #[arg(
        long,
        conflicts_with_all = ["labels", "out", "recording"],
        help_heading = "Alarms"
    )]
    pub follow: bool,

    /// Model that scores the rows, and its alarm rule: the model.tar.gz of a training job
    #[arg(
        long,
        value_name = "FILE",
        requires = "follow",
        help_heading = "Alarms"
    )]
    pub model: Option<PathBuf>,

    /// Endpoint that scores the rows instead
    #[arg(
        long,
        value_name = "NAME",
        requires = "follow",
        help_heading = "Alarms"
    )]
    pub endpoint: Option<EndpointName>,

    /// Alarm when K of the rows of N seconds are at or above a threshold [default: the model's rule]
    #[arg(
        long,
        value_name = "THRESHOLD:K:N",
        value_parser = alarm_rule,
        requires = "follow",
        help_heading = "Alarms"
    )]
    pub alarm_rule: Option<AlarmRule>,
}

/// What is to be done, checked as far as that is possible without reading the frames.
pub(crate) struct Job {
    pub(crate) frames: Vec<PathBuf>,
    pub(crate) options: FrameOptions,
    pub(crate) co2: Option<(PathBuf, Co2Columns)>,
    pub(crate) start_unix_s: Option<f64>,
    pub(crate) fire: Option<FireIntervals>,
    pub(crate) recording: String,
    pub(crate) out: PathBuf,
}

impl Args {
    /// The arguments as a job; the labels are read here, since they are small and often wrong.
    pub(crate) fn job(self) -> anyhow::Result<Job> {
        let missing = |what: &str| usage(anyhow!("{what} is missing"));
        let start_unix_s = self.start_unix_s()?;
        let first = self.frames.first().ok_or_else(|| missing("--frames"))?;
        if first == Path::new("-") {
            return Err(usage(anyhow!(
                "--frames - is read with --follow only; give a file"
            )));
        }
        let named = first.file_name().unwrap_or_default().to_string_lossy();
        let recording = self.recording.unwrap_or_else(|| named.into_owned());
        let fire = self.labels.as_deref().map(read_labels).transpose();
        Ok(Job {
            options: FrameOptions {
                scale: self.scale,
                rate: self.fps,
                telemetry: self.telemetry,
            },
            co2: self.co2.map(|path| (path, self.co2_columns)),
            start_unix_s,
            fire: fire.map_err(by_kind)?,
            recording,
            out: self.out.ok_or_else(|| missing("--out"))?,
            frames: self.frames,
        })
    }

    /// The arguments of `--follow`.
    pub(crate) fn watch(self) -> anyhow::Result<Watch> {
        let start_unix_s = self.start_unix_s()?;
        let [frames] = <[PathBuf; 1]>::try_from(self.frames).map_err(|frames| {
            let count = frames.len();
            usage(anyhow!("--follow reads one --frames, not {count}"))
        })?;
        Ok(Watch {
            options: FrameOptions {
                scale: self.scale,
                rate: self.fps,
                telemetry: self.telemetry,
            },
            co2: self.co2.map(|path| (path, self.co2_columns)),
            start_unix_s,
            model: self.model,
            endpoint: self.endpoint,
            rule: self.alarm_rule,
            common: self.common,
            frames,
        })
    }

    fn start_unix_s(&self) -> anyhow::Result<Option<f64>> {
        if self.start_unix.is_some_and(|start| !start.is_finite()) {
            return Err(usage(anyhow!(
                "--start-unix is no time; give seconds since 1970"
            )));
        }
        Ok(self.start_unix)
    }
}

impl Job {
    /// What the caller should know that the rows will lack.
    pub(crate) fn notes(&self) -> impl Iterator<Item = &'static str> {
        let gas = self
            .co2
            .is_none()
            .then_some("no --co2: gas_val, gas_delta and gas_vel are missing in every row");
        let fire = self
            .fire
            .is_none()
            .then_some("no --labels: every row says that there was no fire");
        gas.into_iter().chain(fire)
    }
}
