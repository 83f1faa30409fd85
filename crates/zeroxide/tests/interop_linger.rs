//! The end of a socket: what was sent still goes out as long as it may linger, what does not is counted, and a peer that
//! is dead, frozen or silent holds nothing up. And the other side's end: what libzmq sent before it went is received.

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

const MIB: usize = 1 << 20;

/// A PUSH that queues without bound and lingers for ever.
fn patient_push(context: &Context) -> Push {
    let push = Push::new(context).unwrap();
    push.set_send_high_water_mark(None).unwrap();
    push.set_linger(None);
    push
}

/// A libzmq PULL that takes in next to nothing until it is read.
fn closed_mouth(peer: &PythonPeer) -> RemoteSocket {
    let pull = peer.socket(Kind::Pull);
    pull.set_int("RCVHWM", 1).unwrap();
    pull.set_int("RCVBUF", 4096).unwrap();
    pull
}

// -- we close

#[test]
fn a_hundred_thousand_messages_sent_just_before_the_close_arrive() {
    tcp_and_ipc(|endpoint| {
        let (_peer, pull, endpoint) = libzmq_bound(Kind::Pull, endpoint);
        let counting = pull.count(100_000, LONG / 3).unwrap();
        let context = Context::new();
        let push = patient_push(&context);
        push.connect(&endpoint).unwrap();
        (0..100_000).for_each(|number| push.send(numbered(number)).unwrap());
        drop((push, context));
        let seen = counting.counted().unwrap();
        assert_eq!((seen.messages, seen.missing, seen.backwards), (100_000, 0, 0));
    });
}

#[test]
fn a_message_of_64_mib_sent_just_before_the_close_arrives() {
    tcp_and_ipc(|endpoint| {
        let (_peer, pull, endpoint) = libzmq_bound(Kind::Pull, endpoint);
        let body: Vec<u8> = (0..64 * MIB).map(|at| (at >> 12) as u8 ^ at as u8).collect();
        let wanted = Digest::of(&[&body]);
        let context = Context::new();
        let push = patient_push(&context);
        push.connect(&endpoint).unwrap();
        push.send(body).unwrap();
        drop((push, context));
        assert_eq!(pull.recv_digests(1).unwrap(), wanted);
    });
}

#[test]
fn a_bound_push_delivers_before_it_goes_as_well() {
    tcp_and_ipc(|endpoint| {
        let context = Context::new();
        let push = patient_push(&context);
        let endpoint = push.bind(endpoint).unwrap();
        let (_peer, pull) = libzmq_connected(Kind::Pull, &endpoint);
        let counting = pull.count(50_001, LONG / 3).unwrap();
        (0..50_000).for_each(|number| push.send(numbered(number)).unwrap());
        push.send(vec![0xFF; 32 * MIB]).unwrap();
        drop((push, context));
        let seen = counting.counted().unwrap();
        assert_eq!((seen.messages, seen.backwards), (50_001, 0));
    });
}

#[test]
fn with_no_linger_what_the_system_does_not_have_is_discarded_and_counted() {
    const SENT: u64 = 100_000;
    let peer = PythonPeer::spawn();
    let pull = closed_mouth(&peer);
    pull.monitor().unwrap();
    let endpoint = pull.bind(TCP).unwrap();
    let context = Context::new();
    let push = patient_push(&context);
    push.set_linger(Some(Duration::ZERO));
    push.connect(&endpoint).unwrap();
    assert!(push.wait_connected(1, LONG));
    let body = [7; 1000];
    let message = |number: u64| [&number.to_be_bytes()[..], &body].concat();
    (0..SENT).for_each(|number| push.send(message(number)).unwrap());

    let report = context.shutdown(LONG);
    assert!(report.complete && report.discarded > 0, "{report:?}");
    assert_eq!(push.statistics().lost, [(Loss::Linger, report.discarded)]);
    let arrived = pull.count(SENT - report.discarded, LONG).unwrap().counted().unwrap();
    assert_eq!((arrived.messages, arrived.missing), (SENT - report.discarded, 0));
    pull.event(&["DISCONNECTED"]).unwrap();
    assert!(!pull.poll_in(Duration::ZERO).unwrap(), "more arrived than was not discarded");
}

