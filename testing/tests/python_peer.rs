//! The Python peer itself: what the other tests take for granted about it.

#![allow(clippy::unwrap_used, reason = "in a test a refusal is a failure")]

use std::time::Duration;

use zeroxide_testing::{Digest, Kind, PATIENCE, PythonPeer, RemoteSocket, eventually, with_cores_loaded};

const MOMENT: Duration = Duration::from_millis(50);

/// Two sockets of one peer process, connected over tcp; the first has bound.
fn pair_of(peer: &PythonPeer, binder: Kind, connecter: Kind) -> (RemoteSocket, RemoteSocket) {
    let (binder, connecter) = (peer.socket(binder), peer.socket(connecter));
    connecter.connect(&binder.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    (binder, connecter)
}

#[test]
fn it_tells_the_version_of_its_libzmq() {
    let peer = PythonPeer::spawn();
    assert!(peer.version().starts_with("4.3."), "{}", peer.version());
    peer.exit();
}

#[test]
fn refusals_of_libzmq_come_back_by_name() {
    let peer = PythonPeer::spawn();
    let (_rep, req) = pair_of(&peer, Kind::Rep, Kind::Req);
    assert_eq!(req.recv().unwrap_err().name, "EFSM");
    assert_eq!(req.bind("nonsense").unwrap_err().name, "EINVAL");
    let router = peer.socket(Kind::Router);
    router.set_int("ROUTER_MANDATORY", 1).unwrap();
    assert_eq!(router.send(&[b"nobody", b"hello!"]).unwrap_err().name, "EHOSTUNREACH");
    let push = peer.socket(Kind::Push);
    assert_eq!(push.send_within(MOMENT, &[b"x"]).unwrap_err().name, "EAGAIN");
}

#[test]
fn options_can_be_set_and_read() {
    let peer = PythonPeer::spawn();
    let push = peer.socket(Kind::Push);
    push.set_int("SNDHWM", 7).unwrap();
    assert_eq!(push.get_int("SNDHWM").unwrap(), 7);
    let dealer = peer.socket(Kind::Dealer);
    dealer.set_bytes("ROUTING_ID", b"\x01\x00\xFF").unwrap();
    assert_eq!(dealer.get_bytes("ROUTING_ID").unwrap(), b"\x01\x00\xFF");
}

#[test]
fn a_blast_is_counted_whole_and_in_order() {
    let (one, other) = (PythonPeer::spawn(), PythonPeer::spawn());
    let (pull, push) = (one.socket(Kind::Pull), other.socket(Kind::Push));
    push.connect(&pull.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    // It ends when all have come; on a loaded machine one may be a while behind the other.
    let count = pull.count(20_000, PATIENCE / 2).unwrap();
    assert_eq!(push.blast(20_000, 64, &[]).unwrap().sent().unwrap(), 20_000);
    let counted = count.counted().unwrap();
    assert_eq!((counted.messages, counted.octets), (20_000, 20_000 * 64));
    assert_eq!((counted.missing, counted.backwards), (0, 0));
}

#[test]
fn a_count_ends_by_itself_when_nothing_more_comes() {
    let peer = PythonPeer::spawn();
    let (pull, push) = pair_of(&peer, Kind::Pull, Kind::Push);
    push.blast(10, 4, &[b"prefix"]).unwrap().sent().unwrap();
    // Longer than a loaded machine leaves one on its way.
    let counted = pull.count(1_000_000, 40 * MOMENT).unwrap().counted().unwrap();
    assert_eq!((counted.messages, counted.octets), (10, 100));
}

#[test]
fn an_echo_goes_on_until_it_is_stopped() {
    let peer = PythonPeer::spawn();
    let (rep, req) = pair_of(&peer, Kind::Rep, Kind::Req);
    let echo = rep.echo().unwrap();
    for round in 0..10_u8 {
        req.send(&[vec![round], b"more".to_vec()]).unwrap();
        assert_eq!(req.recv().unwrap(), [vec![round], b"more".to_vec()]);
    }
    echo.stop().unwrap();
    assert_eq!(echo.sent().unwrap(), 10);
}

#[test]
fn digests_tell_messages_apart_without_carrying_them() {
    let peer = PythonPeer::spawn();
    let (pull, push) = pair_of(&peer, Kind::Pull, Kind::Push);
    let messages = [vec![vec![3; 100_000], b"tail".to_vec()], vec![Vec::new()]];
    for message in &messages {
        push.send(message).unwrap();
    }
    let wanted: Vec<Digest> = messages.iter().flat_map(|message| Digest::of(message)).collect();
    assert_eq!(pull.recv_digests(2).unwrap(), wanted);
}

#[test]
fn polling_tells_what_is_possible() {
    let peer = PythonPeer::spawn();
    let (pull, push) = pair_of(&peer, Kind::Pull, Kind::Push);
    assert!(!pull.poll_in(Duration::ZERO).unwrap());
    assert!(push.poll_out(MOMENT).unwrap());
    push.send(&[b"x"]).unwrap();
    eventually(|| pull.poll_in(MOMENT).unwrap());
}

#[test]
fn a_monitor_tells_of_connections_and_of_a_killed_peer() {
    let (one, other) = (PythonPeer::spawn(), PythonPeer::spawn());
    let (rep, req) = (one.socket(Kind::Rep), other.socket(Kind::Req));
    rep.monitor().unwrap();
    req.connect(&rep.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let accepted = rep.event(&["ACCEPTED"]).unwrap();
    assert!(accepted.endpoint.starts_with("tcp://127.0.0.1:") && accepted.value > 2, "{accepted:?}");
    rep.event(&["HANDSHAKE_SUCCEEDED"]).unwrap();
    other.kill();
    rep.event(&["DISCONNECTED"]).unwrap();
    assert_eq!(rep.event_within(Duration::ZERO, &["CONNECTED"]).unwrap_err().name, "EAGAIN");
    rep.close().unwrap();
}

#[test]
fn a_frozen_peer_is_silent_and_goes_on_when_resumed() {
    let (one, other) = (PythonPeer::spawn(), PythonPeer::spawn());
    let (rep, req) = (one.socket(Kind::Rep), other.socket(Kind::Req));
    req.connect(&rep.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let echo = rep.echo().unwrap();
    one.freeze();
    req.send(&[b"still there?"]).unwrap();
    assert_eq!(req.recv_within(MOMENT).unwrap_err().name, "EAGAIN");
    one.resume();
    assert_eq!(req.recv().unwrap(), [b"still there?"]);
    echo.stop().unwrap();
}

#[test]
fn term_waits_for_lingering_messages() {
    let (one, other) = (PythonPeer::spawn(), PythonPeer::spawn());
    let (pull, push) = (one.socket(Kind::Pull), other.socket(Kind::Push));
    push.connect(&pull.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    push.send(&[vec![1; 1 << 20]]).unwrap();
    other.term().unwrap();
    assert_eq!(pull.recv().unwrap()[0].len(), 1 << 20);
    push_again(&other);
}

/// After a term the peer has a fresh context.
fn push_again(peer: &PythonPeer) {
    let (pull, push) = pair_of(peer, Kind::Pull, Kind::Push);
    push.send(&[b"again"]).unwrap();
    assert_eq!(pull.recv().unwrap(), [b"again"]);
    push.close_lingering(Duration::ZERO).unwrap();
}

#[test]
fn a_round_trip_also_works_when_the_cores_are_loaded() {
    with_cores_loaded(|| {
        let peer = PythonPeer::spawn();
        let (rep, req) = pair_of(&peer, Kind::Rep, Kind::Req);
        req.send(&[b"ping"]).unwrap();
        assert_eq!(rep.recv().unwrap(), [b"ping"]);
    });
}

#[test]
#[should_panic(expected = "the Python peer died")]
fn a_command_to_a_dead_peer_fails_the_test_and_says_so() {
    let peer = PythonPeer::spawn();
    let pull = peer.socket(Kind::Pull);
    peer.freeze();
    peer.kill();
    // The pipe may still take the request, or not; both must be told as the death of the peer.
    let _ = pull.recv();
}
