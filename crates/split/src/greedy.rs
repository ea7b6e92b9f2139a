//! Assigning groups of several rows: as close to the shares as whole groups permit.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::census::{Census, Group};
use crate::part::Part;
use crate::ratios::Ratios;

/// Assigns the groups in descending size, each to the part that it brings closest to its share of
/// every label; the small groups at the end fill the gaps. Groups of equal size come in random order.
pub(crate) fn assign(census: &Census, ratios: Ratios, seed: u64) -> BTreeMap<u64, Part> {
    let mut order: Vec<&Group> = census.groups.iter().collect();
    order.shuffle(&mut stream(seed));
    // The sort is stable, so groups of equal size stay shuffled.
    order.sort_by_key(|group| std::cmp::Reverse(group.rows.iter().sum::<usize>()));
    let mut needs: Vec<Vec<f64>> = ratios.shares().map(|share| wanted(census, share)).to_vec();
    let mut part_of = BTreeMap::new();
    for group in order {
        let gain = |part: Part| gain(&needs[part as usize], group, census);
        // Strictly greater: a tie goes to the earlier part.
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

/// The random stream that orders groups of equal size.
fn stream(seed: u64) -> ChaCha8Rng {
    // Both splitters take the same seeds, so each has a stream of its own.
    let mut key = *b"........split: whole groups, v.1";
    key[..8].copy_from_slice(&seed.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// Rows of each label that a part of this share should get.
fn wanted(census: &Census, share: f64) -> Vec<f64> {
    census
        .totals
        .iter()
        .map(|&total| share * total as f64)
        .collect()
}

/// How much closer a part comes to its wanted rows with this group, as a fall in squared distance.
///
/// Distances are relative to the label's total, so that a rare label counts as much as a common
/// one. The difference of squares, need² - (need - rows)², is written as one product.
fn gain(needs: &[f64], group: &Group, census: &Census) -> f64 {
    let labels = needs.iter().zip(&group.rows).zip(&census.totals);
    labels
        .map(|((&need, &rows), &total)| {
            let (rows, total) = (rows as f64, total as f64);
            rows * (2.0 * need - rows) / (total * total)
        })
        .sum()
}
