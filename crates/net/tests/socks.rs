//! SOCKS5: whole conversations, cut at every octet.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing helper is a failing test")]

use std::net::Ipv6Addr;
use zeroxide_net::socks::{Progress, Refusal, Socks, SocksError, SocksTarget};

/// What the proxy says, and what it must have heard by then.
struct Script {
    target: SocksTarget,
    credentials: Option<(&'static str, &'static str)>,
    from_proxy: Vec<u8>,
    to_proxy: Vec<u8>,
    end: Result<(), SocksError>,
}

impl Script {
    /// Plays it with the proxy's octets cut into pieces before each index in `cuts`, and `rest` behind the last.
    fn play(&self, cuts: &[usize], rest: &[u8]) {
        let mut heard = Vec::new();
        let mut socks = match Socks::new(&self.target, self.credentials.map(octets), &mut heard) {
            Ok(socks) => socks,
            Err(error) => return assert_eq!(Err(error), self.end),
        };
        let said = [&self.from_proxy, rest].concat();
        let bounds: Vec<usize> = [0].iter().chain(cuts).copied().chain([said.len()]).collect();
        let mut end = Ok(Progress::More);
        let mut consumed_before = 0;
        for pair in bounds.windows(2) {
            end = socks.receive(&said[pair[0]..pair[1]], &mut heard);
            match end {
                Ok(Progress::More) => consumed_before = pair[1],
                Ok(Progress::Connected { consumed }) => {
                    assert_eq!(consumed_before + consumed, self.from_proxy.len(), "cuts {cuts:?}");
                    assert_eq!(socks.receive(b"x", &mut heard), Err(SocksError::Finished));
                    break;
                }
                Err(_) => break,
            }
        }
        assert_eq!(end.map(|progress| assert_ne!(progress, Progress::More)), self.end, "cuts {cuts:?}");
        assert_eq!(heard, self.to_proxy, "cuts {cuts:?}");
    }

    fn play_cut_everywhere(&self) {
        self.play(&[], b"");
        self.play(&[], b"and the target's own");
        for first in 0..=self.from_proxy.len() {
            self.play(&[first], b"rest");
            for second in first..=self.from_proxy.len() {
                self.play(&[first, second], b"");
            }
        }
        let all: Vec<usize> = (1..self.from_proxy.len()).collect();
        self.play(&all, b"");
    }
}

fn name() -> SocksTarget {
    SocksTarget::Name("example.org".into(), 5555)
}

const REQUEST: &[u8] = b"\x05\x01\x00\x03\x0bexample.org\x15\xb3";
const REPLY_V4: &[u8] = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34";

fn without_login(from_proxy: &[&[u8]], to_proxy: &[&[u8]], end: Result<(), SocksError>) -> Script {
    let (from_proxy, to_proxy) =
        (from_proxy.concat(), [b"\x05\x01\x00", to_proxy.concat().as_slice()].concat());
    Script { target: name(), credentials: None, from_proxy, to_proxy, end }
}

#[test]
fn a_connection_without_login() {
    without_login(&[b"\x05\x00", REPLY_V4], &[REQUEST], Ok(())).play_cut_everywhere();
}

#[test]
fn replies_with_every_type_of_address() {
    let by_name = b"\x05\x00\x00\x03\x04host\x12\x34";
    let by_empty_name = b"\x05\x00\x00\x03\x00\x12\x34";
    let by_v6 = [b"\x05\x00\x00\x04", [7_u8; 16].as_slice(), b"\x12\x34"].concat();
    for reply in [by_name.as_slice(), by_empty_name, &by_v6] {
        without_login(&[b"\x05\x00", reply], &[REQUEST], Ok(())).play_cut_everywhere();
    }
    let error = SocksError::BadAddressType(9);
    without_login(&[b"\x05\x00", b"\x05\x00\x00\x09"], &[REQUEST], Err(error)).play_cut_everywhere();
}

