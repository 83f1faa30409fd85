//! Every limit, from both sides, on live sockets: what just fits is served; one more costs the peer that asked for it its
//! connection, with an event and a count, and nobody else anything.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

mod common;

use common::*;
use std::{io::Read, net::TcpStream, time::Duration};
use zeroxide::*;

/// Waits until a monitor tells of this limit.
#[track_caller]
fn met(events: &Monitor, wanted: Limit) -> String {
    let is = |event: &Event| matches!(event, Event::LimitMet { limit, .. } if *limit == wanted);
    match events.wait_for(LONG, is) {
        Some(Event::LimitMet { endpoint, peer, .. }) => format!("{endpoint} {peer}"),
        other => panic!("nobody met {wanted}: {other:?}"),
    }
}

#[test]
fn a_native_socket_begins_with_limits() {
    let context = Context::new();
    let xpub = Xpub::new(&context).unwrap();
    assert_eq!(xpub.max_message_size(), Some(64 << 20));
    assert_eq!(xpub.max_multipart_size(), Some(64 << 20));
    assert_eq!(xpub.max_frames(), Some(65_536));
    assert_eq!((xpub.max_metadata_size(), xpub.max_metadata_properties()), (Some(2048), Some(64)));
    assert_eq!((xpub.max_topic_length(), xpub.max_subscriptions()), (Some(128 << 10), Some(1_000_000)));
    assert_eq!(xpub.max_peers(), Some(65_536));
    assert_eq!((xpub.max_handshakes(), xpub.max_handshakes_per_address()), (Some(1024), Some(256)));
    assert_eq!(xpub.handshake_interval(), Some(Duration::from_secs(30)));
    assert!(!xpub.open_to_network());
}

#[test]
fn limits_are_refused_where_they_mean_nothing() {
    let context = Context::new();
    let (pull, stream) = (Pull::new(&context).unwrap(), Stream::new(&context).unwrap());
    let cause = |result: Result<(), OptionError>| result.unwrap_err().cause;
    assert_eq!(cause(pull.set_max_subscriptions(None)), OptionErrorCause::NotForThisType);
    assert_eq!(cause(pull.set_max_topic_length(None)), OptionErrorCause::NotForThisType);
    assert_eq!(cause(stream.set_max_handshakes(None)), OptionErrorCause::NotForThisType);
    for refused in [
        pull.set_max_frames(Some(0)),
        pull.set_max_peers(Some(0)),
        pull.set_max_handshakes(Some(0)),
        pull.set_max_handshakes_per_address(Some(0)),
        pull.set_max_metadata_size(Some(511)),
        pull.set_max_metadata_size(Some(65_537)),
        pull.set_max_metadata_properties(Some(1)),
    ] {
        assert!(matches!(cause(refused), OptionErrorCause::Invalid(_)));
    }
    assert_eq!(pull.set_max_frames(Some(0)).unwrap_err().option, "max_frames");
}

/// What one peer sends to a PULL with this limit: the first is received, the second costs the connection.
#[track_caller]
fn one_message_passes(set: impl Fn(&Pull), within: &[u8], beyond: &[u8], frames: usize, limit: Limit) {
    for endpoint in over_wires() {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        set(&pull);
        let at = pull.bind(endpoint).unwrap();
        let events = pull.monitor();
        let mut good = raw(&at, Kind::Push, b"");
        let mut bad = raw(&at, Kind::Push, b"");
        assert!(pull.wait_connected(2, LONG));
        bad.send(within);
        assert_eq!(pull.get().len(), frames);
        assert_eq!(pull.statistics().limits, []);
        bad.send(beyond);
        assert!(met(&events, limit).starts_with(&at));
        assert!(events.wait_for(LONG, |event| matches!(event, Event::Disconnected { .. })).is_some());
        bad.read_to_close();
        assert_eq!((pull.statistics().met(limit), pull.statistics().protocol_errors), (1, 1));
        good.send(within);
        assert_eq!(pull.get().len(), frames);
        assert!(pull.has_nothing());
    }
}

#[test]
fn a_frame_may_be_as_long_as_allowed() {
    let (within, beyond) = (octets::frame(0, &[7; 1000]), octets::frame(0, &[7; 1001]));
    let set = |pull: &Pull| pull.set_max_message_size(Some(1000)).unwrap();
    one_message_passes(set, &within, &beyond, 1, Limit::MessageSize);
}

#[test]
fn the_frames_of_a_message_may_be_as_long_together_as_allowed() {
    let within = octets::message(&[&[7; 600], &[7; 400]]);
    let beyond = octets::message(&[&[7; 600], &[7; 401]]);
    let set = |pull: &Pull| pull.set_max_multipart_size(Some(1000)).unwrap();
    one_message_passes(set, &within, &beyond, 2, Limit::MultipartSize);
}

