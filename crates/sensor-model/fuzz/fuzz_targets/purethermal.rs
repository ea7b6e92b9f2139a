//! Fuzzes the reader of `PureThermal` containers.

#![no_main]

#[path = "../properties/purethermal.rs"]
mod properties;
#[path = "../properties/reading.rs"]
mod reading;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
