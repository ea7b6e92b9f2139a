//! Assignment of single-row groups: totals are exact, and each label is within one row of its share.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::group_counts::GroupCounts;
use crate::part::Part;
use crate::ratios::Ratios;

/// Shuffles the rows of each label and divides them by its quotas.
pub(crate) fn assign(group_counts: &GroupCounts, ratios: Ratios, seed: u64) -> BTreeMap<u64, Part> {
    let quotas = quotas(&group_counts.totals, ratios.shares());
    let mut part_of = BTreeMap::new();
    for (l, quota) in quotas.iter().enumerate() {
        let of_label = group_counts.groups.iter().filter(|group| group.rows[l] > 0);
        let mut ids: Vec<u64> = of_label.map(|group| group.id).collect();
        // The groups are sorted, so the shuffle does not depend on the order of the rows.
        ids.shuffle(&mut rng(seed, l));
        let mut rest = ids.into_iter();
        for part in Part::ALL {
            part_of.extend(
                rest.by_ref()
                    .take(quota[part as usize])
                    .map(|id| (id, part)),
            );
        }
    }
    part_of
}

/// The RNG that shuffles the rows of a label. Each label has its own random sequence, so additional
/// rows of one label do not reshuffle the others.
fn rng(seed: u64, label: usize) -> ChaCha8Rng {
    let mut key = *b"........split: single rows, v. 1";
    key[..8].copy_from_slice(&seed.to_le_bytes());
    // The rest of the key is domain separation from the other splitter, as in `greedy`.
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(label as u64);
    rng
}

/// Rows per label and part. The totals of each label and each part are exact, and each cell is
/// within one row of its exact share.
///
/// Every cell starts at its share, rounded down. The remaining rows of each label go to the parts
/// that lack most rows (ties go to the largest fraction), starting with the label that has most rows
/// left. A cell gets at most one more row; for such tables, this greedy rule meets the row and
/// column totals whenever that is possible (Gale 1957, Ryser 1957).
fn quotas(totals: &[usize], shares: [f64; 3]) -> Vec<[usize; 3]> {
    let mut quotas: Vec<[usize; 3]> = totals
        .iter()
        .map(|&total| shares.map(|share| floor(total, share)))
        .collect();
    let mut lacking = largest_remainder(totals.iter().sum(), shares);
    for quota in &quotas {
        for (lack, given) in lacking.iter_mut().zip(quota) {
            *lack -= given;
        }
    }
    let left = |quotas: &[[usize; 3]], l: usize| totals[l] - quotas[l].iter().sum::<usize>();
    let mut labels: Vec<usize> = (0..totals.len()).collect();
    labels.sort_by_key(|&l| Reverse(left(&quotas, l)));
    for l in labels {
        let fraction = |p: usize| totals[l] as f64 * shares[p] - quotas[l][p] as f64;
        let mut parts = [0, 1, 2];
        parts.sort_by(|&p, &q| {
            lacking[q]
                .cmp(&lacking[p])
                .then(fraction(q).total_cmp(&fraction(p)))
        });
        for &p in &parts[..left(&quotas, l)] {
            quotas[l][p] += 1;
            lacking[p] -= 1;
        }
    }
    quotas
}

/// Divides `total` among the parts in whole rows; the largest fractions are rounded up.
fn largest_remainder(total: usize, shares: [f64; 3]) -> [usize; 3] {
    let mut rows = shares.map(|share| floor(total, share));
    let fraction = |p: usize| total as f64 * shares[p] - rows[p] as f64;
    let mut parts = [0, 1, 2];
    parts.sort_by(|&p, &q| fraction(q).total_cmp(&fraction(p)));
    for &p in &parts[..total - rows.iter().sum::<usize>()] {
        rows[p] += 1;
    }
    rows
}

/// `total * share`, rounded down. The tolerance corrects floating-point errors just below a whole
/// number: 0.7 of 100,000 rows must be 70,000.
fn floor(total: usize, share: f64) -> usize {
    (total as f64 * share + 1e-6).floor() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_documented_sizes_are_exact() {
        let shares = Ratios::default().shares();
        assert_eq!(largest_remainder(100_000, shares), [70_000, 15_000, 15_000]);
        assert_eq!(largest_remainder(10, shares), [7, 2, 1]);
        assert_eq!(largest_remainder(1, shares), [1, 0, 0]);
        assert_eq!(
            quotas(&[48_975, 51_025], shares),
            [[34_283, 7_346, 7_346], [35_717, 7_654, 7_654]]
        );
    }

    proptest! {
        #[test]
        fn totals_are_exact_and_cells_are_within_one_row(
            totals in proptest::collection::vec(0_usize..5_000, 1..6),
            cut in (0.05_f64..0.9, 0.1_f64..0.9),
        ) {
            let shares = [cut.0, (1.0 - cut.0) * cut.1, (1.0 - cut.0) * (1.0 - cut.1)];
            let quotas = quotas(&totals, shares);
            for (quota, &total) in quotas.iter().zip(&totals) {
                prop_assert_eq!(quota.iter().sum::<usize>(), total);
                for (&rows, share) in quota.iter().zip(shares) {
                    prop_assert!((rows as f64 - total as f64 * share).abs() <= 1.0 + 1e-6);
                }
            }
            let sums = [0, 1, 2].map(|p| quotas.iter().map(|quota| quota[p]).sum::<usize>());
            prop_assert_eq!(sums, largest_remainder(totals.iter().sum(), shares));
        }
    }
}
