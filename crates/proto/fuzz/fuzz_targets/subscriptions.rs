//! See `targets/subscriptions.rs`.
#![no_main]

#[path = "../targets/subscriptions.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::run(octets));
