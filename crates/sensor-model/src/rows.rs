//! Labelled rows in memory, and the fingerprint of a dataset.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::row_metadata::RowMetadata;
use crate::schema::FEATURE_COUNT;

/// Labelled rows: columns of equal length, except for the features, which are stored row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// ID of each row, unique within a dataset.
    pub ids: Vec<u64>,
    /// Group of each row (its episode or recording); a split never separates rows of one group.
    pub groups: Vec<u64>,
    /// [`FEATURE_COUNT`] values per row, row by row; NaN is a missing value.
    pub features: Vec<f32>,
    /// 1 for fire, 0 for no fire.
    pub labels: Vec<u8>,
    /// Time, scenario and site, for all rows or none.
    pub metadata: Option<RowMetadata>,
}

impl Rows {
    /// No rows, with capacity for `rows`.
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            ids: Vec::with_capacity(rows),
            groups: Vec::with_capacity(rows),
            features: Vec::with_capacity(rows * FEATURE_COUNT),
            labels: Vec::with_capacity(rows),
            metadata: None,
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The features of row `i`.
    ///
    /// # Panics
    /// If `i` is out of range.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.features[i * FEATURE_COUNT..(i + 1) * FEATURE_COUNT]
    }

    /// The rows at these positions, in this order.
    ///
    /// # Panics
    /// If a position is out of range.
    #[must_use]
    pub fn select(&self, positions: &[usize]) -> Self {
        Self {
            ids: positions.iter().map(|&i| self.ids[i]).collect(),
            groups: positions.iter().map(|&i| self.groups[i]).collect(),
            features: positions
                .iter()
                .flat_map(|&i| self.row(i))
                .copied()
                .collect(),
            labels: positions.iter().map(|&i| self.labels[i]).collect(),
            metadata: self.metadata.as_ref().map(|all| all.select(positions)),
        }
    }

    /// The rows in a range of positions.
    ///
    /// # Panics
    /// If the range is out of bounds.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let values = range.start * FEATURE_COUNT..range.end * FEATURE_COUNT;
        Self {
            ids: self.ids[range.clone()].to_vec(),
            groups: self.groups[range.clone()].to_vec(),
            features: self.features[values].to_vec(),
            labels: self.labels[range.clone()].to_vec(),
            metadata: self.metadata.as_ref().map(|all| all.slice(range)),
        }
    }

    /// Appends the rows of `other`.
    ///
    /// Metadata is kept only if both sides have it; a side without rows is ignored.
    pub fn extend(&mut self, other: Self) {
        let before = self.len();
        self.ids.extend(other.ids);
        self.groups.extend(other.groups);
        self.features.extend(other.features);
        self.labels.extend(other.labels);
        self.extend_metadata(before, other.metadata);
    }

    /// Adds metadata for the rows from position `before` on, by the rule of [`extend`](Self::extend).
    pub(crate) fn extend_metadata(&mut self, before: usize, added: Option<RowMetadata>) {
        let after = self.len();
        self.metadata = match (self.metadata.take(), added) {
            (_, added) if before == 0 => added,
            (own, _) if before == after => own,
            (Some(mut own), Some(added)) => {
                own.extend(added);
                Some(own)
            }
            _ => None,
        };
    }
}

/// Fingerprint of a dataset: hex SHA-256 over IDs, groups, features, labels and (if present) metadata, in row order.
///
/// It does not depend on the file format, on how rows are divided into files, or on the bit pattern of NaN.
pub fn data_fingerprint(rows: &Rows) -> String {
    let mut hash = Sha256::new();
    for i in 0..rows.len() {
        hash.update(rows.ids[i].to_le_bytes());
        hash.update(rows.groups[i].to_le_bytes());
        for &value in rows.row(i) {
            // NaN has many bit patterns, which all mean "missing".
            let value = if value.is_nan() { f32::NAN } else { value };
            hash.update(value.to_le_bytes());
        }
        hash.update([rows.labels[i]]);
        if let Some(metadata) = &rows.metadata {
            metadata.hash_row(i, &mut hash);
        }
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(ids: &[u64]) -> Rows {
        Rows {
            ids: ids.to_vec(),
            groups: ids.iter().map(|id| id / 2).collect(),
            features: ids
                .iter()
                .flat_map(|&id| [id as f32; FEATURE_COUNT])
                .collect(),
            labels: ids.iter().map(|id| (id % 2) as u8).collect(),
            metadata: Some(RowMetadata {
                times_s: ids.iter().map(|&id| id as f64).collect(),
                scenarios: ids.iter().map(|id| id.to_string().into()).collect(),
                sites: ids.iter().map(|id| id / 4).collect(),
            }),
        }
    }

    fn bare(ids: &[u64]) -> Rows {
        Rows {
            metadata: None,
            ..rows(ids)
        }
    }

    #[test]
    fn select_keeps_the_columns_of_a_row_together() {
        assert_eq!(rows(&[10, 11, 12, 13]).select(&[3, 0]), rows(&[13, 10]));
    }

    #[test]
    fn slice_returns_consecutive_rows() {
        assert_eq!(rows(&[10, 11, 12, 13]).slice(1..3), rows(&[11, 12]));
        assert!(rows(&[10]).slice(1..1).is_empty());
    }

    #[test]
    fn extend_appends_in_order() {
        let mut all = rows(&[1, 2]);
        all.extend(rows(&[3]));
        assert_eq!(all, rows(&[1, 2, 3]));
        assert_eq!(all.row(2), [3.0; FEATURE_COUNT]);
        assert_eq!(
            (all.len(), all.is_empty(), Rows::default().is_empty()),
            (3, false, true)
        );
    }

    #[test]
    fn metadata_is_kept_only_if_all_rows_have_it() {
        let extended = |mut first: Rows, second: Rows| {
            first.extend(second);
            first
        };
        assert_eq!(extended(rows(&[1]), bare(&[2])), bare(&[1, 2]));
        assert_eq!(extended(bare(&[1]), rows(&[2])), bare(&[1, 2]));
        assert_eq!(extended(Rows::default(), rows(&[2])), rows(&[2]));
        assert_eq!(extended(rows(&[1]), Rows::default()), rows(&[1]));
    }

    #[test]
    fn the_fingerprint_depends_on_every_column_and_the_order() {
        let base = rows(&[1, 2, 3]);
        let same = data_fingerprint(&base);
        let edits: [fn(&mut Rows); 9] = [
            |r| r.ids[1] = 9,
            |r| r.groups[1] = 9,
            |r| r.features[20] = 9.0,
            |r| r.labels[1] = 1 - r.labels[1],
            |r| *r = r.select(&[1, 0, 2]),
            |r| r.metadata = None,
            |r| r.metadata.as_mut().unwrap().times_s[1] = 9.0,
            |r| r.metadata.as_mut().unwrap().scenarios[1] = "9".into(),
            |r| r.metadata.as_mut().unwrap().sites[1] = 9,
        ];
        for edit in edits {
            let mut changed = base.clone();
            edit(&mut changed);
            assert_ne!(data_fingerprint(&changed), same);
        }
    }

    #[test]
    fn the_fingerprint_does_not_depend_on_the_bits_of_nan() {
        let [mut a, mut b] = [rows(&[1]), rows(&[1])];
        a.features[4] = f32::NAN;
        b.features[4] = -f32::NAN;
        assert_eq!(data_fingerprint(&a), data_fingerprint(&b));
    }
}
