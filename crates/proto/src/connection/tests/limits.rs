//! Each limit from both sides: what just fits passes, what is one more is refused, in portions of any size.

use super::*;
use crate::{
    Limit,
    wire::metadata::{self, MetadataError},
};

const PORTIONS: [usize; 4] = [1, 2, 3, usize::MAX];

fn established(limit: impl FnOnce(&mut Options)) -> Decoder {
    let mut options = Options::default();
    limit(&mut options);
    let settings = Settings::new(SocketType::Pull, &options);
    let mut out = vec![];
    let mut handshake = Handshake::new(settings, &mut out);
    let heard = [greeting_v31(), ready(&[(metadata::SOCKET_TYPE, b"PUSH")])].concat();
    handshake.receive(&heard, &mut out).unwrap().established.unwrap().decoder
}

fn greeting_v31() -> Vec<u8> {
    let mut octets = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
    octets.resize(64, 0);
    octets
}

fn ready(properties: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut data, mut frame) = (vec![], vec![]);
    for (name, value) in properties {
        assert!(metadata::write(name, value, &mut data));
    }
    Command::Ready(&data).write(&mut frame);
    frame
}

/// What READY of these properties comes to.
fn said(limit: impl FnOnce(&mut Options), properties: &[(&str, &[u8])]) -> Result<usize, HandshakeError> {
    let mut options = Options::default();
    limit(&mut options);
    let mut out = vec![];
    let mut handshake = Handshake::new(Settings::new(SocketType::Pull, &options), &mut out);
    let heard = [greeting_v31(), ready(properties)].concat();
    let progress = handshake.receive(&heard, &mut out)?;
    Ok(progress.established.unwrap().peer.metadata.len())
}

#[track_caller]
fn passes_and_fails(
    limit: impl Fn(&mut Options) + Copy,
    within: &[u8],
    beyond: &[u8],
    error: ProtocolError,
    met: Limit,
) {
    for portion in PORTIONS {
        let (received, result) = feed(&mut established(limit), &within.repeat(5), portion);
        assert_eq!((received.messages.len() + received.commands.len(), result), (5, Ok(())));
        let (received, result) = feed(&mut established(limit), &[within, beyond].concat(), portion);
        assert_eq!((received.messages.len() + received.commands.len(), result), (1, Err(error)));
    }
    assert_eq!(error.limit(), Some(met));
}

#[test]
fn a_frame_of_the_greatest_size_passes() {
    let (within, beyond) = (b"\0\x05aaaaa", b"\0\x06aaaaaa");
    let error = ProtocolError::FrameTooLong { size: 6 };
    passes_and_fails(|options| options.max_message_size = Some(5), within, beyond, error, Limit::MessageSize);
}

#[test]
fn frames_that_fill_a_message_pass() {
    let limit = |options: &mut Options| options.max_multipart_size = Some(300);
    let frame = |flags: u8, size: u8| [&[flags, size], &vec![7; size.into()][..]].concat();
    let within = [frame(1, 200), frame(1, 0), frame(0, 100)].concat();
    let error = ProtocolError::MessageTooLong;
    for beyond in [[frame(1, 200), frame(0, 101)].concat(), [frame(1, 200), frame(1, 101)].concat()] {
        passes_and_fails(limit, &within, &beyond, error, Limit::MultipartSize);
    }
    let long = [&[3][..], &301_u64.to_be_bytes()].concat();
    passes_and_fails(limit, &within, &long, error, Limit::MultipartSize);
    let behind_short_ones = [frame(1, 200), [&[3][..], &101_u64.to_be_bytes()].concat()].concat();
    passes_and_fails(limit, &within, &behind_short_ones, error, Limit::MultipartSize);
}

#[test]
fn as_many_frames_as_allowed_pass() {
    let within = b"\x01\0\x01\0\0\0";
    let error = ProtocolError::TooManyFrames;
    let limit = |options: &mut Options| options.max_frames = Some(3);
    passes_and_fails(limit, within, b"\x01\0\x01\0\x01\0\0\0", error, Limit::Frames);
    passes_and_fails(limit, within, b"\x01\0\x01\0\x01\0\x01\0", error, Limit::Frames);
}

#[test]
fn a_subscription_of_the_greatest_length_passes_and_small_commands_always_do() {
    let subscribe = |length: usize| {
        let mut frame = vec![];
        Command::Subscribe(&vec![b't'; length]).write(&mut frame);
        frame
    };
    let error = ProtocolError::CommandTooLong { size: 10 + 5001 };
    let limit = |options: &mut Options| options.max_topic_length = Some(5000);
    passes_and_fails(limit, &subscribe(5000), &subscribe(5001), error, Limit::TopicLength);
    let tiny = established(|options| options.max_topic_length = Some(0));
    let ping = b"\x04\x07\x04PING\0\0";
    assert_eq!(feed(&mut { tiny }, ping, 1).1, Ok(()));
}

#[test]
fn metadata_pass_up_to_their_greatest_size_and_number() {
    let kind: (&str, &[u8]) = (metadata::SOCKET_TYPE, b"PUSH");
    let octets_of_kind = 1 + 11 + 4 + 4;
    let too_much = Err(HandshakeError::Metadata(MetadataError::TooMuch));
    let most = |options: &mut Options| options.max_metadata_size = Some(1000);
    let own = vec![7; 1000 - octets_of_kind - 8];
    assert_eq!(said(most, &[kind, ("X-a", &own)]), Ok(2));
    assert_eq!(said(most, &[kind, ("X-ab", &own)]), too_much);
    let three = |options: &mut Options| options.max_metadata_properties = Some(3);
    assert_eq!(said(three, &[kind, ("X-a", b""), ("X-b", b"")]), Ok(3));
    assert_eq!(said(three, &[kind, ("X-a", b""), ("X-b", b""), ("X-c", b"")]), too_much);
    assert_eq!(HandshakeError::Metadata(MetadataError::TooMuch).limit(), Some(Limit::Metadata));
}

#[test]
fn no_more_of_a_command_is_held_than_metadata_may_have() {
    let options = Options { max_metadata_size: Some(512), ..Options::default() };
    let mut out = vec![];
    let mut handshake = Handshake::new(Settings::new(SocketType::Pull, &options), &mut out);
    handshake.receive(&greeting_v31(), &mut out).unwrap();
    let claims = |size: u64| [&[6][..], &size.to_be_bytes()].concat();
    let error = handshake.receive(&claims(512 + 265), &mut out).unwrap_err();
    assert_eq!(error, HandshakeError::Frame(ProtocolError::FrameTooLong { size: 777 }));
    assert_eq!(error.limit(), Some(Limit::Metadata));
}
