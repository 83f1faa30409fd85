//! ZMTP, octet by octet, written from the facts in RFC 13, 15, 23 and 37 and shared with no implementation.

use crate::Kind;

/// Flag of a frame: more frames of the message follow.
pub const MORE: u8 = 1;
/// Flag of a frame: its size has eight octets.
pub const LONG: u8 = 2;
/// Flag of a frame: it is a command (3.x).
pub const COMMAND: u8 = 4;

/// The first ten octets of 2.0 and later, which a 1.0 peer reads as the header of a long identity frame.
pub fn signature(identity_length: u64) -> Vec<u8> {
    let mut octets = vec![0xFF];
    octets.extend((identity_length + 1).to_be_bytes());
    octets.push(0x7F);
    octets
}

/// A whole greeting of 3.1 (64 octets) with any mechanism name.
pub fn greeting_v31(mechanism: &str) -> Vec<u8> {
    greeting_v3(1, mechanism)
}

/// A whole greeting of 3.0 (64 octets).
pub fn greeting_v30(mechanism: &str) -> Vec<u8> {
    greeting_v3(0, mechanism)
}

/// What follows the major version in a greeting of 3.x: minor, mechanism, as-server 0, filler. 53 octets.
pub fn greeting_tail(minor: u8, mechanism: &str) -> Vec<u8> {
    let mut octets = vec![minor];
    octets.extend_from_slice(mechanism.as_bytes());
    octets.resize(53, 0);
    octets
}

/// A whole greeting of 2.0, with its identity frame.
pub fn greeting_v20(kind: Kind, identity: &[u8]) -> Vec<u8> {
    let mut octets = signature(identity.len() as u64);
    octets.extend([1, kind.octet()]);
    octets.extend(frame(0, identity));
    octets
}

/// A whole greeting of 1.0: the identity as a frame.
pub fn greeting_v10(identity: &[u8]) -> Vec<u8> {
    frame_v10(false, identity)
}

/// A frame of 2.0 and 3.x: the short form where it fits.
pub fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    match u8::try_from(body.len()) {
        Ok(length) => [&[flags, length], body].concat(),
        Err(_) => frame_long(flags, body),
    }
}

/// A frame of 2.0 and 3.x in the long form, legal for any size.
pub fn frame_long(flags: u8, body: &[u8]) -> Vec<u8> {
    [&[flags | LONG][..], &(body.len() as u64).to_be_bytes(), body].concat()
}

/// A frame of 1.0. Its length counts the flags.
pub fn frame_v10(more: bool, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u64 + 1;
    match u8::try_from(length) {
        Ok(short @ ..=0xFE) => [&[short, u8::from(more)], body].concat(),
        _ => [&[0xFF][..], &length.to_be_bytes(), &[u8::from(more)], body].concat(),
    }
}

/// A message of 2.0 and 3.x.
pub fn message(parts: &[&[u8]]) -> Vec<u8> {
    let flags = |index| if index + 1 < parts.len() { MORE } else { 0 };
    parts.iter().enumerate().flat_map(|(index, part)| frame(flags(index), part)).collect()
}

/// A message of 1.0.
pub fn message_v10(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().enumerate().flat_map(|(index, part)| frame_v10(index + 1 < parts.len(), part)).collect()
}

/// A command of 3.x.
pub fn command(name: &str, data: &[u8]) -> Vec<u8> {
    frame(COMMAND, &[&[octet(name.len())], name.as_bytes(), data].concat())
}

/// READY as libzmq sends it: Socket-Type, and Identity (empty without one) for the types that announce it.
pub fn ready(kind: Kind, identity: &[u8]) -> Vec<u8> {
    let mut metadata = property("Socket-Type", kind.name().as_bytes());
    if kind.announces_identity() {
        metadata.extend(property("Identity", identity));
    }
    command("READY", &metadata)
}

/// One property of metadata.
pub fn property(name: &str, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).expect("a value below 4 GiB").to_be_bytes();
    [&[octet(name.len())], name.as_bytes(), &length, value].concat()
}

/// ERROR with its reason.
pub fn error(reason: &str) -> Vec<u8> {
    command("ERROR", &[&[octet(reason.len())], reason.as_bytes()].concat())
}

/// SUBSCRIBE of 3.1.
pub fn subscribe(topic: &[u8]) -> Vec<u8> {
    command("SUBSCRIBE", topic)
}

/// CANCEL of 3.1.
pub fn cancel(topic: &[u8]) -> Vec<u8> {
    command("CANCEL", topic)
}

/// A subscription of 2.0 and 3.0: a message.
pub fn subscribe_message(topic: &[u8]) -> Vec<u8> {
    frame(0, &[b"\x01", topic].concat())
}

/// The end of a subscription of 2.0 and 3.0: a message.
pub fn cancel_message(topic: &[u8]) -> Vec<u8> {
    frame(0, &[b"\x00", topic].concat())
}

/// PING; the time to live in tenths of a second.
pub fn ping(time_to_live: u16, context: &[u8]) -> Vec<u8> {
    command("PING", &[&time_to_live.to_be_bytes(), context].concat())
}

/// PONG.
pub fn pong(context: &[u8]) -> Vec<u8> {
    command("PONG", context)
}

fn greeting_v3(minor: u8, mechanism: &str) -> Vec<u8> {
    [signature(0), vec![3], greeting_tail(minor, mechanism)].concat()
}

fn octet(length: usize) -> u8 {
    u8::try_from(length).expect("a length of one octet")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_of_3_1_has_64_octets_in_their_places() {
        let octets = greeting_v31("NULL");
        assert_eq!(octets.len(), 64);
        assert_eq!(octets[..16], *b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL");
        assert!(octets[16..].iter().all(|&octet| octet == 0));
    }

    #[test]
    fn ready_of_a_dealer_has_the_43_octets_of_the_rfc() {
        let octets = ready(Kind::Dealer, b"");
        assert_eq!(octets, b"\x04\x29\x05READY\x0BSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0");
    }

    #[test]
    fn frames_of_1_0_count_their_flags() {
        assert_eq!(message_v10(&[b"A", b"B"]), b"\x02\x01A\x02\x00B");
        assert_eq!(frame_v10(false, &[0; 253])[..2], [254, 0]);
        assert_eq!(frame_v10(false, &[0; 254])[..10], [0xFF, 0, 0, 0, 0, 0, 0, 0, 255, 0]);
        assert_eq!(frame_v10(false, &[0; 300])[..10], [0xFF, 0, 0, 0, 0, 0, 0, 1, 0x2D, 0]);
    }

    #[test]
    fn frames_turn_long_at_256_octets() {
        assert_eq!(frame(0, &[0; 255])[..2], [0, 255]);
        assert_eq!(frame(MORE, &[0; 256])[..9], [3, 0, 0, 0, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn subscriptions_match_the_worked_examples() {
        assert_eq!(subscribe(b"A"), b"\x04\x0B\x09SUBSCRIBEA");
        assert_eq!(cancel(b"A"), b"\x04\x08\x06CANCELA");
        assert_eq!(subscribe_message(b"A"), b"\x00\x02\x01A");
        assert_eq!(ping(10, b""), b"\x04\x07\x04PING\x00\x0A");
        assert_eq!(pong(b""), b"\x04\x05\x04PONG");
    }
}
