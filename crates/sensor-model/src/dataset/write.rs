//! Writing data files through polars, in row groups.

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

/// Rows of one row group: what is held in memory while writing, and what a reader must load at
/// least.
const ROW_GROUP: usize = 65_536;

/// Writes all rows to one file, with their metadata if they have it.
pub fn write_rows(path: &Path, rows: &Rows) -> Result<(), Error> {
    let mut writer = if rows.metadata.is_some() {
        RowWriter::with_metadata(path)?
    } else {
        RowWriter::create(path)?
    };
    writer.write(rows)?;
    writer.finish()
}

/// Writes a `.parquet` or `.csv` file piece by piece.
///
/// Columns: `row_id`, `group` (u64), the features (f32, missing as null or empty cell),
/// `fire_detected` (i32), and behind the group, where [`with_metadata`](Self::with_metadata) began
/// the file, `time_s` (f64), `scenario` (text) and `site` (u64). The same rows give the same bytes, however they are divided into calls
/// of [`write`](Self::write).
///
/// The rows go into `<name>.partial` beside the file, which takes its name only in
/// [`finish`](Self::finish): whoever finds the file finds all of it. Dropped before that, the
/// writer removes what it wrote.
pub struct RowWriter {
    path: PathBuf,
    partial: PathBuf,
    sink: Sink,
    pending: Rows,
    metadata: bool,
    finished: bool,
}

/// The open file by its format.
enum Sink {
    Parquet(Box<ParquetSink<File>>),
    Csv(CsvSink<File>),
}

impl RowWriter {
    /// Begins a file without metadata; the extension of the name says which format.
    pub fn create(path: &Path) -> Result<Self, Error> {
        Self::begin(path, false)
    }

    /// Begins a file with the rows' metadata.
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
    /// A file without metadata takes any rows; [`Error::NoMetadata`] when the file has the columns and the rows lack them.
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

    /// Completes the file and gives it its name.
    pub fn finish(mut self) -> Result<(), Error> {
        if !self.pending.is_empty() {
            self.flush()?;
        }
        self.sink
            .finish()
            .map_err(|e| polars_error(&self.path, e))?;
        // Within a folder a rename is atomic: nobody sees half of the file under its name.
        fs::rename(&self.partial, &self.path).map_err(|e| write_error(&self.path, e))?;
        self.finished = true;
        Ok(())
    }

    /// Writes the pending rows as one row group.
    fn flush(&mut self) -> Result<(), Error> {
        // Taken out even when writing fails: the file is lost then, and must not grow on.
        let rows = std::mem::take(&mut self.pending);
        let written = table(&rows, self.metadata).and_then(|table| self.sink.write(&table));
        written.map_err(|e| polars_error(&self.path, e))
    }
}

impl Drop for RowWriter {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody is left to be told; the name says that the file is not complete.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

impl Sink {
    /// Begins a file with the columns of an empty table.
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

/// The rows as a polars table, in the column order of the files, with their metadata if it is wanted.
fn table(rows: &Rows, metadata: bool) -> PolarsResult<DataFrame> {
    let labels = rows.labels.iter().map(|&label| i32::from(label)).collect();
    let mut columns = vec![
        UInt64Chunked::from_vec(ROW_ID.into(), rows.ids.clone()).into_column(),
        UInt64Chunked::from_vec(GROUP.into(), rows.groups.clone()).into_column(),
    ];
    if let Some(known) = rows.metadata.as_ref().filter(|_| metadata) {
        columns.extend(metadata_columns(known));
    }
    columns.extend(Feature::ALL.map(|feature| feature_column(rows, feature)));
    columns.push(Int32Chunked::from_vec(LABEL.into(), labels).into_column());
    DataFrame::new(rows.len(), columns)
}

/// Time, scenario and site.
fn metadata_columns(metadata: &RowMetadata) -> [Column; 3] {
    let scenarios = metadata.scenarios.iter().map(|name| &**name);
    [
        Float64Chunked::from_vec(TIME.into(), metadata.times_s.clone()).into_column(),
        StringChunked::from_iter_values(SCENARIO.into(), scenarios).into_column(),
        UInt64Chunked::from_vec(SITE.into(), metadata.sites.clone()).into_column(),
    ]
}

/// One feature over all rows, missing values as null.
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
