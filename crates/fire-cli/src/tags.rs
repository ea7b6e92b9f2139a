//! Tags of what is created.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};

use crate::usage;

/// Reads `KEY=VALUE` flags by the rules of AWS.
pub fn parse_tags(flags: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let tags = flags.iter().map(|flag| {
        let tag = parse(flag).with_context(|| format!("--tag {flag}"));
        tag.map_err(usage)
    });
    tags.collect()
}

fn parse(flag: &str) -> anyhow::Result<(String, String)> {
    let (key, value) = flag.split_once('=').context("write KEY=VALUE")?;
    ensure!(
        (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256,
        "a tag's key has 1 to 128 characters and its value at most 256"
    );
    ensure!(
        !key.starts_with("aws:"),
        "tags that begin with aws: are AWS's own"
    );
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_or_refused_with_the_rule() {
        let read = |flag: &str| parse_tags(&[flag.to_owned()]);
        let expected = BTreeMap::from([("team".to_owned(), "fire=1".to_owned())]);
        assert_eq!(read("team=fire=1").unwrap(), expected);
        for (flag, text) in [
            ("team", "KEY=VALUE"),
            ("=fire", "1 to 128"),
            ("aws:x=1", "AWS's own"),
        ] {
            let error = format!("{:#}", read(flag).unwrap_err());
            assert!(error.contains(text) && error.contains(flag), "{error}");
        }
    }
}
