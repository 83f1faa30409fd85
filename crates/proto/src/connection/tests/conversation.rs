//! Two sides that talk to each other: versions, mechanisms, and connections that break.

use super::*;
use crate::security::Security;

/// Lets two connections shake hands, in portions of at most `portion`.
fn meet(one: Settings, other: Settings, portion: usize) -> (Established, Established) {
    let (mut one_out, mut other_out) = (vec![], vec![]);
    let mut one = (Handshake::new(one, &mut one_out), None);
    let mut other = (Handshake::new(other, &mut other_out), None);
    for _ in 0..10_000 {
        step(&mut one, &mut other_out, &mut one_out, portion);
        step(&mut other, &mut one_out, &mut other_out, portion);
        if let (Some(_), Some(_)) = (&one.1, &other.1) {
            break;
        }
    }
    assert!(one_out.is_empty() && other_out.is_empty(), "the handshake leaves nothing unread");
    (one.1.unwrap(), other.1.unwrap())
}

fn step(side: &mut (Handshake, Option<Established>), from: &mut Vec<u8>, out: &mut Vec<u8>, portion: usize) {
    let part: Vec<u8> = from.drain(..portion.min(from.len())).collect();
    let progress = side.0.receive(&part, out).unwrap();
    assert_eq!(progress.consumed, part.len());
    side.1 = side.1.take().or(progress.established);
}

fn sample() -> Vec<Message> {
    let envelope = Message::from_frames([b"\0abcd".to_vec(), vec![], vec![1; 300]]);
    vec![
        Message::from("hello"),
        envelope,
        Message::new(),
        Message::from(vec![2; 100_000]),
        Message::from("end"),
    ]
}

fn say(from: &mut Established, to: &mut Established, portion: usize) {
    let messages = sample();
    let octets = wire(&from.encoder.encode(batch(&messages)));
    let (received, result) = feed(&mut to.decoder, &octets, portion);
    assert_eq!(result, Ok(()));
    assert!(received.messages == messages);
}

#[test]
fn all_pairs_of_types_meet_and_talk_in_any_portions() {
    for one in SocketType::ALL {
        for other in SocketType::ALL.into_iter().filter(|other| one.may_talk_to(*other)) {
            for portion in [1, 7, 64, usize::MAX] {
                let (mut left, mut right) = meet(settings(one), settings(other), portion);
                assert_eq!((left.peer.socket_type, right.peer.socket_type), (Some(other), Some(one)));
                say(&mut left, &mut right, 4_096);
                say(&mut right, &mut left, 4_096);
            }
        }
    }
}

#[test]
fn in_the_ways_of_version_two_a_router_meets_a_reply_and_hears_its_name() {
    let routing_id = Frame::from("papa");
    let papa = Settings { version_two: true, routing_id, ..settings(SocketType::Rep) };
    let router = Settings { version_two: true, ..settings(SocketType::Router) };
    let (mut left, mut right) = meet(router, papa, usize::MAX);
    assert_eq!((&left.peer.routing_id[..], left.peer.socket_type), (&b"papa"[..], Some(SocketType::Rep)));
    say(&mut left, &mut right, 4_096);
    say(&mut right, &mut left, 4_096);
}

#[test]
fn a_peer_of_each_version_is_talked_to_in_its_own_form() {
    for version in ALL_VERSIONS {
        let script = peer_script(version, SocketType::Dealer);
        let mut up = established(play(settings(SocketType::Dealer), &script, usize::MAX));
        assert_eq!(up.peer.version, version);
        let mut peer = Established {
            peer: up.peer.clone(),
            decoder: decoder(version),
            encoder: Encoder::new(version, None),
        };
        for portion in [1_001, 65_536] {
            say(&mut up, &mut peer, portion);
            say(&mut peer, &mut up, portion);
        }
        assert_eq!(up.encoder.is_passthrough(), version != Version::V1);
    }
}

#[test]
fn a_mechanism_of_several_steps_encrypts_both_directions() {
    let secured = |kind| Settings { security: Security::Toy, ..settings(kind) };
    for portion in [1, 5, usize::MAX] {
        let (mut left, mut right) = meet(secured(SocketType::Xpub), secured(SocketType::Sub), portion);
        say(&mut left, &mut right, 1_003);
        say(&mut right, &mut left, usize::MAX);
        // Commands travel in message frames, and are commands inside only (X8).
        let mut out = vec![];
        right.encoder.subscription(b"A", true, &mut out);
        right.encoder.ping(1, b"ctx", &mut out);
        assert_eq!(out[0], 0);
        let received = receive(&mut left.decoder, &out);
        assert_eq!(received.commands, [&b"\x04\x0b\x09SUBSCRIBEA"[..], b"\x04\x0a\x04PING\x00\x01ctx"]);
        let wrapped = [&[4, 3, 0], &[!b'h', !b'i'][..]].concat();
        assert_eq!(
            receive(&mut left.decoder, &wrapped).messages,
            [Message::from("hi")],
            "accepted both ways"
        );
        let reserved = [0, 1, 8];
        assert_eq!(
            feed(&mut left.decoder, &reserved, 9).1,
            Err(ProtocolError::ReservedFlags(8)),
            "R9: flags inside"
        );
    }
}

#[test]
fn limits_count_what_is_inside_an_encrypted_frame() {
    let limited =
        Settings { security: Security::Toy, max_message_size: Some(5), ..settings(SocketType::Pull) };
    let secured = Settings { security: Security::Toy, ..settings(SocketType::Push) };
    let (mut push, mut pull) = meet(secured, limited, 64);
    let mut sent =
        |text: &str| feed(&mut pull.decoder, &wire(&push.encoder.encode(batch(&[text.into()]))), 64).1;
    assert_eq!(sent("12345"), Ok(()));
    assert_eq!(sent("123456"), Err(ProtocolError::FrameTooLong { size: 6 }));
}

#[test]
fn after_a_break_at_any_octet_the_next_connection_gets_what_did_not_go_out_whole() {
    let messages =
        vec![Message::from("a"), Message::from(["b", "c"]), Message::from(vec![1; 9_000]), "d".into()];
    let encoders: [fn() -> Encoder; 3] =
        [|| Encoder::new(Version::V3_1, None), || Encoder::new(Version::V1, None), Encoder::raw];
    for encoder in encoders {
        let whole = encoder().encode(batch(&messages));
        assert_eq!((whole.messages(), wire(&whole).len()), (messages.len(), whole.size()));
        for written in (0..20).chain((20..=whole.size()).step_by(17)).chain(whole.size() - 20..=whole.size())
        {
            let sent = wire(&whole)[..written].to_vec();
            let (mut rest, passed) = encoder().encode(batch(&messages)).into_unwritten(written);
            assert_eq!(rest.messages() + passed, messages.len());
            let left: Vec<_> = std::iter::from_fn(|| rest.pop()).collect();
            assert!(left == messages[passed..], "after {} octets", sent.len());
            let next = wire(&encoder().encode(batch(&messages[..=passed.min(messages.len() - 1)]))).len();
            assert!(written < next || passed == messages.len());
        }
    }
}
