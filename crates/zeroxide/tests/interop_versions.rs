//! Every version of ZMTP, octet for octet, on live sockets: as the one who binds and as the one who connects, the
//! greeting in any portions. And what must be refused is refused, with an event and a counter, while a legitimate
//! libzmq on the same socket is served undisturbed. T, R and X are numbers of rules in zmtp.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod scenario;

use octets::{
    COMMAND, MORE, cancel, cancel_message, command, error, frame, frame_long, frame_v10, greeting_tail,
    greeting_v10, greeting_v20, greeting_v30, greeting_v31, message, message_v10, ping, pong, property,
    ready, signature, subscribe, subscribe_message,
};
use scenario::*;
use std::time::Duration;
use zeroxide::*;

/// A socket of ours of this type.
fn ours(context: &Context, kind: Kind) -> Socket {
    Socket::new(context, SocketType::from_name(kind.name().as_bytes()).unwrap()).unwrap()
}

/// A socket of ours and the raw peer it talks to, in either role.
fn bound_and_connected(kind: Kind, prepare: impl Fn(&Socket), mut story: impl FnMut(&Socket, RawPeer)) {
    let context = Context::new();
    let binder = ours(&context, kind);
    prepare(&binder);
    let endpoint = binder.bind(TCP).unwrap();
    story(&binder, RawPeer::connect(&endpoint));

    let listener = RawListener::tcp();
    let connecter = ours(&context, kind);
    prepare(&connecter);
    connecter.connect(listener.endpoint()).unwrap();
    story(&connecter, listener.accept());
}

fn speak_v1(socket: &Socket) {
    socket.set_minimum_version(MinimumVersion::V1).unwrap();
}

#[track_caller]
fn gets(socket: &Socket, parts: &[&[u8]]) {
    assert_eq!(socket.recv_timeout(LONG).unwrap(), Message::from_frames(parts.iter().copied()));
}

// -- greetings (T1, T2, T19)

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

// -- frames (T4)

#[test]
fn t4_frames_of_every_size_go_out_in_the_short_form_while_it_fits() {
    for size in [0, 1, 254, 255, 256, 65_535, 65_536] {
        let body = vec![b'x'; size];
        bound_and_connected(Kind::Push, speak_v1, |push, mut peer| {
            peer.shake_hands_v31(Kind::Pull, Kind::Push);
            push.send(Message::from_frames([&body[..], &body[..]])).unwrap();
            peer.expect(&message(&[&body, &body]));
        });
        bound_and_connected(Kind::Push, speak_v1, |push, mut peer| {
            peer.send(&greeting_v10(b"")).expect(&signature(0));
            push.send_timeout(Message::from_frames([&body[..], &body[..]]), LONG).unwrap();
            peer.expect(&message_v10(&[&body, &body]));
        });
    }
}

#[test]
fn t4_the_long_form_is_taken_for_any_size() {
    bound_and_connected(Kind::Pull, speak_v1, |pull, mut peer| {
        peer.shake_hands_v31(Kind::Push, Kind::Pull);
        peer.send(&frame_long(MORE, b"short")).send(&frame_long(0, b""));
        gets(pull, &[b"short", b""]);
    });
    bound_and_connected(Kind::Pull, speak_v1, |pull, mut peer| {
        peer.send(&[1, 0]).send(b"\xFF\0\0\0\0\0\0\0\x06\0short");
        gets(pull, &[b"short"]);
    });
}

// -- commands

#[test]
fn commands_between_the_frames_of_a_message_do_not_disturb_it() {
    bound_and_connected(
        Kind::Pull,
        |_| {},
        |pull, mut peer| {
            peer.shake_hands_v31(Kind::Push, Kind::Pull);
            peer.send(&frame(MORE, b"a")).send(&ping(0, b"one")).expect(&pong(b"one"));
            peer.send(&command("WHATEVER", b"?")).send(&frame(MORE, b"b"));
            peer.send(&[frame_long(COMMAND, b"\x04PONG"), ping(0, b"two"), frame(0, b"c")].concat());
            peer.expect(&pong(b"two"));
            gets(pull, &[b"a", b"b", b"c"]);
        },
    );
}

