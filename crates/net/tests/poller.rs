//! Readiness: the poller, the ring and poll(2).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing helper is a failing test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};
use zeroxide_net::{
    Event, Interest, PollFd, PollFlags, Poller, Ring, Stream, wait_fds, wait_fds_interruptible,
};

/// What is ready now.
fn ready(poller: &Poller) -> Vec<Event> {
    let mut events = Vec::new();
    poller.wait(&mut events, Some(Duration::ZERO)).unwrap();
    events
}

fn event(token: u64) -> Event {
    Event { token, readable: false, writable: false, hangup: false, error: false, last: false }
}

#[test]
fn a_ready_descriptor_is_reported_until_it_is_not() {
    let poller = Poller::new().unwrap();
    let (near, far) = Stream::pair().unwrap();
    poller.add(&near, 1, Interest::READ).unwrap();
    assert!(ready(&poller).is_empty());
    far.write(b"!").unwrap();
    for _ in 0..3 {
        assert_eq!(ready(&poller), [Event { readable: true, ..event(1) }]);
    }
    near.read(&mut Vec::with_capacity(8)).unwrap();
    assert!(ready(&poller).is_empty());
}

#[test]
fn interest_and_token_can_change() {
    let poller = Poller::new().unwrap();
    let (near, far) = Stream::pair().unwrap();
    far.write(b"!").unwrap();
    poller.add(&near, 1, Interest::WRITE).unwrap();
    assert_eq!(ready(&poller), [Event { writable: true, ..event(1) }]);
    poller.modify(&near, 2, Interest::BOTH).unwrap();
    assert_eq!(ready(&poller), [Event { readable: true, writable: true, ..event(2) }]);
    poller.modify(&near, 3, Interest::NONE).unwrap();
    assert!(ready(&poller).is_empty());
    poller.modify(&near, 4, Interest::READ).unwrap();
    assert_eq!(ready(&poller), [Event { readable: true, ..event(4) }]);
    poller.remove(&near).unwrap();
    assert!(ready(&poller).is_empty());
}

#[test]
fn interests_are_made_of_their_halves() {
    assert_eq!(Interest::new(false, false), Interest::NONE);
    assert_eq!(Interest::new(true, false), Interest::READ);
    assert_eq!(Interest::new(false, true), Interest::WRITE);
    assert_eq!(Interest::new(true, true), Interest::BOTH);
}

#[test]
fn the_end_of_the_peer_is_told_once_before_all_is_read() {
    let poller = Poller::new().unwrap();
    let (near, far) = Stream::pair().unwrap();
    poller.add(&near, 1, Interest::End).unwrap();
    far.write(b"unread").unwrap();
    assert!(ready(&poller).is_empty());
    far.shutdown_write().unwrap();
    assert_eq!(ready(&poller), [Event { readable: true, last: true, ..event(1) }]);
    assert!(ready(&poller).is_empty());
}

#[test]
fn an_edge_is_told_once_for_each_arrival_and_anew_when_asked() {
    let poller = Poller::new().unwrap();
    let (near, far) = Stream::pair().unwrap();
    poller.add(&near, 1, Interest::Edge).unwrap();
    let arrival = [Event { readable: true, ..event(1) }];
    for _ in 0..2 {
        far.write(b"!").unwrap();
        assert_eq!(ready(&poller), arrival);
        assert!(ready(&poller).is_empty());
    }
    poller.modify(&near, 1, Interest::Edge).unwrap();
    assert_eq!(ready(&poller), arrival);
    let mut received = Vec::with_capacity(8);
    assert_eq!(near.read(&mut received).unwrap(), 2);
    poller.modify(&near, 1, Interest::Edge).unwrap();
    assert!(ready(&poller).is_empty());
    far.write(b"last words").unwrap();
    far.shutdown_write().unwrap();
    assert_eq!(ready(&poller), [Event { readable: true, last: true, ..event(1) }]);
    assert!(ready(&poller).is_empty());
}

#[test]
fn misuse_is_an_error() {
    let poller = Poller::new().unwrap();
    let (near, _far) = Stream::pair().unwrap();
    assert!(poller.modify(&near, 1, Interest::READ).is_err());
    assert!(poller.remove(&near).is_err());
    poller.add(&near, 1, Interest::READ).unwrap();
    assert_eq!(poller.add(&near, 1, Interest::READ).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
}

#[test]
fn a_hangup_is_readable_and_writable() {
    let poller = Poller::new().unwrap();
    let (near, far) = Stream::pair().unwrap();
    poller.add(&near, 1, Interest::READ).unwrap();
    drop(far);
    assert_eq!(
        ready(&poller),
        [Event { readable: true, writable: true, hangup: true, last: true, ..event(1) }]
    );
}

#[test]
fn a_hangup_does_not_make_a_paused_reader_spin() {
    let poller = Poller::new().unwrap();
    let (near, far) = Stream::pair().unwrap();
    far.write(b"last words").unwrap();
    poller.add(&near, 1, Interest::NONE).unwrap();
    drop(far);
    assert!(ready(&poller).len() <= 1);
    assert!(ready(&poller).is_empty());
    // Nothing is lost meanwhile.
    poller.modify(&near, 1, Interest::READ).unwrap();
    assert!(ready(&poller)[0].readable);
    let mut received = Vec::with_capacity(16);
    near.read(&mut received).unwrap();
    assert_eq!(received, b"last words");
}

#[test]
fn a_wait_under_way_sees_changes_of_other_threads() {
    let poller = Poller::new().unwrap();
    let (near, far) = Stream::pair().unwrap();
    far.write(b"!").unwrap();
    poller.add(&near, 1, Interest::NONE).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut events = Vec::new();
            poller.wait(&mut events, None).unwrap();
            events
        });
        poller.modify(&near, 2, Interest::READ).unwrap();
        assert_eq!(waiting.join().unwrap(), [Event { readable: true, ..event(2) }]);
        poller.remove(&near).unwrap();

        let waiting = scope.spawn(|| {
            let mut events = Vec::new();
            poller.wait(&mut events, None).unwrap();
            events
        });
        poller.add(&near, 3, Interest::READ).unwrap();
        assert_eq!(waiting.join().unwrap(), [Event { readable: true, ..event(3) }]);
    });
}

