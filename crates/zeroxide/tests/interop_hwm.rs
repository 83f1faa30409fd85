//! High-water marks on both sides of a connection to libzmq: who waits, who drops, and that every message is accounted
//! for.

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

/// A message of 10,000 octets: so large that the buffers of the system hold some hundreds at most.
fn large(number: u64) -> Vec<u8> {
    let mut body = vec![b'x'; 10_000];
    body[..8].copy_from_slice(&number.to_be_bytes());
    body
}

/// More than all queues and buffers on the way hold together.
const ENDLESS: u64 = 20_000;

/// A libzmq socket that takes in next to nothing until it is read.
fn closed_mouth(peer: &PythonPeer, kind: Kind) -> RemoteSocket {
    let socket = peer.socket(kind);
    socket.set_int("RCVHWM", 10).unwrap();
    socket.set_int("RCVBUF", 65_536).unwrap();
    socket
}

#[test]
fn a_push_is_refused_at_its_mark_and_goes_on_when_libzmq_reads() {
    let peer = PythonPeer::spawn();
    let pull = closed_mouth(&peer, Kind::Pull);
    let endpoint = pull.bind(TCP).unwrap();
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    push.set_send_high_water_mark(Some(100)).unwrap();
    push.connect(&endpoint).unwrap();
    assert!(push.wait_connected(1, LONG));
    let mut sent = 0;
    while push.send_timeout(large(sent), Duration::from_millis(100)).is_ok() {
        sent += 1;
        assert!(sent < ENDLESS, "no end");
    }
    assert!(sent >= 100, "refused after {sent}");
    // On a busy machine libzmq may still be about to take in what it has room for.
    eventually(|| match push.try_send(large(sent)) {
        Ok(()) => {
            sent += 1;
            false
        }
        Err(refused) => {
            assert_eq!(refused.cause, SendErrorCause::WouldBlock);
            assert_eq!(refused.message, large(sent).into(), "the message comes back unchanged");
            push.peers()[0].queued_out == 100
        }
    });

    let counting = pull.count(sent + 1_000, LONG).unwrap();
    for number in sent..sent + 1_000 {
        push.send_timeout(large(number), LONG).unwrap();
    }
    let seen = counting.counted().unwrap();
    assert_eq!((seen.messages, seen.missing, seen.backwards), (sent + 1_000, 0, 0));
    assert_eq!(push.statistics().lost_in_all(), 0);
}

#[test]
fn a_thread_that_waits_at_the_mark_goes_on_when_libzmq_reads() {
    let peer = PythonPeer::spawn();
    let pull = closed_mouth(&peer, Kind::Pull);
    let endpoint = pull.bind(TCP).unwrap();
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    push.set_send_high_water_mark(Some(1)).unwrap();
    push.connect(&endpoint).unwrap();
    let sender = thread::spawn(move || {
        (0..5_000).for_each(|number| push.send(large(number)).unwrap());
        push
    });
    let seen = pull.count(5_000, LONG).unwrap().counted().unwrap();
    assert_eq!((seen.messages, seen.missing, seen.backwards), (5_000, 0, 0));
    assert_eq!(sender.join().unwrap().statistics().lost_in_all(), 0);
}

#[test]
fn libzmq_is_refused_while_we_do_not_read_and_goes_on_when_we_do() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    pull.set_receive_high_water_mark(Some(10)).unwrap();
    let endpoint = pull.bind(TCP).unwrap();
    let peer = PythonPeer::spawn();
    let push = peer.socket(Kind::Push);
    push.set_int("SNDHWM", 10).unwrap();
    push.connect(&endpoint).unwrap();
    assert!(pull.wait_connected(1, LONG));
    let mut sent = 0;
    while push.send_within(Duration::from_millis(100), &[large(sent)]).is_ok() {
        sent += 1;
        assert!(sent < ENDLESS, "no end");
    }
    // The mark, and at most what one read brought beyond it.
    eventually(|| pull.peers()[0].queued_in >= 10);
    let queued = pull.peers()[0].queued_in;
    assert!(queued <= 10 + 8, "{queued} queued");

    for number in 0..sent {
        assert_eq!(number_of(&pull.recv_timeout(LONG).unwrap()), number);
    }
    let blast = push.blast(1_000, 10_000, &[]).unwrap();
    for number in 0..1_000 {
        assert_eq!(number_of(&pull.recv_timeout(LONG).unwrap()), number);
    }
    assert_eq!(blast.sent().unwrap(), 1_000);
}

