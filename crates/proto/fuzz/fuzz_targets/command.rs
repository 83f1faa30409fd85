//! What parses as a command writes back the same octets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zeroxide_proto::{Command, wire::command::error_reason};

fuzz_target!(|octets: &[u8]| {
    let Ok(command) = Command::parse(octets) else { return };
    let mut again = vec![];
    command.write_body(&mut again);
    assert_eq!(again, octets);
    if let Command::Error(data) = command {
        let _ = error_reason(data);
    }
});
