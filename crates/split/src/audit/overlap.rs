//! What occurs in two places and must not.

use crate::part::Part;

use super::Check;

/// Counts the groups or sites (`what`) that have rows in more than one part.
pub(super) fn check(what: &str, keys: &[u64], part_of: &[Part]) -> Check {
    let shared = in_two(keys.iter().copied().zip(part_of.iter().copied()));
    let detail = match shared.first() {
        None => format!("no {what} has rows in two parts"),
        Some(first) => format!(
            "{} {what}s have rows in two parts, e.g. {what} {first}",
            shared.len()
        ),
    };
    Check::none_of(&format!("{what}_overlap"), shared.len(), detail)
}

/// Checks that no site (or whatever the numbers stand for) occurs in two of the named sets.
///
/// For sets that are kept beside the three parts: a rule that is chosen on one of them and judged on another must not
/// have met the other's sites before.
pub fn disjoint(name: &str, sets: &[(&str, &[u64])]) -> Check {
    let numbered = sets.iter().enumerate();
    let shared =
        in_two(numbered.flat_map(|(set, (_, keys))| keys.iter().map(move |&key| (key, set))));
    let names: Vec<&str> = sets.iter().map(|(name, _)| *name).collect();
    let detail = match shared.first() {
        None => format!("nothing occurs in two of {}", names.join(", ")),
        Some(first) => format!(
            "{} occur in two of {}, e.g. {first}",
            shared.len(),
            names.join(", ")
        ),
    };
    Check::none_of(name, shared.len(), detail)
}

/// The keys that occur with two different places, ascending.
fn in_two<P: Ord + Copy>(occurrences: impl Iterator<Item = (u64, P)>) -> Vec<u64> {
    let mut pairs: Vec<(u64, P)> = occurrences.collect();
    pairs.sort_unstable();
    pairs.dedup();
    // Each key has one pair a place; from the second on they are neighbours.
    let mut shared: Vec<u64> = pairs
        .windows(2)
        .filter(|two| two[0].0 == two[1].0)
        .map(|two| two[0].0)
        .collect();
    shared.dedup();
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_that_share_a_site_are_named_with_it() {
        let check = |sets: &[(&str, &[u64])]| {
            let check = disjoint("set_overlap", sets);
            (check.passed, check.value, check.detail)
        };
        let apart: [(&str, &[u64]); 3] = [("train", &[1, 2, 2]), ("alarm", &[3]), ("none", &[])];
        assert_eq!(
            check(&apart),
            (
                true,
                0.0,
                "nothing occurs in two of train, alarm, none".to_owned()
            )
        );
        let shared: [(&str, &[u64]); 2] = [("train", &[1, 2, 2, 9]), ("alarm", &[9, 3, 2])];
        assert_eq!(
            check(&shared),
            (
                false,
                2.0,
                "2 occur in two of train, alarm, e.g. 2".to_owned()
            )
        );
    }
}
