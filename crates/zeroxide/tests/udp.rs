//! `udp://`: RADIO and DISH by datagrams, unicast and multicast, and DGRAM, against each other and against plain sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::{net::UdpSocket, time::Duration};
use zeroxide::*;

const HOME: &str = "udp://127.0.0.1:*";

/// A DISH in this group, and a RADIO that sends to where it is.
fn on_air(context: &Context, bind: &str, group: &str) -> (Radio, Dish, String) {
    let (radio, dish) = (Radio::new(context).unwrap(), Dish::new(context).unwrap());
    let at = dish.bind(bind).unwrap();
    dish.join(group).unwrap();
    radio.connect(&at).unwrap();
    (radio, dish, at)
}

/// The address in an endpoint.
fn address(endpoint: &str) -> &str {
    endpoint.trim_start_matches("udp://")
}

fn plain() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    let at = format!("udp://{}", socket.local_addr().unwrap());
    (socket, at)
}

fn next_datagram(socket: &UdpSocket) -> Vec<u8> {
    let mut datagram = vec![0; 70_000];
    let length = socket.recv(&mut datagram).unwrap();
    datagram.truncate(length);
    datagram
}

#[test]
fn a_dish_hears_its_groups_and_nothing_else() {
    for bind in [HOME, "udp://[::1]:*", "udp://*:*"] {
        let context = Context::new();
        let (dish, radio) = (Dish::new(&context).unwrap(), Radio::new(&context).unwrap());
        dish.set_open_to_network(bind.contains('*'));
        let at = dish.bind(bind).unwrap().replace("0.0.0.0", "127.0.0.1");
        dish.join("TV").unwrap();
        radio.connect(&at).unwrap();
        radio.send_to("TV2", "not for you").unwrap();
        radio.send_to("", "nor this").unwrap();
        radio.send_to("TV", "Facts").unwrap();
        assert_eq!(dish.get(), Message::grouped("TV", "Facts"));
        assert!(dish.has_nothing());
        assert_eq!(dish.statistics().lost_to(Loss::Unsubscribed), 2);
        dish.leave("TV").unwrap();
        radio.send_to("TV", "gone").unwrap();
        eventually(|| dish.statistics().lost_to(Loss::Unsubscribed) == 3);
    }
}

#[test]
fn t15_a_datagram_is_the_length_of_the_group_the_group_and_the_body() {
    let context = Context::new();
    let radio = Radio::new(&context).unwrap();
    let (listener, at) = plain();
    radio.connect(&at).unwrap();
    radio.send_to("TV", "Facts").unwrap();
    assert_eq!(next_datagram(&listener), b"\x02TVFacts");
    radio.send("for no group").unwrap();
    assert_eq!(next_datagram(&listener), b"\x00for no group");
    radio.send_to("g".repeat(255), "").unwrap();
    assert_eq!(next_datagram(&listener), [&[255], "g".repeat(255).as_bytes()].concat());
}

#[test]
fn r13_what_is_no_datagram_of_a_radio_is_dropped_and_counted() {
    let context = Context::new();
    let dish = Dish::new(&context).unwrap();
    let at = dish.bind(HOME).unwrap();
    dish.join("TV").unwrap();
    let (stranger, _) = plain();
    let broken: [&[u8]; 7] = [b"", b"\x01", b"\x80abc", b"\xff", b"\xfe\xff", b"\x02T", b"\x03a\0bx"];
    for datagram in broken {
        stranger.send_to(datagram, address(&at)).unwrap();
    }
    stranger.send_to(b"\x02TVstill here", address(&at)).unwrap();
    assert_eq!(dish.get(), Message::grouped("TV", "still here"));
    assert_eq!(dish.statistics().lost_to(Loss::BadEnvelope), broken.len() as u64);
}

#[test]
fn the_longest_datagram_arrives_whole_and_one_octet_more_is_refused() {
    let context = Context::new();
    let (radio, dish, _) = on_air(&context, HOME, "TV");
    for size in [0, 1, 8_191, 8_192, 8_193, 65_507 - 3] {
        radio.send_to("TV", vec![7; size]).unwrap();
        assert_eq!(dish.get(), Message::grouped("TV", vec![7; size]));
    }
    let long = Message::grouped("TV", vec![7; 65_507 - 2]);
    let error = radio.send(long.clone()).unwrap_err();
    assert_eq!((error.cause, error.message), (SendErrorCause::Oversized(65_507 - 3), long));
}

