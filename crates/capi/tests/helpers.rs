//! The helpers beside the sockets: errors, version, keys, counters, timers, stopwatch, threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]
#![allow(unsafe_code, reason = "the functions are C's")]

use std::{
    ffi::{CStr, c_int, c_void},
    ptr::{null, null_mut},
    sync::atomic::{AtomicI32, Ordering::SeqCst},
};
use zmq::{clock::*, counters::*, errno::Errno, keys::*, library::*, timers::*};

/// A call within the contract that it tests.
macro_rules! c {
    ($($call:tt)*) => {
        // SAFETY: what is handed over is null, where that is allowed, or ours for the time of the call.
        unsafe { $($call)* }
    };
}

fn text(number: c_int) -> String {
    c!(CStr::from_ptr(zmq_strerror(number))).to_str().unwrap().to_owned()
}

#[test]
fn errors_have_libzmqs_texts_and_the_systems() {
    assert_eq!(text(Errno::EFSM.0), "Operation cannot be accomplished in current state");
    assert_eq!(text(Errno::ETERM.0), "Context was terminated");
    assert_eq!(text(Errno::EHOSTUNREACH.0), "Host unreachable");
    assert_eq!(text(Errno::EAGAIN.0), "Resource temporarily unavailable");
    assert!(text(12345).contains("12345"));
}

#[test]
fn the_version_is_libzmqs() {
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    c!(zmq_version(&raw mut major, &raw mut minor, &raw mut patch));
    assert_eq!((major, minor, patch), (4, 3, 6));
    c!(zmq_version(null_mut(), &raw mut minor, null_mut()));
}

#[test]
fn capabilities_are_what_is_built_in() {
    let has = |name: &CStr| c!(zmq_has(name.as_ptr()));
    assert_eq!([c"ipc", c"curve", c"draft"].map(has), [1, 1, 1]);
    let absent = [c"pgm", c"norm", c"gssapi", c"vmci", c"vsock", c"tipc", c"WS", c"WSS", c"tcp", c"IPC", c""];
    assert_eq!(absent.map(has), [0; 11]);
    assert_eq!(c!(zmq_has(null())), 0);
}

#[test]
fn z85_goes_there_and_back_and_refuses_what_is_none() {
    let octets = [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B];
    let mut text = [1; 11];
    let answer = c!(zmq_z85_encode(text.as_mut_ptr(), octets.as_ptr(), 8));
    assert_eq!(answer, text.as_mut_ptr());
    assert_eq!(c!(CStr::from_ptr(answer)), c"HelloWorld");
    let mut back = [0; 8];
    assert_eq!(c!(zmq_z85_decode(back.as_mut_ptr(), text.as_ptr())), back.as_mut_ptr());
    assert_eq!(back, octets);
    assert!(c!(zmq_z85_encode(text.as_mut_ptr(), octets.as_ptr(), 7)).is_null());
    for foreign in [c"", c"0123", c"01234567", c"0123\xff", c"#####", c"0123\\"] {
        Errno(0).set();
        assert!(c!(zmq_z85_decode(back.as_mut_ptr(), foreign.as_ptr())).is_null(), "{foreign:?}");
        assert_eq!(Errno::get(), Errno::EINVAL);
    }
}

#[test]
fn a_public_key_follows_from_its_secret() {
    let (mut public, mut secret, mut again) = ([1; 41], [1; 41], [2; 41]);
    assert_eq!(c!(zmq_curve_keypair(public.as_mut_ptr(), secret.as_mut_ptr())), 0);
    assert_eq!((public[40], secret[40]), (0, 0));
    assert_ne!(public, secret);
    assert_eq!(c!(zmq_curve_public(again.as_mut_ptr(), secret.as_ptr())), 0);
    assert_eq!(again, public);
    assert_eq!(c!(zmq_curve_public(again.as_mut_ptr(), c"too short".as_ptr())), -1);
    assert_eq!(Errno::get(), Errno::EINVAL);
    assert_eq!(c!(zmq_curve_keypair(null_mut(), secret.as_mut_ptr())), -1);
}

#[test]
fn a_counter_says_what_it_was_and_whether_something_is_left() {
    let mut counter = zmq_atomic_counter_new();
    c! {
        assert_eq!([zmq_atomic_counter_inc(counter), zmq_atomic_counter_inc(counter)], [0, 1]);
        assert_eq!(zmq_atomic_counter_value(counter), 2);
        assert_eq!([zmq_atomic_counter_dec(counter), zmq_atomic_counter_dec(counter)], [1, 0]);
        zmq_atomic_counter_set(counter, -3);
        assert_eq!(zmq_atomic_counter_dec(counter), 1);
        assert_eq!(zmq_atomic_counter_value(counter), -4);
        zmq_atomic_counter_destroy(&raw mut counter);
        assert!(counter.is_null());
        zmq_atomic_counter_destroy(&raw mut counter);
        zmq_atomic_counter_destroy(null_mut());
        assert_eq!(zmq_atomic_counter_inc(null_mut()), 0);
    }
}

unsafe extern "C" fn count(_timer: c_int, counter: *mut c_void) {
    c!(&*counter.cast::<AtomicI32>()).fetch_add(1, SeqCst);
}

