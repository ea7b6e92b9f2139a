//! Arbitrary bytes as a `model.tar.gz`.

#![no_main]

#[path = "../properties/model_tar.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