#[test]
fn a_message_may_have_as_many_frames_as_allowed() {
    let (within, beyond) = (octets::message(&[&b"x"[..]; 5]), octets::message(&[&b"x"[..]; 6]));
    let set = |pull: &Pull| pull.set_max_frames(Some(5)).unwrap();
    one_message_passes(set, &within, &beyond, 5, Limit::Frames);
}

#[test]
fn a_peer_may_say_as_much_of_itself_as_allowed() {
    for (length, enters) in [(1000, true), (1001, false)] {
        let context = Context::new();
        let (pull, push) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
        // Socket-Type takes 20 octets, the name of the other property 8.
        pull.set_max_metadata_size(Some(1000)).unwrap();
        push.set_metadata([("X-a", vec![7; length - 28])]).unwrap();
        let (events, theirs) = (pull.monitor(), push.monitor());
        push.connect(&pull.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
        if enters {
            assert!(pull.wait_connected(1, LONG));
            continue;
        }
        met(&events, Limit::Metadata);
        assert!(events.wait_for(LONG, |event| matches!(event, Event::HandshakeFailed { .. })).is_some());
        assert!(theirs.wait_for(LONG, |event| !matches!(event, Event::ConnectDelayed { .. })).is_some());
        assert_eq!(pull.connected(), 0);
    }
}

#[test]
fn a_peer_may_have_as_many_properties_as_allowed() {
    for (count, enters) in [(4, true), (5, false)] {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        pull.set_max_metadata_properties(Some(4)).unwrap();
        let at = pull.bind("tcp://127.0.0.1:*").unwrap();
        let events = pull.monitor();
        let mut metadata = octets::property("Socket-Type", b"PUSH");
        (1..count).for_each(|number| metadata.extend(octets::property(&format!("X-{number}"), b"")));
        let mut peer = RawPeer::connect(&at);
        peer.send(&octets::greeting_v31("NULL")).send(&octets::command("READY", &metadata));
        if enters {
            assert!(pull.wait_connected(1, LONG));
        } else {
            met(&events, Limit::Metadata);
            peer.read_to_close();
        }
    }
}

#[test]
fn a_subscriber_may_hold_as_many_and_as_long_topics_as_allowed() {
    for kind in [SocketType::Pub, SocketType::Xpub] {
        for endpoint in over_wires() {
            let context = Context::new();
            let publisher = Socket::new(&context, kind).unwrap();
            publisher.set_max_topic_length(Some(2000)).unwrap();
            publisher.set_max_subscriptions(Some(3)).unwrap();
            let at = publisher.bind(endpoint).unwrap();
            let events = publisher.monitor();

            let mut long = raw(&at, Kind::Sub, b"");
            long.send(&octets::subscribe(&[b'a'; 2000]));
            assert!(publisher.wait_for_subscribers(&[b'a'; 2000][..], 1, LONG));
            // As a command it is refused by its header, as a message when it is there.
            long.send(&octets::subscribe(&[b'b'; 2001]));
            met(&events, Limit::TopicLength);
            long.read_to_close();
            let mut older = raw(&at, Kind::Sub, b"");
            older.send(&octets::subscribe_message(&[b'b'; 2001]));
            met(&events, Limit::TopicLength);
            older.read_to_close();

            let mut many = raw(&at, Kind::Sub, b"");
            for topic in [b"a", b"b", b"c"] {
                many.send(&octets::subscribe(topic));
                assert!(publisher.wait_for_subscribers(&topic[..], 1, LONG));
            }
            many.send(&octets::cancel(b"a")).send(&octets::subscribe(b"d"));
            assert!(publisher.wait_for_subscribers(b"d", 1, LONG));
            many.send(&octets::subscribe(b"e"));
            met(&events, Limit::Subscriptions);
            many.read_to_close();
            wait_for_connections(&publisher, 0);
            let told = publisher.statistics();
            assert_eq!((told.met(Limit::TopicLength), told.met(Limit::Subscriptions)), (2, 1));
        }
    }
}

#[test]
fn a_dish_may_join_as_many_groups_as_allowed() {
    let context = Context::new();
    let radio = Radio::new(&context).unwrap();
    radio.set_max_subscriptions(Some(2)).unwrap();
    let at = radio.bind("tcp://127.0.0.1:*").unwrap();
    let events = radio.monitor();
    let dish = Dish::new(&context).unwrap();
    dish.connect(&at).unwrap();
    assert!(dish.join_confirmed("a", LONG).unwrap() && dish.join_confirmed("b", LONG).unwrap());
    dish.join("c").unwrap();
    met(&events, Limit::Subscriptions);
}

#[test]
fn as_many_peers_enter_as_allowed_and_one_more_when_one_has_left() {
    for endpoint in over_wires() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        router.set_max_peers(Some(3)).unwrap();
        let at = router.bind(endpoint).unwrap();
        let events = router.monitor();
        let mut peers: Vec<_> = (0..3).map(|_| raw(&at, Kind::Dealer, b"")).collect();
        assert!(router.wait_connected(3, LONG));
        let mut late = RawPeer::connect(&at);
        late.read_to_close();
        met(&events, Limit::Peers);
        assert_eq!((router.connected(), router.statistics().met(Limit::Peers)), (3, 1));
        peers.remove(1);
        let late = Dealer::new(&context).unwrap();
        late.connect(&at).unwrap();
        eventually(|| router.statistics().connections == 4);
        assert!(router.wait_connected(3, LONG));
        for peer in &mut peers {
            peer.send(&octets::message(&[b"hello"]));
            assert_eq!(router.get()[1], "hello");
        }
        late.send("hello").unwrap();
        assert_eq!(router.get()[1], "hello");
        // The sockets that this side connects to are its own affair.
        let server = Router::new(&context).unwrap();
        router.connect(&server.bind("ipc://*").unwrap()).unwrap();
        assert!(router.wait_connected(4, LONG));
    }
}

