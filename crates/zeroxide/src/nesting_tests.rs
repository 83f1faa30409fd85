use super::*;
use crate::{
    Context, Dealer, Handle, Interest, Message, Poller, RecvError, RecvErrorCause::*, Router, block_on,
};
use rustix::io::Errno;
use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Barrier},
    task::{Context as TaskContext, Waker},
    thread,
    time::{Duration, Instant},
};
use zeroxide_net::fault::{Call, Fault, Harm, Times};

/// Turns a hang into a failure; nothing is ever timed against it.
const LONG: Duration = Duration::from_secs(120);
/// More than a seat takes, and than a thread goes to in turn.
const MANY: usize = 20;

fn eventually(mut happens: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !happens() {
        assert!(Instant::now() < deadline, "it did not happen");
        thread::yield_now();
    }
}

/// A ROUTER and DEALERs that it knows; each has said who it is.
fn circle(endpoint: &str) -> (Context, Router, Vec<Dealer>) {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    let endpoint = router.bind(endpoint).unwrap();
    let dealers: Vec<_> = (0..MANY).map(|_| Dealer::new(&context).unwrap()).collect();
    for (number, dealer) in dealers.iter().enumerate() {
        dealer.set_routing_id(vec![1, number as u8]).unwrap();
        dealer.connect(&endpoint).unwrap();
    }
    assert!(router.wait_connected(MANY, LONG));
    dealers.iter().for_each(|dealer| assert!(dealer.wait_connected(1, LONG)));
    (context, router, dealers)
}

/// Waits in vain until the socket is in a nest of this thread.
fn settle(router: &Router) {
    for _ in 0..WAITS {
        let error = router.recv_timeout(Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.cause, TimedOut);
    }
    assert!(router.core.is_nested());
}

fn say(router: &Router, number: usize, word: &str) {
    router.send(Message::from_iter([&[1, number as u8][..], word.as_bytes()])).unwrap();
}

/// Has this thread go round the DEALERs until all are in its nest.
fn settle_all(router: &Router, dealers: &[Dealer]) {
    for _ in 0..4 {
        for number in 0..MANY {
            say(router, number, "turn");
        }
        for dealer in dealers {
            assert_eq!(dealer.recv_timeout(LONG).unwrap(), "turn".into());
        }
    }
    dealers.iter().for_each(|dealer| assert!(dealer.core.is_nested()));
}

fn second(message: &Message) -> &[u8] {
    message.frames()[1].as_ref()
}

fn unread(socket: &Handle) -> bool {
    socket.core.peers().iter().any(|peer| !peer.inbox.is_empty())
}

#[test]
fn both_sides_wait_in_nests_and_every_message_comes_back() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*"] {
        let (_context, router, dealers) = circle(endpoint);
        let settled = Arc::new(Barrier::new(2));
        let there = settled.clone();
        let echoing = thread::spawn(move || {
            settle(&router);
            there.wait();
            for _ in 0..MANY * 100 {
                let message = router.recv_timeout(LONG).unwrap();
                router.send(message).unwrap();
            }
            assert!(router.core.is_nested());
            router
        });
        settled.wait();
        for round in 0..100 {
            for (number, dealer) in dealers.iter().enumerate() {
                dealer.send(format!("{round} {number}")).unwrap();
            }
            for (number, dealer) in dealers.iter().enumerate() {
                let answer = dealer.recv_timeout(LONG).unwrap();
                assert_eq!(answer, format!("{round} {number}").into());
            }
        }
        dealers.iter().for_each(|dealer| assert!(dealer.core.is_nested()));
        drop(echoing.join().unwrap());
    }
}

#[test]
fn who_finds_its_messages_there_goes_round_all_the_same() {
    let ways: [fn(&Dealer) -> Message; 3] = [
        |dealer| dealer.recv().unwrap(),
        // As C receives.
        |dealer| dealer.recv_or_signal(true).unwrap().0,
        |dealer| dealer.recv_from_or_signal(true).unwrap().0,
    ];
    for recv in ways {
        let (_context, router, dealers) = circle("tcp://127.0.0.1:*");
        for _ in 0..3 {
            (0..MANY).for_each(|number| say(&router, number, "turn"));
            eventually(|| dealers.iter().all(|dealer| dealer.core.is_nested() || unread(dealer)));
            dealers.iter().for_each(|dealer| assert_eq!(recv(dealer), "turn".into()));
        }
        dealers.iter().for_each(|dealer| assert!(dealer.core.is_nested()));
    }
}

