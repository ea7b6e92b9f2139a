//! What is to be split: groups, with their rows per label.

use std::collections::BTreeMap;

use crate::assignment::RowKey;
use crate::part::Part;

/// Rows per label and part, with labels by their index in [`Census::labels`].
pub(crate) type Counts = Vec<[usize; 3]>;

/// A group with its number of rows per label, with labels by their index in [`Census::labels`].
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) rows: Vec<usize>,
}

/// The groups and labels of a dataset.
pub(crate) struct Census {
    /// The labels that occur, ascending.
    pub(crate) labels: Vec<u8>,
    /// The groups, ascending by number.
    pub(crate) groups: Vec<Group>,
    /// Rows per label.
    pub(crate) totals: Vec<usize>,
}

impl Census {
    /// Counts the rows. Groups come out in ascending order, so the order of the rows is lost on purpose.
    pub(crate) fn new(keys: &[RowKey]) -> Self {
        let mut labels: Vec<u8> = keys.iter().map(|key| key.label).collect();
        labels.sort_unstable();
        labels.dedup();
        // An ordered map, because the order of the groups decides the split.
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

    /// Whether each group is a single row.
    pub(crate) fn all_single(&self) -> bool {
        self.groups.len() == self.totals.iter().sum::<usize>()
    }

    /// Rows per label and part of a finished split.
    pub(crate) fn count(&self, keys: &[RowKey], part_of: &[Part]) -> Counts {
        let mut counts = vec![[0; 3]; self.labels.len()];
        for (key, &part) in keys.iter().zip(part_of) {
            let label = self.labels.partition_point(|&label| label < key.label);
            counts[label][part as usize] += 1;
        }
        counts
    }
}