#[test]
fn two_pushes_of_libzmq_share_a_slow_pull_and_lose_nothing() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    pull.set_receive_high_water_mark(Some(1)).unwrap();
    let endpoint = pull.bind(TCP).unwrap();
    let peer = PythonPeer::spawn();
    let blasts = ["a", "b"].map(|name| {
        let push = peer.socket(Kind::Push);
        push.connect(&endpoint).unwrap();
        push.blast(2_000, 1_000, &[name.as_bytes()]).unwrap()
    });
    let mut next = [0, 0];
    for _ in 0..4_000 {
        let message = pull.recv_timeout(LONG).unwrap();
        let which = usize::from(message.body() == b"b");
        let number = u64::from_be_bytes(*message.frames()[1].first_chunk().unwrap());
        assert_eq!(number, next[which]);
        next[which] += 1;
    }
    assert_eq!(next, [2_000, 2_000]);
    for blast in blasts {
        assert_eq!(blast.sent().unwrap(), 2_000);
    }
}

#[test]
fn what_came_in_one_read_beyond_the_mark_is_not_forgotten() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    pull.set_receive_high_water_mark(Some(1)).unwrap();
    let mut peer = RawPeer::connect(&pull.bind(TCP).unwrap());
    peer.shake_hands_v31(Kind::Push, Kind::Pull);
    let [one, two, three] = ["one", "two", "three"].map(str::as_bytes);
    let rest = [octets::frame(0, one), octets::message(&[two]), octets::message(&[three])].concat();
    for _ in 0..200 {
        // The end of a message fills the queue, and what comes with it in the same read finds no room. Nothing more
        // comes from the system then that could remind of it.
        peer.send(&octets::frame(octets::MORE, b"begin"));
        thread::scope(|scope| {
            scope.spawn(|| peer.send(&rest));
            for wanted in [Message::from([b"begin", one]), two.into(), three.into()] {
                assert_eq!(pull.recv_timeout(LONG).unwrap(), wanted);
            }
        });
    }
}

#[test]
fn what_came_before_a_fault_is_delivered_though_it_found_no_room() {
    for _ in 0..20 {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        pull.set_receive_high_water_mark(Some(1)).unwrap();
        let monitor = pull.monitor();
        let mut peer = RawPeer::connect(&pull.bind(TCP).unwrap());
        peer.shake_hands_v31(Kind::Push, Kind::Pull);
        peer.send(&octets::frame(octets::MORE, b"begin"));
        let fault = [0xFF, 0xFF];
        peer.send(&[octets::frame(0, b"one"), octets::message(&[b"two"]), fault.to_vec()].concat());
        assert_eq!(pull.recv_timeout(LONG).unwrap(), ["begin", "one"].into());
        assert_eq!(pull.recv_timeout(LONG).unwrap(), "two".into());
        disconnected(&monitor);
        assert_eq!(pull.statistics().protocol_errors, 1);
    }
}

