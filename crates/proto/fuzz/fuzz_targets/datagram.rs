//! See `targets/datagram.rs`.
#![no_main]

#[path = "../targets/datagram.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::run(octets));
