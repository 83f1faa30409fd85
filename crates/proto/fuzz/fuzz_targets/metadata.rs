//! See `targets/metadata.rs`.
#![no_main]

#[path = "../targets/metadata.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::run(octets));
