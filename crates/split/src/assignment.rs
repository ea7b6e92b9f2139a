//! Dealing groups to parts.

use std::collections::BTreeMap;

use crate::census::{Census, Counts};
use crate::error::Error;
use crate::part::Part;
use crate::ratios::Ratios;
use crate::report::Report;
use crate::{exact, greedy};

/// What the splitter needs to know of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowKey {
    /// Rows of one group are never parted.
    pub group: u64,
    /// The label to stratify by.
    pub label: u8,
}

/// The part of each row, and how near the shares are to what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The part of each row, in the order of the keys.
    pub part_of: Vec<Part>,
    /// The shares achieved.
    pub report: Report,
}

impl Assignment {
    /// Positions of the rows of a part, ascending.
    pub fn rows(&self, part: Part) -> Vec<usize> {
        (0..self.part_of.len())
            .filter(|&i| self.part_of[i] == part)
            .collect()
    }
}

/// Deals the groups to the three parts, stratified by label.
///
/// # Errors
/// [`Error::NoRows`], or [`Error::TooFew`] when some part would get no row of a label.
pub fn split(keys: &[RowKey], ratios: Ratios, seed: u64) -> Result<Assignment, Error> {
    if keys.is_empty() {
        return Err(Error::NoRows);
    }
    let census = Census::new(keys);
    // Single rows can be dealt exactly; whole groups only nearly.
    let deal = if census.all_single() {
        exact::deal
    } else {
        greedy::deal
    };
    let part_of_group: BTreeMap<u64, Part> = deal(&census, ratios, seed);
    let part_of = keys
        .iter()
        .map(|key| part_of_group[&key.group])
        .collect::<Vec<_>>();
    let counts = census.count(keys, &part_of);
    each_part_has_each_label(&census, &counts)?;
    Ok(Assignment {
        report: Report::new(&census, &counts, ratios),
        part_of,
    })
}

/// A part without a label could neither be trained on nor be measured by.
fn each_part_has_each_label(census: &Census, counts: &Counts) -> Result<(), Error> {
    for (l, &label) in census.labels.iter().enumerate() {
        if let Some(&part) = Part::ALL
            .iter()
            .find(|&&part| counts[l][part as usize] == 0)
        {
            let groups = census
                .groups
                .iter()
                .filter(|group| group.rows[l] > 0)
                .count();
            return Err(Error::TooFew {
                label,
                rows: census.totals[l],
                groups,
                part,
            });
        }
    }
    Ok(())
}
