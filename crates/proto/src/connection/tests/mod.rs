//! Whole connections, told as octets. What every story needs is here.

mod arbitrary;
mod conversation;
mod detection;
mod frames;
mod large;
mod limits;
mod refusals;
mod secure;
mod sessions;
mod tampering;
mod wishes;

use super::*;
use crate::Message;

pub(super) const ALL_VERSIONS: [Version; 4] = [Version::V1, Version::V2, Version::V3_0, Version::V3_1];

/// What a decoder handed over.
#[derive(Default, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) messages: Vec<Message>,
    /// Each as its whole frame.
    pub(super) commands: Vec<Vec<u8>>,
}

impl Sink for Received {
    fn messages(&mut self, mut batch: Batch) {
        assert!(!batch.is_empty(), "a batch without messages is not worth a call");
        let before = self.messages.len() + batch.messages();
        self.messages.extend(std::iter::from_fn(|| batch.pop()));
        assert_eq!(self.messages.len(), before, "a batch holds as many messages as it says");
    }

    fn command(&mut self, command: Command<'_>) {
        let mut frame = vec![];
        command.write(&mut frame);
        self.commands.push(frame);
    }
}

/// A socket of this type that talks to every version.
pub(super) fn settings(socket_type: SocketType) -> Settings {
    let options = Options { minimum_version: MinimumVersion::V1, ..Options::default() };
    Settings::new(socket_type, &options)
}

pub(super) fn decoder(version: Version) -> Decoder {
    Decoder::new(version, Limits { frames: FRAMES_MAX, ..Limits::NONE }, None)
}

/// Reads `octets` in portions of at most `portion`, all into one read buffer, as an I/O thread does.
pub(super) fn feed(
    decoder: &mut Decoder,
    octets: &[u8],
    portion: usize,
) -> (Received, Result<(), ProtocolError>) {
    let mut received = Received::default();
    let result = feed_to(decoder, octets, portion, &mut received);
    (received, result)
}

/// As [`feed`], to this sink.
pub(super) fn feed_to(
    decoder: &mut Decoder,
    octets: &[u8],
    portion: usize,
    sink: &mut impl Sink,
) -> Result<(), ProtocolError> {
    let mut scratch = b"left by another connection".to_vec();
    let mut rest = octets;
    while !rest.is_empty() {
        let target = decoder.target(&mut scratch);
        let room = target.capacity() - target.len();
        assert!(room > 0, "there is room to read");
        let (now, later) = rest.split_at(portion.min(room).min(rest.len()));
        target.extend_from_slice(now);
        rest = later;
        decoder.advance(&mut scratch, sink)?;
        assert!(scratch.is_empty(), "the read buffer holds nothing between two reads");
    }
    Ok(())
}

/// As [`feed`], where nothing is wrong with the octets.
pub(super) fn receive(decoder: &mut Decoder, octets: &[u8]) -> Received {
    let (received, result) = feed(decoder, octets, usize::MAX);
    assert_eq!(result, Ok(()));
    received
}

/// What one side did with a script.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) sent: Vec<u8>,
    pub(super) consumed: usize,
    pub(super) result: Result<Option<Established>, HandshakeError>,
}

/// Plays `script` to a new connection in portions of at most `portion`.
pub(super) fn play(settings: Settings, script: &[u8], portion: usize) -> Outcome {
    let mut sent = vec![];
    let mut handshake = Handshake::new(settings, &mut sent);
    let mut consumed = 0;
    for part in script.chunks(portion) {
        let progress = match handshake.receive(part, &mut sent) {
            Ok(progress) => progress,
            Err(error) => return Outcome { sent, consumed, result: Err(error) },
        };
        consumed += progress.consumed;
        if progress.established.is_some() {
            return Outcome { sent, consumed, result: Ok(progress.established) };
        }
        assert_eq!(progress.consumed, part.len(), "what is not traffic is taken");
    }
    Outcome { sent, consumed, result: Ok(None) }
}

pub(super) fn established(outcome: Outcome) -> Established {
    outcome.result.unwrap().unwrap()
}

pub(super) fn refused(settings: Settings, script: &[u8]) -> HandshakeError {
    play(settings, script, usize::MAX).result.unwrap_err()
}

/// The greeting of a 3.x peer with mechanism NULL.
pub(super) fn greeting(major: u8, minor: u8) -> Vec<u8> {
    let mut octets = b"\xff\0\0\0\0\0\0\0\x01\x7f".to_vec();
    octets.extend([major, minor]);
    octets.extend(b"NULL");
    octets.resize(64, 0);
    octets
}

/// The READY of a peer of this type, without further properties.
pub(super) fn ready(name: &str) -> Vec<u8> {
    let mut data = vec![];
    crate::wire::metadata::write("Socket-Type", name.as_bytes(), &mut data);
    let mut frame = vec![];
    Command::Ready(&data).write(&mut frame);
    frame
}

/// All that a peer of this version and type sends before traffic.
pub(super) fn peer_script(version: Version, socket_type: SocketType) -> Vec<u8> {
    match version {
        Version::V1 => b"\x01\x00".to_vec(),
        Version::V2 => [b"\xff\0\0\0\0\0\0\0\x01\x7f\x01", &[socket_type as u8, 0, 0][..]].concat(),
        Version::V3_0 => [greeting(3, 0), ready(socket_type.name())].concat(),
        Version::V3_1 => [greeting(3, 1), ready(socket_type.name())].concat(),
    }
}

pub(super) fn wire(wire: &Wire) -> Vec<u8> {
    wire.segments().flatten().copied().collect()
}

pub(super) fn batch(messages: &[Message]) -> Batch {
    let mut batch = Batch::new();
    for message in messages {
        batch.push_message(&[], message);
    }
    batch
}
