//! Signs of life: a peer that stands still is found out, by our PINGs or by the time to live that it announced, and is
//! taken back when it goes on. And the other way round: libzmq's PINGs are answered though our application never calls
//! in, and a connection that we ourselves do not read is not taken for dead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod scenario;

use scenario::*;
use std::{thread, time::Duration};
use zeroxide::*;

const SILENT: &str = "no sign of life from the peer";
const BEAT: Duration = Duration::from_millis(100);
/// Much longer than a loaded machine lets anybody wait.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Beats fast and gives up late.
fn beating(socket: &Handle) {
    socket.set_heartbeat_interval(Some(BEAT)).unwrap();
    socket.set_heartbeat_timeout(Some(TIMEOUT)).unwrap();
}

/// Returns when a connection to somebody who never answers has been given up: by then every other connection with the
/// same heartbeats has had its time as well.
fn a_dead_connection_is_given_up(beating: fn(&Handle)) {
    let listener = RawListener::tcp();
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    beating(&push);
    let monitor = push.monitor();
    push.connect(listener.endpoint()).unwrap();
    let mut silent = listener.accept();
    silent.shake_hands_v31(Kind::Pull, Kind::Push);
    assert_eq!(disconnected(&monitor), SILENT);
}

// -- our heartbeats

#[test]
fn a_frozen_libzmq_that_connected_is_found_out_and_served_again_when_it_goes_on() {
    let context = Context::new();
    let dealer = Dealer::new(&context).unwrap();
    beating(&dealer);
    let monitor = dealer.monitor();
    let endpoint = dealer.bind(TCP).unwrap();
    let (peer, theirs) = libzmq_connected(Kind::Dealer, &endpoint);
    theirs.send(&["before"]).unwrap();
    assert_eq!(dealer.recv_timeout(LONG).unwrap(), "before".into());

    peer.freeze();
    assert_eq!(disconnected(&monitor), SILENT);
    assert_eq!(dealer.connected(), 0);
    peer.resume();
    connected(&monitor);
    theirs.send(&["after"]).unwrap();
    assert_eq!(dealer.recv_timeout(LONG).unwrap(), "after".into());
    dealer.send("welcome back").unwrap();
    assert_eq!(theirs.recv().unwrap(), [b"welcome back"]);
}

#[test]
fn a_frozen_libzmq_that_we_connected_to_is_found_out_and_found_again() {
    let (peer, theirs, endpoint) = libzmq_bound(Kind::Dealer, TCP);
    let context = Context::new();
    let dealer = Dealer::new(&context).unwrap();
    beating(&dealer);
    let monitor = dealer.monitor();
    dealer.connect(&endpoint).unwrap();
    dealer.send("before").unwrap();
    assert_eq!(theirs.recv().unwrap(), [b"before"]);

    peer.freeze();
    assert_eq!(disconnected(&monitor), SILENT);
    (0..100).for_each(|number| dealer.send(numbered(number)).unwrap());
    peer.resume();
    libzmq_gets(&theirs, 0..100);
}

#[test]
fn a_thread_that_waits_in_a_receive_does_not_hide_the_end_from_a_frozen_peer() {
    let context = Context::new();
    let dealer = Dealer::new(&context).unwrap();
    beating(&dealer);
    let monitor = dealer.monitor();
    let endpoint = dealer.bind(TCP).unwrap();
    let peer = PythonPeer::spawn();
    let theirs = peer.socket(Kind::Dealer);
    theirs.monitor().unwrap();
    theirs.connect(&endpoint).unwrap();
    theirs.event(&["HANDSHAKE_SUCCEEDED"]).unwrap();
    connected(&monitor);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| dealer.recv_timeout(LONG));
        peer.freeze();
        assert_eq!(disconnected(&monitor), SILENT);
        peer.resume();
        // The thread still waits. Only if the old connection is closed does libzmq make a new one.
        theirs.event(&["DISCONNECTED"]).unwrap();
        theirs.event(&["HANDSHAKE_SUCCEEDED"]).unwrap();
        theirs.send(&["here I am"]).unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), "here I am".into());
    });
}

#[test]
fn a_living_libzmq_with_nothing_to_say_is_not_given_up() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    beating(&pull);
    let monitor = pull.monitor();
    let endpoint = pull.bind(TCP).unwrap();
    let (_peer, push) = libzmq_connected(Kind::Push, &endpoint);
    connected(&monitor);
    a_dead_connection_is_given_up(beating);
    push.send(&["still there"]).unwrap();
    assert_eq!(pull.recv_timeout(LONG).unwrap(), "still there".into());
    assert_eq!(pull.statistics().connections, 1);
}

