//! Fuzzes the reader of tCam images and videos.

#![no_main]

#[path = "../properties/tcam.rs"]
mod properties;
#[path = "../properties/reading.rs"]
mod reading;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::accepts(bytes);
});