#[test]
fn what_a_full_dish_misses_is_counted() {
    let context = Context::new();
    let (radio, dish) = (Radio::new(&context).unwrap(), Dish::new(&context).unwrap());
    dish.set_receive_high_water_mark(Some(5)).unwrap();
    let at = dish.bind(HOME).unwrap();
    dish.join("TV").unwrap();
    radio.connect(&at).unwrap();
    (0..20u32).for_each(|count| radio.send_to("TV", count.to_string()).unwrap());
    eventually(|| dish.statistics().lost_to(Loss::HighWaterMark) == 15);
    (0..5u32).for_each(|count| assert_eq!(dish.get().body(), count.to_string().as_bytes()));
    radio.send_to("TV", "room again").unwrap();
    assert_eq!(dish.get().body(), b"room again");
}

#[test]
fn what_is_longer_than_allowed_is_dropped_and_counted() {
    let context = Context::new();
    let dish = Dish::new(&context).unwrap();
    dish.set_max_message_size(Some(5)).unwrap();
    let at = dish.bind(HOME).unwrap();
    dish.join("TV").unwrap();
    let (stranger, _) = plain();
    stranger.send_to(b"\x02TV123456", address(&at)).unwrap();
    stranger.send_to(b"\x02TV12345", address(&at)).unwrap();
    assert_eq!(dish.get().body(), b"12345");
    assert_eq!(dish.statistics().lost_to(Loss::Oversized), 1);
}

#[test]
fn what_was_sent_is_out_when_the_radio_is_dropped() {
    let context = Context::new();
    let (listener, at) = plain();
    let radio = Radio::new(&context).unwrap();
    radio.connect(&at).unwrap();
    (0..50u8).for_each(|count| radio.send_to("TV", &[count]).unwrap());
    drop(radio);
    (0..50u8).for_each(|count| assert_eq!(next_datagram(&listener), [2, b'T', b'V', count]));
}

#[test]
fn one_radio_serves_addresses_and_connections() {
    let context = Context::new();
    let (radio, far, _) = {
        let (radio, dish, at) = on_air(&context, HOME, "TV");
        (radio, dish, at)
    };
    let near = Dish::new(&context).unwrap();
    join(&radio, &near, "tcp://127.0.0.1:*");
    assert!(near.join_confirmed("TV", LONG).unwrap());
    assert_eq!(radio.members("TV"), 2);
    radio.send_to("TV", "both").unwrap();
    assert_eq!((far.get().body(), near.get().body()), (&b"both"[..], &b"both"[..]));
}

#[test]
fn an_address_is_free_again_after_unbind_and_taken_before() {
    let context = Context::new();
    for kind in [SocketType::Dish, SocketType::Dgram] {
        let (one, other) = (Socket::new(&context, kind).unwrap(), Socket::new(&context, kind).unwrap());
        // Where nobody else is given a port: it is bound again.
        let at = one.bind(&own_address().replace("tcp:", "udp:")).unwrap();
        assert_eq!(one.last_endpoint(), at);
        assert!(matches!(other.bind(&at).unwrap_err().cause, EndpointCause::InUse), "{kind}");
        one.unbind(&at).unwrap();
        other.bind(&at).unwrap();
        drop(other);
        eventually(|| one.bind(&at).is_ok());
    }
}

#[test]
fn after_disconnect_a_radio_sends_no_more() {
    let context = Context::new();
    let (radio, dish, at) = on_air(&context, HOME, "TV");
    radio.send_to("TV", "one").unwrap();
    radio.disconnect(&at).unwrap();
    radio.send_to("TV", "two").unwrap();
    assert_eq!(radio.statistics().lost_to(Loss::NoPeer), 1);
    radio.connect(&at).unwrap();
    radio.send_to("TV", "three").unwrap();
    assert_eq!((dish.get().body(), dish.get().body()), (&b"one"[..], &b"three"[..]));
}