/// A SUB of ours that holds 10 messages, subscribed to a libzmq with this mark; 0 is none.
fn slow_sub_at_libzmq(mark: i64) -> (PythonPeer, RemoteSocket, Sub) {
    let peer = PythonPeer::spawn();
    let publisher = peer.socket(Kind::Xpub);
    publisher.set_int("SNDHWM", mark).unwrap();
    let sub = Sub::new(&Context::new()).unwrap();
    sub.set_receive_high_water_mark(Some(10)).unwrap();
    sub.subscribe("").unwrap();
    sub.connect(&publisher.bind(TCP).unwrap()).unwrap();
    assert_eq!(publisher.recv().unwrap(), [b"\x01"]);
    (peer, publisher, sub)
}

#[test]
fn a_slow_sub_of_ours_holds_a_pub_of_libzmq_back_and_loses_nothing_by_itself() {
    let (_peer, publisher, sub) = slow_sub_at_libzmq(0);
    // libzmq keeps all that does not get through, for its mark is none.
    assert_eq!(publisher.blast(3_000, 10_000, &[]).unwrap().sent().unwrap(), 3_000);
    assert!(sub.peers()[0].queued_in <= 10 + 8);
    for number in 0..3_000 {
        assert_eq!(number_of(&sub.recv_timeout(LONG).unwrap()), number);
    }
    assert_eq!(sub.statistics().lost_in_all(), 0);
}

#[test]
fn a_pub_of_libzmq_with_a_mark_drops_for_a_slow_sub_of_ours_and_what_comes_is_in_order() {
    let (_peer, publisher, sub) = slow_sub_at_libzmq(10);
    assert_eq!(publisher.blast(ENDLESS, 10_000, &[]).unwrap().sent().unwrap(), ENDLESS);
    let (mut came, mut next) = (0, 0);
    loop {
        match sub.recv_timeout(Duration::from_millis(100)) {
            // All that was not dropped has come; the end could be dropped while there was more.
            Err(_) => publisher.send(&["the end"]).unwrap(),
            Ok(end) if end.body() == b"the end" => break,
            Ok(message) => {
                let number = number_of(&message);
                assert!(number >= next, "{number} after {}", next - 1);
                (came, next) = (came + 1, number + 1);
            }
        }
    }
    assert!(came < ENDLESS, "nothing was dropped, so this shows nothing");
}

#[test]
fn a_pub_never_waits_for_a_frozen_sub_and_counts_each_message_it_misses() {
    let peer = PythonPeer::spawn();
    let sub = peer.socket(Kind::Sub);
    sub.set_int("RCVHWM", 0).unwrap();
    sub.subscribe(b"").unwrap();
    let context = Context::new();
    let publisher = Pub::new(&context).unwrap();
    sub.connect(&publisher.bind(TCP).unwrap()).unwrap();
    assert!(publisher.wait_for_subscribers("", 1, LONG));

    peer.freeze();
    for number in 0..ENDLESS {
        publisher.try_send(large(number)).unwrap();
    }
    let lost = publisher.statistics().lost_to(Loss::HighWaterMark);
    assert!(lost > 0 && lost < ENDLESS, "{lost} lost");
    assert_eq!(publisher.statistics().lost, [(Loss::HighWaterMark, lost)]);

    peer.resume();
    let seen = sub.count(ENDLESS - lost, LONG).unwrap().counted().unwrap();
    assert_eq!((seen.messages, seen.backwards), (ENDLESS - lost, 0));
    publisher.send("and nothing else").unwrap();
    assert_eq!(sub.recv().unwrap(), [b"and nothing else"]);
}

