//! UDP sockets: what the settings really set, and what errors leave behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use rustix::net::sockopt;
use std::{
    io::{ErrorKind, IoSlice},
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use zeroxide_net::{Interest, Poller, UdpSettings, UdpSocket, Unsent, interfaces};

const LONG: Option<Duration> = Some(Duration::from_secs(120));

fn home() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// The next datagram and whom it is from.
fn next(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let poller = Poller::new().unwrap();
    poller.add(socket, 1, Interest::READ).unwrap();
    let mut events = Vec::new();
    poller.wait(&mut events, LONG).unwrap();
    assert!(!events.is_empty(), "nothing came");
    let mut datagram = Vec::with_capacity(65_536);
    let from = socket.receive_from(&mut datagram).unwrap();
    (datagram, from)
}

#[test]
fn hops_and_loop_are_those_of_the_family() {
    let settings = UdpSettings { multicast_hops: 7, multicast_loop: false, ..UdpSettings::default() };
    let four = UdpSocket::open("239.255.0.1:5555".parse().unwrap(), &settings).unwrap();
    assert_eq!(sockopt::ip_multicast_ttl(&four), Ok(7));
    assert_eq!(sockopt::ip_multicast_loop(&four), Ok(false));
    let six = UdpSocket::open("[ff05::1]:5555".parse().unwrap(), &settings).unwrap();
    assert_eq!(sockopt::ipv6_multicast_hops(&six), Ok(7), "libzmq sets another option here");
    assert_eq!(sockopt::ipv6_multicast_loop(&six), Ok(false));
}

#[test]
fn the_rest_of_the_settings_is_set() {
    let settings = UdpSettings {
        type_of_service: 0x10,
        receive_buffer: Some(50_000),
        send_buffer: Some(60_000),
        ..UdpSettings::default()
    };
    let four = UdpSocket::bind(home(), &settings).unwrap();
    assert_eq!(sockopt::ip_tos(&four), Ok(0x10));
    assert!(sockopt::socket_recv_buffer_size(&four).unwrap() >= 50_000);
    assert!(sockopt::socket_send_buffer_size(&four).unwrap() >= 60_000);
    let six = UdpSocket::bind("[::1]:0".parse().unwrap(), &settings).unwrap();
    assert_eq!(sockopt::ipv6_tclass(&six), Ok(0x10));
}

#[test]
fn a_group_is_heard_by_all_on_its_interface() {
    let lo = interfaces::number_of(IpAddr::from([127, 0, 0, 1])).unwrap();
    assert_eq!(interfaces::zone("lo").unwrap(), lo);
    let settings = UdpSettings { interface: lo, ..UdpSettings::default() };
    let first = UdpSocket::bind("239.255.72.1:0".parse().unwrap(), &settings).unwrap();
    let group = first.socket_address();
    let second = UdpSocket::bind(group, &settings).unwrap();
    let sender = UdpSocket::open(group, &settings).unwrap();
    sender.send_to(&[IoSlice::new(b"all")], group).unwrap();
    assert_eq!((next(&first).0, next(&second).0), (b"all".to_vec(), b"all".to_vec()));
}

#[test]
fn an_address_of_one_listener_is_taken() {
    let settings = UdpSettings::default();
    let holder = UdpSocket::bind(home(), &settings).unwrap();
    let error = UdpSocket::bind(holder.socket_address(), &settings).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert_eq!(holder.local_address(), format!("udp://{}", holder.socket_address()));
}

#[test]
fn a_socket_of_both_families_talks_to_ipv4_by_its_own_name() {
    let settings = UdpSettings::default();
    let both = UdpSocket::bind("[::]:0".parse().unwrap(), &settings).unwrap();
    let four = UdpSocket::bind(home(), &settings).unwrap();
    let at = SocketAddr::from(([127, 0, 0, 1], both.socket_address().port()));
    four.send_to(&[IoSlice::new(b"ping")], at).unwrap();
    let (ping, from) = next(&both);
    assert_eq!((ping, from), (b"ping".to_vec(), four.socket_address()));
    both.send_to(&[IoSlice::new(b"po"), IoSlice::new(b"ng")], from).unwrap();
    assert_eq!(next(&four).0, b"pong");
}

#[test]
fn a_group_of_the_link_is_joined_without_an_interface() {
    let group = "[ff02::7a65:726f:6df1:a02]:0".parse::<SocketAddr>().unwrap();
    match UdpSocket::bind(group, &UdpSettings::default()) {
        Ok(bound) => {
            assert_eq!(bound.socket_address().ip(), group.ip());
            assert_ne!(bound.socket_address().port(), 0);
        }
        // A machine may have no interface that could join it.
        Err(error) => assert_ne!(error.kind(), ErrorKind::InvalidInput, "{error}"),
    }
}

#[test]
fn nothing_there_would_block_and_an_undeliverable_datagram_does_no_harm() {
    let settings = UdpSettings::default();
    let socket = UdpSocket::bind(home(), &settings).unwrap();
    let error = socket.receive_from(&mut Vec::with_capacity(10)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let answer = socket.send_to(&[IoSlice::new(b"x")], "[::1]:9".parse().unwrap());
    assert!(matches!(answer, Err(Unsent::Undeliverable(_))), "{answer:?}");
    socket.send_to(&[IoSlice::new(b"y")], socket.socket_address()).unwrap();
    assert_eq!(next(&socket).0, b"y");
}

#[test]
fn interfaces_that_are_not_there_are_an_error() {
    assert!(interfaces::number_of(IpAddr::from([192, 0, 2, 1])).is_err());
    assert_eq!(interfaces::number_of(IpAddr::from([0, 0, 0, 0])).unwrap(), 0);
}
