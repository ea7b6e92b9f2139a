//! Properties that hold for any bytes given as a job's settings.

use fire_container::Settings;

/// Returns whether the bytes are valid settings, and asserts that invalid ones are rejected with a reason.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    // The file is read as text.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    match Settings::parse(text) {
        Ok(settings) => {
            assert!(!settings.params.params().entries().is_empty());
            true
        }
        Err(error) => {
            assert!(!format!("{error:#}").is_empty());
            false
        }
    }
}
