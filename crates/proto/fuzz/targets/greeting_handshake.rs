//! A peer that sends anything, in portions the first octet chooses: the handshake sends and finds the same as at once.
use zeroxide_proto::{
    Handshake, HandshakeError, Options, PeerProperties, Settings, SocketType, options::MinimumVersion,
};

fn play(script: &[u8], portion: usize) -> (Vec<u8>, Result<Option<PeerProperties>, HandshakeError>) {
    let options =
        Options { minimum_version: MinimumVersion::V1, routing_id: "me".into(), ..Options::default() };
    let mut sent = vec![];
    let mut handshake = Handshake::new(Settings::new(SocketType::Router, &options), &mut sent);
    for part in script.chunks(portion) {
        match handshake.receive(part, &mut sent) {
            Ok(progress) if progress.established.is_some() => {
                return (sent, Ok(progress.established.map(|up| up.peer)));
            }
            Ok(progress) => assert_eq!(progress.consumed, part.len()),
            Err(error) => return (sent, Err(error)),
        }
    }
    (sent, Ok(None))
}

pub(crate) fn run(octets: &[u8]) {
    let Some((&portion, script)) = octets.split_first() else { return };
    assert_eq!(play(script, usize::from(portion) + 1), play(script, script.len().max(1)));
}
