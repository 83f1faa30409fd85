//! What must be refused in greeting and handshake (zmtp.md section 21), each rule by its number.

use super::*;
use crate::{
    security::Security,
    wire::{CommandError, MetadataError},
};

fn pull() -> Settings {
    settings(SocketType::Pull)
}

/// Plays a greeting of 3.1 and then `frames`.
fn after_greeting(frames: &[u8]) -> HandshakeError {
    refused(pull(), &[&greeting(3, 1), frames].concat())
}

fn command(body: &[u8]) -> Vec<u8> {
    [&[4, body.len() as u8], body].concat()
}

#[test]
fn r1_older_than_the_minimum_is_refused_as_soon_as_it_shows() {
    let least = |minimum_version| Settings { minimum_version, ..pull() };
    // The first letter of a stray HTTP request is enough.
    assert_eq!(refused(least(MinimumVersion::V2), b"G"), HandshakeError::Version(Version::V1));
    let two = b"\xff\0\0\0\0\0\0\0\x01\x7f\x01";
    assert_eq!(refused(least(MinimumVersion::V3), two), HandshakeError::Version(Version::V2));
    let zero = b"\xff\0\0\0\0\0\0\0\x01\x7f\x00";
    assert_eq!(refused(least(MinimumVersion::V2), zero), HandshakeError::Version(Version::V1));
    assert_eq!(HandshakeError::Version(Version::V1).code(), 0x1000_0000);
}

#[test]
fn r2_another_mechanism_is_refused_whichever_octet_differs() {
    for at in 12..32 {
        let mut script = greeting(3, 1);
        script[at] ^= 0x20;
        let outcome = play(pull(), &script, usize::MAX);
        let error = outcome.result.unwrap_err();
        assert!(matches!(error, HandshakeError::Mechanism(_)));
        assert_eq!(error.code(), 0x1100_0002);
        assert_eq!(outcome.sent.len(), 64, "no command goes out");
    }
}

#[test]
fn r3_t3_a_peer_without_security_is_refused_where_some_is_wanted() {
    let secured = || Settings { security: Security::Toy, ..pull() };
    let outcome = play(secured(), b"\x01\x00", usize::MAX);
    assert_eq!(outcome.result.unwrap_err(), HandshakeError::Downgrade(Version::V1));
    assert_eq!(outcome.sent.len(), 10, "closed without data");
    let two = b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x08\x00\x00";
    assert_eq!(refused(secured(), two), HandshakeError::Downgrade(Version::V2));
    assert!(matches!(refused(secured(), &greeting(3, 1)), HandshakeError::Mechanism(_)));
}

#[test]
fn r4_r7_only_command_frames_with_legal_flags_are_due() {
    for flags in 0..=255_u8 {
        let outcome = play(pull(), &[&greeting(3, 1)[..], &[flags]].concat(), usize::MAX);
        match flags {
            4 | 6 => assert!(outcome.result.unwrap().is_none()),
            0..=3 => assert_eq!(outcome.result.unwrap_err(), HandshakeError::UnexpectedMessage),
            5 | 7 => {
                assert_eq!(
                    outcome.result.unwrap_err(),
                    HandshakeError::Frame(ProtocolError::CommandWithMore)
                );
            }
            _ => assert_eq!(
                outcome.result.unwrap_err(),
                HandshakeError::Frame(ProtocolError::ReservedFlags(flags))
            ),
        }
    }
}

#[test]
fn r6_a_command_of_more_octets_than_metadata_may_have_is_refused_by_its_header() {
    for size in [70_000_u64, 1 << 40, 1 << 63, u64::MAX] {
        let error = after_greeting(&[&[6], &size.to_be_bytes()[..]].concat());
        assert_eq!(error, HandshakeError::Frame(ProtocolError::FrameTooLong { size }));
    }
}

#[test]
fn r7_unknown_malformed_and_untimely_commands_are_refused() {
    for body in [&b"\x05HELLO"[..], b"\x09SUBSCRIBEa", b"\x04PING\x00\x00", b"\x04PONG"] {
        let error = after_greeting(&command(body));
        assert_eq!((&error, error.code()), (&HandshakeError::UnexpectedCommand, 0x1000_0001));
    }
    for body in [&b""[..], b"\x00", b"\x06READY"] {
        let error = after_greeting(&command(body));
        assert_eq!((&error, error.code()), (&HandshakeError::Command(CommandError::Name), 0x1000_0011));
    }
    for body in [&b"\x05ERROR"[..], b"\x05ERROR\x05oops", b"\x05ERROR\x03oops"] {
        let error = after_greeting(&command(body));
        assert_eq!((&error, error.code()), (&HandshakeError::Command(CommandError::Reason), 0x1000_0015));
    }
}

