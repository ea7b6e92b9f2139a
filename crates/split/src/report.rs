//! How near a deal came to the shares that were asked for.

use serde::{Deserialize, Serialize};

use crate::census::{Census, Counts};
use crate::part::Part;
use crate::ratios::Ratios;

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

impl Report {
    /// Shares of every part over all rows, then per label.
    pub(crate) fn new(census: &Census, counts: &Counts, ratios: Ratios) -> Self {
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
        Self {
            groups: census.groups.len(),
            shares,
            largest_deviation,
        }
    }
}

/// `rows` out of `of` as a share.
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
