//! Greedy assignment of multi-row groups, matching the split ratios as closely as whole groups allow.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::group_counts::{Group, GroupCounts};
use crate::part::Part;
use crate::ratios::Ratios;

/// Assigns the groups, largest first, each to the part whose label counts it moves closest to their
/// targets, by largest reduction in squared distance; the small groups at the end fill the gaps.
/// Groups of equal size are processed in random order.
pub(crate) fn assign(group_counts: &GroupCounts, ratios: Ratios, seed: u64) -> BTreeMap<u64, Part> {
    let mut order: Vec<&Group> = group_counts.groups.iter().collect();
    order.shuffle(&mut rng(seed));
    // The sort is stable, so groups of equal size stay shuffled.
    order.sort_by_key(|group| std::cmp::Reverse(group.rows.iter().sum::<usize>()));
    let mut needs: Vec<Vec<f64>> = ratios
        .shares()
        .map(|share| target_counts(group_counts, share))
        .to_vec();
    let mut part_of = BTreeMap::new();
    for group in order {
        let gain = |part: Part| gain(&needs[part as usize], group, group_counts);
        // Strictly greater, so ties go to the earlier part.
        let best = Part::ALL.into_iter().reduce(
            |best, part| {
                if gain(part) > gain(best) { part } else { best }
            },
        );
        let part = best.unwrap_or(Part::Train);
        for (need, &rows) in needs[part as usize].iter_mut().zip(&group.rows) {
            *need -= rows as f64;
        }
        part_of.insert(group.id, part);
    }
    part_of
}

/// The RNG that shuffles groups of equal size.
fn rng(seed: u64) -> ChaCha8Rng {
    // Domain separation: the same seed must not give both splitters the same random sequence.
    let mut key = *b"........split: whole groups, v.1";
    key[..8].copy_from_slice(&seed.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// The target number of rows of each label for a part with this share.
fn target_counts(group_counts: &GroupCounts, share: f64) -> Vec<f64> {
    group_counts
        .totals
        .iter()
        .map(|&total| share * total as f64)
        .collect()
}

/// The reduction in squared distance between a part's label counts and their targets if the part
/// gets this group.
///
/// Distances are relative to the label's total, so that a rare label counts as much as a common
/// one. The difference of squares, need² - (need - rows)², is factored into rows (2 need - rows).
fn gain(needs: &[f64], group: &Group, group_counts: &GroupCounts) -> f64 {
    let labels = needs.iter().zip(&group.rows).zip(&group_counts.totals);
    labels
        .map(|((&need, &rows), &total)| {
            let (rows, total) = (rows as f64, total as f64);
            rows * (2.0 * need - rows) / (total * total)
        })
        .sum()
}
