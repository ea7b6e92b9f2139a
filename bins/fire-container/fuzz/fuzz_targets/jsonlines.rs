//! Request bodies in JSON Lines.

#![no_main]

#[path = "../properties/requests.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts("application/jsonlines", bytes);
});
