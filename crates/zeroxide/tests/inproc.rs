//! Within a context, by name: any order of bind and connect, any number of threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use zeroxide::*;

#[test]
fn any_number_may_connect_before_the_bind() {
    let context = Context::new();
    let at = inproc();
    let pushes: Vec<Push> = (0..20).map(|_| Push::new(&context).unwrap()).collect();
    for (who, push) in pushes.iter().enumerate() {
        push.connect(&at).unwrap();
        push.send(number(who as u32)).unwrap();
    }
    let pull = Pull::new(&context).unwrap();
    pull.bind(&at).unwrap();
    let mut came: Vec<u32> = (0..20).map(|_| as_number(&pull.get())).collect();
    came.sort_unstable();
    assert_eq!(came, (0..20).collect::<Vec<_>>());
    assert_eq!(pull.connected(), 20);
}

#[test]
fn a_subscription_made_before_the_bind_holds() {
    let context = Context::new();
    let at = inproc();
    let subscriber = Sub::new(&context).unwrap();
    subscriber.subscribe("a").unwrap();
    subscriber.connect(&at).unwrap();
    subscriber.subscribe("b").unwrap();
    let publisher = Pub::new(&context).unwrap();
    publisher.bind(&at).unwrap();
    for message in ["a", "b", "c"] {
        publisher.send(message).unwrap();
    }
    assert_eq!((subscriber.text(), subscriber.text()), ("a".into(), "b".into()));
    assert!(subscriber.has_nothing());
}

#[test]
fn names_are_of_one_context_and_of_one_socket() {
    let (here, there) = (Context::new(), Context::new());
    let at = inproc();
    let first = Pull::new(&here).unwrap();
    first.bind(&at).unwrap();
    let second = Pull::new(&here).unwrap();
    assert!(matches!(second.bind(&at).unwrap_err().cause, EndpointCause::InUse));
    Pull::new(&there).unwrap().bind(&at).unwrap();
    drop(first);
    second.bind(&at).unwrap();
    second.unbind(&at).unwrap();
    assert!(matches!(second.unbind(&at).unwrap_err().cause, EndpointCause::NotFound));
    Pull::new(&here).unwrap().bind(&at).unwrap();
}

#[test]
fn sockets_that_do_not_fit_are_told_so() {
    let context = Context::new();
    let at = inproc();
    let pull = Pull::new(&context).unwrap();
    pull.bind(&at).unwrap();
    let publisher = Pub::new(&context).unwrap();
    let cause = publisher.connect(&at).unwrap_err().cause;
    assert!(matches!(cause, EndpointCause::Incompatible(SocketType::Pull)), "{cause:?}");
    assert_eq!(pull.connected(), 0);
}

#[test]
fn an_unbind_parts_nobody_and_a_disconnect_parts_the_two() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    let at = join(&pull, &push, &inproc());
    pull.unbind(&at).unwrap();
    push.send("still joined").unwrap();
    assert_eq!(pull.text(), "still joined");
    push.send("last").unwrap();
    push.disconnect(&at).unwrap();
    assert_eq!((push.connected(), pull.connected()), (0, 0));
    assert_eq!(pull.text(), "last");
    assert_eq!(push.try_send("nobody").unwrap_err().cause, SendErrorCause::WouldBlock);
}

#[test]
fn a_disconnect_before_the_bind_gives_the_connect_up() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    let at = inproc();
    push.connect(&at).unwrap();
    push.send("given up").unwrap();
    push.disconnect(&at).unwrap();
    pull.bind(&at).unwrap();
    assert_eq!((push.connected(), pull.connected()), (0, 0));
    assert!(pull.has_nothing());
    assert_eq!(push.statistics().lost_to(Loss::Linger), 1);
}

#[test]
fn what_a_closed_socket_has_sent_waits_for_the_bind_as_long_as_it_lingers() {
    for linger in [None, Some(LONG)] {
        let context = Context::new();
        let (at, other) = (inproc(), inproc());
        let gone = Dealer::new(&context).unwrap();
        gone.set_linger(linger);
        gone.set_routing_id("gone").unwrap();
        gone.connect(&at).unwrap();
        gone.connect(&other).unwrap();
        for words in ["one", "other", "two"] {
            gone.send(words).unwrap();
        }
        drop(gone);
        let router = Router::new(&context).unwrap();
        router.set_router_notify(RouterNotify { connect: true, disconnect: true }).unwrap();
        router.bind(&at).unwrap();
        // It comes, speaks, and goes.
        let come_or_gone = Message::from(["gone", ""]);
        assert_eq!(router.get(), come_or_gone);
        assert_eq!(router.get(), Message::from(["gone", "one"]));
        assert_eq!(router.get(), Message::from(["gone", "two"]));
        assert_eq!(router.get(), come_or_gone);
        assert!(router.has_nothing());
        assert_eq!(router.connected(), 0);
        router.send(["gone", "answer"]).unwrap();
        assert_eq!(router.statistics().lost_to(Loss::Unroutable), 1);
        let again = Dealer::new(&context).unwrap();
        again.set_routing_id("gone").unwrap();
        join_at(&router, &again, &at);
        // Nobody can come for the rest once the context ends.
        assert_eq!(context.shutdown(LONG).discarded, 1 + 1);
    }
}

