//! Wakers are foreign code: an executor may poll the woken task at once, inside the wake, and the task may call whatever
//! it likes. No lock of the library may be held then.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context as TaskContext, Poll, Wake, Waker},
};
use zeroxide::*;

/// Does at once, in the thread that wakes, what a task would do.
struct AtOnce<F>(F, AtomicUsize);

impl<F: Fn() + Send + Sync> Wake for AtOnce<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
        self.1.fetch_add(1, SeqCst);
    }
}

fn at_once<F: Fn() + Send + Sync + 'static>(act: F) -> (Arc<AtOnce<F>>, Waker) {
    let waker = Arc::new(AtOnce(act, AtomicUsize::new(0)));
    (waker.clone(), Waker::from(waker))
}

impl<F> AtOnce<F> {
    fn times(&self) -> usize {
        self.1.load(SeqCst)
    }
}

#[test]
fn a_sender_woken_by_a_receive_may_receive() {
    must_end("a wake that comes back to the library", || {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Arc::new(Pull::new(&context).unwrap()));
        push.set_send_high_water_mark(Some(5)).unwrap();
        pull.set_receive_high_water_mark(Some(5)).unwrap();
        join(&pull, &push, &inproc());
        let sent = fill(|message| push.try_send(message));
        let (woken, waker) = at_once({
            let pull = pull.clone();
            move || drop(pull.try_recv())
        });
        let mut waiting = pin!(push.send_async("one more"));
        assert!(waiting.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_pending());
        let received = (0..sent).take_while(|_| woken.times() == 0 && pull.try_recv().is_ok()).count();
        assert_eq!(woken.times(), 1, "after {received} of {sent}");
        assert!(matches!(waiting.as_mut().poll(&mut TaskContext::from_waker(&waker)), Poll::Ready(Ok(()))));
    });
}

#[test]
fn who_is_woken_by_an_event_may_ask_for_another_monitor_and_cause_another_event() {
    must_end("a wake that comes back to the library", || {
        let context = Context::new();
        let pull = Arc::new(Pull::new(&context).unwrap());
        let events = pull.monitor();
        let (woken, waker) = at_once({
            let pull = pull.clone();
            move || {
                let _more = pull.monitor();
                pull.bind("tcp://127.0.0.1:*").unwrap();
            }
        });
        let mut waiting = pin!(events.next_async());
        assert!(waiting.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_pending());
        pull.bind("tcp://127.0.0.1:*").unwrap();
        assert_eq!(woken.times(), 1);
        for _ in 0..2 {
            assert!(matches!(events.wait_timeout(LONG), Some(Event::Listening { .. })));
        }
    });
}

#[test]
fn who_is_woken_by_an_option_may_set_options() {
    must_end("a wake that comes back to the library", || {
        let context = Context::new();
        let (push, pull) = (Arc::new(Push::new(&context).unwrap()), Pull::new(&context).unwrap());
        push.set_send_high_water_mark(Some(1)).unwrap();
        pull.set_receive_high_water_mark(Some(1)).unwrap();
        join(&pull, &push, &inproc());
        fill(|message| push.try_send(message));
        let (woken, waker) = at_once({
            let push = push.clone();
            move || {
                assert_eq!(push.send_high_water_mark(), Some(10));
                push.set_linger(None);
            }
        });
        let mut waiting = pin!(push.send_async("one more"));
        assert!(waiting.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_pending());
        push.set_send_high_water_mark(Some(10)).unwrap();
        assert!(woken.times() > 0);
        assert_eq!(push.linger(), None);
        assert!(waiting.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_ready());
    });
}

#[test]
fn who_is_woken_by_a_bind_within_the_process_may_connect_within_the_process() {
    must_end("a wake that comes back to the library", || {
        let context = Context::new();
        let (push, pull) = (Arc::new(Push::new(&context).unwrap()), Pull::new(&context).unwrap());
        let (name, other) = (inproc(), inproc());
        push.set_immediate(true).unwrap();
        push.connect(&name).unwrap();
        let (woken, waker) = at_once({
            let (push, name, other) = (push.clone(), name.clone(), other.clone());
            move || {
                push.connect(&other).unwrap();
                push.disconnect(&name).unwrap();
            }
        });
        let mut waiting = pin!(push.send_async("for whoever comes"));
        assert!(waiting.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_pending());
        pull.bind(&name).unwrap();
        assert_eq!(woken.times(), 1);
        assert_eq!((push.connected(), pull.connected()), (0, 0));
        assert!(waiting.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
        join_at_bound(&pull, &push, &other);
        assert!(waiting.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_ready());
        assert_eq!(pull.text(), "for whoever comes");
    });
}

/// Binds what somebody waits for, and waits until both know of each other.
#[track_caller]
fn join_at_bound(binder: &Handle, connecter: &Handle, endpoint: &str) {
    binder.bind(endpoint).unwrap();
    assert!(connecter.wait_connected(1, LONG) && binder.wait_connected(1, LONG));
}
