//! Binding, connecting, and taking both back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::os::unix::net::UnixListener;
use zeroxide::*;

#[track_caller]
fn pass(push: &Push, pull: &Pull, text: &str) {
    push.send(text).unwrap();
    assert_eq!(pull.text(), text);
}

#[test]
fn an_unbound_address_is_free_at_once() {
    let (_path, endpoints) = not_yet_bound();
    for at in &endpoints {
        let context = Context::new();
        for _ in 0..20 {
            let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
            let bound = join(&pull, &push, at);
            assert_eq!(bound, *at);
            pass(&push, &pull, "hello");
            pull.unbind(&bound).unwrap();
            assert!(matches!(pull.unbind(&bound).unwrap_err().cause, EndpointCause::NotFound));
            let other = Pull::new(&context).unwrap();
            other.bind(at).unwrap();
            other.unbind(at).unwrap();
            push.disconnect(&bound).unwrap();
        }
    }
}

#[test]
fn an_address_of_a_socket_that_was_closed_is_free_at_once() {
    let (_path, endpoints) = not_yet_bound();
    let context = Context::new();
    for endpoint in &endpoints {
        let mut last = Pull::new(&context).unwrap();
        let bound = last.bind(endpoint).unwrap();
        for _ in 0..50 {
            drop(last);
            last = Pull::new(&context).unwrap();
            assert_eq!(last.bind(&bound).unwrap(), bound);
        }
    }
}

#[test]
fn an_address_is_free_when_its_context_is_gone() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in &endpoints {
        for _ in 0..20 {
            let context = Context::new();
            let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
            join(&pull, &push, endpoint);
            pass(&push, &pull, "hello");
        }
    }
}

#[test]
fn an_address_that_is_in_use_is_refused_and_the_owner_not_disturbed() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in &endpoints {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        join(&pull, &push, endpoint);
        let other = Pull::new(&context).unwrap();
        let error = other.bind(endpoint).unwrap_err();
        assert!(matches!(error.cause, EndpointCause::InUse), "{error:?}");
        assert!(error.to_string().contains(endpoint.as_str()), "{error}");
        pass(&push, &pull, "not disturbed");
    }
}

#[test]
fn a_stale_socket_file_is_replaced_and_another_file_is_not() {
    let path = IpcPath::new();
    drop(UnixListener::bind(path.path()).unwrap());
    assert!(path.path().exists(), "what a killed process leaves behind");
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    join(&pull, &push, &path.endpoint());
    pass(&push, &pull, "hello");
    drop((push, pull, context));
    assert!(!path.path().exists(), "removed at the end");

    std::fs::write(path.path(), "precious").unwrap();
    let context = Context::new();
    Pull::new(&context).unwrap().bind(&path.endpoint()).unwrap_err();
    assert_eq!(std::fs::read_to_string(path.path()).unwrap(), "precious");
}

#[test]
fn wildcards_become_endpoints_to_connect_to() {
    let context = Context::new();
    for endpoint in
        ["tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "tcp://*:*", "tcp://lo:*", "ipc://*", "tcp://localhost:*"]
    {
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        pull.set_open_to_network(endpoint == "tcp://*:*");
        let at = pull.bind(endpoint).unwrap();
        assert_eq!(pull.last_endpoint(), at);
        assert!(!at.contains('*') && !at.ends_with(":0"), "{endpoint} became {at}");
        push.connect(&at).unwrap();
        pass(&push, &pull, endpoint);
        pull.unbind(&at).unwrap();
    }
}

#[test]
fn an_abstract_name_needs_no_file() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    let at = format!("ipc://@zeroxide story {}", std::process::id());
    assert_eq!(pull.bind(&at).unwrap(), at);
    push.connect(&at).unwrap();
    pass(&push, &pull, "hello");
}

#[test]
fn a_socket_may_bind_and_connect_many_endpoints_at_once() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let endpoints: Vec<String> =
        (0..4).flat_map(|_| everywhere()).map(|endpoint| pull.bind(&endpoint).unwrap()).collect();
    let push = Push::new(&context).unwrap();
    for at in &endpoints {
        push.connect(at).unwrap();
    }
    assert!(push.wait_connected(12, LONG) && pull.wait_connected(12, LONG));
    for count in 0..120 {
        push.send(number(count)).unwrap();
    }
    let mut came: Vec<u32> = (0..120).map(|_| as_number(&pull.get())).collect();
    came.sort_unstable();
    assert_eq!(came, (0..120).collect::<Vec<_>>());
    for (at, left) in endpoints.iter().zip((0..12).rev()) {
        push.disconnect(at).unwrap();
        wait_for_connections(&pull, left);
    }
}