#[test]
fn t11_a_ping_is_answered_with_its_context() {
    bound_and_connected(
        Kind::Pull,
        |_| {},
        |_, mut peer| {
            peer.shake_hands_v31(Kind::Push, Kind::Pull);
            for length in 0..=16 {
                let context = vec![b'c'; length];
                peer.send(&ping(0, &context)).expect(&pong(&context));
            }
        },
    );
}

#[test]
fn commands_that_mean_nothing_after_the_handshake_are_passed_over() {
    let nothing = [
        command("UNKNOWN", &[0; 300]),
        command("JOIN", b"group"),
        command("X", b""),
        ready(Kind::Rep, b"other"),
        error("no"),
        pong(b"never asked"),
        subscribe(b"to a pull"),
    ];
    bound_and_connected(
        Kind::Pull,
        |_| {},
        |pull, mut peer| {
            peer.shake_hands_v31(Kind::Push, Kind::Pull);
            peer.send(&nothing.concat()).send(&message(&[b"after"]));
            gets(pull, &[b"after"]);
            assert_eq!(pull.statistics().protocol_errors, 0);
        },
    );
}

#[test]
fn our_pings_carry_their_time_to_live_and_go_to_3_1_peers_only() {
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    push.set_heartbeat_interval(Some(Duration::from_millis(20))).unwrap();
    push.set_heartbeat_timeout(Some(LONG)).unwrap();
    push.set_heartbeat_ttl(Some(Duration::from_millis(6_553_500))).unwrap();
    let endpoint = push.bind(TCP).unwrap();
    let mut old = RawPeer::connect(&endpoint);
    old.send(&greeting_v30("NULL")).send(&ready(Kind::Pull, b""));
    old.expect(&greeting_v31("NULL")).expect(&ready(Kind::Push, b""));
    assert!(push.wait_connected(1, LONG));
    let mut new = RawPeer::connect(&endpoint);
    new.shake_hands_v31(Kind::Pull, Kind::Push);
    for _ in 0..3 {
        new.expect(&ping(65_535, b"")).send(&pong(b""));
    }
    new.close();
    eventually(|| push.connected() == 1);
    push.send("first").unwrap();
    old.expect(&message(&[b"first"]));
}

// -- subscriptions (T10)

/// The topics around the border of the short frame, and how a 3.1 peer and older ones are told of them.
const TOPICS: [usize; 8] = [0, 1, 245, 246, 254, 255, 256, 70_000];

#[test]
fn t10_a_3_1_publisher_is_told_by_commands() {
    for length in TOPICS {
        let topic = vec![b't'; length];
        bound_and_connected(
            Kind::Sub,
            |_| {},
            |sub, mut peer| {
                sub.subscribe(&topic).unwrap();
                peer.shake_hands_v31(Kind::Pub, Kind::Sub).expect(&subscribe(&topic));
                sub.subscribe("x").unwrap();
                peer.expect(&subscribe(b"x"));
                sub.unsubscribe(&topic).unwrap();
                peer.expect(&cancel(&topic));
            },
        );
    }
}

#[test]
fn t10_x13_older_publishers_are_told_by_messages_in_the_right_form() {
    for length in TOPICS {
        let topic = vec![b't'; length];
        for version in [2, 3] {
            bound_and_connected(
                Kind::Sub,
                |_| {},
                |sub, mut peer| {
                    sub.subscribe(&topic).unwrap();
                    if version == 2 {
                        peer.send(&greeting_v20(Kind::Pub, b"")).read(10 + 4);
                    } else {
                        peer.send(&greeting_v30("NULL")).send(&ready(Kind::Pub, b""));
                        peer.expect(&greeting_v31("NULL")).expect(&ready(Kind::Sub, b""));
                    }
                    peer.expect(&subscribe_message(&topic));
                    sub.unsubscribe(&topic).unwrap();
                    peer.expect(&cancel_message(&topic));
                },
            );
        }
    }
}

