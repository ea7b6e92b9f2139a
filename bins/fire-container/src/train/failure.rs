//! `output/failure`: what the job's owner reads as `FailureReason`.

use std::any::Any;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// SageMaker shows this many characters.
const SHOWN: usize = 1024;

/// Writes the first 1024 characters of the message.
pub(super) fn write(path: &Path, message: &str) -> Result<()> {
    let shown: String = message.chars().take(SHOWN).collect();
    let written = path.parent().map_or(Ok(()), fs::create_dir_all);
    written
        .and_then(|()| fs::write(path, shown))
        .with_context(|| format!("cannot write the failure to {}", path.display()))
}

/// The message of a panic.
pub(super) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_shown_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("output/failure");
        write(&path, &"é".repeat(2000)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "é".repeat(1024));
        write(&path, "short").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    }

    #[test]
    fn both_kinds_of_panic_message_are_read() {
        assert_eq!(panic_text(&"static"), "static");
        assert_eq!(panic_text(&"owned".to_owned()), "owned");
        assert_eq!(panic_text(&7), "no message");
    }
}
