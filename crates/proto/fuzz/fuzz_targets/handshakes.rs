//! See `targets/handshakes.rs`.
#![no_main]

#[path = "../targets/handshakes.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::run(octets));
