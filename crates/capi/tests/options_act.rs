//! Options that C sets in a way of its own, and what comes of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]
#![allow(unsafe_code, reason = "the functions are C's")]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_calls;

use c_calls::{
    Msg,
    world::{Socket, World, done},
    zmq_msg_close, zmq_msg_gets, zmq_msg_init, zmq_msg_recv,
};
use std::{
    ffi::{CStr, c_int},
    io::Write,
    mem::MaybeUninit,
    net::{TcpListener, TcpStream},
    os::{
        fd::{AsRawFd, IntoRawFd},
        unix::net::UnixStream,
    },
};
use zeroxide_testing::own_address;
use zmq::errno::Errno;

const PUB: c_int = 1;
const SUB: c_int = 2;
const REQ: c_int = 3;
const REP: c_int = 4;
const ROUTER: c_int = 6;
const PULL: c_int = 7;
const PUSH: c_int = 8;
const XPUB: c_int = 9;
const STREAM: c_int = 11;

const ROUTING_ID: c_int = 5;
const SUBSCRIBE: c_int = 6;
const UNSUBSCRIBE: c_int = 7;
const SNDHWM: c_int = 23;
const RCVHWM: c_int = 24;
const RCVTIMEO: c_int = 27;
const XPUB_MANUAL: c_int = 71;
const USE_FD: c_int = 89;
const METADATA: c_int = 95;
const TOPICS_COUNT: c_int = 116;

/// How many topics a socket knows.
fn topics(socket: &Socket) -> c_int {
    c_int::from_ne_bytes(socket.get(TOPICS_COUNT).try_into().unwrap())
}

/// How many messages a socket takes without waiting.
fn fill(socket: &Socket) -> usize {
    const DONTWAIT: c_int = 1;
    std::iter::from_fn(|| socket.send_with(b"", DONTWAIT).ok()).count()
}

#[test]
fn a_listener_that_is_handed_over_serves_and_goes_with_the_socket() {
    // Where nobody else listens afterwards.
    let place = own_address();
    let place = place.strip_prefix("tcp://").and_then(|place| place.strip_suffix(":*")).unwrap();
    let ours = TcpListener::bind((place, 0)).unwrap();
    let address = ours.local_addr().unwrap();
    {
        let world = World::new();
        let (pull, push) = (world.socket(PULL), world.socket(PUSH));
        pull.set_int(USE_FD, ours.into_raw_fd());
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
        assert_eq!(endpoint.to_str().unwrap(), format!("tcp://{address}"));
        push.connect(&endpoint);
        push.send(b"through it");
        assert_eq!(pull.recv().unwrap(), b"through it");
    }
    assert!(TcpStream::connect(address).is_err(), "nobody listens there any more");
}

#[test]
fn a_descriptor_that_cannot_be_used_stays_the_applications() {
    let world = World::new();
    let pull = world.socket(PULL);
    let (mut ours, _other) = UnixStream::pair().unwrap();
    pull.set_int(USE_FD, ours.as_raw_fd());
    assert!(pull.bind("tcp://127.0.0.1:*").is_err());
    ours.write_all(b"still open").unwrap();
    pull.set_int(USE_FD, 1_000_000);
    assert_eq!(pull.bind("tcp://127.0.0.1:*"), Err(Errno::EBADF));
    pull.bind("inproc://needs none").unwrap();
    pull.set_int(USE_FD, -1);
    pull.bind("tcp://127.0.0.1:*").unwrap();
}

#[test]
fn topics_are_counted_once_each_on_both_sides() {
    let world = World::new();
    let (publisher, subscriber) = (world.socket(XPUB), world.socket(SUB));
    subscriber.connect(&publisher.bind("tcp://127.0.0.1:*").unwrap());
    for topic in ["a", "b", "a"] {
        subscriber.set(SUBSCRIBE, topic.as_bytes()).unwrap();
    }
    assert_eq!(topics(&subscriber), 2);
    assert_eq!([publisher.recv().unwrap(), publisher.recv().unwrap()], [b"\x01a", b"\x01b"]);
    assert_eq!(topics(&publisher), 2);
    subscriber.set(UNSUBSCRIBE, b"a").unwrap();
    assert_eq!(topics(&subscriber), 2, "one of the two is left");
    subscriber.set(UNSUBSCRIBE, b"a").unwrap();
    assert_eq!(topics(&subscriber), 1);
    assert_eq!(publisher.recv().unwrap(), b"\x00a");
    assert_eq!(topics(&publisher), 1);
}

