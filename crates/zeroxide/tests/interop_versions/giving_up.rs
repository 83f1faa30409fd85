//! What the connecting side does after a refusal or a lost connection (T17).

use super::*;

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