#[test]
fn a_full_waiting_room_refuses_and_the_oldest_makes_room_in_time() {
    let context = Context::new();
    let rep = Rep::new(&context).unwrap();
    rep.set_max_handshakes(Some(8)).unwrap();
    rep.set_handshake_interval(Some(Duration::from_secs(600))).unwrap();
    let at = rep.bind("tcp://127.0.0.1:*").unwrap();
    let events = rep.monitor();
    let silent: Vec<_> = (0..8).map(|_| RawPeer::connect(&at)).collect();
    let mut ninth = RawPeer::connect(&at);
    ninth.read_to_close();
    met(&events, Limit::Handshakes);
    assert!(events.wait_for(LONG, |event| matches!(event, Event::AcceptFailed { .. })).is_some());
    // Whoever has been there for a tenth of this makes room; a client tries until then.
    rep.set_handshake_interval(Some(Duration::from_secs(10))).unwrap();
    let req = Req::new(&context).unwrap();
    req.connect(&at).unwrap();
    assert!(rep.wait_connected(1, LONG));
    req.send("hello").unwrap();
    assert_eq!(rep.text(), "hello");
    let made_room = |event: &Event| matches!(event, Event::HandshakeFailed { .. });
    assert!(events.wait_for(LONG, made_room).is_some());
    drop(silent);
}

#[test]
fn one_address_cannot_take_all_the_places() {
    let context = Context::new();
    let rep = Rep::new(&context).unwrap();
    rep.set_max_handshakes_per_address(Some(5)).unwrap();
    let at = rep.bind("tcp://127.0.0.1:*").unwrap();
    let events = rep.monitor();
    let silent: Vec<_> = (0..5).map(|_| RawPeer::connect(&at)).collect();
    let mut sixth = RawPeer::connect(&at);
    sixth.read_to_close();
    met(&events, Limit::HandshakesPerAddress);
    // From another address of the same machine there is room.
    let req = Req::new(&context).unwrap();
    req.connect(&at.replace("tcp://", "tcp://127.0.0.2;")).unwrap();
    assert!(rep.wait_connected(1, LONG));
    drop(silent);
}

#[test]
fn the_time_for_a_handshake_runs_from_the_first_octet_whatever_trickles_in() {
    let context = Context::new();
    let rep = Rep::new(&context).unwrap();
    rep.set_handshake_interval(Some(Duration::from_millis(300))).unwrap();
    let at = rep.bind("tcp://127.0.0.1:*").unwrap();
    let events = rep.monitor();
    let mut slow = TcpStream::connect(at.strip_prefix("tcp://").unwrap()).unwrap();
    // Octet by octet for as long as it is let: each would begin the time anew if it counted from the last one.
    // A command as long as one may be before it is known who says it.
    let command = octets::command("READY", &[b'x'; 2000]);
    let whole = [octets::greeting_v31("NULL"), command].concat();
    let trickle = std::thread::spawn(move || {
        use std::io::Write;
        slow.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let mut heard = [0; 64];
        for octet in whole {
            if slow.write_all(&[octet]).is_err() || matches!(slow.read(&mut heard), Ok(0)) {
                return;
            }
        }
    });
    met(&events, Limit::HandshakeTime);
    trickle.join().unwrap();
    assert_eq!(rep.statistics().met(Limit::HandshakeTime), 1);
}

