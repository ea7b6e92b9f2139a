//! Arbitrary bytes as a job's settings.

#![no_main]

#[path = "../properties/hyperparameters.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
