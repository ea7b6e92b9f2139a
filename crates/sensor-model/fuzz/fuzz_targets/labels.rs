//! Fuzzes the reader of fire intervals.

#![no_main]

#[path = "../properties/labels.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