#[test]
fn only_the_types_of_datagrams_use_them_and_only_their_way() {
    let context = Context::new();
    for kind in SocketType::ALL {
        let socket = Socket::new(&context, kind).unwrap();
        let (binds, connects) = (socket.bind(HOME), socket.connect("udp://127.0.0.1:9"));
        assert_eq!(binds.is_ok(), matches!(kind, SocketType::Dish | SocketType::Dgram), "{kind}");
        assert_eq!(connects.is_ok(), kind == SocketType::Radio, "{kind}");
        for error in binds.err().into_iter().chain(connects.err()) {
            assert!(matches!(error.cause, EndpointCause::NotForThisType), "{kind}: {error}");
        }
    }
    let dgram = Dgram::new(&context).unwrap();
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*", "inproc://dgram"] {
        assert!(matches!(dgram.bind(endpoint).unwrap_err().cause, EndpointCause::NotForThisType));
    }
}

#[test]
fn endpoints_that_cannot_be_are_refused() {
    let context = Context::new();
    let (radio, dish) = (Radio::new(&context).unwrap(), Dish::new(&context).unwrap());
    for endpoint in ["udp://*:5555", "udp://127.0.0.1:*", "udp://127.0.0.1", "udp://a;b;127.0.0.1:5"] {
        assert!(
            matches!(radio.connect(endpoint).unwrap_err().cause, EndpointCause::Malformed(_)),
            "{endpoint}"
        );
    }
    let error = dish.bind("udp://lo;127.0.0.1:*").unwrap_err();
    assert!(matches!(error.cause, EndpointCause::Option(_)), "{error}");
    let error = dish.bind("udp://nosuchnic;239.255.1.1:*").unwrap_err();
    assert!(matches!(error.cause, EndpointCause::System(_)), "{error}");
}

#[test]
fn dgrams_talk_to_whoever_has_an_address() {
    for bind in [HOME, "udp://[::1]:*"] {
        let context = Context::new();
        let (one, other) = (Dgram::new(&context).unwrap(), Dgram::new(&context).unwrap());
        let (here, there) = (one.bind(bind).unwrap(), other.bind(bind).unwrap());
        one.send([address(&there), "ping"]).unwrap();
        let ping = other.get();
        assert_eq!(ping, [address(&here), "ping"].into());
        other.send([&ping[0][..], b"pong"]).unwrap();
        assert_eq!(one.get(), [address(&there), "pong"].into());
        other.send([address(&here), ""]).unwrap();
        assert_eq!(one.get(), [address(&there), ""].into());
    }
}

#[test]
fn a_dgram_says_what_it_cannot_send() {
    let context = Context::new();
    let dgram = Dgram::new(&context).unwrap();
    assert_eq!(dgram.try_send(["127.0.0.1:9", "x"]).unwrap_err().cause, SendErrorCause::WouldBlock);
    let at = dgram.bind(HOME).unwrap();
    assert!(matches!(dgram.bind(HOME).unwrap_err().cause, EndpointCause::Option(_)), "it has one endpoint");
    for message in [Message::from("alone"), ["a", "b", "c"].into(), ["nowhere", "x"].into()] {
        let error = dgram.send(message.clone()).unwrap_err();
        assert!(matches!(error.cause, SendErrorCause::Invalid(_)), "{error}");
        assert_eq!(error.message, message);
    }
    let sized = |octets| Message::from([address(&at).as_bytes().to_vec(), vec![7; octets]]);
    assert_eq!(dgram.send(sized(65_508)).unwrap_err().cause, SendErrorCause::Oversized(65_507));
    dgram.send(sized(65_507)).unwrap();
    assert_eq!(dgram.get()[1].len(), 65_507);
    // The trailing zero that libzmq puts behind an address is understood.
    dgram.send([format!("{}\0", address(&at)).as_bytes(), b"to me"]).unwrap();
    assert_eq!(dgram.text(), format!("{} | to me", address(&at)));
}

#[test]
fn what_cannot_be_delivered_is_counted_and_the_socket_goes_on() {
    let context = Context::new();
    let dgram = Dgram::new(&context).unwrap();
    let at = dgram.bind(HOME).unwrap();
    // An IPv4 socket has no way to an IPv6 address, and needs a privilege to broadcast.
    dgram.send(["[::1]:9", "x"]).unwrap();
    dgram.send(["255.255.255.255:9", "x"]).unwrap();
    eventually(|| dgram.statistics().lost_to(Loss::Unroutable) == 2);
    dgram.send([address(&at), "still here"]).unwrap();
    assert_eq!(dgram.get()[1], "still here");
}

