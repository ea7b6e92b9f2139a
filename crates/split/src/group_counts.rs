//! The groups and labels of a dataset, counted.

use std::collections::BTreeMap;

use crate::part::Part;

/// The group and label of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowKey {
    /// All rows of a group go to the same part.
    pub group: u64,
    /// The label to stratify by.
    pub label: u8,
}

/// Rows per label and part; a label is represented by its index in [`GroupCounts::labels`].
pub(crate) type Counts = Vec<[usize; 3]>;

/// A group with its row counts; a label is represented by its index in [`GroupCounts::labels`].
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) rows: Vec<usize>,
}

/// The row counts of all groups and labels.
pub(crate) struct GroupCounts {
    /// The distinct labels, ascending.
    pub(crate) labels: Vec<u8>,
    /// The groups, ascending by id.
    pub(crate) groups: Vec<Group>,
    /// All rows per label.
    pub(crate) totals: Vec<usize>,
}

impl GroupCounts {
    /// Counts the rows of each group and label. The result does not depend on the order of the rows.
    pub(crate) fn new(keys: &[RowKey]) -> Self {
        let mut labels: Vec<u8> = keys.iter().map(|key| key.label).collect();
        labels.sort_unstable();
        labels.dedup();
        // An ordered map, because the split depends on the order of the groups.
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

    /// Whether every group has exactly one row.
    pub(crate) fn are_single_rows(&self) -> bool {
        self.groups.len() == self.totals.iter().sum::<usize>()
    }

    /// Counts the rows per label and part of a finished split.
    pub(crate) fn count(&self, keys: &[RowKey], part_of: &[Part]) -> Counts {
        let mut counts = vec![[0; 3]; self.labels.len()];
        for (key, &part) in keys.iter().zip(part_of) {
            let label = self.labels.partition_point(|&label| label < key.label);
            counts[label][part as usize] += 1;
        }
        counts
    }
}
