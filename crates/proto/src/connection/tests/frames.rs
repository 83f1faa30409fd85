//! Traffic: frames of every form, commands among them, and what must be refused.

use super::*;
use crate::wire::CommandError;

/// One frame, in the long form if asked.
fn frame(flags: u8, body: &[u8], long: bool) -> Vec<u8> {
    let mut octets = vec![];
    if long || body.len() > 255 {
        octets.push(flags | 2);
        octets.extend((body.len() as u64).to_be_bytes());
    } else {
        octets.extend([flags, body.len() as u8]);
    }
    octets.extend(body);
    octets
}

fn error_of(version: Version, octets: &[u8]) -> Option<ProtocolError> {
    feed(&mut decoder(version), octets, usize::MAX).1.err()
}

fn limited(change: impl FnOnce(&mut Settings)) -> Decoder {
    let mut settings = settings(SocketType::Pull);
    change(&mut settings);
    established(play(settings, &peer_script(Version::V3_1, SocketType::Push), usize::MAX)).decoder
}

#[test]
fn t4_frames_of_every_size_arrive_in_every_version_and_portion() {
    for version in ALL_VERSIONS {
        let mut encoder = Encoder::new(version, None);
        for size in [0, 1, 253, 254, 255, 256, 8_191, 8_192, 65_535, 65_536, 300_000] {
            let message = Message::from_frames([vec![1; size], vec![], vec![2; size]]);
            let sent = [message.clone(), Message::from(vec![3; size]), message];
            let octets = wire(&encoder.encode(batch(&sent)));
            for portion in [1_000, 4_099, 65_536, usize::MAX] {
                let (received, result) = feed(&mut decoder(version), &octets, portion);
                assert_eq!(result, Ok(()));
                assert!(received.messages == sent, "{version} {size} by {portion}");
            }
        }
    }
}

#[test]
fn t4_every_flag_octet_is_accepted_or_refused_by_the_first_octet_alone() {
    for flags in 0..=255_u8 {
        let expected = |version| match (flags, version) {
            (0..4, _) | (4 | 6, Version::V3_0 | Version::V3_1) => None,
            (4..8, Version::V2) => Some(ProtocolError::CommandOnLegacy), // R5
            (5 | 7, _) => Some(ProtocolError::CommandWithMore),          // R4
            _ => Some(ProtocolError::ReservedFlags(flags)),              // R4
        };
        for version in [Version::V2, Version::V3_0, Version::V3_1] {
            assert_eq!(error_of(version, &[flags]), expected(version), "{flags:#x} {version}");
        }
        let legacy = receive(&mut decoder(Version::V1), &[2, flags & !1, b'x']);
        assert_eq!(legacy.messages, [Message::from("x")], "1.0 ignores what is reserved");
    }
}

#[test]
fn t4_the_long_form_is_accepted_for_a_short_body() {
    for body in [&b"hello"[..], b""] {
        let received = receive(&mut decoder(Version::V3_1), &frame(0, body, true));
        assert_eq!(received.messages, [Message::from(body)]);
    }
    let ping = frame(4, b"\x04PING\0\0", true);
    assert_eq!(receive(&mut decoder(Version::V3_1), &ping).commands, [b"\x04\x07\x04PING\0\0"]);
}

#[test]
fn t11_commands_between_the_frames_of_a_message_are_legal_and_seen() {
    let ping = b"\x04\x07\x04PING\x00\x0a".to_vec();
    let subscribe = b"\x04\x0b\x09SUBSCRIBEA".to_vec();
    let mut octets = vec![];
    for part in
        [&b"\x01\x01a"[..], &ping, b"\x01\x01b", &subscribe, &ping, b"\x00\x01c", &subscribe, b"\x00\x01d"]
    {
        octets.extend(part);
    }
    for portion in 1..=octets.len() {
        let (received, result) = feed(&mut decoder(Version::V3_1), &octets, portion);
        assert_eq!(result, Ok(()));
        assert_eq!(received.messages, [Message::from(["a", "b", "c"]), Message::from("d")], "by {portion}");
        assert_eq!(received.commands, [&ping, &subscribe, &ping, &subscribe].map(Vec::clone));
    }
}

