//! See `targets/decoder.rs`.
#![no_main]

#[path = "../targets/decoder.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::run(octets));