#[test]
fn a_dialled_server_that_never_greets_is_given_up_in_time() {
    let context = Context::new();
    let silent = RawListener::tcp();
    let req = Req::new(&context).unwrap();
    req.set_handshake_interval(Some(Duration::from_millis(50))).unwrap();
    req.set_reconnect_interval(None).unwrap();
    let events = req.monitor();
    req.connect(silent.endpoint()).unwrap();
    met(&events, Limit::HandshakeTime);
    assert!(events.wait_for(LONG, |event| matches!(event, Event::Closed { .. })).is_some());
}

#[test]
fn what_the_network_can_reach_is_not_bound_by_accident() {
    let context = Context::new();
    for kind in SocketType::ALL.into_iter().filter(|kind| *kind != SocketType::Dgram) {
        let socket = Socket::new(&context, kind).unwrap();
        for endpoint in ["tcp://*:*", "tcp://0.0.0.0:*", "tcp://[::]:*"] {
            let refused = socket.bind(endpoint).unwrap_err();
            assert!(matches!(refused.cause, EndpointCause::OpenToNetwork), "{refused}");
            let told = refused.to_string();
            assert!(told.contains(endpoint) && told.contains("set_open_to_network"), "{told}");
        }
        for free in ["tcp://127.0.0.1:*", "tcp://127.9.9.9:*", "ipc://*", &inproc()] {
            socket.bind(free).unwrap();
        }
        socket.set_open_to_network(true);
        socket.bind("tcp://*:*").unwrap();
    }
    for kind in [SocketType::Dish, SocketType::Dgram] {
        let socket = Socket::new(&context, kind).unwrap();
        let refused = socket.bind("udp://*:*").unwrap_err();
        assert!(matches!(refused.cause, EndpointCause::OpenToNetwork), "{refused}");
        let refused = socket.bind("udp://239.255.74.1:*").unwrap_err();
        assert!(matches!(refused.cause, EndpointCause::OpenToNetwork), "{refused}");
        socket.set_open_to_network(true);
        socket.bind("udp://*:*").unwrap();
    }
}

#[test]
fn a_mechanism_is_word_enough_and_a_descriptor_is_none() {
    let context = Context::new();
    let secret = Rep::new(&context).unwrap();
    secret.secure_server(&curve_keypair().unwrap(), AllowAny).unwrap();
    secret.bind("tcp://*:*").unwrap();
    let guarded = Rep::new(&context).unwrap();
    guarded.set_plain_server().unwrap();
    guarded.bind("tcp://*:*").unwrap();
    let given = Rep::new(&context).unwrap();
    given.set_listener(std::net::TcpListener::bind("0.0.0.0:0").unwrap().into());
    let refused = given.bind("tcp://*:*").unwrap_err();
    assert!(matches!(refused.cause, EndpointCause::OpenToNetwork), "{refused}");
}

/// An address of this machine that others can reach, if it has one; nothing is sent to find out.
fn address_in_the_network() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().unwrap().ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[test]
fn a_mechanism_that_is_taken_back_leaves_no_door_open_to_the_network() {
    let context = Context::new();
    let rep = Rep::new(&context).unwrap();
    rep.secure_server(&curve_keypair().unwrap(), AllowAny).unwrap();
    let bound = rep.bind("tcp://*:*").unwrap();
    let port = bound.rsplit_once(':').unwrap().1.to_owned();
    rep.set_no_mechanism();
    rep.set_authenticator(AllowAny).unwrap();
    let events = rep.monitor();
    // Who is on this machine may come.
    let near = Req::new(&context).unwrap();
    near.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    assert!(rep.wait_connected(1, LONG));
    let Some(address) = address_in_the_network() else { return };
    let mut far = RawPeer::connect(&format!("tcp://{address}:{port}"));
    far.read_to_close();
    let told = events.wait_for(LONG, |event| matches!(event, Event::AcceptFailed { .. }));
    assert!(matches!(told, Some(Event::AcceptFailed { reason, .. }) if reason.contains("open_to_network")));
    assert_eq!(rep.connected(), 1);
    // It was meant when this was bound, so it goes on being meant.
    let open = Rep::new(&context).unwrap();
    open.set_open_to_network(true);
    let port = open.bind("tcp://*:*").unwrap().rsplit_once(':').unwrap().1.to_owned();
    open.set_open_to_network(false);
    let far = Req::new(&context).unwrap();
    far.connect(&format!("tcp://{address}:{port}")).unwrap();
    assert!(open.wait_connected(1, LONG));
}