#[test]
fn t10_a_publisher_of_1_0_is_told_nothing_and_the_subscriber_filters() {
    let prepare = |sub: &Socket| {
        speak_v1(sub);
        sub.subscribe("b").unwrap();
    };
    bound_and_connected(Kind::Sub, prepare, |sub, mut peer| {
        peer.send(&greeting_v10(b"")).expect(&signature(0));
        peer.send(&message_v10(&[b"a1"])).send(&message_v10(&[b"b1", b"more"]));
        gets(sub, &[b"b1", b"more"]);
        assert_eq!(sub.statistics().lost_to(Loss::Unsubscribed), 1);
    });
}

#[test]
fn t10_a_publisher_takes_both_forms_from_any_3_x_peer_and_messages_from_2_0() {
    type Form = fn(&[u8]) -> Vec<u8>;
    let three_x = |greeting: Vec<u8>| [greeting, ready(Kind::Sub, b"")].concat();
    let cases: [(Vec<u8>, Form, Form); 5] = [
        (three_x(greeting_v31("NULL")), subscribe, cancel),
        (three_x(greeting_v31("NULL")), subscribe_message, cancel_message),
        (three_x(greeting_v30("NULL")), subscribe, cancel),
        (three_x(greeting_v30("NULL")), subscribe_message, cancel_message),
        (greeting_v20(Kind::Sub, b""), subscribe_message, cancel_message),
    ];
    for (greeting, subscribe, cancel) in cases {
        bound_and_connected(
            Kind::Xpub,
            |_| {},
            |xpub, mut peer| {
                peer.send(&greeting).send(&subscribe(b"a")).send(&subscribe(b"b"));
                gets(xpub, &[b"\x01a"]);
                gets(xpub, &[b"\x01b"]);
                peer.send(&cancel(b"a"));
                gets(xpub, &[b"\x00a"]);
                xpub.send("a gone").unwrap();
                xpub.send("b there").unwrap();
                peer.read(if greeting.len() < 64 { 14 } else { 64 + ready(Kind::Xpub, b"").len() });
                peer.expect(&message(&[b"b there"]));
            },
        );
    }
}

#[test]
fn x18_one_cancellation_ends_all_copies_of_a_subscription_as_libzmq_means_it() {
    bound_and_connected(
        Kind::Pub,
        |_| {},
        |publisher, mut peer| {
            peer.shake_hands_v31(Kind::Sub, Kind::Pub);
            peer.send(&[subscribe(b"a"), subscribe(b"a"), ping(0, b"")].concat()).expect(&pong(b""));
            publisher.send("a1").unwrap();
            peer.expect(&message(&[b"a1"]));
            peer.send(&[cancel(b"a"), subscribe(b"b"), ping(0, b"")].concat()).expect(&pong(b""));
            publisher.send("a2").unwrap();
            publisher.send("b1").unwrap();
            peer.expect(&message(&[b"b1"]));
        },
    );
}

#[test]
fn a_subscriber_of_1_0_gets_everything() {
    bound_and_connected(Kind::Pub, speak_v1, |publisher, mut peer| {
        peer.send(&greeting_v10(b"")).expect(&signature(0));
        assert!(publisher.wait_for_subscribers("anything", 1, LONG));
        publisher.send(["any", "thing"]).unwrap();
        peer.expect(&message_v10(&[b"any", b"thing"]));
    });
}

// -- the worked sessions of zmtp.md 24

const GREETING: &[u8] = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const READY_REQ: &[u8] = b"\x04\x26\x05READY\x0BSocket-Type\0\0\0\x03REQ\x08Identity\0\0\0\0";
const READY_REP: &[u8] = b"\x04\x19\x05READY\x0BSocket-Type\0\0\0\x03REP";

