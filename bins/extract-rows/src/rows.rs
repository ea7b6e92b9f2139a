//! Extracts rows, labels them and writes them.

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use fire_cli::usage;
use sensor_model::extract::{CheckedExtractorParams, Counts, RowStream, SensorRow};
use sensor_model::{Error, RowWriter, Rows, group_of_episode};
use serde::Serialize;

use crate::by_kind;
use crate::cli::Job;
use crate::frame_files::FrameFiles;
use crate::gas::Gas;

/// The summary of an extraction; its JSON keys are documented.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Summary {
    recording: String,
    out: PathBuf,
    rows: u64,
    fire_rows: u64,
    frames: u64,
    frozen_frames: u64,
    bad_pixels: u64,
    co2_readings: u64,
    invalid_readings: u64,
}

/// Reads the recording and writes its rows.
pub(crate) async fn extract(job: &Job) -> anyhow::Result<Summary> {
    let frames = FrameFiles::open(job.frames.clone(), job.sensors.options)?;
    let start_unix_s = frames.start_unix_s().or(job.sensors.start_unix_s);
    let mut gas = match &job.sensors.co2 {
        Some((path, columns)) => Gas::read(open(path)?, path, columns, start_unix_s)?,
        None => Gas::default(),
    };
    let mut stream = RowStream::new(CheckedExtractorParams::default());
    let mut file = RowsFile::create(job)?;
    for frame in frames {
        let frame = frame?;
        // Readings first: a row uses all readings up to its own time.
        file.co2_readings += gas.push_until(frame.time_s(), &mut stream)?;
        stream.push_frame(frame).map_err(usage)?;
        file.frames += 1;
        let rows = stream.take_rows();
        if !rows.is_empty() {
            file.write(&rows)?;
            // Lets the Ctrl-C handler run.
            tokio::task::yield_now().await;
        }
    }
    let counts = stream.counts();
    file.write(&stream.finish())?;
    file.finish(counts)
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    let file = File::open(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    });
    file.map(BufReader::new).map_err(by_kind)
}

/// The output file, and counts for the summary.
struct RowsFile<'a> {
    job: &'a Job,
    writer: RowWriter,
    group: u64,
    rows: u64,
    fire_rows: u64,
    frames: u64,
    co2_readings: u64,
}

impl<'a> RowsFile<'a> {
    fn create(job: &'a Job) -> anyhow::Result<Self> {
        Ok(Self {
            job,
            writer: RowWriter::create(&job.out).map_err(by_kind)?,
            group: group_of_episode(&job.recording),
            rows: 0,
            fire_rows: 0,
            frames: 0,
            co2_readings: 0,
        })
    }

    /// Appends the rows from the first frame on; earlier rows have only CO2.
    fn write(&mut self, extracted: &[SensorRow]) -> anyhow::Result<()> {
        let mut rows = Rows::default();
        for row in extracted.iter().filter(|row| row.time_s >= 0.0) {
            let fire = self.job.fire.as_ref();
            let label = u8::from(fire.is_some_and(|fire| fire.contains(row.time_s)));
            // The upper half of the group and the second: IDs stay unique when rows of many recordings are combined.
            rows.ids
                .push(self.group & !u64::from(u32::MAX) | row.time_s as u64);
            rows.groups.push(self.group);
            rows.features.extend(row.features);
            rows.labels.push(label);
            self.rows += 1;
            self.fire_rows += u64::from(label);
        }
        self.writer.write(&rows).map_err(by_kind)
    }

    fn finish(self, counts: Counts) -> anyhow::Result<Summary> {
        if self.rows == 0 {
            return Err(usage(anyhow!(
                "{} frames are not enough for a row; a recording must be longer than one second",
                self.frames
            )));
        }
        if let (Some((path, _)), 0) = (&self.job.sensors.co2, self.co2_readings) {
            return Err(usage(anyhow!(
                "{} has no reading at the time of the frames; check its dates (UTC unless they have an offset) and \
                 --co2-columns, or leave out --co2",
                path.display()
            )));
        }
        self.writer.finish().map_err(by_kind)?;
        Ok(Summary {
            recording: self.job.recording.clone(),
            out: self.job.out.clone(),
            rows: self.rows,
            fire_rows: self.fire_rows,
            frames: self.frames,
            frozen_frames: counts.shutter_frames,
            bad_pixels: counts.bad_pixels,
            co2_readings: self.co2_readings,
            invalid_readings: counts.invalid_readings,
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} frames ({} with the shutter closed, {} bad pixels replaced), {} CO2 readings ({} invalid)",
            self.recording,
            self.frames,
            self.frozen_frames,
            self.bad_pixels,
            self.co2_readings,
            self.invalid_readings
        )?;
        write!(
            f,
            "wrote {} rows, {} with fire, to {}",
            self.rows,
            self.fire_rows,
            self.out.display()
        )
    }
}
