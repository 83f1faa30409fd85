//! Greetings and what follows them, in any portions, from peers of every version (T1, T2, T5, T19).

use super::*;

#[test]
fn t1_a_greeting_of_3_1_may_come_in_any_portions() {
    let greeting = greeting_v31("NULL");
    let portions: [&[usize]; 5] = [&[64], &[1; 64], &[11, 53], &[10, 1, 1, 52], &[9, 2, 53]];
    for portions in portions {
        bound_and_connected(
            Kind::Pull,
            |_| {},
            |pull, mut peer| {
                let mut rest = &greeting[..];
                for &portion in portions {
                    let (now, later) = rest.split_at(portion);
                    peer.send(now);
                    rest = later;
                }
                peer.expect(&greeting).expect(&ready(Kind::Pull, b""));
                peer.send(&ready(Kind::Push, b"")).send(&message(&[b"hello"]));
                gets(pull, &[b"hello"]);
            },
        );
    }
}

#[test]
fn t1_greeting_handshake_and_messages_may_come_at_once_or_octet_by_octet() {
    let body = [7; 300];
    let all = [greeting_v31("NULL"), ready(Kind::Push, b""), message(&[b"one", &body, b""])].concat();
    for octet_by_octet in [false, true] {
        bound_and_connected(
            Kind::Pull,
            |_| {},
            |pull, mut peer| {
                if octet_by_octet {
                    peer.send_octet_by_octet(&all);
                } else {
                    peer.send(&all);
                }
                peer.expect(&greeting_v31("NULL")).expect(&ready(Kind::Pull, b""));
                gets(pull, &[b"one", &body, b""]);
            },
        );
    }
}

#[test]
fn t1_we_say_what_may_be_said_at_each_point_and_no_more() {
    bound_and_connected(
        Kind::Pull,
        |_| {},
        |_, mut peer| {
            peer.expect(&signature(0));
            peer.send(&signature(0)).expect(&[3]);
            peer.send(&[3]).expect(&greeting_tail(1, "NULL"));
            peer.send(&greeting_tail(1, "NULL")).expect(&ready(Kind::Pull, b""));
        },
    );
}

#[test]
fn t1_padding_mark_as_server_and_filler_are_not_judged() {
    let mut greeting = greeting_v31("NULL");
    greeting[1..9].copy_from_slice(b"any junk");
    greeting[9] = 1;
    greeting[32] = 1;
    greeting[33..].fill(0xAA);
    bound_and_connected(
        Kind::Pull,
        |_| {},
        |pull, mut peer| {
            peer.send(&greeting).send(&ready(Kind::Push, b"")).send(&message(&[b"hello"]));
            peer.expect(&greeting_v31("NULL")).expect(&ready(Kind::Pull, b""));
            gets(pull, &[b"hello"]);
        },
    );
}

#[test]
fn t2_later_versions_are_spoken_to_as_3_1() {
    for (major, minor) in [(3, 2), (3, 255), (4, 0), (255, 255)] {
        let mut greeting = greeting_v31("NULL");
        (greeting[10], greeting[11]) = (major, minor);
        bound_and_connected(
            Kind::Sub,
            |sub| sub.subscribe("a").unwrap(),
            |_, mut peer| {
                peer.send(&greeting).expect(&greeting_v31("NULL"));
                peer.send(&ready(Kind::Pub, b"")).expect(&ready(Kind::Sub, b"")).expect(&subscribe(b"a"));
            },
        );
    }
}

#[test]
fn t2_revisions_1_and_2_are_spoken_to_as_2_0() {
    for revision in [1, 2] {
        let mut greeting = greeting_v20(Kind::Push, b"");
        greeting[10] = revision;
        bound_and_connected(
            Kind::Pull,
            |_| {},
            |pull, mut peer| {
                peer.expect(&signature(0));
                peer.send(&greeting).expect(&[3, Kind::Pull.octet(), 0, 0]);
                peer.send(&message(&[b"a", b"", b"b"]));
                gets(pull, &[b"a", b"", b"b"]);
            },
        );
    }
}