#[test]
fn commands_between_frames_do_not_pile_up() {
    let mut decoder = decoder(Version::V3_1);
    receive(&mut decoder, b"\x01\x01a");
    let pings = b"\x04\x07\x04PING\x00\x0a".repeat(10_000);
    for _ in 0..20 {
        assert_eq!(receive(&mut decoder, &pings).commands.len(), 10_000);
        assert!(decoder.held() < 100, "{}", decoder.held());
    }
    assert_eq!(receive(&mut decoder, b"\x00\x01b").messages, [Message::from(["a", "b"])]);
}

#[test]
fn unknown_commands_and_those_of_a_handshake_are_no_fault_in_traffic() {
    let octets =
        [&b"\x04\x06\x05HELLO"[..], b"\x04\x07\x05ERROR\x09", b"\x04\x07\x05READY\x00", b"\x00\x00"].concat();
    let received = receive(&mut decoder(Version::V3_0), &octets);
    assert_eq!((received.commands.len(), received.messages.len()), (3, 1));
}

#[test]
fn r7_r10_malformed_commands_end_the_connection_and_what_came_before_is_kept() {
    for (body, fault) in [
        (&b""[..], CommandError::Name),
        (b"\x00", CommandError::Name),
        (b"\x09PING", CommandError::Name),
        (b"\x04PING", CommandError::Ping),
        (b"\x04PING\x00", CommandError::Ping),
        (b"\x04PONGABCDEFGHIJKLMNOPQ", CommandError::Pong),
    ] {
        let octets = [&b"\x00\x01x\x01\x01y"[..], &frame(4, body, false)].concat();
        let (received, result) = feed(&mut decoder(Version::V3_1), &octets, usize::MAX);
        assert_eq!(result, Err(ProtocolError::Command(fault)));
        assert_eq!(received.messages, [Message::from("x")]);
        assert_eq!(result.unwrap_err().code(), 0x1000_0011);
    }
}

#[test]
fn r6_a_frame_longer_than_allowed_is_refused_by_its_header() {
    for (limit, size) in [(0, 1), (10, 11), (255, 256), (256, 257), (100_000, 100_001), (9, 1 << 62)] {
        let fault = Err(ProtocolError::FrameTooLong { size });
        let mut decoder = limited(|settings| settings.max_message_size = Some(limit));
        let long = [&[2], &size.to_be_bytes()[..]].concat();
        assert_eq!(feed(&mut decoder, &long, usize::MAX).1, fault);
        if let Ok(short) = u8::try_from(size) {
            let mut decoder = limited(|settings| settings.max_message_size = Some(limit));
            assert_eq!(feed(&mut decoder, &[0, short], usize::MAX).1, fault);
        }
        let mut decoder = limited(|settings| settings.max_message_size = Some(limit));
        let longest = frame(0, &vec![1; limit as usize], false);
        assert_eq!(receive(&mut decoder, &longest).messages.len(), 1);
    }
}

#[test]
fn r6_more_than_63_bits_is_refused_without_any_limit() {
    for size in [1 << 63, u64::MAX] {
        let long = [&[2], &size.to_be_bytes()[..]].concat();
        assert_eq!(error_of(Version::V3_1, &long), Some(ProtocolError::FrameTooLong { size }));
        let long = [&[0xFF], &size.to_be_bytes()[..], &[0]].concat();
        let fault =
            if size == u64::MAX { Some(ProtocolError::FrameTooLong { size: size - 1 }) } else { None };
        assert_eq!(error_of(Version::V1, &long), fault, "the length of 1.0 counts the flags");
    }
    // A command of 64 MiB and one octet: no topic may be so long.
    let long = [&[6], &(64_u64 * 1024 * 1024 + 1).to_be_bytes()[..]].concat();
    assert!(matches!(error_of(Version::V3_1, &long), Some(ProtocolError::CommandTooLong { .. })));
}

