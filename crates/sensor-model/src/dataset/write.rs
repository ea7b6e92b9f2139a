//! Writes data files with polars, one row group at a time.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use polars::error::PolarsError;
use polars::io::csv::write::{BatchedWriter as CsvSink, CsvWriter};
use polars::io::parquet::write::{BatchedWriter as ParquetSink, ParquetWriter};
use polars::prelude::{
    Column, DataFrame, Float32Chunked, Float64Chunked, Int32Chunked, IntoColumn, NewChunkedArray,
    PolarsResult, SerWriter, StringChunked, UInt64Chunked,
};

use crate::error::Error;
use crate::row_metadata::RowMetadata;
use crate::rows::Rows;
use crate::schema::{FEATURE_COUNT, Feature, LABEL};

use super::{Format, GROUP, ROW_ID, SCENARIO, SITE, TIME};

/// Rows in a row group, the unit that is buffered in memory while writing and that a reader loads at a time.
const ROW_GROUP: usize = 65_536;

/// Writes all rows to one file, including metadata if they have any.
pub fn write_rows(path: &Path, rows: &Rows) -> Result<(), Error> {
    let mut writer = if rows.metadata.is_some() {
        RowWriter::with_metadata(path)?
    } else {
        RowWriter::create(path)?
    };
    writer.write(rows)?;
    writer.finish()
}

/// Writes a `.parquet` or `.csv` file incrementally.
///
/// Columns: `row_id`, `group` (u64), then `time_s` (f64), `scenario` (text) and `site` (u64) if the file was created by
/// [`with_metadata`](Self::with_metadata), then the features (f32, a missing value is null or an empty cell) and
/// `fire_detected` (i32). The same rows give the same bytes, no matter how they are divided into calls of
/// [`write`](Self::write).
///
/// Rows are written to `<name>.partial` in the same directory, which [`finish`](Self::finish) renames, so a file with its
/// final name is always complete. A writer that is dropped before `finish` deletes the partial file.
pub struct RowWriter {
    path: PathBuf,
    partial: PathBuf,
    sink: Sink,
    pending: Rows,
    metadata: bool,
    finished: bool,
}

/// The open file, in one of the formats.
enum Sink {
    Parquet(Box<ParquetSink<File>>),
    Csv(CsvSink<File>),
}

impl RowWriter {
    /// Creates a file without metadata; the extension determines the format.
    pub fn create(path: &Path) -> Result<Self, Error> {
        Self::begin(path, false)
    }

    /// Creates a file with metadata columns; the extension determines the format.
    pub fn with_metadata(path: &Path) -> Result<Self, Error> {
        Self::begin(path, true)
    }

    fn begin(path: &Path, metadata: bool) -> Result<Self, Error> {
        let format = Format::of(path).ok_or_else(|| Error::Extension {
            path: path.to_owned(),
        })?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = path.with_file_name(name);
        let file = File::create(&partial).map_err(|e| write_error(path, e))?;
        let empty = Rows {
            metadata: metadata.then(RowMetadata::default),
            ..Rows::default()
        };
        let sink = Sink::new(format, file, &empty).map_err(|e| polars_error(path, e))?;
        let path = path.to_owned();
        Ok(Self {
            path,
            partial,
            sink,
            pending: empty,
            metadata,
            finished: false,
        })
    }

