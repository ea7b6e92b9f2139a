//! Groups and sites that occur in two places.

use crate::part::Part;

use super::{AuditInput, Check};

/// Counts the groups or sites (`what`) that have rows in more than one part.
pub(super) fn between_parts(what: &str, rows: impl Iterator<Item = (u64, Part)>) -> Check {
    let shared = in_two(rows);
    let detail = match shared.first() {
        None => format!("no {what} has rows in two parts"),
        Some(first) => format!(
            "{} {what}s have rows in two parts, e.g. {what} {first}",
            shared.len()
        ),
    };
    Check::none_of(&format!("{what}_overlap"), shared.len(), detail)
}

/// Counts the sites that occur in two of the held-out sets, or in one and in the parts.
pub(super) fn with_held_out(input: &AuditInput<'_>) -> Option<Check> {
    let (check, sets) = input.held_out.as_ref()?;
    // The parts count as one set: whether they share sites with each other is another check.
    let parts = input.places().map(|(place, _)| (place, 0));
    let sites = (1..)
        .zip(sets)
        .flat_map(|(number, set)| set.sites.iter().map(move |&site| (site, number)));
    let shared = in_two(parts.chain(sites));
    let names: Vec<&str> = sets.iter().map(|set| set.name).collect();
    let names = format!("the parts, {}", names.join(", "));
    let detail = match shared.first() {
        None => format!("no site occurs in two of: {names}"),
        Some(first) => format!(
            "{} sites occur in two of: {names}; e.g. site {first}",
            shared.len()
        ),
    };
    Some(Check::none_of(check, shared.len(), detail))
}

/// The keys that occur in two different places, ascending.
fn in_two<P: Ord>(occurrences: impl Iterator<Item = (u64, P)>) -> Vec<u64> {
    let mut pairs: Vec<(u64, P)> = occurrences.collect();
    pairs.sort_unstable();
    pairs.dedup();
    // One pair per key and place is left, so a key that occurs twice in a row has two places.
    let mut shared: Vec<u64> = pairs
        .windows(2)
        .filter(|two| two[0].0 == two[1].0)
        .map(|two| two[0].0)
        .collect();
    shared.dedup();
    shared
}