#[test]
fn a_shutdown_with_nobody_there_ends_with_the_linger_and_reports() {
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    push.set_linger(Some(Duration::from_millis(50)));
    let path = IpcPath::new();
    push.connect(&path.endpoint()).unwrap();
    (0..10).for_each(|number| push.send(numbered(number)).unwrap());
    let report = context.shutdown(LONG);
    assert_eq!(report, ShutdownReport { complete: true, open: 0, discarded: 10 });
}

#[test]
fn a_shutdown_at_its_deadline_discards_and_says_how_much() {
    let peer = PythonPeer::spawn();
    let pull = closed_mouth(&peer);
    let endpoint = pull.bind(TCP).unwrap();
    let context = Context::new();
    let push = patient_push(&context);
    push.connect(&endpoint).unwrap();
    (0..20).for_each(|number| push.send([&[number; 1][..], &vec![7; MIB]].concat()).unwrap());

    let report = context.shutdown(Duration::from_millis(50));
    assert_eq!((report.complete, report.open), (false, 1));
    assert_eq!(push.try_send("late").unwrap_err().cause, SendErrorCause::Terminated);
    let arrived = pull.count(20 - report.discarded, LONG).unwrap().counted().unwrap();
    assert_eq!(arrived.messages, 20 - report.discarded);
    let report = context.shutdown(LONG);
    assert_eq!((report.complete, report.open, report.discarded), (true, 0, 0));
}

#[test]
fn a_frozen_peer_holds_the_end_up_no_longer_than_the_linger() {
    tcp_and_ipc(|endpoint| {
        let (peer, pull, endpoint) = libzmq_bound(Kind::Pull, endpoint);
        let context = Context::new();
        let push = patient_push(&context);
        push.set_linger(Some(Duration::from_millis(50)));
        push.connect(&endpoint).unwrap();
        push.send("awake?").unwrap();
        pull.recv().unwrap();
        peer.freeze();
        (0..100).for_each(|_| push.send(vec![7; MIB]).unwrap());
        let report = context.shutdown(LONG);
        assert!(report.complete && (1..=100).contains(&report.discarded), "{report:?}");
        drop((push, context));
        peer.resume();
    });
}

#[test]
fn a_peer_killed_while_we_linger_ends_a_bound_socket_at_once() {
    tcp_and_ipc(|endpoint| {
        let context = Context::new();
        let push = patient_push(&context);
        let endpoint = push.bind(endpoint).unwrap();
        let (peer, pull) = libzmq_connected(Kind::Pull, &endpoint);
        push.send("awake?").unwrap();
        pull.recv().unwrap();
        peer.freeze();
        (0..100).for_each(|_| push.send(vec![7; MIB]).unwrap());
        let end = thread::spawn(move || context.shutdown(LONG));
        peer.kill();
        let report = end.join().unwrap();
        assert!(report.complete, "{report:?}");
        // What the system had taken is not ours to count.
        assert!((1..=100).contains(&push.statistics().lost_in_all()));
    });
}

#[test]
fn a_peer_killed_while_we_linger_ends_a_connected_socket_with_the_linger() {
    let (peer, pull, endpoint) = libzmq_bound(Kind::Pull, TCP);
    let context = Context::new();
    let push = patient_push(&context);
    push.set_linger(Some(Duration::from_millis(300)));
    push.connect(&endpoint).unwrap();
    push.send("awake?").unwrap();
    pull.recv().unwrap();
    peer.freeze();
    (0..100).for_each(|_| push.send(vec![7; MIB]).unwrap());
    let end = thread::spawn(move || context.shutdown(LONG));
    peer.kill();
    let report = end.join().unwrap();
    assert!(report.complete && report.discarded > 0, "{report:?}");
}

