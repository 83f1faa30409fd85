//! Bugs of the same class that have no number: libzmq's issues #87, #1488, #2681, #4063, #4767, #4524, and the commits
//! e0e3ce08, dccf1723, ba63f037 and 13387c5c. Those of the C API (texts and lengths that were believed) are in
//! crates/capi/tests: `helpers`, `extremes`, `abuse`, `sockopt_matrix`. Those of UDP are beside this.

use super::{common::*, ward::*};
use std::time::Duration;
use zeroxide::*;

#[test]
fn probes_of_port_scanners_are_dropped_by_every_type() {
    // #87: nmap's probe began with a length of zero.
    let probes: [&[u8]; 7] = [
        b"\0\0\0\0\x44\x42\0\x01\x01\x01",
        b"\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"\x16\x03\0\0S\x01\0\0O\x03\0?G\xd7\xf7\xba,\xee\xea\xb2`~\xf3\0\xfd\x82{\xb9\xd5\x96\xc8w\x9b\xe6\xc4\xdb<=\xdbo\xef\x10n",
        b"OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm;branch=foo\r\n\r\n",
        b"\x03\0\0\x0b\x06\xe0\0\0\0\0\0",
        b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xDA\x00AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ];
    for kind in kinds() {
        let ward = Ward::joined(kind, "tcp://127.0.0.1:*", |_, _| {});
        for probe in probes {
            let mut scanner = RawPeer::connect(&ward.at);
            scanner.send(probe);
            scanner.close_sending();
            scanner.read_to_close();
            ward.hears_of_a_failed_handshake();
        }
        assert_eq!(ward.socket.statistics().failed_handshakes, probes.len() as u64, "{kind}");
        ward.is_well();
    }
}

#[test]
fn a_routing_id_of_the_greatest_length_fits_every_mechanism_and_a_longer_one_is_refused() {
    // 4a18f620, #2681: metadata with a long identity overran the buffers of the mechanisms.
    let (server, client) = (curve_keypair().unwrap(), curve_keypair().unwrap());
    for mechanism in 0..3 {
        for kind in [SocketType::Router, SocketType::Rep, SocketType::Dealer] {
            let ward = Ward::new(kind, "tcp://127.0.0.1:*", |socket, friend| {
                friend.set_routing_id(vec![b'n'; 255]).unwrap();
                match mechanism {
                    0 => {}
                    1 => {
                        socket.set_plain_server().unwrap();
                        socket.set_authenticator(AllowAny).unwrap();
                        friend.set_plain_client(&*"u".repeat(255), &*"p".repeat(255)).unwrap();
                    }
                    _ => {
                        socket.secure_server(&server, AllowAny).unwrap();
                        friend.set_curve_client(server.public, &client).unwrap();
                    }
                }
            });
            ward.join(&ward.at);
            ward.is_well();
            if mechanism == 0 {
                let mut stranger = RawPeer::connect(&ward.at);
                let metadata =
                    [octets::property("Socket-Type", b"DEALER"), octets::property("Identity", &[b'n'; 256])];
                stranger.send(&octets::greeting_v31("NULL"));
                stranger.send(&octets::command("READY", &metadata.concat()));
                stranger.read_to_close();
                ward.hears_of_a_failed_handshake();
            }
        }
    }
}

#[test]
fn heartbeats_meet_a_full_queue_and_nobody_minds() {
    // #4767: a reader that sleeps, a high-water mark of one, and heartbeats made libzmq abort.
    let tick = Some(Duration::from_millis(5));
    for kind in [
        SocketType::Pull,
        SocketType::Gather,
        SocketType::Sub,
        SocketType::Dealer,
        SocketType::Router,
        SocketType::Pair,
    ] {
        let ward = Ward::joined(kind, "tcp://127.0.0.1:*", |socket, friend| {
            socket.set_receive_high_water_mark(Some(1)).unwrap();
            for one in [socket, friend] {
                one.set_heartbeat_interval(tick).unwrap();
                one.set_heartbeat_timeout(Some(Duration::from_secs(60))).unwrap();
            }
        });
        // As much as goes, while nobody reads: until it is refused, or lost by a publisher.
        let sent = (0..5000).take_while(|_| ward.friend.try_send(vec![7; 2000]).is_ok()).count();
        // Some dozens of heartbeats pass.
        let other = Ward::joined(SocketType::Rep, "tcp://127.0.0.1:*", |_, _| {});
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_millis(100) {
            other.is_well();
        }
        assert_eq!(ward.socket.connected(), 1, "{kind}");
        assert!(sent > 0, "{kind}");
        // All that was not lost by a publisher comes.
        let lost = ward.friend.statistics().lost_in_all() as usize;
        (lost..sent).for_each(|_| drop(ward.socket.get()));
        ward.is_well();
    }
}

#[test]
fn commands_that_made_libzmq_read_or_abort_end_the_connection() {
    // A PING of six octets (read beyond its end and echoed), a group of 256 octets (abort), names of no length.
    let commands = [
        octets::frame(octets::COMMAND, b"\x04PING"),
        octets::frame(octets::COMMAND, b"\x04PING\0"),
        octets::command("JOIN", &[b'g'; 256]),
        octets::frame(octets::COMMAND, b""),
        octets::frame(octets::COMMAND, b"\0"),
        octets::frame(octets::COMMAND, b"\x09SUB"),
    ];
    for kind in kinds() {
        let ward = Ward::new(kind, "tcp://127.0.0.1:*", |_, _| {});
        for command in &commands {
            let mut stranger = ward.stranger();
            stranger.send(command);
            stranger.read_to_close();
            ward.hears_of_an_end();
        }
        wait_for_connections(&ward.socket, 0);
        assert_eq!(ward.socket.statistics().protocol_errors, commands.len() as u64, "{kind}");
        ward.join(&ward.at);
        ward.is_well();
    }
}

#[test]
fn peers_that_leave_while_they_are_sent_to_take_nothing_with_them() {
    // #4524 and acef50b8: a peer's pipe was used, or freed again, after it had ended.
    for kind in [
        SocketType::Push,
        SocketType::Dealer,
        SocketType::Pub,
        SocketType::Router,
        SocketType::Radio,
        SocketType::Scatter,
    ] {
        let ward = Ward::joined(kind, "tcp://127.0.0.1:*", |socket, _| {
            socket.set_send_timeout(Some(Duration::from_secs(120))).unwrap();
        });
        for round in 0..40 {
            let strangers: Vec<_> = (0..3).map(|_| ward.stranger()).collect();
            for _ in 0..30 {
                let _ = ward.socket.try_send(vec![7; 100]);
            }
            strangers.into_iter().for_each(|mut stranger| {
                if round % 2 == 0 {
                    stranger.close_sending();
                }
                stranger.close();
            });
        }
        wait_for_connections(&ward.socket, 1);
        while ward.friend.recv_timeout(Duration::from_millis(50)).is_ok() {}
        ward.is_well();
    }
}

#[test]
fn no_subscription_is_dropped_because_there_are_many() {
    // #4063: subscriptions beyond the high-water mark were not sent to a publisher that came back.
    const TOPICS: u32 = 10_000;
    for kind in [SocketType::Sub, SocketType::Xsub] {
        let context = Context::new();
        let subscriber = Socket::new(&context, kind).unwrap();
        subscriber.set_reconnect_interval(Some(Duration::from_millis(1))).unwrap();
        subscriber.set_receive_high_water_mark(Some(1)).unwrap();
        for topic in 0..TOPICS {
            match kind {
                SocketType::Sub => subscriber.subscribe(topic.to_be_bytes()).unwrap(),
                _ => subscriber.send([&[1][..], &topic.to_be_bytes()].concat()).unwrap(),
            }
        }
        let listener = RawListener::tcp();
        subscriber.connect(listener.endpoint()).unwrap();
        for _ in 0..2 {
            let mut publisher = listener.accept();
            publisher.send(&octets::greeting_v31("NULL")).send(&ready_as(SocketType::Pub));
            publisher.read(64);
            publisher.read_frame();
            let mut told: Vec<_> = (0..TOPICS).map(|_| publisher.read_frame().body).collect();
            told.sort();
            told.dedup();
            assert_eq!(told.len(), TOPICS as usize);
        }
    }
}

#[test]
fn a_secured_server_that_nobody_advises_lets_nobody_in() {
    // Design, and ba63f037: a domain without a handler, or a handler's no, was taken for a yes.
    let (server, client) = (curve_keypair().unwrap(), curve_keypair().unwrap());
    for kind in kinds() {
        for domain in ["", "secret"] {
            let ward = Ward::new(kind, "tcp://127.0.0.1:*", |socket, friend| {
                socket.set_curve_server(&server).unwrap();
                socket.set_zap_domain(domain).unwrap();
                friend.set_curve_client(server.public, &client).unwrap();
            });
            ward.friend.connect(&ward.at).unwrap();
            ward.hears_of_a_failed_handshake();
            assert_eq!(ward.socket.connected(), 0, "{kind}");
            assert!(ward.socket.statistics().denied_peers > 0, "{kind}");
            ward.socket.set_authenticator(AllowAny).unwrap();
            assert!(ward.socket.wait_connected(1, LONG), "{kind}");
        }
    }
}

#[test]
fn no_text_of_an_endpoint_does_harm() {
    // dccf1723: an address without its last part was read beyond its end.
    let context = Context::new();
    let socket = Pull::new(&context).unwrap();
    let long = format!("tcp://{}:1", "a".repeat(100_000));
    let texts = [
        "",
        ":",
        "://",
        "tcp",
        "tcp:",
        "tcp:/",
        "tcp://",
        "tcp://:",
        "tcp://;",
        "tcp://[",
        "tcp://[]",
        "tcp://[::",
        "tcp://]",
        "tcp://%",
        "tcp://[::1%]:1",
        "tcp://1.2.3.4",
        "tcp://1.2.3.4:",
        "tcp://1.2.3.4:99999",
        "tcp://1.2.3.4:-1",
        "ipc://",
        "inproc://",
        "udp://",
        "udp://;;",
        "tcp://\0:1",
        "tcp://\u{1F980}",
        "\u{1F980}://a",
        long.as_str(),
    ];
    for text in texts {
        assert!(socket.bind(text).is_err(), "bound {text:?}");
        assert!(socket.connect(text).is_err(), "connected {text:?}");
    }
    for (text, octets) in [("", 0), ("HelloWorld", 8)] {
        assert_eq!(z85::decode(text).map(|octets| octets.len()).ok(), Some(octets));
    }
    for text in ["a", "HelloWorl", "#####", "%nSc1", "Hello World"] {
        assert!(z85::decode(text).is_err(), "{text}");
    }
}
