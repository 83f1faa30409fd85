//! PUSH and PULL, and a peer that dies in the middle of a message.

use super::*;

#[test]
fn what_a_connected_push_sends_while_the_pull_is_away_arrives_once_and_in_order() {
    tcp_and_ipc(|endpoint| {
        let (peer, pull, endpoint) = libzmq_bound(Kind::Pull, endpoint);
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        let monitor = push.monitor();
        push.connect(&endpoint).unwrap();
        (0..100).for_each(|number| push.send(numbered(number)).unwrap());
        libzmq_gets(&pull, 0..100);

        peer.kill();
        disconnected(&monitor);
        (100..600).for_each(|number| push.send(numbered(number)).unwrap());
        let (_peer, pull) = libzmq_bound_again(&endpoint, Kind::Pull);
        push.send(numbered(600)).unwrap();
        libzmq_gets(&pull, 100..601);
        assert_eq!(push.statistics().lost_in_all(), 0);
    });
}

#[test]
fn a_bound_push_waits_for_the_next_pull_when_the_only_one_died() {
    tcp_and_ipc(|endpoint| {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        let monitor = push.monitor();
        let endpoint = push.bind(endpoint).unwrap();
        let (peer, pull) = libzmq_connected(Kind::Pull, &endpoint);
        (0..10).for_each(|number| push.send(numbered(number)).unwrap());
        libzmq_gets(&pull, 0..10);

        peer.kill();
        disconnected(&monitor);
        assert_eq!(push.try_send(numbered(10)).unwrap_err().cause, SendErrorCause::WouldBlock);
        let (_peer, pull) = libzmq_connected(Kind::Pull, &endpoint);
        (10..20).for_each(|number| push.send_timeout(numbered(number), LONG).unwrap());
        libzmq_gets(&pull, 10..20);
    });
}

#[test]
fn a_connected_pull_finds_the_push_again() {
    tcp_and_ipc(|endpoint| {
        let (peer, push, endpoint) = libzmq_bound(Kind::Push, endpoint);
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        pull.connect(&endpoint).unwrap();
        push.send(&[b"before"]).unwrap();
        assert_eq!(pull.recv_timeout(LONG).unwrap(), "before".into());

        peer.kill();
        let (_peer, push) = libzmq_bound_again(&endpoint, Kind::Push);
        push.send(&[b"after"]).unwrap();
        assert_eq!(pull.recv_timeout(LONG).unwrap(), "after".into());
    });
}

#[test]
fn a_message_cut_off_by_the_death_of_its_sender_is_not_delivered() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let monitor = pull.monitor();
    let endpoint = pull.bind(TCP).unwrap();
    let parts: [&[u8]; 2] = [b"first part", &[7; 100_000]];
    for _ in 0..2 {
        let (peer, push) = libzmq_connected(Kind::Push, &endpoint);
        let _blast = push.blast(1_000_000, 1 << 20, &parts).unwrap();
        for wanted in 0..20 {
            assert_whole(&pull.recv_timeout(LONG).unwrap(), &parts, wanted);
        }
        peer.kill();
        disconnected(&monitor);
        let mut wanted = 20;
        while let Ok(message) = pull.try_recv() {
            assert_whole(&message, &parts, wanted);
            wanted += 1;
        }
    }
}

#[track_caller]
fn assert_whole(message: &Message, parts: &[&[u8]; 2], number: u64) {
    let [first, second, body] = message.frames() else { panic!("{} frames", message.len()) };
    assert_eq!((&**first, &**second, body.len()), (parts[0], parts[1], 1 << 20));
    assert_eq!(body[..8], number.to_be_bytes());
}

#[test]
fn a_push_under_fire_resumes_at_the_border_of_a_message() {
    for size in [8, 3_000, 300_000] {
        let (peer, pull, endpoint) = libzmq_bound(Kind::Pull, TCP);
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        push.connect(&endpoint).unwrap();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let sender = scope.spawn(|| {
                let mut body = vec![b'x'; size];
                let mut sent = 0u64;
                while !stop.load(SeqCst) {
                    body[..8].copy_from_slice(&sent.to_be_bytes());
                    push.send(&body).unwrap();
                    sent += 1;
                }
                sent
            });
            let before = pull.count(100, LONG).unwrap().counted().unwrap();
            assert_eq!((before.messages, before.missing, before.backwards), (100, 0, 0));
            peer.kill();

            let (_peer, pull) = libzmq_bound_again(&endpoint, Kind::Pull);
            let first = u64::from_be_bytes(*pull.recv().unwrap()[0].first_chunk().unwrap());
            assert!(first >= 100, "message {first} came twice");
            stop.store(true, SeqCst);
            // The sender may be waiting for room, so reading goes on until it has ended.
            let counting = pull.count(u64::MAX, LONG).unwrap();
            let sent = sender.join().unwrap();
            counting.stop().unwrap();
            let then = no_gap_from(first + 1, &counting.counted().unwrap());
            let rest = pull.count(sent - then, LONG).unwrap().counted().unwrap();
            assert_eq!(no_gap_from(then, &rest), sent, "size {size}");
        });
        assert_eq!(push.statistics().lost_in_all(), 0);
    }
}

/// Checks that the messages of a count followed on each other; returns the number of the next.
#[track_caller]
fn no_gap_from(first: u64, counted: &Counted) -> u64 {
    let missing = if counted.messages > 0 { first } else { 0 };
    assert_eq!((counted.missing, counted.backwards), (missing, 0), "from {first} on: {counted:?}");
    first + counted.messages
}