#[test]
fn an_end_behind_what_was_read_in_a_nest_is_seen_there() {
    for round in 0..20 {
        let (_context, router, dealers) = circle("tcp://127.0.0.1:*");
        settle(&router);
        for dealer in dealers {
            dealer.send("last words").unwrap();
            drop(dealer);
        }
        for _ in 0..MANY {
            assert_eq!(second(&router.recv_timeout(LONG).unwrap()), b"last words");
        }
        // Half of the time in a nest where somebody waits.
        eventually(|| {
            if round % 2 == 0 {
                let _ = router.recv_timeout(Duration::from_millis(1));
            }
            router.connected() == 0
        });
    }
}

#[test]
fn what_comes_while_nobody_receives_is_read_all_the_same() {
    let (_context, router, dealers) = circle("tcp://127.0.0.1:*");
    settle(&router);
    settle_all(&router, &dealers);
    for (number, dealer) in dealers.iter().enumerate() {
        dealer.send("up").unwrap();
        say(&router, number, "down");
    }
    eventually(|| unread(&router) && dealers.iter().all(|dealer| unread(dealer)));
    // Nor does anything depend on it that a peer goes.
    drop(dealers);
    eventually(|| router.connected() == 0);
    for _ in 0..MANY {
        assert_eq!(second(&router.recv_timeout(LONG).unwrap()), b"up");
    }
}

#[test]
fn two_threads_wait_for_sockets_of_one_nest() {
    let (_context, router, dealers) = circle("tcp://127.0.0.1:*");
    settle_all(&router, &dealers);
    thread::scope(|scope| {
        // This thread is away, and another waits for one of the sockets.
        for _ in 0..200 {
            let waiting = scope.spawn(|| dealers[3].recv_timeout(LONG).unwrap());
            say(&router, 3, "third");
            assert_eq!(waiting.join().unwrap(), "third".into());
        }
        // This thread waits, too, until the other one has been served.
        for _ in 0..200 {
            let waiting = scope.spawn(|| {
                let message = dealers[3].recv_timeout(LONG).unwrap();
                say(&router, 4, "fourth");
                message
            });
            let nudging = scope.spawn(|| say(&router, 3, "third"));
            assert_eq!(dealers[4].recv_timeout(LONG).unwrap(), "fourth".into());
            assert_eq!(waiting.join().unwrap(), "third".into());
            nudging.join().unwrap();
        }
    });
}

#[test]
fn several_threads_receive_from_one_socket() {
    let (_context, router, dealers) = circle("tcp://127.0.0.1:*");
    settle(&router);
    let each = 60;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let message = router.recv_timeout(LONG).unwrap();
                    if second(&message) == b"stop" {
                        return;
                    }
                    router.send(message).unwrap();
                }
            });
        }
        for _ in 0..each {
            dealers.iter().for_each(|dealer| dealer.send("there").unwrap());
            dealers.iter().for_each(|dealer| assert_eq!(dealer.recv_timeout(LONG).unwrap(), "there".into()));
        }
        (0..4).for_each(|_| dealers[0].send("stop").unwrap());
    });
}

#[test]
fn a_socket_that_is_waited_for_otherwise_leaves_and_comes_back_a_few_times() {
    let (_context, router, dealers) = circle("tcp://127.0.0.1:*");
    for time in 0..MOST_MOVES {
        settle(&router);
        if time % 2 == 0 {
            assert!(!router.readiness().receive);
            assert!(!router.core.is_nested());
            dealers[0].send("once").unwrap();
            assert!(router.wait_readable(Some(LONG)));
            assert_eq!(router.recv().unwrap().len(), 2);
        } else {
            let mut receiving = pin!(router.recv_async());
            let mut context = TaskContext::from_waker(Waker::noop());
            assert!(receiving.as_mut().poll(&mut context).is_pending());
            assert!(!router.core.is_nested());
            dealers[0].send("once").unwrap();
            assert_eq!(block_on(receiving).unwrap().len(), 2);
        }
    }
    for _ in 0..2 * WAITS {
        router.recv_timeout(Duration::from_millis(1)).unwrap_err();
    }
    assert!(!router.core.is_nested(), "again and again");
    dealers[1].send("still").unwrap();
    assert_eq!(router.recv_timeout(LONG).unwrap().len(), 2);
}