#[test]
fn a_connection_that_our_application_does_not_read_is_not_taken_for_dead() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    pull.set_receive_high_water_mark(Some(1)).unwrap();
    beating(&pull);
    let endpoint = pull.bind(TCP).unwrap();
    let peer = PythonPeer::spawn();
    let push = peer.socket(Kind::Push);
    push.set_int("SNDHWM", 0).unwrap();
    push.connect(&endpoint).unwrap();
    // So much that the system's buffers do not hold it, and libzmq's PONG waits behind it.
    let messages = push.blast(2_000, 10_000, &[]).unwrap().sent().unwrap();
    a_dead_connection_is_given_up(beating);
    for number in 0..messages {
        assert_eq!(number_of(&pull.recv_timeout(LONG).unwrap()), number);
    }
    assert_eq!(pull.statistics().connections, 1);
}

// -- libzmq's heartbeats

/// A libzmq socket that beats as we do in [`beating`].
fn their_beating(socket: &RemoteSocket) {
    socket.set_int("HEARTBEAT_IVL", BEAT.as_millis() as i64).unwrap();
    socket.set_int("HEARTBEAT_TIMEOUT", TIMEOUT.as_millis() as i64).unwrap();
}

#[test]
fn libzmq_is_answered_though_our_application_never_calls_in() {
    let context = Context::new();
    let [bound, connecting] = [(); 2].map(|()| Dealer::new(&context).unwrap());
    let endpoint = bound.bind(TCP).unwrap();
    let peer = PythonPeer::spawn();
    let [to_bound, to_connecting, to_nobody] = [(); 3].map(|()| {
        let theirs = peer.socket(Kind::Dealer);
        their_beating(&theirs);
        theirs.monitor().unwrap();
        theirs
    });
    connecting.connect(&to_connecting.bind(TCP).unwrap()).unwrap();
    to_bound.connect(&endpoint).unwrap();
    for theirs in [&to_bound, &to_connecting] {
        theirs.event(&["HANDSHAKE_SUCCEEDED"]).unwrap();
    }
    // libzmq gives up whoever does not answer; by then it would have given us up as well.
    let listener = RawListener::tcp();
    to_nobody.connect(listener.endpoint()).unwrap();
    let mut silent = listener.accept();
    silent.send(&octets::greeting_v31("NULL")).send(&octets::ready(Kind::Dealer, b""));
    to_nobody.event(&["DISCONNECTED"]).unwrap();

    for (ours, theirs) in [(&bound, &to_bound), (&connecting, &to_connecting)] {
        theirs.send(&["ping"]).unwrap();
        assert_eq!(ours.recv_timeout(LONG).unwrap(), "ping".into());
        ours.send("pong").unwrap();
        assert_eq!(theirs.recv().unwrap(), [b"pong"]);
        assert_eq!(ours.statistics().connections, 1);
    }
}

#[test]
fn the_time_to_live_that_libzmq_announces_is_honoured_without_heartbeats_of_our_own() {
    let context = Context::new();
    let dealer = Dealer::new(&context).unwrap();
    let monitor = dealer.monitor();
    let endpoint = dealer.bind(TCP).unwrap();
    let peer = PythonPeer::spawn();
    let theirs = peer.socket(Kind::Dealer);
    theirs.set_int("HEARTBEAT_IVL", 50).unwrap();
    theirs.set_int("HEARTBEAT_TIMEOUT", 60_000).unwrap();
    theirs.set_int("HEARTBEAT_TTL", 4_000).unwrap();
    theirs.connect(&endpoint).unwrap();
    theirs.send(&["before"]).unwrap();
    assert_eq!(dealer.recv_timeout(LONG).unwrap(), "before".into());
    // It lives on its PINGs alone for longer than the time to live.
    assert_eq!(monitor.wait_for(TIMEOUT * 3 / 2, |event| matches!(event, Event::Disconnected { .. })), None);
    let connections = dealer.statistics().connections;

    peer.freeze();
    assert_eq!(disconnected(&monitor), SILENT);
    peer.resume();
    theirs.send(&["after"]).unwrap();
    assert_eq!(dealer.recv_timeout(LONG).unwrap(), "after".into());
    assert_eq!(connections, 1);
    eventually(|| dealer.statistics().connections == 2);
}

#[test]
fn a_time_to_live_counts_from_the_last_ping_and_0_ends_it() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let monitor = pull.monitor();
    let endpoint = pull.bind(TCP).unwrap();
    let mut mortal = RawPeer::connect(&endpoint);
    mortal.shake_hands_v31(Kind::Push, Kind::Pull);
    let mut immortal = RawPeer::connect(&endpoint);
    immortal.shake_hands_v31(Kind::Push, Kind::Pull);
    // In one piece, or the time could be over between the two.
    immortal.send(&[octets::ping(1, b"1"), octets::ping(0, b"2")].concat());
    immortal.expect(&octets::pong(b"1")).expect(&octets::pong(b"2"));
    mortal.send(&octets::ping(1, b"3")).expect(&octets::pong(b"3"));
    assert_eq!(disconnected(&monitor), SILENT);
    mortal.expect_close();
    immortal.send(&octets::message(&[b"here"]));
    assert_eq!(pull.recv_timeout(LONG).unwrap(), "here".into());
}