#[test]
fn the_worked_session_of_a_req_and_a_rep_from_either_end() {
    bound_and_connected(
        Kind::Req,
        |_| {},
        |req, mut peer| {
            peer.expect(&GREETING[..10]).send(&GREETING[..11]).expect(&GREETING[10..]);
            peer.send(&GREETING[11..]).expect(READY_REQ).send(READY_REP);
            req.send_timeout("Hello", LONG).unwrap();
            peer.expect(b"\x01\0\0\x05Hello").send(b"\x01\0\0\x05World");
            gets(req, &[b"World"]);
        },
    );
    bound_and_connected(
        Kind::Rep,
        |_| {},
        |rep, mut peer| {
            peer.send(&GREETING[..11]).expect(&GREETING[..11]);
            peer.send(&GREETING[11..]).expect(&GREETING[11..]);
            peer.send(READY_REQ).expect(READY_REP).send(b"\x01\0\0\x05Hello");
            gets(rep, &[b"Hello"]);
            rep.send("World").unwrap();
            peer.expect(b"\x01\0\0\x05World");
        },
    );
}

#[test]
fn the_worked_session_through_a_broker() {
    bound_and_connected(
        Kind::Rep,
        |_| {},
        |rep, mut peer| {
            peer.shake_hands_v31(Kind::Dealer, Kind::Rep);
            peer.send(b"\x01\x05\0abcd\x01\0\0\x05Hello");
            gets(rep, &[b"Hello"]);
            rep.send("World").unwrap();
            peer.expect(b"\x01\x05\0abcd\x01\0\0\x05World");
        },
    );
}

#[test]
fn the_worked_session_with_numbered_requests() {
    bound_and_connected(
        Kind::Req,
        |req| {
            req.set_req_correlate(true).unwrap();
        },
        |req, mut peer| {
            peer.shake_hands_v31(Kind::Rep, Kind::Req);
            req.send_timeout("Hello", LONG).unwrap();
            let number = peer.expect(b"\x01\x04").read(4);
            peer.expect(b"\x01\0\0\x05Hello");
            // A reply with another number, or none, answers another question.
            peer.send(b"\x01\x04none\x01\0\0\x05Wrong").send(b"\x01\0\0\x05Wrong");
            peer.send(&[b"\x01\x04", &number[..], b"\x01\0\0\x05World"].concat());
            gets(req, &[b"World"]);
        },
    );
}

#[test]
fn the_worked_session_of_a_sub_and_a_pub() {
    bound_and_connected(
        Kind::Sub,
        |sub| sub.subscribe("A").unwrap(),
        |sub, mut peer| {
            peer.shake_hands_v31(Kind::Pub, Kind::Sub);
            peer.expect(b"\x04\x0B\x09SUBSCRIBEA").send(b"\0\x03A 1");
            gets(sub, &[b"A 1"]);
        },
    );
}

#[test]
fn the_worked_sessions_with_a_rep_of_2_0_and_of_1_0() {
    bound_and_connected(
        Kind::Req,
        |_| {},
        |req, mut peer| {
            peer.expect(b"\xFF\0\0\0\0\0\0\0\x01\x7F").send(b"\xFF\0\0\0\0\0\0\0\x01\x7F\x01\x04\0\0");
            peer.expect(b"\x03\x03\0\0");
            req.send_timeout("Hello", LONG).unwrap();
            peer.expect(b"\x01\0\0\x05Hello").send(b"\x01\0\0\x05World");
            gets(req, &[b"World"]);
        },
    );
    bound_and_connected(Kind::Req, speak_v1, |req, mut peer| {
        peer.expect(b"\xFF\0\0\0\0\0\0\0\x01\x7F").send(b"\x01\0");
        req.send_timeout("Hello", LONG).unwrap();
        peer.expect(b"\x01\x01\x06\0Hello").send(b"\x01\x01\x06\0World");
        gets(req, &[b"World"]);
    });
}

// -- what is refused (zmtp.md 21)

/// A PULL of ours that a libzmq PUSH is connected to, and strangers come along.
struct Door {
    _peer: PythonPeer,
    push: RemoteSocket,
    pull: Pull,
    endpoint: String,
    monitor: Monitor,
    refused: u64,
    broken: u64,
    served: u64,
}