#[test]
fn a_peer_killed_while_we_linger_and_started_again_gets_the_rest() {
    let peer = PythonPeer::spawn();
    let pull = closed_mouth(&peer);
    let endpoint = pull.bind(&free_tcp()).unwrap();
    let context = Context::new();
    let push = patient_push(&context);
    push.connect(&endpoint).unwrap();
    let body = |number: u64| [&number.to_be_bytes()[..], &vec![7; 100_000]].concat();
    (0..500).for_each(|number| push.send(body(number)).unwrap());
    pull.recv().unwrap();
    let end = thread::spawn(move || drop((push, context)));
    peer.kill();
    let (_peer, pull) = libzmq_bound_again(&endpoint, Kind::Pull);
    let mut last = 0;
    while last < 499 {
        let number = u64::from_be_bytes(*pull.recv().unwrap()[0].first_chunk().unwrap());
        assert!(last == 0 || number == last + 1, "{number} after {last}");
        last = number;
    }
    end.join().unwrap();
}

#[test]
fn messages_wait_after_the_close_for_a_peer_that_comes_late_and_then_all_ends() {
    tcp_and_ipc(|endpoint| {
        let (_path, endpoint) = match endpoint {
            TCP => (None, free_tcp()),
            _ => {
                let path = IpcPath::new();
                let endpoint = path.endpoint();
                (Some(path), endpoint)
            }
        };
        let context = Context::new();
        let push = patient_push(&context);
        push.connect(&endpoint).unwrap();
        (0..10).for_each(|number| push.send(numbered(number)).unwrap());
        let end = thread::spawn(move || drop((push, context)));
        let (_peer, pull) = libzmq_bound_again(&endpoint, Kind::Pull);
        libzmq_gets(&pull, 0..10);
        finishes(end);
    });
}

/// Joins a thread that must end.
#[track_caller]
fn finishes<T>(thread: thread::JoinHandle<T>) -> T {
    eventually(|| thread.is_finished());
    thread.join().unwrap()
}

#[test]
fn a_refused_namesake_does_not_keep_a_patient_router_from_ending() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_linger(None);
    let endpoint = router.bind(TCP).unwrap();
    let peer = PythonPeer::spawn();
    let dealers = [(); 2].map(|()| {
        let dealer = peer.socket(Kind::Dealer);
        dealer.set_bytes("ROUTING_ID", b"same").unwrap();
        dealer.monitor().unwrap();
        dealer.connect(&endpoint).unwrap();
        dealer.send(&["hello"]).unwrap();
        dealer.event(&["HANDSHAKE_SUCCEEDED"]).unwrap();
        dealer
    });
    assert_eq!(router.recv_timeout(LONG).unwrap(), ["same", "hello"].into());
    finishes(thread::spawn(move || drop((router, context))));
    for dealer in &dealers {
        dealer.event(&["DISCONNECTED"]).unwrap();
    }
}

#[test]
fn a_lingering_socket_still_answers_pings() {
    let listener = RawListener::tcp();
    let context = Context::new();
    let push = patient_push(&context);
    push.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept();
    peer.shake_hands_v31(Kind::Pull, Kind::Push);
    let message = [7; 10_000];
    (0..5_000).for_each(|_| push.send(&message).unwrap());
    let end = thread::spawn(move || drop((push, context)));
    let mut messages = 0;
    for round in ["one", "two", "three"] {
        peer.send(&octets::ping(0, round.as_bytes()));
        loop {
            let frame = peer.read_frame();
            if frame.flags & octets::COMMAND != 0 {
                assert_eq!(frame.body, [b"\x04PONG", round.as_bytes()].concat());
                break;
            }
            messages += 1;
        }
    }
    while messages < 5_000 {
        assert_eq!(peer.read_message(), [message]);
        messages += 1;
    }
    peer.expect_close();
    finishes(end);
}

#[test]
fn a_peer_that_stops_at_any_octet_of_the_handshake_keeps_no_socket_from_ending() {
    let theirs = [octets::greeting_v31("NULL"), octets::ready(Kind::Pull, b"")].concat();
    for cut in [0, 1, 9, 10, 11, 12, 63, 64, 65, 66, 80, theirs.len() - 1, theirs.len()] {
        for gone in [false, true] {
            let listener = RawListener::tcp();
            let context = Context::new();
            let push = Push::new(&context).unwrap();
            push.set_linger(Some(Duration::from_millis(20)));
            push.connect(listener.endpoint()).unwrap();
            push.send("never to arrive").unwrap();
            let mut peer = listener.accept();
            peer.send(&theirs[..cut]);
            let peer = Some(peer).filter(|_| !gone);
            let report = context.shutdown(LONG);
            assert!(report.complete, "cut at {cut}: {report:?}");
            drop(peer);
        }
    }
}

