//! Dividing a node's rows between its children.

use crate::packed::Entry;

/// Moves the entries whose row `goes_left` to the front and the others behind, both in their old order; returns how
/// many went left. `scratch` is at least as long as `entries`.
///
/// Each entry is written to both sides and one of the two positions advances, so there is no branch to mispredict;
/// keeping the order keeps the children's rows ascending in memory.
pub(crate) fn partition(
    entries: &mut [Entry],
    scratch: &mut [Entry],
    goes_left: impl Fn(u32) -> bool,
) -> usize {
    let scratch = &mut scratch[..entries.len()];
    let (mut lefts, mut rights) = (0, 0);
    for at in 0..entries.len() {
        let entry = entries[at];
        let left = usize::from(goes_left(entry.row));
        entries[lefts] = entry;
        scratch[rights] = entry;
        lefts += left;
        rights += 1 - left;
    }
    entries[lefts..].copy_from_slice(&scratch[..rights]);
    lefts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn partition_is_stable(rows in prop::collection::vec(any::<u32>(), 0..200)) {
            let entries: Vec<_> = rows.iter().map(|&row| Entry { row, word: row / 2 }).collect();
            let (left, right): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.row % 3 == 0);
            let (mut moved, mut scratch) = (entries.clone(), entries.clone());
            prop_assert_eq!(partition(&mut moved, &mut scratch, |row| row % 3 == 0), left.len());
            prop_assert_eq!(moved, [left, right].concat());
        }
    }
}