#[test]
fn what_a_closed_socket_has_sent_is_dropped_when_it_does_not_linger_or_nobody_fits() {
    let context = Context::new();
    let at = inproc();
    for (linger, lost) in [(Some(Duration::ZERO), 0), (Some(Duration::from_nanos(1)), 0), (None, 1)] {
        let push = Push::new(&context).unwrap();
        push.set_linger(linger);
        push.connect(&at).unwrap();
        push.send("late").unwrap();
        drop(push);
        let sub = Sub::new(&context).unwrap();
        sub.bind(&at).unwrap();
        assert_eq!(sub.statistics().lost_to(Loss::Unroutable), lost);
        let pull = Pull::new(&context).unwrap();
        drop(sub);
        pull.bind(&at).unwrap();
        assert!(pull.has_nothing());
    }
    assert_eq!(
        context.shutdown(LONG).discarded,
        1,
        "what lingered too long; the first did not linger at all"
    );
}

#[test]
fn one_disconnect_parts_one_of_two_connects_to_the_same_name() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    let at = join(&pull, &push, &inproc());
    join_at(&pull, &push, &at);
    assert_eq!(push.connected(), 2);
    push.disconnect(&at).unwrap();
    assert_eq!((push.connected(), pull.connected()), (1, 1));
    push.send("by the other").unwrap();
    assert_eq!(pull.text(), "by the other");
    push.disconnect(&at).unwrap();
    assert_eq!((push.connected(), pull.connected()), (0, 0));
}

#[test]
fn bind_and_connect_at_the_same_moment_always_meet() {
    for _ in 0..rounds(300) {
        let context = Context::new();
        let at = inproc();
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let push = Push::new(&context).unwrap();
                barrier.wait();
                push.connect(&at).unwrap();
                push.send_timeout("hello", LONG).unwrap();
                // A connect whose socket is closed before the bind would be given up.
                barrier.wait();
            });
            let pull = Pull::new(&context).unwrap();
            barrier.wait();
            pull.bind(&at).unwrap();
            assert_eq!(pull.text(), "hello");
            barrier.wait();
        });
    }
}

#[test]
fn what_the_binder_sends_while_somebody_connects_arrives() {
    for _ in 0..rounds(500) {
        let context = Context::new();
        let at = inproc();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        push.bind(&at).unwrap();
        std::thread::scope(|scope| {
            // Sends at the very moment at which there is a peer, sleeping never.
            scope.spawn(|| eventually(|| push.try_send("hello").is_ok()));
            pull.connect(&at).unwrap();
            assert_eq!(pull.text(), "hello");
        });
    }
}

#[test]
fn a_socket_that_closes_while_another_connects_leaves_no_half_pair() {
    for _ in 0..rounds(300) {
        let push =
            after_a_close(|pull, at| drop(pull.bind(at).unwrap()), |push, at| push.connect(at).unwrap());
        assert!(push.connected() == 0 && push.peers().iter().all(|peer| !peer.connected));
    }
}

#[test]
fn a_socket_that_closes_while_another_binds_leaves_no_half_pair() {
    for _ in 0..rounds(300) {
        let push =
            after_a_close(|pull, at| pull.connect(at).unwrap(), |push, at| drop(push.bind(at).unwrap()));
        assert_eq!((push.connected(), push.peers().len()), (0, 0));
    }
}

/// A PULL makes its side of a pair, then closes at the very moment at which a PUSH makes the other: what the PUSH has then.
fn after_a_close(first: fn(&Pull, &str), then: fn(&Push, &str)) -> Push {
    let context = Context::new();
    let at = inproc();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    first(&pull, &at);
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            barrier.wait();
            drop(pull);
        });
        barrier.wait();
        then(&push, &at);
    });
    push
}

#[test]
fn both_sides_may_part_at_once() {
    for _ in 0..rounds(300) {
        let context = Context::new();
        let (left, right) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
        let at = join(&left, &right, &inproc());
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                drop(left);
            });
            barrier.wait();
            right.disconnect(&at).unwrap();
        });
        assert_eq!((right.connected(), right.peers().len()), (0, 0));
    }
}

#[test]
fn a_blocked_sender_learns_that_its_only_peer_has_left() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    push.set_send_high_water_mark(Some(1)).unwrap();
    pull.set_receive_high_water_mark(Some(1)).unwrap();
    let at = join(&pull, &push, &inproc());
    assert_eq!(fill(|message| push.try_send(message)), 2);
    let other = Pull::new(&context).unwrap();
    let (sent, ()) = once_asleep(
        || push.send_timeout("for whoever comes", LONG),
        || {
            drop(pull);
            other.bind(&inproc()).unwrap();
            push.connect(&other.last_endpoint()).unwrap();
        },
    );
    sent.unwrap();
    assert_eq!(other.text(), "for whoever comes");
    push.disconnect(&at).unwrap();
}

#[test]
fn many_threads_find_each_other_by_one_name() {
    let context = Context::new();
    let at = inproc();
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for round in 0..rounds(20) as u32 {
                    let push = Push::new(&context).unwrap();
                    push.connect(&at).unwrap();
                    push.send(number(round)).unwrap();
                }
                done.fetch_add(1, SeqCst);
            });
        }
        let pull = Pull::new(&context).unwrap();
        pull.bind(&at).unwrap();
        // A connect that comes first and is gone before the bind is given up; all others arrive.
        let mut came = 0;
        while done.load(SeqCst) < 16 {
            came += usize::from(pull.try_recv().is_ok());
        }
        eventually(|| {
            came += usize::from(pull.try_recv().is_ok());
            (pull.connected(), pull.peers().len()) == (0, 0)
        });
        assert!(came <= 16 * rounds(20));
    });
}
