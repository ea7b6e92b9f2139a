//! The rows to audit, borrowed from the caller: one table, or one table per part.

use std::borrow::Cow;

use crate::error::Error;
use crate::part::Part;

/// Rows as a learner sees them. Every slice except `features` has one entry per row.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// Feature values, row by row; NaN if missing.
    pub features: &'a [f32],
    /// The label of each row.
    pub labels: &'a [u8],
    /// The group of each row: all rows of a group must be in the same part.
    pub groups: &'a [u64],
    /// The site where each row was recorded, if known. Recordings of one site resemble each other,
    /// so its rows must be in the same part too.
    pub sites: Option<&'a [u64]>,
}

/// Data held out from all three parts.
#[derive(Clone, Copy, Debug)]
pub struct HeldOut<'a> {
    /// Its name in the check's `detail`.
    pub name: &'a str,
    /// Its sites, or its groups if sites are unknown; duplicates are allowed.
    pub sites: &'a [u64],
}

/// The rows and held-out sets to audit. Rows are numbered in the order in which their tables were added.
///
/// ```
/// use split::{AuditInput, Part, Table, audit};
///
/// # fn main() -> Result<(), split::Error> {
/// let table = Table {
///     features: &[0.1, 0.7, 0.4, 0.7],
///     labels: &[0, 1, 0, 1],
///     groups: &[1, 1, 2, 3],
///     sites: None,
/// };
/// let part_of = [Part::Train, Part::Train, Part::Validation, Part::Test];
/// let audit = audit(&AuditInput::new(1).with_table(table, &part_of))?;
/// // Rows 1 and 3 have the same values but are in different parts.
/// let failed: Vec<&str> = audit.failures().map(|check| check.name.as_str()).collect();
/// assert_eq!(failed, ["exact_duplicates", "near_duplicates"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AuditInput<'a> {
    /// Feature values per row.
    pub(super) columns: usize,
    blocks: Vec<Block<'a>>,
    /// The name of the check for held-out sets, and the sets.
    pub(super) held_out: Option<(&'a str, Vec<HeldOut<'a>>)>,
}

/// A table, and the part of each of its rows.
#[derive(Clone, Debug)]
struct Block<'a> {
    table: Table<'a>,
    part_of: Cow<'a, [Part]>,
}

/// One row of the input.
pub(super) struct Row<'a> {
    pub(super) values: &'a [f32],
    pub(super) label: u8,
    pub(super) group: u64,
    pub(super) site: Option<u64>,
    pub(super) part: Part,
}

impl<'a> AuditInput<'a> {
    /// An input without rows, for rows of `columns` feature values (1 to 128).
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            blocks: Vec::new(),
            held_out: None,
        }
    }

    /// Adds rows that belong to different parts.
    #[must_use]
    pub fn with_table(self, table: Table<'a>, part_of: &'a [Part]) -> Self {
        self.with_block(table, Cow::Borrowed(part_of))
    }

    /// Adds rows that all belong to one part.
    #[must_use]
    pub fn with_part(self, part: Part, table: Table<'a>) -> Self {
        self.with_block(table, vec![part; table.labels.len()].into())
    }

    fn with_block(mut self, table: Table<'a>, part_of: Cow<'a, [Part]>) -> Self {
        self.blocks.push(Block { table, part_of });
        self
    }

    /// Adds a check named `check`: no site may occur both in the parts and in one of these sets, or in
    /// more than one set. A rule that is chosen on one set must be evaluated on sites that are new to it.
    #[must_use]
    pub fn with_held_out(mut self, check: &'a str, sets: Vec<HeldOut<'a>>) -> Self {
        self.held_out = Some((check, sets));
        self
    }

    /// The values of a column, in all rows.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = f32> {
        let blocks = self.blocks.iter();
        blocks.flat_map(move |block| {
            let values = block.table.features.iter().skip(column);
            values.step_by(self.columns).copied()
        })
    }

    /// Whether the sites of all rows are known; checking only some of them would prove nothing.
    pub(super) fn has_sites(&self) -> bool {
        let mut tables = self.blocks.iter().map(|block| &block.table);
        tables.all(|table| table.sites.is_some() || table.labels.is_empty())
    }

    /// All rows, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'a>> {
        self.blocks
            .iter()
            .flat_map(move |Block { table, part_of }| {
                let rows = table.features.chunks_exact(self.columns).enumerate();
                rows.map(move |(i, values)| Row {
                    values,
                    label: table.labels[i],
                    group: table.groups[i],
                    site: table.sites.map(|sites| sites[i]),
                    part: part_of[i],
                })
            })
    }

    /// The site of each row (or its group, if sites are unknown) and its part.
    pub(super) fn sites_or_groups(&self) -> impl Iterator<Item = (u64, Part)> {
        let known = self.has_sites();
        self.rows().map(move |row| {
            let site = row.site.filter(|_| known);
            (site.unwrap_or(row.group), row.part)
        })
    }

    /// Rejects tables whose slices do not match, before anything is indexed.
    pub(super) fn check_shape(&self) -> Result<(), Error> {
        for Block { table, part_of } in &self.blocks {
            let rows = table.labels.len();
            let fits = (1..=128).contains(&self.columns)
                && table.features.len() == rows * self.columns
                && table.groups.len() == rows
                && table.sites.is_none_or(|sites| sites.len() == rows)
                && part_of.len() == rows;
            if !fits {
                return Err(Error::Shape {
                    features: table.features.len(),
                    columns: self.columns,
                    labels: rows,
                    groups: table.groups.len(),
                    parts: part_of.len(),
                });
            }
        }
        Ok(())
    }
}
