//! Reads Parquet files with polars.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use polars::error::PolarsError;
use polars::io::mmap::MmapBytesReader;
use polars::prelude::{
    Column, DataFrame, DataType, ParquetReader, PlSmallStr, PolarsResult, SerReader,
};

use crate::error::Error;
use crate::problem::{CellProblem, ColumnProblem, Location};
use crate::row_metadata::RowMetadata;
use crate::rows::Rows;
use crate::schema::FEATURE_COUNT;

use super::columns::{Labels, Role, roles};
use super::group_of_episode;

/// Appends the rows of a Parquet file; `path` is for errors.
///
/// Features can have any numeric type and are converted to `f32`; null is a missing value.
pub(super) fn append(
    path: &Path,
    input: impl MmapBytesReader,
    labels: Labels,
    rows: &mut Rows,
) -> Result<(), Error> {
    let table = read_table(path, input)?;
    let names: Vec<&str> = table
        .get_column_names()
        .into_iter()
        .map(PlSmallStr::as_str)
        .collect();
    let columns = |problem| Error::Columns {
        path: path.to_owned(),
        problem,
    };
    let roles = roles(&names, labels).map_err(columns)?;
    Table {
        path,
        data: &table,
        first: rows.len(),
    }
    .append_to(rows, &roles)
}

fn read_table(path: &Path, input: impl MmapBytesReader) -> Result<DataFrame, Error> {
    // polars panics on some invalid footers, but an invalid file must be reported as an error.
    let read = catch_unwind(AssertUnwindSafe(|| ParquetReader::new(input).finish()));
    let table = read.unwrap_or_else(|_| Err(PolarsError::ComputeError("invalid footer".into())));
    table.map_err(|source| Error::Format {
        path: path.to_owned(),
        source,
    })
}

/// A table to append to the `first` rows that are already there.
struct Table<'a> {
    path: &'a Path,
    data: &'a DataFrame,
    first: usize,
}

