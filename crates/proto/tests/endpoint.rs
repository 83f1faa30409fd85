//! Endpoints: which texts are valid, what they mean, and that they read back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use proptest::prelude::*;
use std::num::NonZeroU16;
use zeroxide_proto::endpoint::{Endpoint, EndpointErrno, EndpointError, Host, TcpEndpoint};

fn parse(text: &str) -> Result<Endpoint, EndpointError> {
    text.parse()
}

/// What each text is shown as, and whether it can be connected to.
#[test]
fn endpoints_and_their_canonical_text() {
    let table = [
        ("tcp://127.0.0.1:5555", "tcp://127.0.0.1:5555", true),
        ("tcp://127.0.0.1:05555", "tcp://127.0.0.1:5555", true),
        ("tcp://127.0.0.1:65535", "tcp://127.0.0.1:65535", true),
        ("tcp://127.0.0.1:0", "tcp://127.0.0.1:*", false),
        ("tcp://127.0.0.1:*", "tcp://127.0.0.1:*", false),
        ("tcp://*:5555", "tcp://*:5555", false),
        ("tcp://*:*", "tcp://*:*", false),
        ("tcp://[::1]:5555", "tcp://[::1]:5555", true),
        ("tcp://[0:0:0:0:0:0:0:1]:5555", "tcp://[::1]:5555", true),
        ("tcp://::1:5555", "tcp://[::1]:5555", true),
        ("tcp://:::5555", "tcp://[::]:5555", true),
        ("tcp://2001:db8:1:2:3:4:5:6:7", "tcp://[2001:db8:1:2:3:4:5:6]:7", true),
        ("tcp://[fe80::1%eth0]:1", "tcp://[fe80::1%eth0]:1", true),
        ("tcp://fe80::1%2:1", "tcp://[fe80::1%2]:1", true),
        ("tcp://[::ffff:1.2.3.4]:1", "tcp://[::ffff:1.2.3.4]:1", true),
        ("tcp://eth0:5555", "tcp://eth0:5555", true),
        ("tcp://eth0.100:*", "tcp://eth0.100:*", false),
        ("tcp://eth0:1:5555", "tcp://eth0:1:5555", false),
        ("tcp://eth0:backup:*", "tcp://eth0:backup:*", false),
        ("tcp://eth0:1:*;host:5555", "tcp://eth0:1:*;host:5555", true),
        ("tcp://my_host-1.example.org:5555", "tcp://my_host-1.example.org:5555", true),
        ("tcp://192.168.0.1:0;host:5555", "tcp://192.168.0.1:*;host:5555", true),
        ("tcp://192.168.0.1:*;host:5555", "tcp://192.168.0.1:*;host:5555", true),
        ("tcp://192.168.0.1;host:5555", "tcp://192.168.0.1:*;host:5555", true),
        ("tcp://192.168.0.1:7;host:5555", "tcp://192.168.0.1:7;host:5555", true),
        ("tcp://eth0;host:5555", "tcp://eth0:*;host:5555", true),
        ("tcp://eth0:7;host:5555", "tcp://eth0:7;host:5555", true),
        ("tcp://*:7;host:5555", "tcp://*:7;host:5555", true),
        ("tcp://[::1];[::2]:5555", "tcp://[::1]:*;[::2]:5555", true),
        ("tcp://[::1]:7;[::2]:5555", "tcp://[::1]:7;[::2]:5555", true),
        ("tcp://::1;::2:5555", "tcp://[::1]:*;[::2]:5555", true),
        ("tcp://eth0;*:5555", "tcp://eth0:*;*:5555", false),
        ("ipc:///tmp/a", "ipc:///tmp/a", true),
        ("ipc://relative path", "ipc://relative path", true),
        ("ipc://a://b", "ipc://a://b", true),
        ("ipc://@name", "ipc://@name", true),
        ("ipc://@*", "ipc://@*", true),
        ("ipc://*", "ipc://*", false),
        ("ipc://**", "ipc://**", true),
        ("inproc://a", "inproc://a", true),
        ("inproc://*", "inproc://*", true),
        ("inproc://anything;goes: ü", "inproc://anything;goes: ü", true),
    ];
    for (text, canonical, connectable) in table {
        let endpoint = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(endpoint.to_string(), canonical, "{text}");
        assert_eq!(endpoint.check_connect().is_ok(), connectable, "{text}");
        assert_eq!(endpoint.check_bind(), Ok(()), "{text}");
        assert_eq!(parse(canonical).as_ref(), Ok(&endpoint), "{text}");
    }
}