impl Door {
    fn open(prepare: impl FnOnce(&Pull)) -> Self {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        prepare(&pull);
        let monitor = pull.monitor();
        let endpoint = pull.bind(TCP).unwrap();
        let peer = PythonPeer::spawn();
        let push = peer.socket(Kind::Push);
        push.connect(&endpoint).unwrap();
        connected(&monitor);
        Self { _peer: peer, push, pull, endpoint, monitor, refused: 0, broken: 0, served: 0 }
    }

    /// Somebody who says this is turned away in the handshake; returns what we said to it behind the greeting.
    #[track_caller]
    fn refuses(&mut self, what: &str, octets: &[u8]) -> Vec<u8> {
        let mut stranger = RawPeer::connect(&self.endpoint);
        stranger.send(octets);
        let heard = stranger.read_to_close();
        let (reason, _) = handshake_failed(&self.monitor);
        self.refused += 1;
        self.still_serves(&format!("{what}: {reason}"));
        heard
    }

    /// Somebody who says this after a proper handshake is cut off.
    #[track_caller]
    fn drops(&mut self, what: &str, octets: &[u8]) {
        let mut stranger = RawPeer::connect(&self.endpoint);
        stranger.shake_hands_v31(Kind::Push, Kind::Pull);
        self.drops_established(what, stranger, octets);
    }

    #[track_caller]
    fn drops_established(&mut self, what: &str, mut stranger: RawPeer, octets: &[u8]) {
        stranger.send(octets);
        stranger.read_to_close();
        let reason = disconnected(&self.monitor);
        self.broken += 1;
        self.still_serves(&format!("{what}: {reason}"));
    }

    #[track_caller]
    fn still_serves(&mut self, what: &str) {
        let seen = self.pull.statistics();
        assert_eq!((seen.failed_handshakes, seen.protocol_errors), (self.refused, self.broken), "{what}");
        self.push.send(&[self.served.to_be_bytes()]).unwrap();
        assert_eq!(number_of(&self.pull.recv_timeout(LONG).unwrap()), self.served, "{what}");
        self.served += 1;
    }
}

fn greeted(rest: &[u8]) -> Vec<u8> {
    [&greeting_v31("NULL"), rest].concat()
}

#[test]
fn r1_peers_that_are_too_old_are_refused() {
    let mut door = Door::open(|_| {});
    door.refuses("1.0, nameless", &greeting_v10(b""));
    door.refuses("1.0, named", &greeting_v10(b"name"));
    door.refuses("revision 0", &[signature(0), vec![0, 8, 1, 0]].concat());
    door.refuses("a browser", b"GET / HTTP/1.1\r\nHost: zero\r\n\r\n");
    let mut door = Door::open(|pull| pull.set_minimum_version(MinimumVersion::V3).unwrap());
    door.refuses("2.0", &greeting_v20(Kind::Push, b""));
}

#[test]
fn r2_peers_of_another_mechanism_are_refused() {
    let mut door = Door::open(|_| {});
    for mechanism in ["PLAIN", "CURVE", "", "null", "NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0X"] {
        let heard = door.refuses(mechanism, &greeting_v31(mechanism));
        assert_eq!(heard, GREETING, "no command for {mechanism:?}");
    }
}

#[test]
fn r4_reserved_flags_cut_the_connection() {
    let mut door = Door::open(|_| {});
    for flags in [0x08, 0x10, 0x20, 0x40, 0x80, 0xFF, MORE | COMMAND, MORE | octets::LONG | COMMAND] {
        door.drops(&format!("flags {flags:#04x}"), &[flags, 5, 1, 2, 3, 4, 5, 0, 0, 0]);
    }
}

#[test]
fn r5_a_command_cuts_a_connection_of_2_0() {
    let mut door = Door::open(|_| {});
    let mut stranger = RawPeer::connect(&door.endpoint);
    stranger.send(&greeting_v20(Kind::Push, b"")).read(14);
    door.drops_established("PING", stranger, &ping(0, b""));
}

