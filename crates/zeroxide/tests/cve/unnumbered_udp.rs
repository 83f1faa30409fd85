//! Bugs of UDP that are repaired only on libzmq's master: `e357cd32` (a datagram whose first octet is 80 or more aborts the
//! process), `3be093c2` (one whose group is cut off leaks), `af11df08` (a long one overruns the sender's buffer).

use super::{common::*, ward::*};
use std::{net::UdpSocket, time::Duration};
use zeroxide::*;

fn stranger(at: &str) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(at.strip_prefix("udp://").unwrap()).unwrap();
    socket
}

#[test]
fn no_datagram_of_whatever_form_harms_a_dish() {
    let _turn = alone();
    let context = Context::new();
    let (dish, radio) = (Dish::new(&context).unwrap(), Radio::new(&context).unwrap());
    let at = dish.bind("udp://127.0.0.1:*").unwrap();
    dish.join("TV").unwrap();
    radio.connect(&at).unwrap();
    let stranger = stranger(&at);
    let is_served = |round: u8| {
        // A flood may crowd a datagram out of the system's buffer, as UDP may: it is sent until it comes.
        eventually(|| {
            radio.send_to("TV", vec![round; 3]).unwrap();
            dish.recv_timeout(Duration::from_millis(10)).is_ok_and(|message| message.body() == [round; 3])
        });
    };
    is_served(0);
    let before = resident_octets();
    for round in 1..=20 {
        for first in 0..=255_u8 {
            // A group as long as it says, cut off by one, and cut off by all.
            let whole = [&[first][..], &vec![b'g'; first.into()]].concat();
            stranger.send(&whole).unwrap();
            stranger.send(&whole[..whole.len() - 1]).unwrap();
            stranger.send(&[first]).unwrap();
        }
        stranger.send(&[]).unwrap();
        stranger.send(&[0xFF; 60_000]).unwrap();
        is_served(round);
    }
    bounded(before, 16);
    assert!(dish.statistics().lost_in_all() > 0, "what was dropped is counted");
}

#[test]
fn no_datagram_of_whatever_form_harms_a_dgram() {
    let context = Context::new();
    let socket = Dgram::new(&context).unwrap();
    let at = socket.bind("udp://127.0.0.1:*").unwrap();
    let stranger = stranger(&at);
    for length in [0, 1, 7936, 8191, 8192, 8193, 60_000] {
        stranger.send(&vec![0xFF; length]).unwrap();
        let message = socket.get();
        assert_eq!((message.len(), message[1].len()), (2, length));
        // And back, as long as it is.
        socket.send(message).unwrap();
        let mut heard = vec![0; 65_536];
        assert_eq!(stranger.recv(&mut heard).unwrap(), length);
    }
}

#[test]
fn a_long_datagram_goes_out_whole_or_is_refused() {
    let context = Context::new();
    let (dish, radio) = (Dish::new(&context).unwrap(), Radio::new(&context).unwrap());
    let at = dish.bind("udp://127.0.0.1:*").unwrap();
    dish.join("TV").unwrap();
    radio.connect(&at).unwrap();
    for length in [7935, 7936, 7937, 8189, 8190, 8192, 65_504] {
        radio.send_to("TV", vec![7; length]).unwrap();
        assert_eq!(dish.get().body(), vec![7; length]);
    }
    for length in [65_505, 65_536, 1 << 20] {
        let refused = radio.send_to("TV", vec![7; length]).unwrap_err();
        assert_eq!(refused.cause, SendErrorCause::Oversized(65_504));
    }
}