#[test]
fn r8_malformed_metadata_are_refused() {
    let error = after_greeting(&command(b"\x05READY\x0bSocket-Type\x00\x00\x00\x09PUSH"));
    assert_eq!((&error, error.code()), (&HandshakeError::Metadata(MetadataError::Truncated), 0x1000_0018));
    let whole = ready("PUSH");
    for cut in 9..whole.len() {
        // T6: each truncation point, with a frame size that agrees.
        let mut frame = whole[..cut].to_vec();
        frame[1] = cut as u8 - 2;
        assert_eq!(after_greeting(&frame), HandshakeError::Metadata(MetadataError::Truncated), "{cut}");
    }
}

#[test]
fn t5_r11_all_pairs_of_types_over_3_1_and_a_wrong_one_is_told() {
    for own in SocketType::ALL {
        let names = SocketType::ALL.map(SocketType::name).into_iter().chain(["WHISPER", "pub", ""]);
        for name in names {
            let outcome = play(settings(own), &[greeting(3, 1), ready(name)].concat(), usize::MAX);
            let peer = SocketType::from_name(name.as_bytes());
            if peer.is_some_and(|peer| own.may_talk_to(peer)) {
                assert_eq!(established(outcome).peer.socket_type, peer);
            } else {
                assert_eq!(outcome.result.unwrap_err(), HandshakeError::SocketType { own, peer });
                assert!(outcome.sent.ends_with(b"\x04\x1a\x05ERROR\x13Invalid socket type"), "X7");
            }
        }
    }
}

#[test]
fn r11_a_wrong_type_over_2_0_is_refused_in_silence() {
    for number in 0..=255_u8 {
        let script = [b"\xff\0\0\0\0\0\0\0\x01\x7f\x01", &[number, 0, 0][..]].concat();
        let outcome = play(pull(), &script, usize::MAX);
        let peer = SocketType::ALL.get(usize::from(number)).copied();
        if number == 8 {
            assert!(outcome.result.unwrap().is_some());
        } else {
            assert_eq!(
                outcome.result.unwrap_err(),
                HandshakeError::SocketType { own: SocketType::Pull, peer }
            );
            assert_eq!(outcome.sent.len(), 14);
        }
    }
}

#[test]
fn a_peer_that_does_not_name_its_type_is_let_in() {
    let up = established(play(pull(), &[greeting(3, 0), command(b"\x05READY")].concat(), usize::MAX));
    assert_eq!((up.peer.socket_type, up.peer.routing_id), (None, Frame::EMPTY));
}

#[test]
fn r12_a_routing_id_of_256_octets_or_with_00_in_front_is_refused_in_every_version() {
    let router = || settings(SocketType::Router);
    let ready = |identity: &[u8]| {
        let mut data = vec![];
        crate::wire::metadata::write("identity", identity, &mut data);
        let mut frame = vec![];
        Command::Ready(&data).write(&mut frame);
        [greeting(3, 1), frame].concat()
    };
    let two = b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05".as_slice();
    let long = [7; 256];
    for script in [
        ready(b"\0a"),
        ready(&long),
        b"\x03\x00\0a".to_vec(),
        b"\xff\0\0\0\0\0\0\x01\x01\x00".to_vec(),
        [two, b"\x00\x02\0a"].concat(),
        [two, b"\x02\0\0\0\0\0\0\x01\x00"].concat(),
    ] {
        assert_eq!(refused(router(), &script), HandshakeError::RoutingId, "{}", script.escape_ascii());
    }
    let longest = [7; 255];
    for script in [ready(&longest), [two, b"\x00\xff", &longest].concat()] {
        assert_eq!(established(play(router(), &script, 9)).peer.routing_id, longest);
    }
}

#[test]
fn r14_an_identity_frame_of_length_zero_is_refused() {
    for script in [&[0][..], b"\xff\0\0\0\0\0\0\0\0\x00"] {
        assert_eq!(refused(pull(), script), HandshakeError::Frame(ProtocolError::ZeroLength));
    }
}

#[test]
fn r4_r5_an_identity_frame_of_2_0_is_final_and_no_command() {
    let two = |flags| [b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x08", &[flags][..]].concat();
    assert_eq!(refused(pull(), &two(1)), HandshakeError::Frame(ProtocolError::ReservedFlags(1)));
    assert_eq!(refused(pull(), &two(8)), HandshakeError::Frame(ProtocolError::ReservedFlags(8)));
    assert_eq!(refused(pull(), &two(4)), HandshakeError::Frame(ProtocolError::CommandOnLegacy));
}

#[test]
fn an_error_of_the_peer_says_why_and_a_status_is_known_as_one() {
    let error = after_greeting(&command(b"\x05ERROR\x03400"));
    assert_eq!(error, HandshakeError::Refused { reason: "400".into() });
    assert_eq!(error.authentication_status(), Some(400));
    let error = after_greeting(&command(b"\x05ERROR\x13Invalid socket type"));
    assert_eq!(error.authentication_status(), None);
    assert_eq!(error.to_string(), "the peer refused: \"Invalid socket type\"");
}
