//! See `targets/machines.rs`.
#![no_main]

#[path = "../targets/machines.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::run(octets));
