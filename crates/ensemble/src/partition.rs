//! Dividing a node's rows between its children.

/// Moves the rows for which `goes_left` to the front and the others behind, both in their old order; returns how
/// many went left. `scratch` is at least as long as `rows`.
///
/// Each row is written to both sides and one of the two positions advances, so there is no branch to mispredict;
/// keeping the order keeps the children's rows ascending in memory.
pub(crate) fn partition(
    rows: &mut [u32],
    scratch: &mut [u32],
    goes_left: impl Fn(u32) -> bool,
) -> usize {
    let (mut lefts, mut rights) = (0, 0);
    for at in 0..rows.len() {
        let row = rows[at];
        let left = goes_left(row);
        rows[lefts] = row;
        scratch[rights] = row;
        lefts += usize::from(left);
        rights += usize::from(!left);
    }
    rows[lefts..].copy_from_slice(&scratch[..rights]);
    lefts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn partition_is_stable(rows in prop::collection::vec(any::<u32>(), 0..200)) {
            let (left, right): (Vec<u32>, Vec<u32>) = rows.iter().partition(|&&row| row % 3 == 0);
            let (mut moved, mut scratch) = (rows.clone(), vec![0; rows.len()]);
            prop_assert_eq!(partition(&mut moved, &mut scratch, |row| row % 3 == 0), left.len());
            prop_assert_eq!(moved, [left, right].concat());
        }
    }
}