#[test]
fn a_frozen_sub_takes_nothing_from_the_others() {
    let context = Context::new();
    let publisher = Pub::new(&context).unwrap();
    let endpoint = publisher.bind(TCP).unwrap();
    let [frozen, living] = [(); 2].map(|()| PythonPeer::spawn());
    let subscribe = |peer: &PythonPeer| {
        let sub = peer.socket(Kind::Sub);
        sub.set_int("RCVHWM", 0).unwrap();
        sub.subscribe(b"").unwrap();
        sub.connect(&endpoint).unwrap();
        sub
    };
    let _in_ice = subscribe(&frozen);
    let sub = subscribe(&living);
    assert!(publisher.wait_for_subscribers("", 2, LONG));
    frozen.freeze();
    let counting = sub.count(ENDLESS, LONG).unwrap();
    for number in 0..ENDLESS {
        publisher.send(large(number)).unwrap();
        // At the pace of the living one, so that only the frozen one can miss something.
        eventually(|| publisher.peers().iter().any(|peer| peer.queued_out < 500));
    }
    let seen = counting.counted().unwrap();
    assert_eq!((seen.messages, seen.missing, seen.backwards), (ENDLESS, 0, 0));
    assert!(publisher.statistics().lost_to(Loss::HighWaterMark) > 0);
}

#[test]
fn a_router_drops_and_counts_for_a_frozen_dealer_or_says_so_if_it_must() {
    let peer = PythonPeer::spawn();
    let dealer = peer.socket(Kind::Dealer);
    dealer.set_bytes("ROUTING_ID", b"d").unwrap();
    dealer.set_int("RCVHWM", 0).unwrap();
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_send_high_water_mark(Some(10)).unwrap();
    dealer.connect(&router.bind(TCP).unwrap()).unwrap();
    dealer.send(&["ready"]).unwrap();
    assert_eq!(router.recv_timeout(LONG).unwrap(), ["d", "ready"].into());

    peer.freeze();
    let addressed = |number| Message::from([b"d".to_vec(), large(number)]);
    for number in 0..ENDLESS {
        router.try_send(addressed(number)).unwrap();
    }
    let lost = router.statistics().lost_to(Loss::HighWaterMark);
    assert!(lost > 0 && lost < ENDLESS, "{lost} lost");
    router.set_router_mandatory(true).unwrap();
    let mut number = ENDLESS;
    let refused = loop {
        // The system may have found room for one more meanwhile.
        match router.try_send(addressed(number)) {
            Ok(()) => number += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.cause, SendErrorCause::WouldBlock);

    peer.resume();
    let seen = dealer.count(number - lost, LONG).unwrap().counted().unwrap();
    assert_eq!((seen.messages, seen.backwards), (number - lost, 0));
    router.send_timeout(["d", "and nothing else"], LONG).unwrap();
    assert_eq!(dealer.recv().unwrap(), [b"and nothing else"]);
}

#[test]
fn a_dealer_passes_a_full_peer_over() {
    let [frozen, living] = [(); 2].map(|()| PythonPeer::spawn());
    let context = Context::new();
    let dealer = Dealer::new(&context).unwrap();
    dealer.set_send_high_water_mark(Some(10)).unwrap();
    dealer.set_linger(None);
    let endpoint = dealer.bind(TCP).unwrap();
    let connect = |peer: &PythonPeer| {
        let theirs = closed_mouth(peer, Kind::Dealer);
        theirs.monitor().unwrap();
        theirs.connect(&endpoint).unwrap();
        theirs
    };
    let sockets = [&frozen, &living].map(connect);
    assert!(dealer.wait_connected(2, LONG));
    frozen.freeze();
    let by_living = sockets[1].count(u64::MAX, LONG).unwrap();
    (0..5_000).for_each(|number| dealer.send_timeout(large(number), LONG).unwrap());
    frozen.resume();
    let by_frozen = sockets[0].count(u64::MAX, LONG).unwrap();
    drop((dealer, context));
    // When libzmq has seen our end, all that came before it is there to be read.
    for socket in &sockets {
        socket.event(&["DISCONNECTED"]).unwrap();
    }
    let mut messages = 0;
    for (counting, socket) in [by_frozen, by_living].into_iter().zip(&sockets) {
        counting.stop().unwrap();
        messages += counting.counted().unwrap().messages;
        while socket.recv_within(Duration::ZERO).is_ok() {
            messages += 1;
        }
    }
    assert_eq!(messages, 5_000);
}
