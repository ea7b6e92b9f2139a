//! Fuzzes the reader of TIFF files.

#![no_main]

#[path = "../properties/tiff.rs"]
mod properties;
#[path = "../properties/reading.rs"]
mod reading;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