#[test]
fn silent_strangers_at_the_door_keep_no_bound_socket_from_ending() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    pull.set_linger(None);
    let monitor = pull.monitor();
    let endpoint = pull.bind(TCP).unwrap();
    let strangers = [&b""[..], b"\xFF", &octets::signature(0), &octets::greeting_v31("NULL")].map(|octets| {
        let mut stranger = RawPeer::connect(&endpoint);
        stranger.send(octets);
        monitor.wait_for(LONG, |event| matches!(event, Event::Accepted { .. })).unwrap();
        stranger
    });
    let report = context.shutdown(LONG);
    assert!(report.complete, "{report:?}");
    for mut stranger in strangers {
        stranger.read_to_close();
    }
}

// -- libzmq closes

#[test]
fn what_libzmq_sent_just_before_it_went_is_received_to_the_last() {
    tcp_and_ipc(|endpoint| {
        let context = Context::new();
        let pull = slow_pull(&context);
        let endpoint = pull.bind(endpoint).unwrap();
        let (peer, push) = libzmq_connected(Kind::Push, &endpoint);
        sends_and_goes(peer, push, &pull);
    });
}

#[test]
fn what_a_bound_libzmq_sent_just_before_it_went_is_received_to_the_last() {
    tcp_and_ipc(|endpoint| {
        let (peer, push, endpoint) = libzmq_bound(Kind::Push, endpoint);
        let context = Context::new();
        let pull = slow_pull(&context);
        pull.connect(&endpoint).unwrap();
        sends_and_goes(peer, push, &pull);
    });
}

fn slow_pull(context: &Context) -> Pull {
    let pull = Pull::new(context).unwrap();
    pull.set_receive_high_water_mark(Some(10)).unwrap();
    pull
}

/// libzmq sends much and goes when it has all of it away; all of it is received.
fn sends_and_goes(peer: PythonPeer, push: RemoteSocket, pull: &Pull) {
    let blast = push.blast(100_000, 20, &[]).unwrap();
    let leaving = thread::spawn(move || {
        assert_eq!(blast.sent().unwrap(), 100_000);
        push.close().unwrap();
        peer.term().unwrap();
        peer.kill();
    });
    for number in 0..100_000 {
        assert_eq!(number_of(&pull.recv_timeout(LONG).unwrap()), number);
    }
    leaving.join().unwrap();
}

#[test]
fn a_peer_that_is_gone_is_read_to_its_end_even_while_we_write_to_it() {
    // Over tcp the answer to our writes could throw away what the peer's system still holds.
    let path = IpcPath::new();
    let context = Context::new();
    let dealer = Dealer::new(&context).unwrap();
    dealer.set_receive_high_water_mark(Some(10)).unwrap();
    dealer.set_send_high_water_mark(None).unwrap();
    let monitor = dealer.monitor();
    let mut peer = RawPeer::connect(&dealer.bind(&path.endpoint()).unwrap());
    peer.send(&octets::greeting_v31("NULL")).send(&octets::ready(Kind::Dealer, b""));
    peer.read(64 + octets::ready(Kind::Dealer, b"").len());
    let numbers = |range: std::ops::Range<u64>| -> Vec<u8> {
        range.flat_map(|number| octets::message(&[&number.to_be_bytes()])).collect()
    };
    peer.send(&numbers(0..10));
    eventually(|| dealer.peers().iter().any(|peer| peer.queued_in == 10));
    peer.send(&numbers(10..3_000));
    peer.close();
    // Our writes find out that nobody is there, long before we have read what it said.
    for _ in 0..1_000 {
        let _nobody_left = dealer.try_send("are you there?");
        thread::yield_now();
    }
    for number in 0..3_000 {
        assert_eq!(dealer.recv_timeout(LONG).as_ref().map(number_of), Ok(number));
    }
    disconnected(&monitor);
}
