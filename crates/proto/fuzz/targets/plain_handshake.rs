//! A peer that sends anything to a PLAIN server and a PLAIN client. The first octet chooses whom, and the portions; what
//! follows is the peer's part behind a proper greeting. However it is cut, the outcome is the same.
use std::sync::Arc;
use zeroxide_proto::{
    Handshake, Options, Settings, SocketType,
    security::{PlainClient, Security, Verdict},
};

fn play(server: bool, script: &[u8], portion: usize) -> (Vec<u8>, String) {
    let client = PlainClient { username: b"admin".to_vec(), password: "secret".into() };
    let security = if server { Security::PlainServer } else { Security::PlainClient(Arc::new(client)) };
    let settings = Settings { security, asks: true, ..Settings::new(SocketType::Pair, &Options::default()) };
    let mut sent = vec![];
    let mut handshake = Handshake::new(settings, &mut sent);
    let mut greeting = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01PLAIN".to_vec();
    greeting.resize(64, 0);
    let mut rest = [&greeting, script].concat();
    while !rest.is_empty() {
        let part = &rest[..portion.min(rest.len())];
        let progress = match handshake.receive(part, &mut sent) {
            Ok(progress) => progress,
            Err(error) => return (sent, format!("{error:?}")),
        };
        if progress.question.is_some() {
            if let Err(error) = handshake.answer(Verdict::Allow, &mut sent) {
                return (sent, format!("{error:?}"));
            }
        } else if let Some(up) = progress.established {
            return (sent, format!("{:?}", up.peer));
        }
        rest.drain(..progress.consumed);
    }
    (sent, String::new())
}

pub(crate) fn run(octets: &[u8]) {
    let Some((&first, script)) = octets.split_first() else { return };
    let (server, portion) = (first & 1 == 0, usize::from(first >> 1) + 1);
    assert_eq!(play(server, script, portion), play(server, script, usize::MAX));
}
