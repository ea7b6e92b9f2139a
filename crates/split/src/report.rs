//! The achieved shares, compared with the requested ones.

use serde::{Deserialize, Serialize};

use crate::group_counts::{Counts, GroupCounts};
use crate::part::Part;
use crate::ratios::Ratios;

/// The shares that a split achieved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The number of distinct groups.
    pub groups: usize,
    /// One entry per part for all rows, then one per part and label.
    pub shares: Vec<Share>,
    /// The largest difference between an achieved share and the requested one.
    pub largest_deviation: f64,
}

/// The share of a label's rows, or of all rows, that a part has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The part.
    pub part: Part,
    /// The label; `None` for all rows.
    pub label: Option<u8>,
    /// The part's rows with that label.
    pub rows: usize,
    /// `rows` as a share of all rows with the label, between 0 and 1.
    pub achieved: f64,
    /// The requested share.
    pub wanted: f64,
}

impl Report {
    /// Computes the shares of every part, first for all rows, then per label.
    pub(crate) fn new(group_counts: &GroupCounts, counts: &Counts, ratios: Ratios) -> Self {
        let share = |part: Part, label, rows: usize, of: usize| Share {
            part,
            label,
            rows,
            achieved: rows as f64 / of as f64,
            wanted: ratios.share(part),
        };
        let all = |part: Part| counts.iter().map(|of_label| of_label[part as usize]).sum();
        let total = group_counts.totals.iter().sum();
        let mut shares = Part::ALL
            .map(|part| share(part, None, all(part), total))
            .to_vec();
        for ((&label, rows), &total) in group_counts
            .labels
            .iter()
            .zip(counts)
            .zip(&group_counts.totals)
        {
            shares
                .extend(Part::ALL.map(|part| share(part, Some(label), rows[part as usize], total)));
        }
        let deviation = |share: &Share| (share.achieved - share.wanted).abs();
        let largest_deviation = shares.iter().map(deviation).fold(0.0, f64::max);
        Self {
            groups: group_counts.groups.len(),
            shares,
            largest_deviation,
        }
    }
}
