//! Somebody sets the date, by decades, forth and back, while sockets work: nothing that is due or waits takes notice.
//!
//! Each story is played by a process of its own, under a library that moves the date it is told by the system (`date.c`).
//! What the kernel itself waits for is counted by a clock that nobody can set, and is not moved.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

#[path = "../common/mod.rs"]
mod common;
mod date;

use common::*;
use date::{Date, Removed, YEARS, with_another_date};
use std::time::Duration;
use zeroxide::*;

#[test]
fn connections_with_heartbeats_live_on() {
    with_another_date("connections_with_heartbeats_live_on", |date| {
        let context = Context::new();
        let (one, other) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
        for socket in [&*one, &*other] {
            socket.set_heartbeat_interval(Some(Duration::from_millis(1))).unwrap();
            socket.set_heartbeat_timeout(Some(LONG)).unwrap();
        }
        join(&one, &other, "tcp://127.0.0.1:*");
        let events = [one.monitor(), other.monitor()];
        for years in [YEARS, -2 * YEARS, YEARS] {
            date.jump(years);
            for count in 0..200 {
                one.send(number(count)).unwrap();
                assert_eq!(as_number(&other.get()), count);
                other.send(number(count)).unwrap();
                assert_eq!(as_number(&one.get()), count);
            }
        }
        for events in events {
            let ended = std::iter::from_fn(|| events.try_next())
                .find(|event| matches!(event, Event::Disconnected { .. }));
            assert_eq!(ended, None);
        }
        assert_eq!((one.statistics().connections, other.statistics().connections), (1, 1));
    });
}

#[test]
fn who_gives_no_sign_of_life_is_found_though_the_date_goes_back() {
    with_another_date("who_gives_no_sign_of_life_is_found_though_the_date_goes_back", |date| {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        router.set_heartbeat_interval(Some(Duration::from_millis(50))).unwrap();
        let at = router.bind("tcp://127.0.0.1:*").unwrap();
        let events = router.monitor();
        let mut silent = raw(&at, Kind::Dealer, b"silent");
        date.jump(-YEARS);
        let lost = events.wait_for(LONG, |event| matches!(event, Event::Disconnected { .. }));
        assert!(lost.is_some(), "nobody missed it");
        silent.read_to_close();
    });
}

#[test]
fn handshakes_have_as_much_time_as_before() {
    with_another_date("handshakes_have_as_much_time_as_before", |date| {
        let context = Context::new();
        let (hasty, patient) = (Router::new(&context).unwrap(), Router::new(&context).unwrap());
        hasty.set_handshake_interval(Some(Duration::from_millis(100))).unwrap();
        patient.set_handshake_interval(Some(Duration::from_secs(3600))).unwrap();
        let mut late = RawPeer::connect(&hasty.bind("tcp://127.0.0.1:*").unwrap());
        date.jump(-YEARS);
        late.read_to_close();
        let at = patient.bind("tcp://127.0.0.1:*").unwrap();
        let mut slow = RawPeer::connect(&at);
        slow.send(&octets::greeting_v31("NULL"));
        assert_eq!(slow.read(64), octets::greeting_v31("NULL"));
        date.jump(2 * YEARS);
        // Whoever looked at its clock meanwhile has served this one too.
        raw(&at, Kind::Dealer, b"another").send(&octets::message(&[b"first"]));
        assert_eq!(patient.text(), "another | first");
        slow.send(&octets::ready(Kind::Dealer, b"slow")).send(&octets::message(&[b"second"]));
        assert_eq!(patient.text(), "slow | second");
    });
}

#[test]
fn waits_take_as_long_as_before() {
    with_another_date("waits_take_as_long_as_before", |date| {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        join(&pull, &push, "tcp://127.0.0.1:*");
        let short = Duration::from_millis(50);
        date.jump(-YEARS);
        assert_eq!(pull.recv_timeout(short).unwrap_err().cause, RecvErrorCause::TimedOut);
        let (received, ()) = once_asleep(|| pull.recv_timeout(short), || date.jump(-YEARS));
        assert_eq!(received.unwrap_err().cause, RecvErrorCause::TimedOut);
        let (received, ()) = once_asleep(
            || pull.recv_timeout(LONG),
            || {
                date.jump(3 * YEARS);
                push.send("in time").unwrap();
            },
        );
        assert_eq!(received.unwrap(), "in time".into());
        let events = pull.monitor();
        let (event, ()) = once_asleep(|| events.wait_timeout(short), || date.jump(-YEARS));
        assert_eq!(event, None);
        let unheard = Push::new(&context).unwrap();
        let (sent, ()) = once_asleep(|| unheard.send_timeout("nobody", short), || date.jump(-YEARS));
        assert_eq!(sent.unwrap_err().cause, SendErrorCause::TimedOut);
    });
}