#[test]
fn what_is_no_endpoint() {
    use EndpointError::{BadHost, BadName, BadPort, NoAddress, NoTransport, UnknownTransport};
    let table = [
        ("", NoTransport),
        ("tcp", NoTransport),
        ("tcp:/x:1", NoTransport),
        ("://x:1", NoTransport),
        ("tcp://", NoAddress),
        ("ipc://", NoAddress),
        ("inproc://", NoAddress),
        ("http://x:1", UnknownTransport("http".into())),
        ("TCP://x:1", UnknownTransport("TCP".into())),
        (" tcp://x:1", UnknownTransport(" tcp".into())),
        ("tcp://127.0.0.1", BadPort("".into())),
        ("tcp://x:", BadPort("".into())),
        ("tcp://x:65536", BadPort("65536".into())),
        ("tcp://*:70000", BadPort("70000".into())),
        ("tcp://x:99999999999999999999", BadPort("99999999999999999999".into())),
        ("tcp://*:5000-6000", BadPort("5000-6000".into())),
        ("tcp://x:-1", BadPort("-1".into())),
        ("tcp://x:+1", BadPort("+1".into())),
        ("tcp://x: 1", BadPort(" 1".into())),
        ("tcp://x:1 ", BadPort("1 ".into())),
        ("tcp://x:1/", BadPort("1/".into())),
        ("tcp://x:**", BadPort("**".into())),
        ("tcp://x:\u{0661}", BadPort("\u{0661}".into())),
        ("tcp://[::1]", BadPort("".into())),
        ("tcp://:1", BadHost("".into())),
        ("tcp://::1", BadHost(":".into())),
        ("tcp://a b:1", BadHost("a b".into())),
        ("tcp://ä:1", BadHost("ä".into())),
        ("tcp://a/b:1", BadHost("a/b".into())),
        ("tcp://a*:1", BadHost("a*".into())),
        ("tcp://a:b:c:1", BadHost("a:b:c".into())),
        ("tcp://interface:longer:1", BadHost("interface:longer".into())),
        ("tcp://eth0::1", BadHost("eth0:".into())),
        ("tcp://[::1:1", BadHost("[::1".into())),
        ("tcp://[]:1", BadHost("[]".into())),
        ("tcp://[1.2.3.4]:1", BadHost("[1.2.3.4]".into())),
        ("tcp://[::1%]:1", BadHost("[::1%]".into())),
        ("tcp://[::1%a%b]:1", BadHost("[::1%a%b]".into())),
        ("tcp://1.2.3.4%eth0:1", BadHost("1.2.3.4%eth0".into())),
        ("tcp://;host:1", BadHost("".into())),
        ("tcp://eth0;;host:1", BadHost(";host".into())),
        ("tcp://eth0:x;host:1", BadPort("x".into())),
        ("tcp://eth0;host", BadPort("".into())),
        ("ipc://@", BadName),
        ("ipc://a\0b", BadName),
        ("ipc://@a\0b", BadName),
        ("inproc://a\0b", BadName),
    ];
    for (text, error) in table {
        assert_eq!(parse(text), Err(error), "{text}");
    }
}

#[test]
fn lengths_are_limited_to_the_octet() {
    for (prefix, limit) in [("ipc://", 107), ("ipc://@", 107), ("inproc://", 256)] {
        assert!(parse(&format!("{prefix}{}", "n".repeat(limit))).is_ok());
        let error = parse(&format!("{prefix}{}", "n".repeat(limit + 1))).unwrap_err();
        assert_eq!(error, EndpointError::TooLong { octets: limit + 1, limit });
        assert_eq!(error.errno(), EndpointErrno::NameTooLong);
    }
    assert!(parse(&format!("tcp://{}:1", "n".repeat(255))).is_ok());
    assert!(matches!(parse(&format!("tcp://{}:1", "n".repeat(256))), Err(EndpointError::BadHost(_))));
}

#[test]
fn errors_have_the_errno_of_libzmq() {
    assert_eq!(parse("x").unwrap_err().errno(), EndpointErrno::Invalid);
    assert_eq!(parse("tcp://x:y").unwrap_err().errno(), EndpointErrno::Invalid);
    assert_eq!(parse("foo://x").unwrap_err().errno(), EndpointErrno::TransportNotSupported);
}

#[test]
fn a_host_and_port_alone_can_be_parsed() {
    let proxy: TcpEndpoint = "proxy.example.org:1080".parse().unwrap();
    assert_eq!(proxy.address.host, Host::Name("proxy.example.org".into()));
    assert_eq!(proxy.address.port.map(NonZeroU16::get), Some(1080));
}

fn reads_back(text: &str) {
    if let Ok(endpoint) = parse(text) {
        assert_eq!(parse(&endpoint.to_string()), Ok(endpoint), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_parses_or_not_but_never_panics(text in ".*") {
        reads_back(&text);
        for transport in ["tcp://", "ipc://", "inproc://"] {
            reads_back(&format!("{transport}{text}"));
        }
    }

    #[test]
    fn texts_of_the_right_characters_read_back(text in "[0-9a-f:.%;*\\[\\]@x_-]{0,40}") {
        reads_back(&format!("tcp://{text}"));
        reads_back(&format!("ipc://{text}"));
    }

    #[test]
    fn texts_of_the_right_shape_read_back(
        source in "((eth0|1\\.2\\.3\\.4|\\[::[0-9a-f]{1,4}\\])(:[0-9*]{1,3})?;)?",
        host in "(\\*|[0-9.]{1,9}|[a-z0-9.-]{1,9}|\\[?[0-9a-f:]{2,20}\\]?|fe80::1%[a-z0-9]{1,4})",
        port in "(\\*|[0-9]{1,6})",
    ) {
        reads_back(&format!("tcp://{source}{host}:{port}"));
    }
}
