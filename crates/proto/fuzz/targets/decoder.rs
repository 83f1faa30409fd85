//! Traffic of any kind after a good handshake; the first octet chooses version and portions, which change nothing.
use zeroxide_proto::{
    Batch, Command, Decoder, Handshake, Message, Options, ProtocolError, Settings, Sink, SocketType,
    options::MinimumVersion,
};

/// What a PUSH of 1.0, 2.0 or 3.1 sends before traffic; `None` is for the raw decoder.
fn greeting(kind: u8) -> Option<Vec<u8>> {
    let signature = b"\xff\0\0\0\0\0\0\0\x01\x7f";
    match kind {
        0 => Some(b"\x01\x00".to_vec()),
        1 => Some([signature, &b"\x01\x08\x00\x00"[..]].concat()),
        2 => {
            let mut greeting = [signature, &b"\x03\x01NULL"[..]].concat();
            greeting.resize(64, 0);
            Some([&greeting[..], b"\x04\x06\x05READY"].concat())
        }
        _ => None,
    }
}

#[derive(Default, PartialEq, Debug)]
struct Received(Vec<Message>, Vec<Vec<u8>>);

impl Sink for Received {
    fn messages(&mut self, mut batch: Batch) {
        let count = batch.messages();
        let before = self.0.len();
        self.0.extend(std::iter::from_fn(|| batch.pop()));
        assert_eq!(self.0.len() - before, count);
    }

    fn command(&mut self, command: Command<'_>) {
        let mut frame = vec![];
        command.write(&mut frame);
        self.1.push(frame);
    }
}

fn decoder(kind: u8) -> Decoder {
    let Some(script) = greeting(kind) else { return Decoder::raw() };
    let options = Options {
        minimum_version: MinimumVersion::V1,
        max_message_size: Some(1 << 20),
        ..Options::default()
    };
    let mut handshake = Handshake::new(Settings::new(SocketType::Pull, &options), &mut vec![]);
    handshake.receive(&script, &mut vec![]).unwrap().established.unwrap().decoder
}

fn decode(kind: u8, octets: &[u8], portion: usize) -> (Received, Result<(), ProtocolError>) {
    let mut decoder = decoder(kind);
    let mut received = Received::default();
    let mut scratch = vec![];
    let mut rest = octets;
    while !rest.is_empty() {
        let target = decoder.target(&mut scratch);
        let (now, later) = rest.split_at(portion.min(target.capacity() - target.len()).min(rest.len()));
        target.extend_from_slice(now);
        rest = later;
        let result = decoder.advance(&mut scratch, &mut received);
        if result.is_err() {
            return (received, result);
        }
    }
    (received, Ok(()))
}

pub(crate) fn run(octets: &[u8]) {
    let Some((&first, octets)) = octets.split_first() else { return };
    let kind = first % 4;
    let slowly = decode(kind, octets, usize::from(first / 4) * 37 + 1);
    if kind < 3 {
        assert_eq!(slowly, decode(kind, octets, usize::MAX));
    }
}
