//! Assignment of groups to parts.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::group_counts::{Counts, GroupCounts, RowKey};
use crate::part::Part;
use crate::ratios::Ratios;
use crate::report::Report;
use crate::{exact, greedy};

/// The part of each row, and the split ratios achieved.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The part of each row, in the order of the keys.
    pub part_of: Vec<Part>,
    /// The achieved split ratios, compared with the requested ones.
    pub report: Report,
}

impl Assignment {
    /// The indices of a part's rows, ascending.
    pub fn rows(&self, part: Part) -> Vec<usize> {
        (0..self.part_of.len())
            .filter(|&i| self.part_of[i] == part)
            .collect()
    }
}

/// Assigns the groups to the three parts, stratified by label.
///
/// # Errors
/// [`Error::NoRows`], or [`Error::TooFew`] if a part would get no rows of some label.
pub fn split(keys: &[RowKey], ratios: Ratios, seed: u64) -> Result<Assignment, Error> {
    if keys.is_empty() {
        return Err(Error::NoRows);
    }
    let group_counts = GroupCounts::new(keys);
    // Groups of one row can match the ratios exactly; larger groups can only approximate them.
    let assign = if group_counts.are_single_rows() {
        exact::assign
    } else {
        greedy::assign
    };
    let part_of_group: BTreeMap<u64, Part> = assign(&group_counts, ratios, seed);
    let part_of = keys
        .iter()
        .map(|key| part_of_group[&key.group])
        .collect::<Vec<_>>();
    let counts = group_counts.count(keys, &part_of);
    check_labels(&group_counts, &counts)?;
    Ok(Assignment {
        report: Report::new(&group_counts, &counts, ratios),
        part_of,
    })
}

/// Every part needs rows of every label: without them, it is useless for training and evaluation.
fn check_labels(group_counts: &GroupCounts, counts: &Counts) -> Result<(), Error> {
    for (l, &label) in group_counts.labels.iter().enumerate() {
        if let Some(&part) = Part::ALL
            .iter()
            .find(|&&part| counts[l][part as usize] == 0)
        {
            let groups = group_counts
                .groups
                .iter()
                .filter(|group| group.rows[l] > 0)
                .count();
            return Err(Error::TooFew {
                label,
                rows: group_counts.totals[l],
                groups,
                part,
            });
        }
    }
    Ok(())
}
