//! See `targets/curve_handshake.rs`.
#![no_main]

#[path = "../targets/curve_handshake.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::run(octets));
