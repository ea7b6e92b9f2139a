//! Fuzzes the reader of CO2 logs.

#![no_main]

#[path = "../properties/co2_csv.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