#[test]
fn a_group_of_multicast_reaches_all_who_joined_it() {
    for bind in ["udp://lo;239.255.71.1:*", "udp://127.0.0.1;239.255.71.2:*"] {
        let context = Context::new();
        let (radio, dish, at) = on_air(&context, bind, "TV");
        let second = Dish::new(&context).unwrap();
        second.bind(&at).unwrap();
        second.join("TV").unwrap();
        radio.send_to("TV", "to all").unwrap();
        assert_eq!((dish.get().body(), second.get().body()), (&b"to all"[..], &b"to all"[..]));
        // What comes to the same port by another way is not the group's.
        let port = at.rsplit_once(':').unwrap().1;
        let (stranger, _) = plain();
        // Where nobody else may be bound to that port.
        let elsewhere = own_address().trim_start_matches("tcp://").replace('*', port);
        stranger.send_to(b"\x02TVunicast", elsewhere).unwrap();
        radio.send_to("TV", "again").unwrap();
        assert_eq!((dish.get().body(), second.get().body()), (&b"again"[..], &b"again"[..]));
    }
}

#[test]
fn a_task_and_a_poller_wait_for_datagrams() {
    let context = Context::new();
    let (radio, dish, _) = on_air(&context, HOME, "TV");
    let mut poller = Poller::new();
    poller.add(&dish, 1, Interest::READABLE);
    assert!(poller.wait(Some(Duration::ZERO)).unwrap().is_empty());
    radio.send_to("TV", "polled").unwrap();
    assert_eq!(poller.wait(Some(LONG)).unwrap().len(), 1);
    assert_eq!(dish.try_recv().unwrap().body(), b"polled");
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| dish.recv_timeout(LONG).unwrap());
        radio.send_to("TV", "waited for").unwrap();
        assert_eq!(waits.join().unwrap().body(), b"waited for");
    });
}

#[test]
fn datagrams_from_many_threads_are_whole() {
    let context = Context::new();
    let (dgram, sender) = (Dgram::new(&context).unwrap(), Dgram::new(&context).unwrap());
    let at = dgram.bind(HOME).unwrap();
    sender.bind(HOME).unwrap();
    std::thread::scope(|scope| {
        for who in 0..4u8 {
            let (sender, at) = (&sender, address(&at));
            scope.spawn(move || {
                for size in 1..=20 {
                    sender.send([at.as_bytes(), &vec![who; size]]).unwrap();
                }
            });
        }
    });
    // Few enough for the buffer of any kernel, so that none is lost.
    let mut seen = [0; 4];
    for _ in 0..80 {
        let message = dgram.get();
        let (body, who) = (&message[1], usize::from(message[1][0]));
        assert!(body.iter().all(|octet| usize::from(*octet) == who));
        assert_eq!(body.len(), seen[who] + 1, "in the order in which one thread sent them");
        seen[who] = body.len();
    }
}

#[test]
fn datagrams_are_not_taken_for_secure() {
    let context = Context::new();
    let keys = curve_keypair().unwrap();
    type Guard<'a> = &'a dyn Fn(&Handle);
    let guards: [Guard; 4] = [
        &|socket| socket.secure_server(&keys, AllowAny).unwrap(),
        &|socket| socket.set_plain_client("a", "b").unwrap(),
        &|socket| socket.set_zap_domain("global").unwrap(),
        &|socket| socket.set_authenticator(Addresses::only().deny("127.0.0.1").unwrap()).unwrap(),
    ];
    for guard in guards {
        let (radio, dish) = (Radio::new(&context).unwrap(), Dish::new(&context).unwrap());
        guard(&radio);
        guard(&dish);
        let refused = [dish.bind(HOME).unwrap_err(), radio.connect("udp://127.0.0.1:9").unwrap_err()];
        for refused in refused {
            assert!(matches!(refused.cause, EndpointCause::Option(_)), "{refused}");
            assert!(refused.to_string().contains("udp"), "{refused}");
        }
    }
}