#[test]
fn a_manual_publisher_decides_by_option_what_a_subscriber_gets() {
    let world = World::new();
    let (publisher, subscriber) = (world.socket(XPUB), world.socket(SUB));
    assert_eq!(publisher.set(SUBSCRIBE, b"b"), Err(Errno::EINVAL), "it is not manual");
    publisher.set_int(XPUB_MANUAL, 1);
    subscriber.connect(&publisher.bind("inproc://manual").unwrap());
    subscriber.set(SUBSCRIBE, b"").unwrap();
    assert_eq!(publisher.recv().unwrap(), b"\x01");
    publisher.set(SUBSCRIBE, b"b").unwrap();
    publisher.send(b"a");
    publisher.send(b"b");
    assert_eq!(subscriber.recv().unwrap(), b"b");
    assert_eq!(world.socket(PUB).set(SUBSCRIBE, b"b"), Err(Errno::EINVAL));
}

#[test]
fn properties_are_added_one_by_one_and_told_to_the_peer() {
    let world = World::new();
    let (server, client) = (world.socket(REP), world.socket(REQ));
    client.set(METADATA, b"X-one:1").unwrap();
    client.set(METADATA, b"X-two:2:3").unwrap();
    client.set(METADATA, b"X-one:first stays").unwrap();
    for wrong in [&b"X-one"[..], b"one:1", b":1", b"X-one:", b"", b"X-\xff:1"] {
        assert_eq!(client.set(METADATA, wrong), Err(Errno::EINVAL));
    }
    client.connect(&server.bind("tcp://127.0.0.1:*").unwrap());
    client.send(b"question");
    let mut part = MaybeUninit::<Msg>::uninit();
    let part = part.as_mut_ptr();
    // SAFETY: there is room for a message, which the first call fills; texts live as long as it.
    unsafe {
        zmq_msg_init(part);
        done(zmq_msg_recv(part, server.0, 0)).unwrap();
        let property = |name: &CStr| CStr::from_ptr(zmq_msg_gets(part, name.as_ptr())).to_bytes().to_vec();
        assert_eq!((property(c"X-one"), property(c"X-two")), (b"1".to_vec(), b"2:3".to_vec()));
        assert_eq!(property(c"Socket-Type"), b"REQ");
        zmq_msg_close(part);
    }
}

#[test]
fn what_is_known_of_a_peer_comes_with_every_part_also_behind_one_that_was_only_copied() {
    let world = World::new();
    let (server, client) = (world.socket(ROUTER), world.socket(REQ));
    client.connect(&server.bind("tcp://127.0.0.1:*").unwrap());
    client.send(b"question");
    assert_eq!(server.recv().unwrap().len(), 5, "the name");
    assert_eq!(server.recv().unwrap(), b"");
    let mut part = MaybeUninit::<Msg>::uninit();
    let part = part.as_mut_ptr();
    // SAFETY: there is room for a message, which the first call fills; texts live as long as it.
    unsafe {
        zmq_msg_init(part);
        done(zmq_msg_recv(part, server.0, 0)).unwrap();
        let kind = zmq_msg_gets(part, c"Socket-Type".as_ptr());
        assert!(!kind.is_null());
        assert_eq!(CStr::from_ptr(kind), c"REQ");
        zmq_msg_close(part);
    }
}

#[test]
fn a_stream_knows_whom_it_has_connected_to() {
    let world = World::new();
    let (server, client) = (world.socket(STREAM), world.socket(STREAM));
    assert_eq!(client.get(ROUTING_ID), b"");
    client.connect(&server.bind("tcp://127.0.0.1:*").unwrap());
    let peer = client.recv().unwrap();
    assert_eq!(client.recv().unwrap(), b"", "the connection is up");
    assert_eq!(client.get(ROUTING_ID), peer);
    assert_eq!(peer.len(), 5);
}

#[test]
fn a_receive_gives_up_in_time() {
    let world = World::new();
    let pull = world.socket(PULL);
    for patience in [0, 1] {
        pull.set_int(RCVTIMEO, patience);
        assert_eq!(pull.recv(), Err(Errno::EAGAIN));
    }
}

#[test]
fn over_inproc_room_comes_back_in_halves_of_what_a_queue_holds() {
    let world = World::new();
    let (push, pull) = (world.socket(PUSH), world.socket(PULL));
    push.set_int(SNDHWM, 10);
    pull.set_int(RCVHWM, 10);
    push.connect(&pull.bind("inproc://halves").unwrap());
    push.send(b"");
    pull.recv().unwrap();
    assert_eq!(fill(&push), 19, "what was taken is less than half");
    (0..19).for_each(|_| _ = pull.recv().unwrap());
    assert_eq!(fill(&push), 20);
    // A lower mark has smaller halves: what was held back till now is given back.
    (0..20).for_each(|_| _ = pull.recv().unwrap());
    push.send(b"");
    pull.recv().unwrap();
    push.set_int(SNDHWM, 1);
    pull.set_int(RCVHWM, 1);
    assert_eq!(fill(&push), 2);
}
