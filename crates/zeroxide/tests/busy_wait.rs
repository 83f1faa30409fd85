//! A socket that was told to polls before it sleeps: for that time and no longer, and everything else ends the wait as it
//! always does. Whether a thread slept is counted; nothing here looks at a clock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use zeroxide::{Context, Pull, Push, RecvErrorCause, Rep, Req, Router, SendErrorCause, Socket, SocketType};

/// Longer than any test runs.
const LONG: Duration = Duration::from_secs(3600);
const ENOUGH: Duration = Duration::from_secs(60);

/// Waits until another thread has slept in a call on this socket.
fn until_it_slept(socket: &Socket) {
    let deadline = Instant::now() + ENOUGH;
    while socket.statistics().sleeps == 0 {
        assert!(Instant::now() < deadline, "it never slept");
        thread::yield_now();
    }
}

/// So many round trips between two sockets that poll as long as they are told; how often each slept.
fn round_trips(endpoint: &str, busy: Duration, count: usize) -> (u64, u64) {
    let context = Context::new();
    let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
    req.set_busy_wait(busy);
    rep.set_busy_wait(busy);
    let bound = rep.bind(endpoint).unwrap();
    req.connect(&bound).unwrap();
    let answering = thread::spawn(move || {
        for _ in 0..count {
            rep.send(rep.recv().unwrap()).unwrap();
        }
        rep
    });
    for number in 0..count {
        req.send(number.to_string().as_str()).unwrap();
        assert_eq!(req.recv().unwrap(), number.to_string().as_str().into());
    }
    let rep = answering.join().unwrap();
    (req.statistics().sleeps, rep.statistics().sleeps)
}

#[test]
fn whoever_polls_long_enough_never_sleeps() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*", "inproc://busy"] {
        assert_eq!(round_trips(endpoint, LONG, 200), (0, 0), "{endpoint}");
    }
}

#[test]
fn whoever_is_not_told_to_sleeps_at_once() {
    let context = Context::new();
    let (pull, push) = (Socket::new(&context, SocketType::Pull).unwrap(), Push::new(&context).unwrap());
    let pull = Arc::new(pull);
    push.connect(&pull.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let waiting = {
        let pull = pull.clone();
        thread::spawn(move || pull.recv().unwrap())
    };
    until_it_slept(&pull);
    push.send("late").unwrap();
    assert_eq!(waiting.join().unwrap(), "late".into());
}

#[test]
fn when_the_time_is_over_it_sleeps_and_is_woken_all_the_same() {
    for endpoint in ["tcp://127.0.0.1:*", "inproc://late"] {
        let context = Context::new();
        let pull = Arc::new(Socket::new(&context, SocketType::Pull).unwrap());
        let push = Push::new(&context).unwrap();
        pull.set_busy_wait(Duration::from_micros(50));
        push.connect(&pull.bind(endpoint).unwrap()).unwrap();
        let waiting = {
            let pull = pull.clone();
            thread::spawn(move || pull.recv().unwrap())
        };
        until_it_slept(&pull);
        push.send("late").unwrap();
        assert_eq!(waiting.join().unwrap(), "late".into(), "{endpoint}");
    }
}

#[test]
fn a_timeout_ends_it_on_either_side() {
    let context = Context::new();
    let (pull, push) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
    pull.set_busy_wait(LONG);
    push.set_busy_wait(LONG);
    pull.bind("tcp://127.0.0.1:*").unwrap();
    let brief = Duration::from_millis(5);
    assert_eq!(pull.recv_timeout(brief).unwrap_err().cause, RecvErrorCause::TimedOut);
    // Nobody is connected, so there is room nowhere.
    assert_eq!(push.send_timeout("nowhere", brief).unwrap_err().cause, SendErrorCause::TimedOut);
    pull.set_receive_timeout(Some(brief)).unwrap();
    assert_eq!(pull.recv().unwrap_err().cause, RecvErrorCause::TimedOut);
}

#[test]
fn the_end_of_the_context_ends_it_on_either_side() {
    let context = Context::new();
    let (pull, push) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
    pull.set_busy_wait(LONG);
    push.set_busy_wait(LONG);
    let bound = pull.bind("tcp://127.0.0.1:*").unwrap();
    let other = Push::new(&context).unwrap();
    other.connect(&bound).unwrap();
    let (begun, begins) = std::sync::mpsc::channel();
    let begun_too = begun.clone();
    let receiving = thread::spawn(move || {
        pull.recv().unwrap();
        begun.send(()).unwrap();
        pull.recv().unwrap_err().cause
    });
    let sending = thread::spawn(move || {
        begun_too.send(()).unwrap();
        push.send("nowhere").unwrap_err().cause
    });
    other.send("first").unwrap();
    begins.recv().unwrap();
    begins.recv().unwrap();
    context.terminate();
    assert_eq!(receiving.join().unwrap(), RecvErrorCause::Terminated);
    assert_eq!(sending.join().unwrap(), SendErrorCause::Terminated);
}

#[test]
fn a_sender_that_polls_for_room_goes_on_when_there_is_some() {
    const COUNT: u32 = 3_000;
    for endpoint in ["tcp://127.0.0.1:*", "inproc://room"] {
        let context = Context::new();
        let (pull, push) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
        push.set_busy_wait(LONG);
        push.set_send_high_water_mark(Some(1)).unwrap();
        pull.set_receive_high_water_mark(Some(1)).unwrap();
        pull.set_receive_buffer(Some(4096)).unwrap();
        push.set_send_buffer(Some(4096)).unwrap();
        push.connect(&pull.bind(endpoint).unwrap()).unwrap();
        let sending = thread::spawn(move || {
            for number in 0..COUNT {
                push.send([number.to_string().as_bytes(), &[7; 1000]]).unwrap();
            }
            push
        });
        for number in 0..COUNT {
            assert_eq!(&*pull.recv().unwrap().frames()[0], number.to_string().as_bytes());
        }
        assert_eq!(sending.join().unwrap().statistics().sleeps, 0, "{endpoint}");
    }
}

#[test]
fn connections_that_come_and_go_are_taken_in_while_it_polls() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    pull.set_busy_wait(LONG);
    let bound = pull.bind("tcp://127.0.0.1:*").unwrap();
    let receiving = thread::spawn(move || {
        let all: Vec<_> = (0..20).map(|_| pull.recv().unwrap().to_string()).collect();
        (all, pull.statistics().sleeps)
    });
    for number in 0..20 {
        // Each has a connection of its own, which ends behind its message.
        let push = Push::new(&context).unwrap();
        push.connect(&bound).unwrap();
        push.send(number.to_string().as_str()).unwrap();
    }
    let (mut all, sleeps) = receiving.join().unwrap();
    all.sort_by_key(|text| text.parse::<u32>().unwrap());
    assert_eq!(all, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(sleeps, 0);
}

#[test]
fn with_many_connections_the_io_thread_reads_for_whoever_polls() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_busy_wait(LONG);
    let bound = router.bind("tcp://127.0.0.1:*").unwrap();
    let answering = thread::spawn(move || {
        for _ in 0..20 * 10 {
            router.send(router.recv().unwrap()).unwrap();
        }
        router
    });
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let client = Req::new(&context).unwrap();
            client.connect(&bound).unwrap();
            client
        })
        .collect();
    for _ in 0..10 {
        clients.iter().for_each(|client| client.send("?").unwrap());
        for client in &clients {
            assert_eq!(client.recv().unwrap(), "?".into());
        }
    }
    assert_eq!(answering.join().unwrap().statistics().sleeps, 0);
}