#[test]
fn a_poller_that_waits_often_reads_itself() {
    let (context, router, dealers) = circle("tcp://127.0.0.1:*");
    let mut poller = Poller::new();
    for (number, dealer) in dealers.iter().enumerate() {
        poller.add(dealer, number, Interest::READABLE);
    }
    for _ in 0..8 {
        assert!(poller.wait(Some(Duration::from_millis(1))).unwrap().is_empty());
    }
    dealers.iter().for_each(|dealer| assert!(dealer.core.is_nested()));
    let answering = thread::spawn(move || {
        for _ in 0..50 * MANY {
            let message = router.recv_timeout(LONG).unwrap();
            router.send(message).unwrap();
        }
        router
    });
    for _ in 0..50 {
        dealers.iter().for_each(|dealer| dealer.send("question").unwrap());
        let mut answers = 0;
        while answers < MANY {
            let ready = poller.wait(Some(LONG)).unwrap();
            assert!(!ready.is_empty());
            for ready in ready {
                assert_eq!(dealers[ready.token].recv().unwrap(), "question".into());
                answers += 1;
            }
        }
    }
    dealers.iter().for_each(|dealer| assert!(dealer.core.is_nested()));
    let router = answering.join().unwrap();
    // A socket that joins in is heard, too, in a nest or not.
    let late = Dealer::new(&context).unwrap();
    late.connect(&router.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    late.send("late").unwrap();
    let message = router.recv_timeout(LONG).unwrap();
    poller.add(&late, MANY, Interest::READABLE);
    router.send(message).unwrap();
    let ready = poller.wait(Some(LONG)).unwrap();
    assert_eq!((ready.len(), ready[0].token), (1, MANY));
}

#[test]
fn a_full_inbox_stops_the_reading_and_room_goes_on_with_it() {
    const EACH: usize = 500;
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_receive_high_water_mark(Some(2)).unwrap();
    let endpoint = router.bind("tcp://127.0.0.1:*").unwrap();
    let dealers: Vec<_> = (0..MANY).map(|_| Dealer::new(&context).unwrap()).collect();
    dealers.iter().for_each(|dealer| dealer.connect(&endpoint).unwrap());
    assert!(router.wait_connected(MANY, LONG));
    settle(&router);
    let large = vec![7; 3000];
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..EACH {
                dealers.iter().for_each(|dealer| dealer.send(&large).unwrap());
            }
        });
        for _ in 0..EACH * MANY {
            assert_eq!(second(&router.recv_timeout(LONG).unwrap()).len(), large.len());
        }
    });
    assert!(router.core.is_nested());
}

#[test]
fn connections_that_come_later_enter_too_and_others_leave() {
    let (context, router, dealers) = circle("ipc://*");
    settle(&router);
    settle_all(&router, &dealers);
    let in_nest = |socket: &Handle| {
        let peers = socket.core.peers();
        peers.iter().filter(|peer| peer.wire().is_some_and(|wire| wire.is_in_nest())).count()
    };
    // Who was taken in last may still be on its way.
    eventually(|| in_nest(&router) == MANY);
    let endpoint = router.bind("tcp://127.0.0.1:*").unwrap();
    let late = Dealer::new(&context).unwrap();
    late.connect(&endpoint).unwrap();
    assert!(router.wait_connected(MANY + 1, LONG));
    eventually(|| in_nest(&router) == MANY + 1);
    late.send("late").unwrap();
    assert_eq!(router.recv_timeout(LONG).unwrap().len(), 2);
    drop(late);
    drop(dealers);
    eventually(|| router.connected() == 0);
    assert_eq!(in_nest(&router), 0);
}

#[test]
fn who_waits_in_a_nest_hears_of_the_end() {
    let (context, router, dealers) = circle("tcp://127.0.0.1:*");
    settle_all(&router, &dealers);
    let settled = Barrier::new(2);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            settle(&router);
            settled.wait();
            router.recv()
        });
        settled.wait();
        eventually(|| router.core.readable.has_waiters());
        context.terminate();
        assert_eq!(waiting.join().unwrap().unwrap_err().cause, Terminated);
    });
}

