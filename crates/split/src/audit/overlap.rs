//! Groups and sites that occur in more than one part or held-out set.

use crate::part::Part;

use super::{AuditInput, Check};

/// Counts the groups or sites (`kind`) that have rows in more than one part.
pub(super) fn between_parts(kind: &str, rows: impl Iterator<Item = (u64, Part)>) -> Check {
    let shared = in_several(rows);
    let detail = match shared.first() {
        None => format!("no {kind} has rows in more than one part"),
        Some(first) => format!(
            "{} {kind}s have rows in more than one part, e.g. {kind} {first}",
            shared.len()
        ),
    };
    Check::none_of(&format!("{kind}_overlap"), shared.len(), detail)
}

/// Counts the sites that occur in more than one held-out set, or in a held-out set and a part.
pub(super) fn with_held_out(input: &AuditInput<'_>) -> Option<Check> {
    let (check, sets) = input.held_out.as_ref()?;
    // The parts together are set 0: sites shared between parts are another check.
    let in_parts = input.sites_or_groups().map(|(site, _)| (site, 0));
    let held_out = (1..)
        .zip(sets)
        .flat_map(|(number, set)| set.sites.iter().map(move |&site| (site, number)));
    let shared = in_several(in_parts.chain(held_out));
    let names: Vec<&str> = sets.iter().map(|set| set.name).collect();
    let names = format!("the parts, {}", names.join(", "));
    let detail = match shared.first() {
        None => format!("no site occurs in more than one of: {names}"),
        Some(first) => format!(
            "{} sites occur in more than one of: {names}; e.g. site {first}",
            shared.len()
        ),
    };
    Some(Check::none_of(check, shared.len(), detail))
}

/// The ids that occur in more than one set, ascending.
fn in_several<S: Ord>(occurrences: impl Iterator<Item = (u64, S)>) -> Vec<u64> {
    let mut pairs: Vec<(u64, S)> = occurrences.collect();
    pairs.sort_unstable();
    pairs.dedup();
    // The pairs are distinct, so two neighbours with the same id are in different sets.
    let mut shared: Vec<u64> = pairs
        .windows(2)
        .filter(|pair| pair[0].0 == pair[1].0)
        .map(|pair| pair[0].0)
        .collect();
    shared.dedup();
    shared
}