#[test]
fn r6_frames_beyond_the_limit_cut_the_connection_before_they_come() {
    let mut door = Door::open(|pull| pull.set_max_message_size(Some(1000)).unwrap());
    let header = |flags: u8, size: u64| [&[flags | octets::LONG][..], &size.to_be_bytes()].concat();
    door.drops("1001 octets", &header(0, 1001));
    door.drops("2^63 - 1 octets", &header(0, i64::MAX as u64));
    door.drops("2^63 octets", &header(0, 1 << 63));
    door.drops("2^64 - 1 octets", &header(MORE, u64::MAX));
    let mut inside = RawPeer::connect(&door.endpoint);
    inside.shake_hands_v31(Kind::Push, Kind::Pull).send(&message(&[&[7; 1000]]));
    assert_eq!(door.pull.recv_timeout(LONG).unwrap(), vec![7; 1000].into());

    let mut door = Door::open(|_| {});
    door.drops("2^63 octets without a limit", &header(0, 1 << 63));
}

#[test]
fn r7_a_handshake_out_of_turn_or_out_of_form_is_refused() {
    let mut door = Door::open(|_| {});
    let long_handshake = |size: u64| [&[COMMAND | octets::LONG][..], &size.to_be_bytes()].concat();
    for (what, octets) in [
        ("a message before READY", message(&[b"early"])),
        ("an unknown command", command("HOWDY", b"")),
        ("PING before READY", ping(0, b"")),
        ("HELLO", command("HELLO", b"")),
        ("a command without a name", frame(COMMAND, b"\0")),
        ("an empty command", frame(COMMAND, b"")),
        ("a name over the end", frame(COMMAND, b"\x09READY")),
        ("an endless handshake", long_handshake(1 << 40)),
        ("flags out of line", frame(0x44, b"\x05READY")),
    ] {
        door.refuses(what, &greeted(&octets));
    }
}

#[test]
fn an_error_command_ends_the_handshake_and_its_reason_is_told() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let monitor = pull.monitor();
    let mut peer = RawPeer::connect(&pull.bind(TCP).unwrap());
    peer.send(&greeted(&error("go away")));
    peer.read_to_close();
    let (reason, _) = handshake_failed(&monitor);
    assert!(reason.contains("go away"), "{reason}");
}

#[test]
fn r8_properties_that_cannot_be_read_are_refused() {
    let mut door = Door::open(|_| {});
    let kind = || property("Socket-Type", b"PUSH");
    let metadata = |octets: &[&[u8]]| greeted(&command("READY", &octets.concat()));
    for cut in 1..kind().len() {
        door.refuses(&format!("cut at {cut}"), &metadata(&[&kind()[..cut]]));
    }
    for (what, octets) in [
        ("a name of no letters", metadata(&[&kind(), &property("", b"x")])),
        ("two types", metadata(&[&kind(), &kind()])),
        ("two names", metadata(&[&kind(), &property("Identity", b"a"), &property("identity", b"a")])),
        ("a name of other octets", metadata(&[&kind(), &property("X Y", b"")])),
        ("a value of 2^31", metadata(&[&kind(), b"\x01X\x80\0\0\0"])),
        ("an octet left over", metadata(&[&kind(), b"\x01"])),
    ] {
        door.refuses(what, &octets);
    }
    let mut fine = RawPeer::connect(&door.endpoint);
    let properties =
        [property("SOCKET-TYPE", b"PUSH"), property("X-any", b"\0\xFF"), property("Resource", b"a/b")];
    fine.send(&greeted(&command("READY", &properties.concat()))).send(&message(&[b"fine"]));
    assert_eq!(door.pull.recv_timeout(LONG).unwrap(), "fine".into());
}

#[test]
fn r10_heartbeats_out_of_form_cut_the_connection() {
    let mut door = Door::open(|_| {});
    door.drops("PING without a time to live", &command("PING", b""));
    door.drops("PING with half of one", &command("PING", b"\0"));
    door.drops("PING of 17 octets of context", &ping(0, &[7; 17]));
    door.drops("PONG of 17 octets of context", &pong(&[7; 17]));
}