#[test]
fn targets_of_every_type() {
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    let v6_request = [b"\x05\x01\x00\x04".as_slice(), &v6.octets(), b"\x00\x50"].concat();
    let table = [
        (
            SocksTarget::Address([192, 0, 2, 1].into(), 80),
            b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50".to_vec(),
        ),
        (SocksTarget::Address(v6.into(), 80), v6_request),
    ];
    for (target, request) in table {
        let script = without_login(&[b"\x05\x00", REPLY_V4], &[&request], Ok(()));
        Script { target, ..script }.play_cut_everywhere();
    }
}

#[test]
fn a_connection_with_login() {
    Script {
        target: name(),
        credentials: Some(("user", "secret")),
        from_proxy: [b"\x05\x02\x01\x00", REPLY_V4].concat(),
        to_proxy: [b"\x05\x01\x02\x01\x04user\x06secret", REQUEST].concat(),
        end: Ok(()),
    }
    .play_cut_everywhere();
}

#[test]
fn a_refused_login() {
    Script {
        target: name(),
        credentials: Some(("user", "")),
        from_proxy: b"\x05\x02\x01\x01".to_vec(),
        to_proxy: b"\x05\x01\x02\x01\x04user\x00".to_vec(),
        end: Err(SocksError::LoginRefused),
    }
    .play_cut_everywhere();
}

#[test]
fn a_proxy_that_wants_something_else() {
    without_login(&[b"\x05\xff"], &[], Err(SocksError::NoMethod)).play_cut_everywhere();
    without_login(&[b"\x05\x02"], &[], Err(SocksError::BadMethod(2))).play_cut_everywhere();
    without_login(&[b"\x04\x00"], &[], Err(SocksError::BadVersion(4))).play_cut_everywhere();
    without_login(&[b"HTTP/1.1 400"], &[], Err(SocksError::BadVersion(b'H'))).play_cut_everywhere();
    without_login(&[b"\x05\x00", b"\x04\x00"], &[REQUEST], Err(SocksError::BadVersion(4)))
        .play_cut_everywhere();
}

#[test]
fn a_proxy_that_could_not_connect() {
    let table = [
        (1, Refusal::GeneralFailure),
        (2, Refusal::NotAllowed),
        (3, Refusal::NetworkUnreachable),
        (4, Refusal::HostUnreachable),
        (5, Refusal::ConnectionRefused),
        (6, Refusal::TimeToLiveExpired),
        (7, Refusal::CommandNotSupported),
        (8, Refusal::AddressTypeNotSupported),
        (9, Refusal::Unknown(9)),
    ];
    for (code, refusal) in table {
        let error = Err(SocksError::Refused(refusal));
        without_login(&[b"\x05\x00", &[5, code]], &[REQUEST], error).play_cut_everywhere();
        let whole = [5, code, 0, 1, 0, 0, 0, 0, 0, 0];
        without_login(&[b"\x05\x00", &whole], &[REQUEST], error).play(&[], b"");
    }
}

#[test]
fn what_cannot_be_asked_for() {
    let mut out = Vec::new();
    for name in [String::new(), "n".repeat(256)] {
        let target = SocksTarget::Name(name, 1);
        assert_eq!(Socks::new(&target, None, &mut out).unwrap_err(), SocksError::BadName);
    }
    let long = "x".repeat(256);
    for credentials in [("", "x"), (long.as_str(), "x"), ("x", long.as_str())] {
        assert_eq!(
            Socks::new(&name(), Some(octets(credentials)), &mut out).unwrap_err(),
            SocksError::BadCredentials
        );
    }
    assert!(out.is_empty());
    assert!(Socks::new(&SocksTarget::Name("n".repeat(255), 1), None, &mut out).is_ok());
}

fn octets<'a>((user, password): (&'a str, &'a str)) -> (&'a [u8], &'a [u8]) {
    (user.as_bytes(), password.as_bytes())
}
