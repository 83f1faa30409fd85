//! What becomes of messages when their socket is closed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::time::{Duration, Instant};
use zeroxide::*;

/// Linger for ever, so that whatever is not given up at the right moment hangs and fails.
fn patient<T: std::ops::Deref<Target = Handle>>(socket: T) -> T {
    socket.set_linger(None);
    socket
}

#[test]
fn what_was_sent_just_before_the_drop_of_everything_arrives() {
    for endpoint in over_wires() {
        for _ in 0..rounds(20) {
            let context = Context::new();
            let pull = Pull::new(&context).unwrap();
            let at = pull.bind(endpoint).unwrap();
            must_end("dropping a sender that has a peer", move || {
                let context = Context::new();
                let push = patient(Push::new(&context).unwrap());
                push.connect(&at).unwrap();
                push.send("the only").unwrap();
                push.send("words").unwrap();
            });
            assert_eq!((pull.text(), pull.text()), ("the only".into(), "words".into()));
        }
    }
}

#[test]
fn an_established_connection_is_closed_only_when_all_is_written() {
    for endpoint in over_wires() {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        pull.set_receive_high_water_mark(Some(10)).unwrap();
        let push = patient(Push::new(&Context::new()).unwrap());
        push.set_send_high_water_mark(None).unwrap();
        join(&pull, &push, endpoint);
        let body = vec![7; 100_000];
        for _ in 0..200 {
            push.send(&body).unwrap();
        }
        // Twenty megabytes are in no kernel's buffers: most of them are still in the queue of a closed socket.
        let dropped = std::thread::spawn(move || drop(push));
        for _ in 0..200 {
            assert_eq!(pull.get()[0], body);
        }
        dropped.join().unwrap();
    }
}

#[test]
fn what_a_closed_socket_has_written_outlives_what_a_slow_peer_says_meanwhile() {
    let listener = RawListener::tcp_with_little_room();
    let context = Context::new();
    let push = patient(Push::new(&context).unwrap());
    push.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept();
    peer.shake_hands_v31(Kind::Pull, Kind::Push);
    let body = vec![7; 50_000];
    push.send(&body).unwrap();
    drop(push);
    // Longer than a peer has that could take all; a reset would end this, and what its system has no room for yet.
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(1) {
        peer.send(&octets::ping(0, b""));
        std::thread::yield_now();
    }
    assert!(peer.read_message() == [body]);
}

#[test]
fn a_socket_with_nothing_to_say_ends_at_once_whatever_its_linger() {
    for endpoint in everywhere() {
        for kind in
            [SocketType::Dealer, SocketType::Push, SocketType::Pair, SocketType::Router, SocketType::Req]
        {
            let at = endpoint.clone();
            must_end("dropping an idle socket", move || {
                let context = Context::new();
                let other = match kind {
                    SocketType::Push => SocketType::Pull,
                    SocketType::Pair => SocketType::Pair,
                    SocketType::Req => SocketType::Rep,
                    _ => SocketType::Dealer,
                };
                let binder = patient(Socket::new(&context, other).unwrap());
                let connecter = patient(Socket::new(&context, kind).unwrap());
                join(&binder, &connecter, &at);
                let nowhere = patient(Socket::new(&context, kind).unwrap());
                nowhere.connect(&free_tcp()).unwrap();
            });
        }
    }
}

#[test]
fn without_linger_what_nobody_took_is_dropped_at_once_and_counted() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in endpoints {
        let report = must_end("a shutdown without linger", move || {
            let context = Context::new();
            let push = Push::new(&context).unwrap();
            push.set_linger(Some(Duration::ZERO));
            push.connect(&endpoint).unwrap();
            for _ in 0..10 {
                push.send("for nobody").unwrap();
            }
            context.shutdown(LONG)
        });
        assert_eq!(report, ShutdownReport { complete: true, open: 0, discarded: 10 });
    }
}