    /// Appends rows.
    ///
    /// # Errors
    /// [`Error::NoMetadata`] if the file has metadata columns and the rows have no metadata. A file without these
    /// columns accepts any rows.
    pub fn write(&mut self, rows: &Rows) -> Result<(), Error> {
        if self.metadata && rows.metadata.is_none() && !rows.is_empty() {
            return Err(Error::NoMetadata {
                path: self.path.clone(),
            });
        }
        let mut start = 0;
        while start < rows.len() {
            let end = rows.len().min(start + ROW_GROUP - self.pending.len());
            self.pending.extend(rows.slice(start..end));
            start = end;
            if self.pending.len() == ROW_GROUP {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Completes the file and gives it its final name.
    pub fn finish(mut self) -> Result<(), Error> {
        if !self.pending.is_empty() {
            self.flush()?;
        }
        self.sink
            .finish()
            .map_err(|e| polars_error(&self.path, e))?;
        // A rename within a directory is atomic, so an incomplete file never has the final name.
        fs::rename(&self.partial, &self.path).map_err(|e| write_error(&self.path, e))?;
        self.finished = true;
        Ok(())
    }

    /// Writes the pending rows as one row group.
    fn flush(&mut self) -> Result<(), Error> {
        // Taken even if writing fails, because the file is then useless and the rows need not be kept.
        let rows = std::mem::take(&mut self.pending);
        let written = table(&rows, self.metadata).and_then(|table| self.sink.write(&table));
        written.map_err(|e| polars_error(&self.path, e))
    }
}

impl Drop for RowWriter {
    fn drop(&mut self) {
        if !self.finished {
            // A destructor cannot report errors; a file that stays is recognizable as incomplete by its name.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

impl Sink {
    /// Writes the start of a file, with the columns of an empty table.
    fn new(format: Format, file: File, empty: &Rows) -> PolarsResult<Self> {
        let schema = table(empty, empty.metadata.is_some())?.schema().clone();
        Ok(match format {
            Format::Parquet => Self::Parquet(Box::new(ParquetWriter::new(file).batched(&schema)?)),
            Format::Csv => Self::Csv(CsvWriter::new(file).batched(&schema)?),
        })
    }

    fn write(&mut self, table: &DataFrame) -> PolarsResult<()> {
        match self {
            Self::Parquet(sink) => sink.write_batch(table),
            Self::Csv(sink) => sink.write_batch(table),
        }
    }

    fn finish(&mut self) -> PolarsResult<()> {
        match self {
            Self::Parquet(sink) => sink.finish().map(|_| ()),
            Self::Csv(sink) => sink.finish(),
        }
    }
}

/// The rows as a polars table in the files' column order, with or without metadata.
fn table(rows: &Rows, metadata: bool) -> PolarsResult<DataFrame> {
    let labels = rows.labels.iter().map(|&label| i32::from(label)).collect();
    let mut columns = vec![
        UInt64Chunked::from_vec(ROW_ID.into(), rows.ids.clone()).into_column(),
        UInt64Chunked::from_vec(GROUP.into(), rows.groups.clone()).into_column(),
    ];
    if let Some(present) = rows.metadata.as_ref().filter(|_| metadata) {
        columns.extend(metadata_columns(present));
    }
    columns.extend(Feature::ALL.map(|feature| feature_column(rows, feature)));
    columns.push(Int32Chunked::from_vec(LABEL.into(), labels).into_column());
    DataFrame::new(rows.len(), columns)
}

/// The columns for time, scenario and site.
fn metadata_columns(metadata: &RowMetadata) -> [Column; 3] {
    let scenarios = metadata.scenarios.iter().map(|name| &**name);
    [
        Float64Chunked::from_vec(TIME.into(), metadata.times_s.clone()).into_column(),
        StringChunked::from_iter_values(SCENARIO.into(), scenarios).into_column(),
        UInt64Chunked::from_vec(SITE.into(), metadata.sites.clone()).into_column(),
    ]
}

/// The column of a feature; missing values are null.
fn feature_column(rows: &Rows, feature: Feature) -> Column {
    let values = rows
        .features
        .iter()
        .skip(feature.index())
        .step_by(FEATURE_COUNT);
    let present = values.map(|&value| (!value.is_nan()).then_some(value));
    Float32Chunked::from_iter_options(feature.name().into(), present).into_column()
}

fn write_error(path: &Path, source: io::Error) -> Error {
    Error::Write {
        path: path.to_owned(),
        source,
    }
}

fn polars_error(path: &Path, source: PolarsError) -> Error {
    write_error(path, io::Error::other(source))
}