#[test]
fn r6_the_frames_of_one_message_are_counted_together() {
    for portion in [1, 3, usize::MAX] {
        let mut decoder = limited(|settings| settings.max_message_total = Some(10));
        let within = b"\x01\x05aaaaa\x01\x00\x00\x05bbbbb";
        assert_eq!(feed(&mut decoder, &within.repeat(3), portion).0.messages.len(), 3);
        let beyond = b"\x01\x05aaaaa\x00\x06bbbbbb";
        assert_eq!(feed(&mut decoder, beyond, portion).1, Err(ProtocolError::MessageTooLong));
        let mut decoder = limited(|settings| settings.max_message_total = Some(10));
        assert_eq!(feed(&mut decoder, b"\x00\x0bccccccccccc", portion).1, Err(ProtocolError::MessageTooLong));
    }
}

#[test]
fn r21_a_message_may_have_65_536_frames_and_no_more() {
    for version in ALL_VERSIONS {
        let (more, last) =
            if version == Version::V1 { (b"\x01\x01", b"\x01\x00") } else { (b"\x01\x00", b"\x00\x00") };
        let longest = [more.repeat(65_535), last.to_vec()].concat();
        let received = receive(&mut decoder(version), &longest);
        assert_eq!(received.messages.first().map(|message| message.len()), Some(65_536));
        assert_eq!(error_of(version, &more.repeat(65_537)), Some(ProtocolError::TooManyFrames), "{version}");
    }
}

#[test]
fn r14_length_zero_ends_a_1_0_connection() {
    let (received, result) = feed(&mut decoder(Version::V1), b"\x02\x00a\x00", usize::MAX);
    assert_eq!((received.messages.len(), result), (1, Err(ProtocolError::ZeroLength)));
}

#[test]
fn a_stream_gets_what_was_read_and_sends_bodies_alone() {
    let mut decoder = Decoder::raw();
    for size in [1, 100, 40_000, 60_000] {
        let read = vec![7; size];
        assert_eq!(receive(&mut decoder, &read).messages, [Message::from(read)]);
    }
    let mut encoder = Encoder::raw();
    let out = encoder.encode(batch(&[Message::from("GET /"), Message::from(vec![1; 9_000])]));
    assert_eq!(wire(&out), [b"GET /".to_vec(), vec![1; 9_000]].concat());
    assert_eq!(out.size(), 9_005);
}

#[test]
fn t10_x13_subscriptions_in_the_form_of_each_version() {
    for size in [0, 1, 245, 246, 254, 255, 256, 70_000] {
        let topic = vec![9; size];
        for subscribe in [true, false] {
            let told = |version| {
                let mut out = vec![];
                Encoder::new(version, None).subscription(&topic, subscribe, &mut out);
                out
            };
            assert_eq!(told(Version::V1), []);
            let message = Message::from([&[u8::from(subscribe)], &topic[..]].concat());
            for version in [Version::V2, Version::V3_0] {
                let octets = told(version);
                assert_eq!(octets[0], if 1 + size > 255 { 2 } else { 0 });
                assert_eq!(
                    receive(&mut decoder(version), &octets).messages[..],
                    *std::slice::from_ref(&message)
                );
            }
            let mut command = vec![];
            let expected = if subscribe { Command::Subscribe(&topic) } else { Command::Cancel(&topic) };
            expected.write(&mut command);
            assert_eq!(told(Version::V3_1), command);
            let received = receive(&mut decoder(Version::V3_1), &command);
            assert_eq!(received, Received { commands: vec![command], messages: vec![] });
        }
    }
}

#[test]
fn heartbeats_are_for_3_0_and_3_1_and_contexts_are_cut_at_sixteen() {
    for version in ALL_VERSIONS {
        let mut out = vec![];
        let mut encoder = Encoder::new(version, None);
        encoder.ping(10, b"", &mut out);
        encoder.pong(&[1; 17], &mut out);
        let expected = [&b"\x04\x07\x04PING\x00\x0a\x04\x15\x04PONG"[..], &[1; 16]].concat();
        assert_eq!(out, if version.has_commands() { expected } else { vec![] });
    }
}
