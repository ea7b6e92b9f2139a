//! Times of fires from anywhere.

#![no_main]

#[path = "../properties/labels.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