#[test]
fn a_bounded_linger_ends_though_nobody_takes_the_messages() {
    let listener = RawListener::tcp();
    let at = listener.endpoint().to_owned();
    let report = must_end("a shutdown with a bounded linger", move || {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        push.set_linger(Some(Duration::from_millis(50)));
        push.connect(&at).unwrap();
        push.send("for nobody").unwrap();
        context.shutdown(LONG)
    });
    assert_eq!(report, ShutdownReport { complete: true, open: 0, discarded: 1 });
}

#[test]
fn a_shutdown_with_a_deadline_reports_what_was_still_open_and_discards_it() {
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    push.set_linger(Some(LONG));
    push.connect(&free_tcp()).unwrap();
    push.send("for nobody").unwrap();
    let report = context.shutdown(Duration::from_millis(1));
    assert_eq!(report, ShutdownReport { complete: false, open: 1, discarded: 1 });
}

#[test]
fn a_lingering_socket_still_connects_and_delivers() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in &endpoints[..2] {
        let context = Context::new();
        let push = patient(Push::new(&context).unwrap());
        push.connect(endpoint).unwrap();
        for count in 0..100 {
            push.send(number(count)).unwrap();
        }
        drop(push);
        let pull = Pull::new(&context).unwrap();
        pull.bind(endpoint).unwrap();
        for count in 0..100 {
            assert_eq!(as_number(&pull.get()), count);
        }
        must_end("the end of both", move || drop((pull, context)));
    }
}

#[test]
fn a_refused_second_owner_of_a_name_does_not_keep_a_router_from_ending() {
    let context = Context::new();
    let router = patient(Router::new(&context).unwrap());
    let at = router.bind("tcp://127.0.0.1:*").unwrap();
    let mut owner = raw(&at, Kind::Dealer, b"ann");
    let mut other = raw(&at, Kind::Dealer, b"ann");
    owner.send(&octets::message(&[b"hello"]));
    assert_eq!(router.text(), "ann | hello");
    other.send(&octets::message(&[b"never seen"]));
    // Its connection stays open, though nothing comes of it; that must not outlive the router.
    must_end("a router with a refused peer", move || drop((router, context)));
    other.read_to_close();
    owner.read_to_close();
}

#[test]
fn a_disconnected_endpoint_gets_what_was_sent_before_and_nothing_after() {
    for endpoint in everywhere() {
        let context = Context::new();
        let dealer = patient(Dealer::new(&context).unwrap());
        dealer.set_send_high_water_mark(None).unwrap();
        let [left, stays] = [(); 2].map(|()| {
            let pull = Dealer::new(&context).unwrap();
            pull.set_receive_high_water_mark(Some(1)).unwrap();
            pull
        });
        let to_left = join(&left, &dealer, &endpoint);
        let body = vec![1; 50_000];
        for _ in 0..200 {
            dealer.send(&body).unwrap();
        }
        join(&stays, &dealer, &if endpoint.starts_with("inproc") { inproc() } else { endpoint });
        dealer.disconnect(&to_left).unwrap();
        for count in 0..100 {
            dealer.send(number(count)).unwrap();
            assert_eq!(as_number(&stays.get()), count, "in turn, as if the other were there");
        }
        for _ in 0..200 {
            assert_eq!(left.get()[0], body);
        }
        assert!(left.has_nothing());
    }
}

#[test]
fn an_unbound_endpoint_still_delivers_what_was_sent_to_its_peers() {
    for endpoint in over_wires() {
        let context = Context::new();
        let push = patient(Push::new(&context).unwrap());
        push.set_send_high_water_mark(None).unwrap();
        let pull = Pull::new(&context).unwrap();
        pull.set_receive_high_water_mark(Some(1)).unwrap();
        let at = join(&push, &pull, endpoint);
        let body = vec![1; 50_000];
        for _ in 0..200 {
            push.send(&body).unwrap();
        }
        push.unbind(&at).unwrap();
        assert_eq!(push.try_send("nobody is left").unwrap_err().cause, SendErrorCause::WouldBlock);
        for _ in 0..200 {
            assert_eq!(pull.get()[0], body);
        }
    }
}
