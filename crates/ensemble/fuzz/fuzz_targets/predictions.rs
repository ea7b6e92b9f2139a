//! Fuzzes the reading of predictions files.

#![no_main]

#[path = "../properties/predictions.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
