//! See `targets/command.rs`.
#![no_main]

#[path = "../targets/command.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::run(octets));
