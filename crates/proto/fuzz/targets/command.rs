//! What parses as a command writes back the same octets, but for a PING whose context was longer than 16 octets: of that the
//! first 16 stay.
use zeroxide_proto::{
    Command,
    wire::command::{CONTEXT_MAX, error_reason},
};

pub(crate) fn run(octets: &[u8]) {
    let Ok(command) = Command::parse(octets) else { return };
    let mut again = vec![];
    command.write_body(&mut again);
    match command {
        Command::Ping { context, .. } if context.len() == CONTEXT_MAX => assert!(octets.starts_with(&again)),
        _ => assert_eq!(again, octets),
    }
    assert_eq!(Command::parse(&again), Ok(command));
    if let Command::Error(data) = command {
        let _ = error_reason(data);
    }
}