/// Runs the timers whenever one is due, until `reached`.
fn run_until(timers: *mut c_void, reached: impl Fn() -> bool) {
    while !reached() {
        let timeout = zmq_timers_timeout(timers);
        assert!(timeout >= 0, "a timer is there");
        std::thread::yield_now();
        assert_eq!(zmq_timers_execute(timers), 0);
    }
}

#[test]
fn timers_come_again_until_they_are_cancelled() {
    let counter = AtomicI32::new(0);
    let argument = (&raw const counter).cast_mut().cast();
    let mut timers = zmq_timers_new();
    assert_eq!(zmq_timers_timeout(timers), -1);
    assert_eq!(zmq_timers_execute(timers), 0);
    let number = c!(zmq_timers_add(timers, 5, Some(count), argument));
    assert!(number >= 1);
    assert!((0..=5).contains(&zmq_timers_timeout(timers)));
    run_until(timers, || counter.load(SeqCst) == 3);
    assert_eq!(zmq_timers_set_interval(timers, number, 3_600_000), 0);
    assert!((3_500_000..=3_600_000).contains(&zmq_timers_timeout(timers)));
    assert_eq!((zmq_timers_reset(timers, number), zmq_timers_execute(timers)), (0, 0));
    assert_eq!(counter.load(SeqCst), 3);
    assert_eq!(zmq_timers_cancel(timers, number), 0);
    assert_eq!(zmq_timers_timeout(timers), -1);
    for gone in [
        zmq_timers_cancel(timers, number),
        zmq_timers_reset(timers, number),
        zmq_timers_set_interval(timers, number, 1),
    ] {
        assert_eq!((gone, Errno::get()), (-1, Errno::EINVAL));
    }
    assert_eq!(c!(zmq_timers_add(timers, 5, None, null_mut())), -1);
    assert_eq!(Errno::get(), Errno::EFAULT);
    assert_eq!(c!(zmq_timers_destroy(&raw mut timers)), 0);
    assert!(timers.is_null());
}

/// A timer that cancels itself and adds two others, one of which is due at once.
unsafe extern "C" fn replace(timer: c_int, timers: *mut c_void) {
    assert_eq!(zmq_timers_cancel(timers, timer), 0);
    assert!(c!(zmq_timers_add(timers, 0, Some(cancel), timers)) > timer);
    assert!(c!(zmq_timers_add(timers, 3_600_000, Some(cancel), timers)) > timer);
}

unsafe extern "C" fn cancel(timer: c_int, timers: *mut c_void) {
    assert_eq!(zmq_timers_cancel(timers, timer), 0);
}

#[test]
fn a_timer_may_change_the_timers_it_belongs_to() {
    let mut timers = zmq_timers_new();
    c!(zmq_timers_add(timers, 0, Some(replace), timers));
    zmq_timers_execute(timers);
    assert_eq!(zmq_timers_timeout(timers), 0, "the one added last is due, and did not run in the same round");
    zmq_timers_execute(timers);
    assert!(zmq_timers_timeout(timers) > 3_500_000);
    c!(zmq_timers_destroy(&raw mut timers));
}

#[test]
fn null_and_destroyed_timers_are_an_error() {
    let mut timers = zmq_timers_new();
    let before = timers;
    c!(zmq_timers_destroy(&raw mut timers));
    for nothing in [null_mut(), before] {
        let answers = [
            zmq_timers_execute(nothing).into(),
            zmq_timers_timeout(nothing),
            zmq_timers_cancel(nothing, 1).into(),
            c!(zmq_timers_add(nothing, 1, Some(count), null_mut())).into(),
            c!(zmq_timers_destroy(&raw mut timers)).into(),
        ];
        assert_eq!((answers, Errno::get()), ([-1; 5], Errno::EFAULT));
    }
    assert_eq!(c!(zmq_timers_destroy(null_mut())), -1);
}

#[test]
fn a_stopwatch_counts_on_until_it_is_stopped() {
    let watch = zmq_stopwatch_start();
    c! {
        let first = std::iter::repeat_with(|| zmq_stopwatch_intermediate(watch)).find(|time| *time > 0).unwrap();
        assert!(zmq_stopwatch_stop(watch) >= first);
        assert_eq!(zmq_stopwatch_stop(null_mut()), 0);
    }
}

unsafe extern "C" fn look_at_itself(seen: *mut c_void) {
    let name = std::fs::read_to_string("/proc/thread-self/comm").unwrap();
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
    let blocked = u64::from_str_radix(blocked.trim(), 16).unwrap();
    let terminate = 1 << (libc::SIGTERM - 1);
    let right = name.trim() == "ZMQapp" && blocked & terminate != 0;
    c!(&*seen.cast::<AtomicI32>()).store(right.into(), SeqCst);
}

#[test]
fn a_thread_has_its_name_and_no_signals_and_is_waited_for() {
    let seen = AtomicI32::new(-1);
    let signals = || {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        status.lines().find(|line| line.starts_with("SigBlk:")).unwrap().to_owned()
    };
    let before = signals();
    c! {
        let thread = zmq_threadstart(Some(look_at_itself), (&raw const seen).cast_mut().cast());
        assert!(!thread.is_null());
        zmq_threadclose(thread);
        assert!(zmq_threadstart(None, null_mut()).is_null());
        zmq_threadclose(null_mut());
    }
    assert_eq!(seen.load(SeqCst), 1);
    assert_eq!(signals(), before, "the starter's signals are as they were");
}