impl Table<'_> {
    /// Appends all columns. After an error, the rows are inconsistent and must be discarded.
    fn append_to(&self, rows: &mut Rows, roles: &[Role]) -> Result<(), Error> {
        let height = self.data.height();
        let (mut ids, mut groups, mut episodes) = (None, None, None);
        let mut metadata = roles.contains(&Role::Time).then(RowMetadata::default);
        // polars stores columns and the learners need rows, so each column is scattered over the rows.
        rows.features
            .resize((self.first + height) * FEATURE_COUNT, f32::NAN);
        for (column, role) in self.data.columns().iter().zip(roles) {
            match role {
                Role::Feature(f) => {
                    let start = self.first * FEATURE_COUNT + f.index();
                    let targets = rows.features.iter_mut().skip(start).step_by(FEATURE_COUNT);
                    for (target, value) in targets.zip(self.features(column)?) {
                        *target = value;
                    }
                }
                Role::Label => rows.labels.extend(self.labels(column)?),
                Role::RowId => ids = Some(self.identities(column)?),
                Role::Group => groups = Some(self.identities(column)?),
                Role::Episode => episodes = Some(self.episodes(column)?),
                Role::Time | Role::Scenario | Role::Site => {
                    if let Some(metadata) = &mut metadata {
                        self.fill_metadata(metadata, column, *role)?;
                    }
                }
                Role::Ignored => {}
            }
        }
        // Placeholders if the file has no labels; `read_features` discards them.
        rows.labels.resize(self.first + height, 0);
        let numbered = || {
            (self.first..self.first + height)
                .map(|i| i as u64)
                .collect()
        };
        let ids: Vec<u64> = ids.unwrap_or_else(numbered);
        rows.groups
            .extend(groups.or(episodes).unwrap_or_else(|| ids.clone()));
        rows.ids.extend(ids);
        rows.extend_metadata(self.first, metadata);
        Ok(())
    }

    /// Fills in one of the three metadata columns.
    fn fill_metadata(
        &self,
        metadata: &mut RowMetadata,
        column: &Column,
        role: Role,
    ) -> Result<(), Error> {
        match role {
            Role::Time => metadata.times_s = self.seconds(column)?,
            Role::Scenario => metadata.scenarios = self.scenarios(column)?,
            _ => metadata.sites = self.identities(column)?,
        }
        Ok(())
    }

    /// A feature as `f32`; null is missing, infinity is an error.
    fn features(&self, column: &Column) -> Result<Vec<f32>, Error> {
        self.numeric(column)?;
        let cast = self.polars(column.cast(&DataType::Float32))?;
        let values: Vec<f32> = self
            .polars(cast.f32())?
            .iter()
            .map(|value| value.unwrap_or(f32::NAN))
            .collect();
        match values.iter().position(|value| value.is_infinite()) {
            Some(i) => Err(self.cell(column, i, CellProblem::NotFinite)),
            None => Ok(values),
        }
    }

    /// Labels from booleans, integers or floats; null is an error.
    fn labels(&self, column: &Column) -> Result<Vec<u8>, Error> {
        self.numeric(column)?;
        let cast = self.polars(column.cast(&DataType::Float64))?;
        let values = self.polars(cast.f64())?;
        let label = |(i, value)| match value {
            Some(0.0) => Ok(0),
            Some(1.0) => Ok(1),
            _ => Err(self.cell(column, i, CellProblem::NotALabel)),
        };
        values.iter().enumerate().map(label).collect()
    }

    /// IDs of rows, groups or sites.
    fn identities(&self, column: &Column) -> Result<Vec<u64>, Error> {
        self.numeric(column)?;
        let cast = self.polars(column.cast(&DataType::UInt64))?;
        let id = |(i, value): (usize, Option<u64>)| {
            value.ok_or_else(|| self.cell(column, i, CellProblem::NotAnId))
        };
        self.polars(cast.u64())?
            .iter()
            .enumerate()
            .map(id)
            .collect()
    }

    /// Times within a recording.
    fn seconds(&self, column: &Column) -> Result<Vec<f64>, Error> {
        self.numeric(column)?;
        let cast = self.polars(column.cast(&DataType::Float64))?;
        let seconds = |(i, value): (usize, Option<f64>)| {
            let finite = value.filter(|seconds| seconds.is_finite());
            finite.ok_or_else(|| self.cell(column, i, CellProblem::NotSeconds))
        };
        let values = self.polars(cast.f64())?;
        values.iter().enumerate().map(seconds).collect()
    }

    /// Names of scenarios, stored once for consecutive rows with the same name.
    fn scenarios(&self, column: &Column) -> Result<Vec<Arc<str>>, Error> {
        let cast = self.polars(column.cast(&DataType::String))?;
        let text = self.polars(cast.str())?;
        let mut names: Vec<Arc<str>> = Vec::with_capacity(text.len());
        for name in text.iter() {
            let name = name.unwrap_or_default();
            let last = names.last().filter(|last| &***last == name).cloned();
            names.push(last.unwrap_or_else(|| name.into()));
        }
        Ok(names)
    }

    /// Groups derived from the names of episodes.
    fn episodes(&self, column: &Column) -> Result<Vec<u64>, Error> {
        let cast = self.polars(column.cast(&DataType::String))?;
        let text = self.polars(cast.str())?;
        Ok(text
            .iter()
            .map(|name| group_of_episode(name.unwrap_or_default()))
            .collect())
    }

    /// Rejects text columns, even of numbers: a cast by polars would turn every cell that is not a number into null.
    fn numeric(&self, column: &Column) -> Result<(), Error> {
        let found = column.dtype();
        if found.is_primitive_numeric() || found.is_bool() || found.is_null() {
            return Ok(());
        }
        let (column, found) = (column.name().to_string(), found.to_string());
        let problem = ColumnProblem::Type { column, found };
        Err(Error::Columns {
            path: self.path.to_owned(),
            problem,
        })
    }

    /// Adds the path of the file to an error from polars.
    fn polars<T>(&self, result: PolarsResult<T>) -> Result<T, Error> {
        result.map_err(|source| Error::Format {
            path: self.path.to_owned(),
            source,
        })
    }

    /// The error for an invalid value, with its location.
    fn cell(&self, column: &Column, row: usize, problem: CellProblem) -> Error {
        let value = column
            .get(row)
            .map_or_else(|_| String::new(), |value| value.to_string());
        let (path, location) = (self.path.to_owned(), Location::Row(row as u64 + 1));
        Error::Cell {
            path,
            location,
            column: column.name().to_string(),
            value,
            problem,
        }
    }
}