#[test]
fn r11_a_wrong_type_is_told_so_and_refused() {
    let mut door = Door::open(|_| {});
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Push) {
        let heard = door.refuses(kind.name(), &greeted(&ready(kind, b"")));
        let wanted = [greeting_v31("NULL"), ready(Kind::Pull, b""), error("Invalid socket type")].concat();
        assert_eq!(heard, wanted, "{kind}");
    }
    let unknown = command("READY", &property("Socket-Type", b"SPLICE"));
    door.refuses("an unknown type", &greeted(&unknown));
    // 2.0 has no way to say it.
    let heard = door.refuses("2.0 REP", &greeting_v20(Kind::Rep, b""));
    assert_eq!(heard[..11], greeting_v31("NULL")[..11]);
    door.refuses("2.0 type 99", &[signature(0), vec![1, 99, 0, 0]].concat());
}

#[test]
fn a_peer_that_does_not_say_its_type_is_let_in_as_libzmq_does() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let mut peer = RawPeer::connect(&pull.bind(TCP).unwrap());
    peer.send(&greeted(&command("READY", b""))).send(&message(&[b"hello"]));
    assert_eq!(pull.recv_timeout(LONG).unwrap(), "hello".into());
}

#[test]
fn r12_names_that_are_reserved_or_too_long_are_refused() {
    let mut door = Door::open(|pull| pull.set_minimum_version(MinimumVersion::V1).unwrap());
    let identity = |name: &[u8]| {
        greeted(&command("READY", &[property("Socket-Type", b"PUSH"), property("Identity", name)].concat()))
    };
    door.refuses("3.1, a generated name", &identity(b"\0abcd"));
    door.refuses("3.1, 256 octets", &identity(&[b'x'; 256]));
    door.refuses("2.0, a generated name", &greeting_v20(Kind::Push, b"\0abcd"));
    let long = [&signature(0)[..], &[1, 8, octets::LONG, 0, 0, 0, 0, 0, 0, 1, 0]].concat();
    door.refuses("2.0, 256 octets", &long);
    door.refuses("1.0, a generated name", &greeting_v10(b"\0abcd"));
    door.refuses("1.0, 256 octets", b"\xFF\0\0\0\0\0\0\x01\x01\0");
}

#[test]
fn r14_a_length_of_0_cuts_a_connection_of_1_0() {
    let mut door = Door::open(|pull| pull.set_minimum_version(MinimumVersion::V1).unwrap());
    door.refuses("as identity", &[0, 0]);
    let mut stranger = RawPeer::connect(&door.endpoint);
    stranger.send(&[1, 0]).expect(&signature(0));
    door.drops_established("as message", stranger, &[0, 0]);
}

#[test]
fn r15_whoever_does_not_get_done_in_time_is_turned_away() {
    let in_time = Duration::from_millis(200);
    let mut door = Door::open(|pull| pull.set_handshake_interval(Some(Duration::from_secs(20))).unwrap());
    door.pull.set_handshake_interval(Some(in_time)).unwrap();
    door.refuses("silent", b"");
    door.refuses("half a greeting", &greeting_v31("NULL")[..32]);
    door.refuses("no READY", &greeting_v31("NULL"));
    door.refuses("half a READY", &greeted(&ready(Kind::Push, b"")[..20]));
    // Trickling does not help: the limit is for all of it.
    let mut trickler = RawPeer::connect(&door.endpoint);
    trickler.send(&greeting_v31("NULL")[..11]);
    handshake_failed(&door.monitor);
    trickler.read_to_close();
}

#[test]
fn a_fault_that_a_waiting_thread_reads_cuts_the_connection_at_once() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let monitor = pull.monitor();
    let endpoint = pull.bind(TCP).unwrap();
    let mut good = RawPeer::connect(&endpoint);
    good.shake_hands_v31(Kind::Push, Kind::Pull);
    for _ in 0..20 {
        let mut stranger = RawPeer::connect(&endpoint);
        stranger.shake_hands_v31(Kind::Push, Kind::Pull);
        // The application is used to wait for messages itself, so it reads the fault as well.
        good.send(&message(&[b"before"]));
        assert_eq!(pull.recv_timeout(LONG).unwrap(), "before".into());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| pull.recv_timeout(LONG));
            stranger.send(&[0xFF, 0xFF]);
            disconnected(&monitor);
            good.send(&message(&[b"after"]));
            assert_eq!(waiting.join().unwrap().unwrap(), "after".into());
        });
        stranger.read_to_close();
    }
}