#[test]
fn t2_revision_0_has_a_signature_and_then_frames_of_1_0() {
    let greeting = [signature(0), vec![0, Kind::Push.octet()], frame_v10(false, b"")].concat();
    bound_and_connected(Kind::Pull, speak_v1, |pull, mut peer| {
        peer.send(&greeting).expect(&signature(0)).expect(&[3, Kind::Pull.octet()]).expect(&[1, 0]);
        peer.send(&message_v10(&[b"a", b"b"]));
        gets(pull, &[b"a", b"b"]);
    });
}

#[test]
fn t2_t19_a_1_0_peer_is_known_by_its_identity_short_or_long_whatever_its_flags() {
    let long = |length: u8, flags: u8| [&[0xFF, 0, 0, 0, 0, 0, 0, 0, length, flags][..], b"name"].concat();
    let greetings = [
        vec![1, 0],
        vec![1, 0x7F],
        frame_v10(false, b"name"),
        b"\x05\x7Fname".to_vec(),
        long(5, 0),
        long(5, 0x7E),
    ];
    for greeting in greetings {
        for octet_by_octet in [false, true] {
            bound_and_connected(Kind::Pull, speak_v1, |pull, mut peer| {
                if octet_by_octet {
                    peer.send_octet_by_octet(&greeting);
                } else {
                    peer.send(&greeting);
                }
                peer.expect(&signature(0));
                peer.send(&message_v10(&[b"a", &[7; 300]]));
                gets(pull, &[b"a", &[7; 300]]);
            });
        }
    }
}

#[test]
fn a_routing_id_is_announced_in_the_form_of_each_version() {
    let name = |dealer: &Socket| {
        dealer.set_routing_id("me").unwrap();
        speak_v1(dealer);
    };
    bound_and_connected(Kind::Dealer, name, |_, mut peer| {
        peer.send(&greeting_v31("NULL"));
        peer.expect(&signature(2)).expect(&[3]).expect(&greeting_tail(1, "NULL"));
        peer.expect(&ready(Kind::Dealer, b"me"));
    });
    bound_and_connected(Kind::Dealer, name, |_, mut peer| {
        peer.send(&greeting_v20(Kind::Router, b""));
        peer.expect(&signature(2)).expect(&[3, Kind::Dealer.octet(), 0, 2]).expect(b"me");
    });
    bound_and_connected(Kind::Dealer, name, |dealer, mut peer| {
        peer.send(&greeting_v10(b"")).expect(&signature(2)).expect(b"me");
        dealer.send("x").unwrap();
        peer.expect(&message_v10(&[b"x"]));
    });
}

#[test]
fn a_router_knows_peers_of_every_version_by_the_name_they_gave() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_minimum_version(MinimumVersion::V1).unwrap();
    let endpoint = router.bind(TCP).unwrap();
    let greetings = [
        greeting_v10(b"name"),
        greeting_v20(Kind::Dealer, b"name"),
        [greeting_v30("NULL"), ready(Kind::Dealer, b"name")].concat(),
        [greeting_v31("NULL"), ready(Kind::Dealer, b"name")].concat(),
    ];
    for (version, greeting) in greetings.iter().enumerate() {
        let monitor = router.monitor();
        let mut peer = RawPeer::connect(&endpoint);
        let hello = if version == 0 { message_v10(&[b"hello"]) } else { message(&[b"hello"]) };
        peer.send(greeting).send(&hello);
        assert_eq!(router.recv_timeout(LONG).unwrap(), ["name", "hello"].into());
        peer.close();
        disconnected(&monitor);
    }
}

#[test]
fn t5_ready_of_every_type_has_the_octets_of_libzmq() {
    for kind in Kind::ALL {
        bound_and_connected(
            kind,
            |_| {},
            |_, mut peer| {
                peer.shake_hands_v31(kind.peers()[0], kind);
            },
        );
    }
}

#[test]
fn t5_every_type_is_announced_to_2_0_by_its_number() {
    for kind in Kind::ALL {
        // RFC 15 knows no XPUB and XSUB.
        let number = match kind {
            Kind::Xpub => Kind::Pub,
            Kind::Xsub => Kind::Sub,
            other => other,
        };
        bound_and_connected(
            kind,
            |_| {},
            |_, mut peer| {
                peer.send(&greeting_v20(kind.peers()[0], b""));
                peer.expect(&signature(0)).expect(&[3, number.octet(), 0, 0]);
            },
        );
    }
}
