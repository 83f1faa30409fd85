//! See `targets/endpoint.rs`.
#![no_main]

#[path = "../targets/endpoint.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::run(octets));
