//! Fuzzes the reader of raw Y16.

#![no_main]

#[path = "../properties/y16.rs"]
mod properties;
#[path = "../properties/reading.rs"]
mod reading;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
