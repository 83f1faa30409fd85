//! See `targets/z85.rs`.
#![no_main]

#[path = "../targets/z85.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::run(octets));
