//! Plain-text filter patterns, as accepted by `FilterLogEvents`.

use regex::Regex;

use crate::protocol::ApiError;

/// A pattern that selects events.
#[derive(Default)]
pub(super) struct Pattern {
    /// All of these must occur.
    all: Vec<Term>,
    /// If there are any, at least one of these must occur.
    any: Vec<Term>,
    /// None of these may occur.
    none: Vec<Term>,
}

/// One term of a pattern.
enum Term {
    /// Literal text, case-sensitive.
    Text(String),
    /// A regular expression: `%...%`.
    Expression(Regex),
}

impl Pattern {
    /// Parses a pattern: every plain term must occur, `?` marks alternatives, `-` excludes a term, quotes
    /// enclose a term with spaces, and `%...%` is a regular expression.
    pub(super) fn parse(pattern: &str) -> Result<Self, ApiError> {
        let mut parsed = Self::default();
        let mut rest = pattern.trim();
        if rest.starts_with(['{', '[']) {
            return Err(ApiError::new(
                "InvalidParameterException",
                format!(
                    "Invalid filter pattern: the local server supports only plain-text patterns, not JSON or \
                     space-delimited ones: {pattern}"
                ),
            ));
        }
        while !rest.is_empty() {
            let (list, after) = match rest.as_bytes().first() {
                Some(b'?') => (&mut parsed.any, &rest[1..]),
                Some(b'-') => (&mut parsed.none, &rest[1..]),
                _ => (&mut parsed.all, rest),
            };
            let (term, after) = term(after).ok_or_else(|| {
                let text = format!("Invalid filter pattern: {pattern}");
                ApiError::new("InvalidParameterException", text)
            })?;
            list.push(term);
            rest = after.trim_start();
        }
        Ok(parsed)
    }

    /// Whether the pattern matches a message.
    pub(super) fn matches(&self, message: &str) -> bool {
        self.all.iter().all(|term| term.is_in(message))
            && (self.any.is_empty() || self.any.iter().any(|term| term.is_in(message)))
            && !self.none.iter().any(|term| term.is_in(message))
    }
}

impl Term {
    /// Whether the term occurs in the message.
    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Text(text) => message.contains(text.as_str()),
            Self::Expression(expression) => expression.is_match(message),
        }
    }
}

/// Parses the first term; returns it with the rest of the text, or `None` if it is malformed.
fn term(text: &str) -> Option<(Term, &str)> {
    for (mark, is_text) in [('"', true), ('%', false)] {
        if let Some(inner) = text.strip_prefix(mark) {
            let (inner, after) = inner.split_once(mark)?;
            let term = if is_text {
                Term::Text(inner.to_owned())
            } else {
                Term::Expression(Regex::new(inner).ok()?)
            };
            return Some((term, after));
        }
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (end > 0).then(|| (Term::Text(text[..end].to_owned()), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_messages_as_on_aws() {
        for (pattern, message, matches) in [
            ("", "anything", true),
            ("ERROR", "an ERROR here", true),
            ("error", "an ERROR here", false),
            ("auc loss", "auc=1 loss=2", true),
            ("auc loss", "auc=1", false),
            ("?auc ?loss", "loss=2", true),
            ("?auc ?loss", "epoch 1", false),
            ("epoch -warm", "epoch 1 warm", false),
            ("epoch -warm", "epoch 1", true),
            ("\"row 7\" numbers", "numbers: row 7", true),
            ("\"row 7\"", "row 8, 7", false),
            ("%auc=0\\.[0-9]+%", "validation:auc=0.75;", true),
            ("%^auc%", "validation:auc", false),
        ] {
            let parsed =
                Pattern::parse(pattern).unwrap_or_else(|error| panic!("{}", error.message()));
            assert_eq!(parsed.matches(message), matches, "{pattern} on {message}");
        }
    }

    #[test]
    fn malformed_and_unsupported_patterns_are_rejected() {
        for pattern in ["\"open", "{ $.a = 1 }", "[a, b]", "%(%", "?"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