#[test]
fn a_system_that_refuses_is_asked_again_until_it_does() {
    let (_context, router, dealers) = circle("tcp://127.0.0.1:*");
    settle(&router);
    let nest = router.core.nest().unwrap();
    eventually(|| match nest.enter() {
        Some(desk) => {
            let beside = nest.park_beside();
            let fault = Fault::in_thread(Call::Control, 1, Errno::NOMEM);
            nest.leave(desk);
            assert!(fault.has_struck());
            drop(beside);
            true
        }
        None => false,
    });
    // The I/O thread was to read at once, and could not be told. It reads all the same.
    dealers[0].send("there").unwrap();
    eventually(|| unread(&router));
    assert_eq!(second(&router.recv_timeout(LONG).unwrap()), b"there");
}

#[test]
fn who_cannot_wait_in_a_nest_waits_elsewhere() {
    let (_context, router, dealers) = circle("tcp://127.0.0.1:*");
    settle(&router);
    assert!(router.core.is_nested());
    let fault =
        Fault::plan(Call::Wait, 1, Harm::Error(Errno::NOMEM), Times::Always, Some(thread::current().id()));
    let error = router.recv_timeout(Duration::from_millis(1)).unwrap_err();
    assert_eq!(error.cause, TimedOut);
    assert!(fault.has_struck() && !router.core.is_nested());
    dealers[1].send("here").unwrap();
    assert_eq!(second(&router.recv_timeout(LONG).unwrap()), b"here");
}

/// Answers until the context ends, by what waits for a message or says that it did in vain.
fn answer(router: &Router, mut wait: impl FnMut(&Router) -> Result<Message, RecvError>) {
    loop {
        match wait(router) {
            Ok(message) => router.send(message).unwrap(),
            Err(RecvError { cause: WouldBlock | TimedOut, .. }) => {}
            Err(error) => return assert_eq!(error.cause, Terminated),
        }
    }
}

#[test]
fn whoever_waits_in_whatever_way_hears_of_a_message() {
    let (context, router, dealers) = circle("tcp://127.0.0.1:*");
    let router = &router;
    settle(router);
    settle_all(router, &dealers);
    thread::scope(|scope| {
        scope.spawn(|| answer(router, |router| router.recv()));
        scope.spawn(|| answer(router, |router| router.recv_timeout(Duration::from_millis(1))));
        scope.spawn(|| answer(router, |router| block_on(router.recv_async())));
        scope.spawn(|| answer(router, |router| smol::block_on(router.recv_async())));
        scope.spawn(|| {
            answer(router, |router| {
                router.wait_readable(Some(LONG));
                router.try_recv()
            });
        });
        let mut poller = Poller::new();
        poller.add(router, 0, Interest::READABLE);
        scope.spawn(|| {
            answer(router, move |router| {
                poller.wait(Some(LONG)).unwrap();
                router.try_recv()
            });
        });
        // One message at a time, so that one that is not heard of is not covered up by the next.
        for round in 0..30 {
            for dealer in &dealers {
                dealer.send(format!("{round}")).unwrap();
                assert_eq!(dealer.recv_timeout(LONG).unwrap(), format!("{round}").into());
            }
        }
        context.terminate();
    });
}

/// Asks, and waits for the answers in a way of its own.
fn ask(dealer: &Dealer, way: usize) {
    for _ in 0..30 {
        dealer.send("question").unwrap();
        let answer = match way % 3 {
            0 => dealer.recv_timeout(LONG).unwrap(),
            1 => block_on(dealer.recv_async()).unwrap(),
            _ => {
                assert!(dealer.wait_readable(Some(LONG)));
                dealer.recv().unwrap()
            }
        };
        assert_eq!(answer, "question".into());
    }
}

#[test]
fn sockets_of_one_nest_are_waited_for_by_many_threads_in_many_ways() {
    let (context, router, dealers) = circle("ipc://*");
    settle(&router);
    settle_all(&router, &dealers);
    let others = &dealers[MANY / 2..];
    thread::scope(|scope| {
        scope.spawn(|| answer(&router, |router| router.recv()));
        // Each has one of the sockets to itself, and takes it along.
        let own = dealers[..MANY / 2].iter().enumerate();
        let asking: Vec<_> = own.map(|(number, dealer)| scope.spawn(move || ask(dealer, number))).collect();
        // The thread that made the nest goes on with the others.
        for _ in 0..30 {
            others.iter().for_each(|dealer| dealer.send("other").unwrap());
            others.iter().for_each(|dealer| assert_eq!(dealer.recv_timeout(LONG).unwrap(), "other".into()));
        }
        asking.into_iter().for_each(|thread| thread.join().unwrap());
        context.terminate();
    });
}