#[test]
fn a_turn_is_bounded_and_nobody_is_left_out() {
    let poller = Poller::new().unwrap();
    let rings: Vec<Ring> = (0..Poller::BATCH + 50).map(|_| Ring::new().unwrap()).collect();
    for (ring, token) in rings.iter().zip(0..) {
        poller.add(ring, token, Interest::READ).unwrap();
        ring.ring();
    }
    let mut seen = Vec::new();
    let mut events = Vec::new();
    while seen.len() < rings.len() {
        poller.wait(&mut events, Some(Duration::ZERO)).unwrap();
        assert!((1..=Poller::BATCH).contains(&events.len()));
        for event in &events {
            rings[usize::try_from(event.token).unwrap()].hush();
            seen.push(event.token);
        }
    }
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..u64::try_from(rings.len()).unwrap()));
}

#[test]
fn timeouts_do_not_end_early_and_short_ones_are_not_rounded_up_to_milliseconds() {
    let poller = Poller::new().unwrap();
    let took = |timeout| {
        let start = Instant::now();
        poller.wait(&mut Vec::new(), Some(timeout)).unwrap();
        assert!(start.elapsed() >= timeout);
        start.elapsed()
    };
    for micros in [0, 1, 50, 300, 2_500, 12_345] {
        took(Duration::from_micros(micros));
    }
    // The machine may be busy, so that one of many is enough: of those rounded up there would be none.
    let millisecond = Duration::from_millis(1);
    assert!((0..20_000).any(|_| took(Duration::from_micros(300)) < millisecond));
}

#[test]
fn a_short_timeout_does_not_hide_what_is_ready() {
    let poller = Poller::new().unwrap();
    let ring = Ring::new().unwrap();
    poller.add(&ring, 1, Interest::READ).unwrap();
    ring.ring();
    let mut events = Vec::new();
    poller.wait(&mut events, Some(Duration::from_micros(3))).unwrap();
    assert_eq!(events, [Event { readable: true, ..event(1) }]);
}

#[test]
fn pollers_can_be_watched_by_pollers() {
    let (inner, outer) = (Poller::new().unwrap(), Poller::new().unwrap());
    let ring = Ring::new().unwrap();
    inner.add(&ring, 1, Interest::READ).unwrap();
    outer.add(&inner, 2, Interest::READ).unwrap();
    assert!(ready(&outer).is_empty());
    ring.ring();
    assert_eq!(ready(&outer)[0].token, 2);
}

/// How many times the descriptor was written to since the last time.
fn writes(ring: &Ring) -> u64 {
    let mut count = [0; 8];
    rustix::io::read(ring, &mut count).map_or(0, |_| u64::from_ne_bytes(count))
}

#[test]
fn ringing_often_writes_once() {
    let ring = Ring::new().unwrap();
    (0..5).for_each(|_| ring.ring());
    assert_eq!(writes(&ring), 1);
    assert!(ring.hush());
    assert!(!ring.hush());
    ring.ring();
    assert_eq!(writes(&ring), 1);
}

#[test]
fn a_ring_is_a_waker() {
    let ring = Arc::new(Ring::new().unwrap());
    let waker = Waker::from(Arc::clone(&ring));
    waker.wake_by_ref();
    waker.wake();
    assert!(ring.hush());
}

#[test]
fn no_ring_is_lost_between_threads() {
    const ROUNDS: usize = 20_000;
    let (poller, ring, published) = (Poller::new().unwrap(), Ring::new().unwrap(), AtomicUsize::new(0));
    poller.add(&ring, 0, Interest::READ).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    published.fetch_add(1, Ordering::Relaxed);
                    ring.ring();
                }
            });
        }
        let mut events = Vec::new();
        while published.load(Ordering::Relaxed) < 2 * ROUNDS {
            // A lost ring would make this wait for ever.
            poller.wait(&mut events, None).unwrap();
            ring.hush();
        }
    });
}

#[test]
fn a_thread_can_wait_for_a_few_descriptors() {
    let (near, far) = Stream::pair().unwrap();
    let ring = Ring::new().unwrap();
    let mut fds = [PollFd::new(&near, PollFlags::IN), PollFd::new(&ring, PollFlags::IN)];
    let start = Instant::now();
    assert_eq!(wait_fds(&mut fds, Some(Duration::from_micros(1500))).unwrap(), 0);
    assert!(start.elapsed() >= Duration::from_micros(1500));
    assert_eq!(wait_fds_interruptible(&mut fds, Some(Duration::ZERO)).unwrap(), 0);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| wait_fds(&mut fds, Some(Duration::MAX)).unwrap());
        far.write(b"!").unwrap();
        assert_eq!(waiting.join().unwrap(), 1);
    });
    assert_eq!(fds[0].revents(), PollFlags::IN);
    assert_eq!(fds[1].revents(), PollFlags::empty());
}
