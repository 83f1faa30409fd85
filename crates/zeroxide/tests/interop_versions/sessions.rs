//! The worked sessions of zmtp.md 24, octet for octet, from either end.

use super::*;

const GREETING: &[u8] = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const READY_REQ: &[u8] = b"\x04\x26\x05READY\x0BSocket-Type\0\0\0\x03REQ\x08Identity\0\0\0\0";
const READY_REP: &[u8] = b"\x04\x19\x05READY\x0BSocket-Type\0\0\0\x03REP";

#[test]
fn the_worked_session_of_a_req_and_a_rep_from_either_end() {
    bound_and_connected(
        Kind::Req,
        |_| {},
        |req, mut peer| {
            peer.expect(&GREETING[..10]).send(&GREETING[..11]).expect(&GREETING[10..]);
            peer.send(&GREETING[11..]).expect(READY_REQ).send(READY_REP);
            req.send_timeout("Hello", LONG).unwrap();
            peer.expect(b"\x01\0\0\x05Hello").send(b"\x01\0\0\x05World");
            gets(req, &[b"World"]);
        },
    );
    bound_and_connected(
        Kind::Rep,
        |_| {},
        |rep, mut peer| {
            peer.send(&GREETING[..11]).expect(&GREETING[..11]);
            peer.send(&GREETING[11..]).expect(&GREETING[11..]);
            peer.send(READY_REQ).expect(READY_REP).send(b"\x01\0\0\x05Hello");
            gets(rep, &[b"Hello"]);
            rep.send("World").unwrap();
            peer.expect(b"\x01\0\0\x05World");
        },
    );
}

#[test]
fn the_worked_session_through_a_broker() {
    bound_and_connected(
        Kind::Rep,
        |_| {},
        |rep, mut peer| {
            peer.shake_hands_v31(Kind::Dealer, Kind::Rep);
            peer.send(b"\x01\x05\0abcd\x01\0\0\x05Hello");
            gets(rep, &[b"Hello"]);
            rep.send("World").unwrap();
            peer.expect(b"\x01\x05\0abcd\x01\0\0\x05World");
        },
    );
}

#[test]
fn the_worked_session_with_numbered_requests() {
    bound_and_connected(
        Kind::Req,
        |req| {
            req.set_req_correlate(true).unwrap();
        },
        |req, mut peer| {
            peer.shake_hands_v31(Kind::Rep, Kind::Req);
            req.send_timeout("Hello", LONG).unwrap();
            let number = peer.expect(b"\x01\x04").read(4);
            peer.expect(b"\x01\0\0\x05Hello");
            // A reply with another number, or none, answers another question.
            peer.send(b"\x01\x04none\x01\0\0\x05Wrong").send(b"\x01\0\0\x05Wrong");
            peer.send(&[b"\x01\x04", &number[..], b"\x01\0\0\x05World"].concat());
            gets(req, &[b"World"]);
        },
    );
}

#[test]
fn the_worked_session_of_a_sub_and_a_pub() {
    bound_and_connected(
        Kind::Sub,
        |sub| sub.subscribe("A").unwrap(),
        |sub, mut peer| {
            peer.shake_hands_v31(Kind::Pub, Kind::Sub);
            peer.expect(b"\x04\x0B\x09SUBSCRIBEA").send(b"\0\x03A 1");
            gets(sub, &[b"A 1"]);
        },
    );
}

#[test]
fn the_worked_sessions_with_a_rep_of_2_0_and_of_1_0() {
    bound_and_connected(
        Kind::Req,
        |_| {},
        |req, mut peer| {
            peer.expect(b"\xFF\0\0\0\0\0\0\0\x01\x7F").send(b"\xFF\0\0\0\0\0\0\0\x01\x7F\x01\x04\0\0");
            peer.expect(b"\x03\x03\0\0");
            req.send_timeout("Hello", LONG).unwrap();
            peer.expect(b"\x01\0\0\x05Hello").send(b"\x01\0\0\x05World");
            gets(req, &[b"World"]);
        },
    );
    bound_and_connected(Kind::Req, speak_v1, |req, mut peer| {
        peer.expect(b"\xFF\0\0\0\0\0\0\0\x01\x7F").send(b"\x01\0");
        req.send_timeout("Hello", LONG).unwrap();
        peer.expect(b"\x01\x01\x06\0Hello").send(b"\x01\x01\x06\0World");
        gets(req, &[b"World"]);
    });
}