#[test]
fn ipv6_works_where_it_is_asked_for() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    pull.set_ipv6(true);
    push.set_ipv6(true);
    let Ok(at) = pull.bind("tcp://[::1]:*") else { return };
    push.connect(&at).unwrap();
    pass(&push, &pull, "hello");
}

#[test]
fn a_connection_comes_from_the_address_it_was_told_to() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    let at = pull.bind("tcp://127.0.0.1:*").unwrap();
    let port = at.rsplit(':').next().unwrap();
    push.connect(&format!("tcp://127.0.0.2:0;127.0.0.1:{port}")).unwrap();
    pass(&push, &pull, "hello");
    assert!(pull.peers()[0].address.starts_with("tcp://127.0.0.2:"), "{:?}", pull.peers());
}

#[test]
fn what_is_no_endpoint_is_refused_with_a_reason() {
    let context = Context::new();
    let socket = Pull::new(&context).unwrap();
    for text in [
        "",
        "tcp",
        "tcp://",
        "tcp:/127.0.0.1:1",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:",
        "tcp://127.0.0.1:notaport",
        "tcp://127.0.0.1:70000",
        "tcp://:80",
        "ipc://",
        "ipc://@",
        "inproc://",
        "carrier-pigeon://x",
        "tcp://a b:1",
    ] {
        let error = socket.bind(text).unwrap_err();
        assert!(matches!(error.cause, EndpointCause::Malformed(_)), "{text:?}: {error:?}");
        let error = socket.connect(text).unwrap_err();
        assert!(matches!(error.cause, EndpointCause::Malformed(_)), "{text:?}: {error:?}");
    }
    for text in ["tcp://*:1234", "tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "ipc://*"] {
        socket.connect(text).unwrap_err();
    }
    let long = format!("ipc:///tmp/{}", "x".repeat(200));
    assert!(matches!(socket.bind(&long).unwrap_err().cause, EndpointCause::Malformed(_)));
    assert!(socket.bind("tcp://192.0.2.1:1234").is_err(), "not an address of this machine");
    assert!(socket.bind("ipc:///no such directory/socket").is_err());
}

#[test]
fn a_context_without_io_threads_has_inproc_only() {
    let context = Context::builder().io_threads(0).build();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    for endpoint in over_wires() {
        assert!(matches!(pull.bind(endpoint).unwrap_err().cause, EndpointCause::NoIoThread));
    }
    assert!(matches!(push.connect("tcp://127.0.0.1:9").unwrap_err().cause, EndpointCause::NoIoThread));
    join(&pull, &push, &inproc());
    pass(&push, &pull, "hello");
}

#[test]
fn only_addresses_in_the_filter_may_enter() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    pull.set_tcp_accept_filters(["10.0.0.0/8"]).unwrap();
    let events = pull.monitor();
    let closed = pull.bind("tcp://127.0.0.1:*").unwrap();
    push.connect(&closed).unwrap();
    events.wait_for(LONG, |event| matches!(event, Event::AcceptFailed { paused: false, .. })).unwrap();
    push.disconnect(&closed).unwrap();
    pull.set_tcp_accept_filters(["127.0.0.0/8", "10.0.0.0/8"]).unwrap();
    join(&pull, &push, "tcp://127.0.0.1:*");
    pass(&push, &pull, "hello");
}

#[test]
fn a_connect_and_disconnect_storm_leaves_nothing_behind() {
    for endpoint in everywhere() {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        let at = pull.bind(&endpoint).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let push = Push::new(&context).unwrap();
                    // However many wait for their connections before it.
                    push.set_linger(None);
                    for round in 0..rounds(50) {
                        push.connect(&at).unwrap();
                        if round % 3 == 0 {
                            push.try_send("hello").unwrap();
                        }
                        push.disconnect(&at).unwrap();
                    }
                    wait_for_connections(&push, 0);
                    assert!(push.peers().is_empty());
                });
            }
        });
        for _ in 0..4 * rounds(50).div_ceil(3) {
            assert_eq!(pull.text(), "hello");
        }
        wait_for_connections(&pull, 0);
        assert!(pull.peers().is_empty() && pull.has_nothing());
    }
}
