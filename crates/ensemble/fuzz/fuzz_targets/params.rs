//! Fuzzes the parsing of settings.

#![no_main]

#[path = "../properties/params.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
