//! Assigning groups to parts.

use std::collections::BTreeMap;

use crate::census::{Census, Counts};
use crate::error::Error;
use crate::part::Part;
use crate::ratios::Ratios;
use crate::report::Report;
use crate::{exact, greedy};

/// What the splitter needs to know about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowKey {
    /// Rows of one group always go to one part.
    pub group: u64,
    /// The label to stratify by.
    pub label: u8,
}

/// The part of each row, and how close the shares are to the requested ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The part of each row, in the order of the keys.
    pub part_of: Vec<Part>,
    /// The shares achieved.
    pub report: Report,
}

impl Assignment {
    /// The positions of a part's rows, ascending.
    pub fn rows(&self, part: Part) -> Vec<usize> {
        (0..self.part_of.len())
            .filter(|&i| self.part_of[i] == part)
            .collect()
    }
}

/// Assigns the groups to the three parts, stratified by label.
///
/// # Errors
/// [`Error::NoRows`], or [`Error::TooFew`] if some part would get no row of a label.
pub fn split(keys: &[RowKey], ratios: Ratios, seed: u64) -> Result<Assignment, Error> {
    if keys.is_empty() {
        return Err(Error::NoRows);
    }
    let census = Census::new(keys);
    // Single rows can meet the shares exactly; whole groups can only come close.
    let assign = if census.all_single() {
        exact::assign
    } else {
        greedy::assign
    };
    let part_of_group: BTreeMap<u64, Part> = assign(&census, ratios, seed);
    let part_of = keys
        .iter()
        .map(|key| part_of_group[&key.group])
        .collect::<Vec<_>>();
    let counts = census.count(keys, &part_of);
    check_labels(&census, &counts)?;
    Ok(Assignment {
        report: Report::new(&census, &counts, ratios),
        part_of,
    })
}

/// Every part needs every label: without one, it is useless for training and for evaluation.
fn check_labels(census: &Census, counts: &Counts) -> Result<(), Error> {
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
