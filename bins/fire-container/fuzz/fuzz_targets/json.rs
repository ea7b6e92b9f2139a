//! Request bodies in JSON.

#![no_main]

#[path = "../properties/requests.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts("application/json", bytes);
});
