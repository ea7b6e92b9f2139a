//! Dealing groups to parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::part::Part;
use crate::ratios::Ratios;
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

/// The shares achieved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Distinct groups.
    pub groups: usize,
    /// One entry per part over all labels, then one per part and label.
    pub shares: Vec<Share>,
    /// Largest difference between a share achieved and the share asked for.
    pub largest_deviation: f64,
}

/// The share of one part in the rows of one label, or in all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The part.
    pub part: Part,
    /// The label; `None` for all rows.
    pub label: Option<u8>,
    /// Rows of that label in that part.
    pub rows: usize,
    /// Those rows as a share of all rows of the label.
    pub achieved: f64,
    /// The share asked for.
    pub wanted: f64,
}

/// A group with the number of its rows per label; labels by their index in [`Census::labels`].
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) rows: Vec<usize>,
}

/// The groups and labels of a data set.
pub(crate) struct Census {
    pub(crate) labels: Vec<u8>,
    pub(crate) groups: Vec<Group>,
    /// Rows per label.
    pub(crate) totals: Vec<usize>,
}

impl Census {
    /// Groups come out in ascending order, so that the order of the rows is forgotten.
    fn new(keys: &[RowKey]) -> Self {
        let mut labels: Vec<u8> = keys.iter().map(|key| key.label).collect();
        labels.sort_unstable();
        labels.dedup();
        let mut groups = BTreeMap::new();
        let mut totals = vec![0; labels.len()];
        for key in keys {
            let label = labels.partition_point(|&label| label < key.label);
            groups
                .entry(key.group)
                .or_insert_with(|| vec![0; labels.len()])[label] += 1;
            totals[label] += 1;
        }
        let groups = groups
            .into_iter()
            .map(|(id, rows)| Group { id, rows })
            .collect();
        Self {
            labels,
            groups,
            totals,
        }
    }

    fn all_single(&self) -> bool {
        self.groups.len() == self.totals.iter().sum::<usize>()
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
    let counts = count(keys, &part_of, &census);
    each_part_has_each_label(&census, &counts)?;
    Ok(Assignment {
        report: report(&census, &counts, ratios),
        part_of,
    })
}

/// Rows per label and part.
type Counts = Vec<[usize; 3]>;

fn count(keys: &[RowKey], part_of: &[Part], census: &Census) -> Counts {
    let mut counts = vec![[0; 3]; census.labels.len()];
    for (key, &part) in keys.iter().zip(part_of) {
        let label = census.labels.partition_point(|&label| label < key.label);
        counts[label][part as usize] += 1;
    }
    counts
}

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

fn report(census: &Census, counts: &Counts, ratios: Ratios) -> Report {
    let all = |part: Part| counts.iter().map(|of_label| of_label[part as usize]).sum();
    let mut shares: Vec<Share> = Vec::new();
    let total = census.totals.iter().sum();
    shares.extend(Part::ALL.map(|part| share(part, None, (all(part), total), ratios)));
    for (l, &label) in census.labels.iter().enumerate() {
        let of_label = |part: Part| (counts[l][part as usize], census.totals[l]);
        shares.extend(Part::ALL.map(|part| share(part, Some(label), of_label(part), ratios)));
    }
    let deviation = |share: &Share| (share.achieved - share.wanted).abs();
    let largest_deviation = shares.iter().map(deviation).fold(0.0, f64::max);
    Report {
        groups: census.groups.len(),
        shares,
        largest_deviation,
    }
}

fn share(part: Part, label: Option<u8>, (rows, of): (usize, usize), ratios: Ratios) -> Share {
    let (achieved, wanted) = (rows as f64 / of as f64, ratios.shares()[part as usize]);
    Share {
        part,
        label,
        rows,
        achieved,
        wanted,
    }
}
