//! The end of a context: always in time, and it says what did not get out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use std::{
    io::Read,
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};
use zeroxide::*;

const LONG: Duration = Duration::from_secs(120);
/// The time that a shutdown is given when it is expected to use it up.
const SHORT: Duration = Duration::from_millis(50);

fn endpoint_of(listener: &TcpListener) -> String {
    format!("tcp://{}", listener.local_addr().unwrap())
}

/// A PUSH that would wait for ever for its messages to get out.
fn patient_push(context: &Context, endpoint: &str, messages: usize) -> Push {
    let push = Push::new(context).unwrap();
    push.set_linger(None);
    push.connect(endpoint).unwrap();
    (0..messages).for_each(|number| push.try_send(number.to_string()).unwrap());
    push
}

#[test]
fn a_context_without_sockets_ends_at_once() {
    let context = Context::new();
    let report = context.shutdown(LONG);
    assert_eq!(report, ShutdownReport { complete: true, open: 0, discarded: 0 });
    assert_eq!(Push::new(&context).unwrap_err(), SocketError::Terminated);
}

#[test]
fn what_was_sent_gets_out_before_the_end() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*"] {
        let (near, far) = (Context::new(), Context::new());
        let pull = Pull::new(&far).unwrap();
        let push = patient_push(&near, &pull.bind(endpoint).unwrap(), 500);
        let report = near.shutdown(LONG);
        assert_eq!(report, ShutdownReport { complete: true, open: 0, discarded: 0 });
        assert_eq!(push.try_send("late").unwrap_err().cause, SendErrorCause::Terminated);
        for number in 0..500 {
            assert_eq!(pull.recv_timeout(LONG).unwrap(), number.to_string().into());
        }
    }
}

#[test]
fn without_a_peer_the_deadline_ends_it_and_the_rest_is_counted() {
    for endpoint in ["tcp://127.0.0.1:1", "ipc://@nobody-is-here", "tcp://name.invalid:5555"] {
        let context = Context::new();
        let push = patient_push(&context, endpoint, 7);
        let report = context.shutdown(SHORT);
        assert_eq!(report, ShutdownReport { complete: false, open: 1, discarded: 7 }, "{endpoint}");
        assert_eq!(push.statistics().lost_to(Loss::Linger), 7);
        let again = context.shutdown(LONG);
        assert_eq!(again, ShutdownReport { complete: true, open: 0, discarded: 0 });
        // And the drops of socket and context, whose linger is endless, return.
    }
}

#[test]
fn a_socket_dropped_before_is_waited_for_too() {
    let context = Context::new();
    drop(patient_push(&context, "tcp://127.0.0.1:1", 3));
    assert_eq!(context.open_sockets(), 0);
    let report = context.shutdown(SHORT);
    assert_eq!(report, ShutdownReport { complete: false, open: 1, discarded: 3 });
}

#[test]
fn a_peer_that_never_speaks_does_not_hold_up_the_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let context = Context::new();
    let _push = patient_push(&context, &endpoint_of(&silent), 2);
    let (_stream, _) = silent.accept().unwrap();
    assert_eq!(context.shutdown(SHORT), ShutdownReport { complete: false, open: 1, discarded: 2 });
}

#[test]
fn a_peer_that_stops_reading_does_not_hold_up_the_end() {
    let (near, far) = (Context::new(), Context::new());
    let pull = Pull::new(&far).unwrap();
    pull.set_receive_high_water_mark(Some(1)).unwrap();
    let push = patient_push(&near, &pull.bind("tcp://127.0.0.1:*").unwrap(), 0);
    // More than the system's buffers hold, should what writes stand still while these are queued.
    push.set_send_high_water_mark(Some(50)).unwrap();
    assert!(push.wait_connected(1, LONG));
    let large = vec![0; 1 << 20];
    let mut sent: u64 = 0;
    while push.send_timeout(&large[..], Duration::from_millis(200)).is_ok() {
        sent += 1;
    }
    let report = near.shutdown(SHORT);
    // Fifty were queued; the kernel may have taken some since.
    assert!(!report.complete && report.discarded > 0, "{report:?}");
    drop(push);
    let mut received = 0;
    while received + report.discarded < sent {
        assert!(pull.recv_timeout(LONG).is_ok(), "{received} received, {report:?}, {sent} sent");
        received += 1;
    }
}

#[test]
fn a_peer_that_is_killed_at_any_point_does_not_hold_up_the_end() {
    // It dies after it has read so many octets: in the greeting, in the handshake, in the messages.
    for lives_for in [0, 1, 10, 64, 70, 200] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let context = Context::new();
        let push = patient_push(&context, &endpoint_of(&listener), 100);
        let (stream, _) = listener.accept().unwrap();
        let greeting = [&b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL"[..], &[0; 48]].concat();
        let mut stream: TcpStream = stream;
        std::io::Write::write_all(&mut stream, &greeting).unwrap();
        std::io::Write::write_all(&mut stream, b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL").unwrap();
        stream.read_exact(&mut vec![0; lives_for]).unwrap();
        drop((stream, listener));
        let report = context.shutdown(SHORT);
        assert!(report.discarded <= 100 && report.open <= 1, "{report:?}");
        drop(push);
    }
}

#[test]
fn every_waiting_call_ends() {
    let context = Context::new();
    let (waits, waiting) = mpsc::channel();
    let pull = Pull::new(&context).unwrap();
    let push = Push::new(&context).unwrap();
    let publisher = Pub::new(&context).unwrap();
    let waiters = [
        thread::spawn({
            let waits = waits.clone();
            move || {
                waits.send(()).unwrap();
                assert_eq!(pull.recv().unwrap_err().cause, RecvErrorCause::Terminated);
            }
        }),
        thread::spawn({
            let waits = waits.clone();
            move || {
                waits.send(()).unwrap();
                assert_eq!(push.send("x").unwrap_err().cause, SendErrorCause::Terminated);
            }
        }),
        thread::spawn(move || {
            waits.send(()).unwrap();
            assert!(!publisher.wait_for_subscribers("x", 1, LONG));
        }),
    ];
    waiters.iter().for_each(|_| waiting.recv().unwrap());
    assert!(context.shutdown(LONG).complete);
    waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
}

#[test]
fn what_nobody_received_within_the_process_is_counted() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let push = patient_push(&context, &pull.bind("inproc://unread").unwrap(), 5);
    push.connect("inproc://unbound").unwrap();
    (0..4).for_each(|_| push.try_send("to either").unwrap());
    pull.recv().unwrap();
    let report = context.shutdown(LONG);
    assert_eq!(report, ShutdownReport { complete: true, open: 0, discarded: 8 });
}
