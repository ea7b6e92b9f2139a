//! Credentials and region: without them nothing else can be looked at.

use super::{Account, Check};
use crate::clients::{Clients, account};
use crate::error::ErrorKind;

/// Adds what there is to say of credentials and region; none when they do not work.
pub(super) async fn checks(clients: &Clients, checks: &mut Vec<Check>) -> Account {
    let region = clients.region();
    if !is_region(region) {
        checks.push(Check::failed(
            "region",
            format!("`{region}` is not the name of a region"),
            "give one such as `--region us-east-1`",
        ));
        return None;
    }
    match account(clients).await {
        Ok(account) => {
            checks.push(Check::passed("credentials", format!("account {account}")));
            checks.push(Check::passed("region", region));
            Some(account)
        }
        Err(error) => {
            let (detail, remedy) = match error.kind() {
                ErrorKind::Denied => (
                    "they do not work",
                    "run `aws configure` or `aws sso login`, then `aws sts get-caller-identity`",
                ),
                ErrorKind::Transport => (
                    "nobody answers",
                    "check the network, the spelling of --region and AWS_ENDPOINT_URL",
                ),
                _ => ("they cannot be checked", "try again"),
            };
            let failed = Check::failed("credentials", format!("{detail}: {error}"), remedy);
            checks.push(Check {
                kind: Some(error.kind()),
                ..failed
            });
            None
        }
    }
}

/// `us-east-1`, `us-gov-west-1`, `ap-southeast-2`.
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
    fn regions_have_words_and_a_number() {
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
