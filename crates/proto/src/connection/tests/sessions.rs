//! The worked sessions of the digest (zmtp.md section 24), octet for octet.

use super::*;

const SIGNATURE: &[u8] = b"\xff\0\0\0\0\0\0\0\x01\x7f";

fn rest_of_greeting() -> Vec<u8> {
    let mut rest = b"\x01NULL".to_vec();
    rest.resize(53, 0);
    rest
}

#[test]
fn req_asks_rep_over_3_1() {
    let (mut req_out, mut rep_out) = (vec![], vec![]);
    let mut req = Handshake::new(settings(SocketType::Req), &mut req_out);
    let mut rep = Handshake::new(settings(SocketType::Rep), &mut rep_out);
    assert_eq!((&req_out[..], &rep_out[..]), (SIGNATURE, SIGNATURE));

    // The signatures cross: each side answers with its major version.
    let mut swap = |expect_req: &[u8], expect_rep: &[u8]| {
        let (to_rep, to_req) = (std::mem::take(&mut req_out), std::mem::take(&mut rep_out));
        let req_done = req.receive(&to_req, &mut req_out).unwrap().established;
        let rep_done = rep.receive(&to_rep, &mut rep_out).unwrap().established;
        assert_eq!((&req_out[..], &rep_out[..]), (expect_req, expect_rep));
        (req_done, rep_done)
    };
    swap(&[3], &[3]);
    let rest = rest_of_greeting();
    swap(&rest, &rest);
    let ready_req =
        b"\x04\x26\x05READY\x0bSocket-Type\x00\x00\x00\x03REQ\x08Identity\x00\x00\x00\x00".as_slice();
    let ready_rep = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03REP".as_slice();
    swap(ready_req, ready_rep);
    let (req, rep) = swap(&[], &[]);
    let (mut req, mut rep) = (req.unwrap(), rep.unwrap());
    assert_eq!((req.peer.version, req.peer.socket_type), (Version::V3_1, Some(SocketType::Rep)));
    assert_eq!((rep.peer.version, rep.peer.socket_type), (Version::V3_1, Some(SocketType::Req)));
    assert_eq!(rep.peer.routing_id, b"");

    let say = |from: &mut Established, to: &mut Established, text: &str| {
        let message = Message::from(["", text]);
        let octets = wire(&from.encoder.encode(batch(std::slice::from_ref(&message))));
        assert_eq!(octets, [b"\x01\x00\x00\x05", text.as_bytes()].concat());
        assert_eq!(receive(&mut to.decoder, &octets).messages, [message]);
    };
    say(&mut req, &mut rep, "Hello");
    say(&mut rep, &mut req, "World");
}

#[test]
fn req_asks_a_2_0_rep() {
    let script = b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x04\x00\x00";
    let outcome = play(settings(SocketType::Req), script, usize::MAX);
    assert_eq!(outcome.sent, [SIGNATURE, b"\x03", b"\x03", b"\x00\x00"].concat());
    let mut up = established(outcome);
    assert_eq!((up.peer.version, up.peer.socket_type), (Version::V2, Some(SocketType::Rep)));
    let out = wire(&up.encoder.encode(batch(&[Message::from(["", "Hello"])])));
    assert_eq!(out, b"\x01\x00\x00\x05Hello");
}

#[test]
fn req_asks_a_1_0_rep() {
    let outcome = play(settings(SocketType::Req), b"\x01\x00", usize::MAX);
    assert_eq!(outcome.sent, SIGNATURE, "the identity is empty and its head was sent already");
    let mut up = established(outcome);
    assert_eq!((up.peer.version, up.peer.socket_type), (Version::V1, None));
    let message = Message::from(["", "Hello"]);
    let out = wire(&up.encoder.encode(batch(std::slice::from_ref(&message))));
    assert_eq!(out, b"\x01\x01\x06\x00Hello");
    assert_eq!(receive(&mut up.decoder, &out).messages, [message]);
}

#[test]
fn sub_asks_for_a_and_gets_a_1() {
    let script = peer_script(Version::V3_1, SocketType::Pub);
    let mut up = established(play(settings(SocketType::Sub), &script, usize::MAX));
    let mut out = vec![];
    up.encoder.subscription(b"A", true, &mut out);
    assert_eq!(out, b"\x04\x0b\x09SUBSCRIBEA");
    assert_eq!(receive(&mut up.decoder, b"\x00\x03A 1").messages, [Message::from("A 1")]);
}

#[test]
fn t5_ready_octets_of_each_type() {
    let lonely = [SocketType::Stream, SocketType::Dgram];
    for kind in SocketType::ALL.into_iter().filter(|kind| !lonely.contains(kind)) {
        let partner = SocketType::ALL.into_iter().find(|peer| kind.may_talk_to(*peer)).unwrap();
        let mut asked = settings(kind);
        asked.routing_id = "me".into();
        let sent = play(asked, &peer_script(Version::V3_1, partner), usize::MAX).sent;
        let mut body = [b"\x05READY\x0bSocket-Type\x00\x00\x00", &[kind.name().len() as u8][..]].concat();
        body.extend(kind.name().bytes());
        if matches!(kind, SocketType::Req | SocketType::Dealer | SocketType::Router) {
            body.extend(b"\x08Identity\x00\x00\x00\x02me");
        }
        assert_eq!(sent[64..], [&[4, body.len() as u8], &body[..]].concat(), "{kind}");
    }
}

#[test]
fn properties_of_the_application_travel_and_illegal_ones_stay_at_home() {
    let mut told = settings(SocketType::Pull);
    told.metadata = vec![("X-room".into(), b"12".to_vec()), ("not legal".into(), vec![])];
    let sent = play(told, &peer_script(Version::V3_1, SocketType::Push), usize::MAX).sent;
    let up = established(play(settings(SocketType::Push), &sent, usize::MAX));
    let expected = [("Socket-Type", &b"PULL"[..]), ("X-room", b"12")];
    assert_eq!(up.peer.metadata, expected.map(|(name, value)| (name.to_owned(), value.to_vec())));
}

#[test]
fn a_routing_id_travels_in_every_version() {
    let mut named = settings(SocketType::Dealer);
    named.routing_id = "anna".into();
    let sent = |script: &[u8]| play(named.clone(), script, usize::MAX).sent;
    // 1.0: the signature is the head of the identity frame.
    assert_eq!(sent(b"\x01\x00"), b"\xff\0\0\0\0\0\0\0\x05\x7fanna");
    let to_2_0 = sent(&peer_script(Version::V2, SocketType::Router));
    assert_eq!(to_2_0, b"\xff\0\0\0\0\0\0\0\x05\x7f\x03\x05\x00\x04anna");
    for script in [
        sent(&peer_script(Version::V3_1, SocketType::Router)),
        b"\x05\x00anna".to_vec(),
        b"\xff\0\0\0\0\0\0\0\x05\x00anna".to_vec(),
        b"\xff\0\0\0\0\0\0\0\x05\x7f\x01\x05\x00\x04anna".to_vec(),
        b"\xff\0\0\0\0\0\0\0\x05\x7f\x02\x05\x02\0\0\0\0\0\0\0\x04anna".to_vec(),
    ] {
        let up = established(play(settings(SocketType::Router), &script, usize::MAX));
        assert_eq!(up.peer.routing_id, "anna", "{}", script.escape_ascii());
    }
}
