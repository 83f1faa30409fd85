//! Which version a peer is taken for (zmtp.md section 4.1), and that portions do not matter.

use super::*;

const FF: &[u8] = b"\xff\0\0\0\0\0\0\0\x01\x7f";

/// What a peer of each kind sends, and the version to speak with it; `{}` is its socket type.
fn matrix(peer: SocketType) -> Vec<(&'static str, Vec<u8>, Version)> {
    let kind = peer as u8;
    let ready = ready(peer.name());
    let three = |major, minor| [greeting(major, minor), ready.clone()].concat();
    vec![
        ("1.0, anonymous", vec![1, 0], Version::V1),
        ("1.0, short identity", b"\x03\x00me".to_vec(), Version::V1),
        ("1.0, long identity", b"\xff\0\0\0\0\0\0\0\x03\x00me".to_vec(), Version::V1),
        ("revision 0", [FF, &[0, kind, 1, 0]].concat(), Version::V1),
        ("2.0", [FF, &[1, kind, 0, 0]].concat(), Version::V2),
        ("X3 revision 2", [FF, &[2, kind, 0, 0]].concat(), Version::V2),
        ("3.0", three(3, 0), Version::V3_0),
        ("3.1", three(3, 1), Version::V3_1),
        ("3.9", three(3, 9), Version::V3_1),
        ("4.0", three(4, 0), Version::V3_1),
        ("255.255", three(255, 255), Version::V3_1),
    ]
}

#[test]
fn t2_every_kind_of_peer_in_both_roles() {
    for (own, peer) in [(SocketType::Req, SocketType::Rep), (SocketType::Rep, SocketType::Req)] {
        for (name, script, version) in matrix(peer) {
            let traffic = [&script[..], b"\x00\x01x"].concat();
            let outcome = play(settings(own), &traffic, usize::MAX);
            assert_eq!(outcome.consumed, script.len(), "{name}: traffic is not the handshake's");
            assert_eq!(established(outcome).peer.version, version, "{name}");
        }
    }
}

#[test]
fn t1_octet_by_octet_and_split_at_every_offset_is_the_same_as_at_once() {
    for (name, script, _) in matrix(SocketType::Rep) {
        let at_once = play(settings(SocketType::Req), &script, usize::MAX);
        for portion in 1..script.len() {
            let slowly = play(settings(SocketType::Req), &script, portion);
            assert_eq!(
                (&slowly.sent, slowly.consumed),
                (&at_once.sent, at_once.consumed),
                "{name} by {portion}"
            );
            let peer = &slowly.result.unwrap().unwrap().peer;
            assert_eq!(peer, &at_once.result.as_ref().unwrap().as_ref().unwrap().peer);
        }
    }
}

#[test]
fn t1_what_is_sent_after_each_octet_of_a_greeting() {
    let mut sent = vec![];
    let mut handshake = Handshake::new(settings(SocketType::Req), &mut sent);
    assert_eq!(sent.len(), 10);
    for (at, octet) in greeting(3, 1).into_iter().enumerate() {
        handshake.receive(&[octet], &mut sent).unwrap();
        let expected = match at + 1 {
            ..10 => 10,
            10 => 11,
            11..64 => 64,
            _ => 64 + 40,
        };
        assert_eq!(sent.len(), expected, "after {} octets", at + 1);
    }
}

#[test]
fn t1_padding_and_filler_are_never_looked_at() {
    let mut script = peer_script(Version::V3_1, SocketType::Rep);
    script[1..9].fill(0xA5);
    script[9] = 0x01;
    script[32] = 1;
    script[33..64].fill(0x5A);
    let up = established(play(settings(SocketType::Req), &script, 7));
    assert_eq!(up.peer.version, Version::V3_1);
}

#[test]
fn t19_the_flags_of_a_1_0_identity_are_ignored() {
    for flags in [0x00, 0x01, 0x7E, 0x7F, 0xFF] {
        let up = established(play(settings(SocketType::Dealer), &[3, flags, b'm', b'e'], 1));
        assert_eq!((up.peer.version, up.peer.routing_id), (Version::V1, Frame::from("me")));
    }
}

#[test]
fn xpub_and_xsub_pass_as_pub_and_sub_in_2_0_and_are_understood_as_themselves() {
    for (own, number, peer) in
        [(SocketType::Xpub, 1, SocketType::Sub), (SocketType::Xsub, 2, SocketType::Xpub)]
    {
        let outcome = play(settings(own), &peer_script(Version::V2, peer), usize::MAX);
        assert_eq!(outcome.sent[11], number);
        assert_eq!(established(outcome).peer.socket_type, Some(peer));
    }
}

#[test]
fn nothing_is_said_before_it_is_due() {
    // 2.0 sees 03 as a revision above its own, and only then the rest in its own form.
    let mut sent = vec![];
    let mut handshake = Handshake::new(settings(SocketType::Sub), &mut sent);
    handshake.receive(FF, &mut sent).unwrap();
    assert_eq!(sent[10..], [3]);
    handshake.receive(&[1], &mut sent).unwrap();
    assert_eq!(sent[10..], [3, 2, 0, 0]);
}
