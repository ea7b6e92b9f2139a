//! Fuzzes the reading of model files.

#![no_main]

#[path = "../properties/artifact.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
