//! Credentials and region, which every other check needs.

use super::{Check, Finding};
use crate::clients::{Clients, account};
use crate::names::AccountId;

/// Adds the checks of credentials and region; returns the account if both passed.
pub(super) async fn checks(clients: &Clients, checks: &mut Vec<Check>) -> Option<AccountId> {
    let region = clients.region();
    if !is_region(region) {
        let finding = Finding::NotARegion(region.to_owned());
        checks.push(Check::failed("region", finding));
        return None;
    }
    match account(clients).await {
        Ok(account) => {
            checks.push(Check::passed("credentials", format!("account {account}")));
            checks.push(Check::passed("region", region));
            Some(account)
        }
        Err(error) => {
            let (kind, message) = (error.kind(), error.to_string());
            let finding = Finding::Credentials { kind, message };
            checks.push(Check::failed("credentials", finding));
            None
        }
    }
}

/// Words and a number: `us-east-1`, `us-gov-west-1`, `ap-southeast-2`.
fn is_region(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let Some((number, words)) = parts.split_last() else {
        return false;
    };
    words.len() >= 2 && words.iter().all(word) && number.parse::<u8>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_words_and_a_number() {
        for (region, valid) in [
            ("us-east-1", true),
            ("us-gov-west-1", true),
            ("ap-southeast-2", true),
            ("us-east", false),
            ("us-east-1a", false),
            ("US-EAST-1", false),
            ("east1", false),
            ("", false),
        ] {
            assert_eq!(is_region(region), valid, "{region}");
        }
    }
}