// -- what the connecting side does then (T17)

/// What a connecting PUSH of ours does when whoever it reached answers this.
fn after_an_answer(answer: &[u8]) -> (Vec<Event>, Push, RawListener) {
    let listener = RawListener::tcp();
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    push.set_linger(Some(Duration::ZERO));
    let monitor = push.monitor();
    push.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept();
    peer.send(answer);
    peer.close_sending();
    let mut events = Vec::new();
    while !matches!(events.last(), Some(Event::Closed { .. } | Event::ConnectRetried { .. })) {
        events.push(monitor.wait_timeout(LONG).expect("an end, or another try"));
    }
    (events, push, listener)
}

fn gave_up(events: &[Event]) -> bool {
    matches!(events.last(), Some(Event::Closed { .. }))
}

#[test]
fn t17_a_connecting_socket_gives_up_after_a_fatal_error_of_the_protocol() {
    let greeted_push = |rest: Vec<u8>| greeted(&rest);
    for (what, answer) in [
        ("R1", greeting_v10(b"old")),
        ("R2", greeting_v31("CURVE")),
        ("R4", greeted(&[ready(Kind::Pull, b""), frame(0x80, b"")].concat())),
        ("R7", greeted_push(message(&[b"early"]))),
        ("R8", greeted_push(command("READY", b"\x01"))),
        ("R10", greeted(&[ready(Kind::Pull, b""), command("PING", b"")].concat())),
        ("R11", greeted_push(ready(Kind::Rep, b""))),
        ("R12", greeted_push(command("READY", &property("Identity", b"\0")))),
        ("ERROR", greeted_push(error("no"))),
    ] {
        let (events, push, _listener) = after_an_answer(&answer);
        assert!(gave_up(&events), "{what}: {events:?}");
        let seen = push.statistics();
        assert_eq!(seen.failed_handshakes + seen.protocol_errors, 1, "{what}: {events:?}");
    }
}

#[test]
fn t17_a_connecting_socket_tries_again_after_a_lost_connection() {
    let whole = greeted(&ready(Kind::Pull, b""));
    for cut in [0, 1, 10, 11, 63, 64, 70, whole.len()] {
        let (events, push, listener) = after_an_answer(&whole[..cut]);
        assert!(!gave_up(&events), "cut at {cut}: {events:?}");
        let mut peer = listener.accept();
        peer.shake_hands_v31(Kind::Pull, Kind::Push);
        push.send_timeout("at last", LONG).unwrap();
        peer.expect(&message(&[b"at last"]));
    }
}

#[test]
fn t17_a_connecting_socket_tries_again_when_the_handshake_is_not_done_in_time() {
    let listener = RawListener::tcp();
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    push.set_handshake_interval(Some(Duration::from_millis(100))).unwrap();
    let monitor = push.monitor();
    push.connect(listener.endpoint()).unwrap();
    let mut silent = listener.accept();
    handshake_failed(&monitor);
    silent.read_to_close();
    push.set_handshake_interval(None).unwrap();
    let _next = listener.accept();
}

#[test]
fn a_wrong_libzmq_is_refused_from_either_end() {
    let peer = PythonPeer::spawn();
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let monitor = pull.monitor();
    let rep = peer.socket(Kind::Rep);
    rep.connect(&pull.bind(TCP).unwrap()).unwrap();
    let (reason, _) = handshake_failed(&monitor);
    // libzmq may see our type first, and then closes without a word.
    let reasons = ["PULL cannot talk to REP", "the peer closed during the handshake"];
    assert!(reasons.contains(&reason.as_str()), "{reason}");

    let push = Push::new(&context).unwrap();
    let monitor = push.monitor();
    let xpub = peer.socket(Kind::Xpub);
    push.connect(&xpub.bind(TCP).unwrap()).unwrap();
    monitor.wait_for(LONG, |event| matches!(event, Event::Closed { .. })).unwrap();
}