#[test]
fn who_is_not_there_is_tried_again_as_soon_as_before() {
    with_another_date("who_is_not_there_is_tried_again_as_soon_as_before", |date| {
        let context = Context::new();
        let at = free_tcp();
        let client = Push::new(&context).unwrap();
        client.set_reconnect_interval(Some(Duration::from_millis(5))).unwrap();
        let events = client.monitor();
        client.connect(&at).unwrap();
        for years in [-YEARS, 2 * YEARS, -2 * YEARS] {
            date.jump(years);
            for _ in 0..3 {
                let again = events.wait_for(LONG, |event| matches!(event, Event::ConnectRetried { .. }));
                assert!(again.is_some(), "never tried again");
            }
        }
        let server = Pull::new(&context).unwrap();
        eventually(|| server.bind(&at).is_ok());
        client.send("there you are").unwrap();
        assert_eq!(server.text(), "there you are");
    });
}

#[test]
fn a_linger_and_a_shutdown_end_in_time() {
    with_another_date("a_linger_and_a_shutdown_end_in_time", |date| {
        for whole in [true, false] {
            let context = Context::new();
            let push = Push::new(&context).unwrap();
            push.set_linger(if whole { Some(Duration::from_millis(50)) } else { None });
            push.connect("tcp://127.0.0.1:1").unwrap();
            push.send("nobody will take this").unwrap();
            let (report, ()) = once_asleep(
                || {
                    drop(push);
                    context.shutdown(if whole { LONG } else { Duration::from_millis(50) })
                },
                || date.jump(-YEARS),
            );
            assert_eq!(report.complete, whole, "{report:?}");
        }
    });
}

#[test]
fn keys_in_files_are_read_again_whatever_the_date() {
    with_another_date("keys_in_files_are_read_again_whatever_the_date", |date| {
        let place = IpcPath::new();
        std::fs::create_dir_all(place.path()).unwrap();
        let _removed = Removed(place.path());
        let file = place.path().join("joe.pub");
        let [servers, joe, ann] = [(); 3].map(|()| curve_keypair().unwrap());
        let context = Context::new();
        std::fs::write(&file, format!("{}\n", joe.public)).unwrap();
        let server = Pull::new(&context).unwrap();
        server.secure_server(&servers, AuthorizedKeys::open(place.path()).unwrap()).unwrap();
        let at = server.bind("tcp://127.0.0.1:*").unwrap();
        let enters = |keys: &Keypair| {
            let client = Push::new(&context).unwrap();
            client.set_curve_client(servers.public, keys).unwrap();
            let events = client.monitor();
            client.connect(&at).unwrap();
            let end = events.wait_for(LONG, |event| {
                matches!(event, Event::HandshakeSucceeded { .. } | Event::HandshakeFailed { .. })
            });
            matches!(end, Some(Event::HandshakeSucceeded { .. }))
        };
        for years in [YEARS, -2 * YEARS, YEARS, 0] {
            assert_eq!((enters(&joe), enters(&ann)), (true, false));
            date.jump(years);
            assert_eq!((enters(&joe), enters(&ann)), (true, false), "the same keys after {years}");
            std::fs::write(&file, format!("{}\n", ann.public)).unwrap();
            assert_eq!((enters(&joe), enters(&ann)), (false, true), "others after {years}");
            std::fs::write(&file, format!("{}\n", joe.public)).unwrap();
        }
    });
}

#[test]
fn who_enters_is_decided_whatever_the_date() {
    with_another_date("who_enters_is_decided_whatever_the_date", |date| {
        let context = Context::new();
        let server = Pull::new(&context).unwrap();
        let inside = Date::of_this_process();
        server.set_plain_server().unwrap();
        let decide = move |_: &Applicant| {
            inside.jump(-YEARS);
            Ok(Grant::default())
        };
        server.set_authenticator(decide).unwrap();
        let at = server.bind("tcp://127.0.0.1:*").unwrap();
        date.jump(YEARS);
        let client = Push::new(&context).unwrap();
        client.set_plain_client("joe", "secret").unwrap();
        client.connect(&at).unwrap();
        client.send("hello").unwrap();
        assert_eq!(server.text(), "hello");
    });
}
