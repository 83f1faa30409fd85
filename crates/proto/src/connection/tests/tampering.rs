//! Somebody in between: octets changed, commands repeated, exchanged, cut off, made with other keys.

use super::{secure::*, *};
use crate::security::{
    Credentials, CurveClient, CurveServer, Keypair, PublicKey, SecretKey, Security, Verdict,
};
use std::sync::Arc;

const KINDS: [SocketType; 2] = [SocketType::Dealer, SocketType::Router];

/// The conversation of the vectors: what each side says, in the order of saying.
fn recorded() -> [Vec<u8>; 2] {
    agreed(curve_pair(), KINDS, usize::MAX).map(|side| side.said)
}

/// Plays what somebody said to a fresh side, up to the first fault.
fn hear(security: Security, kind: SocketType, octets: &[u8]) -> Result<bool, HandshakeError> {
    let mut side = Side::new(with(security, kind));
    let progress = side.handshake.receive(octets, &mut side.said)?;
    Ok(progress.established.is_some())
}

#[test]
fn r9_each_octet_of_each_command_matters() {
    // The scripts make both sides say the same each time, so a recording can be played to a fresh side.
    let [client_said, server_said] = recorded();
    assert_eq!(hear(curve_pair().1, KINDS[1], &client_said), Ok(true));
    assert_eq!(hear(curve_pair().0, KINDS[0], &server_said), Ok(true));
    for at in 64..client_said.len() {
        for bit in [0x01, 0x80] {
            if (at, bit) == HIGHEST_BIT_OF_THE_KEY {
                continue;
            }
            let mut said = client_said.clone();
            said[at] ^= bit;
            assert_ne!(hear(curve_pair().1, KINDS[1], &said), Ok(true), "client's octet {at}, bit {bit:#x}");
        }
    }
    for at in 64..server_said.len() {
        for bit in [0x01, 0x80] {
            let mut said = server_said.clone();
            said[at] ^= bit;
            assert_ne!(hear(curve_pair().0, KINDS[0], &said), Ok(true), "server's octet {at}, bit {bit:#x}");
        }
    }
}

/// The last octet of C' in HELLO, and the bit of it that X25519 does not look at.
const HIGHEST_BIT_OF_THE_KEY: (usize, u8) = (64 + 2 + 80 + 31, 0x80);

#[test]
fn r9_the_one_bit_that_changes_no_key_is_found_out_by_the_vouch() {
    let mut client = Side::new(with(curve_pair().0, KINDS[0]));
    let mut server = Side::new(with(curve_pair().1, KINDS[1]));
    client.listen(&mut server, usize::MAX).unwrap();
    server.listen(&mut client, usize::MAX).unwrap();
    client.listen(&mut server, usize::MAX).unwrap();
    let (at, bit) = HIGHEST_BIT_OF_THE_KEY;
    while client.said.len() <= at {
        assert!(client.listen(&mut server, usize::MAX).unwrap() | server.listen(&mut client, 64).unwrap());
    }
    client.said[at] ^= bit;
    assert_eq!(talk(&mut client, &mut server, usize::MAX), Err(HandshakeError::KeyExchange));
}

#[test]
fn r9_a_conversation_cut_off_anywhere_comes_to_nothing() {
    let [client_said, server_said] = recorded();
    for end in 0..client_said.len() {
        assert_eq!(hear(curve_pair().1, KINDS[1], &client_said[..end]), Ok(false), "{end}");
    }
    for end in 0..server_said.len() {
        assert_eq!(hear(curve_pair().0, KINDS[0], &server_said[..end]), Ok(false), "{end}");
    }
}

/// The frames behind a greeting.
fn frames(said: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &said[64..];
    let mut frames = vec![];
    while let Some(header) = crate::batch::Header::parse(rest) {
        let (frame, behind) = rest.split_at(header.octets + header.size as usize);
        frames.push(frame.to_vec());
        rest = behind;
    }
    frames
}

#[test]
fn r9_commands_repeated_exchanged_or_left_out_end_the_handshake() {
    let [client_said, server_said] = recorded();
    for (said, security, kind) in
        [(client_said, curve_pair as fn() -> (Security, Security), 1), (server_said, curve_pair, 0)]
    {
        let of = || if kind == 1 { security().1 } else { security().0 };
        let frames = frames(&said);
        let greeting = &said[..64];
        let play = |order: &[usize]| {
            let said: Vec<u8> = order.iter().flat_map(|at| frames[*at].clone()).collect();
            hear(of(), KINDS[kind], &[greeting, &said].concat())
        };
        assert_eq!(play(&[0, 1]), Ok(true));
        for order in [&[1][..], &[1, 0], &[0, 0], &[0, 0, 1], &[1, 1]] {
            assert!(play(order).is_err(), "{order:?}");
        }
    }
}

#[test]
fn r9_an_initiate_is_good_for_no_other_connection() {
    // The very octets of an earlier client, cookie and all, to a server that draws other keys.
    let [client_said, _] = recorded();
    let server = CurveServer { keys: server_keys(), entropy: Script::of([0x99, 0x98, 0x97, 0x96]) };
    let server = Security::CurveServer(Arc::new(server));
    assert_eq!(hear(server, KINDS[1], &client_said), Err(HandshakeError::Cryptographic));
}

#[test]
fn r9_a_counter_that_does_not_grow_ends_the_handshake() {
    let [client_said, _] = recorded();
    let at = 64 + 2 + 200 + 9 + 9 + 96;
    assert_eq!(client_said[at..at + 8], 2_u64.to_be_bytes());
    for counter in [0, 1_u64] {
        let mut said = client_said.clone();
        said[at..at + 8].copy_from_slice(&counter.to_be_bytes());
        assert_eq!(hear(curve_pair().1, KINDS[1], &said), Err(HandshakeError::Sequence));
    }
}

#[test]
fn r9_wrong_sizes_are_malformed_and_a_long_hello_is_not_even_read() {
    let greeting = |security: Security| Side::new(with(security, KINDS[0])).said;
    for size in [0, 5, 6, 199, 201, 255] {
        let hello = [&[4, size as u8][..], b"\x05HELLO", &vec![0; 255]].concat();
        let mut said = Side::new(with(curve_pair().1, KINDS[1])).said;
        said.truncate(0);
        said.extend_from_slice(&recorded()[0][..64]);
        said.extend_from_slice(&hello[..2 + size]);
        assert!(hear(curve_pair().1, KINDS[1], &said).is_err(), "{size}");
    }
    let long = [&recorded()[0][..64], &[6, 0, 0, 0, 0, 0, 0, 1, 0]].concat();
    let malformed = HandshakeError::Malformed(HandshakeCommand::Hello);
    assert_eq!(hear(curve_pair().1, KINDS[1], &long), Err(malformed), "by its header alone");
    assert_eq!(greeting(curve_pair().0).len(), 10);
}

#[test]
fn a_client_that_means_another_server_gets_nowhere() {
    let other = Keypair::from_random([5; 32]).public;
    let client = CurveClient { keys: client_keys(), server: other, entropy: Script::of([0x11, 0x66]) };
    let mut client = Side::new(with(Security::CurveClient(client.into()), KINDS[0]));
    let mut server = Side::new(with(curve_pair().1, KINDS[1]));
    assert_eq!(talk(&mut client, &mut server, 64), Err(HandshakeError::Cryptographic));
}

#[test]
fn a_client_that_does_not_have_the_secret_of_its_key_gets_nowhere() {
    let stolen = Keypair { public: client_keys().public, secret: SecretKey::from([9; 32]) };
    let client =
        CurveClient { keys: stolen, server: server_keys().public, entropy: Script::of([0x11, 0x66]) };
    let mut client = Side::new(with(Security::CurveClient(client.into()), KINDS[0]));
    let mut server = Side::new(with(curve_pair().1, KINDS[1]));
    assert_eq!(talk(&mut client, &mut server, 64), Err(HandshakeError::Cryptographic));
}

#[test]
fn r9_keys_of_low_order_are_refused_on_either_side() {
    let client =
        CurveClient { keys: client_keys(), server: PublicKey::default(), entropy: Script::of([0x11]) };
    let mut client = Side::new(with(Security::CurveClient(client.into()), KINDS[0]));
    let mut server = Side::new(with(curve_pair().1, KINDS[1]));
    assert_eq!(talk(&mut client, &mut server, 64), Err(HandshakeError::KeyExchange));
    let mut said = recorded()[0].clone();
    said[64 + 2 + 80..64 + 2 + 112].fill(0);
    assert_eq!(hear(curve_pair().1, KINDS[1], &said), Err(HandshakeError::KeyExchange));
}

#[test]
fn no_server_enters_a_client_that_it_was_not_told_to() {
    let mut client = Side::new(with(curve_pair().0, KINDS[0]));
    let mut server = Side::new(Settings { asks: true, ..with(curve_pair().1, KINDS[1]) });
    talk(&mut client, &mut server, 64).unwrap();
    let question = server.question.as_ref().unwrap();
    assert_eq!(question.credentials, Credentials::Curve(client_keys().public));
    assert_eq!(server.handshake.receive(&client.said, &mut vec![]).unwrap().consumed, 0);
    server.answer(Verdict::Allow).unwrap();
    assert!(server.handshake.answer(Verdict::Allow, &mut vec![]).unwrap().is_none(), "answered once");
}

/// A client and a server that are up, and three messages of the client.
fn three_messages() -> (Established, Established, [Vec<u8>; 3]) {
    let [client, server] = agreed(curve_pair(), KINDS, usize::MAX);
    let mut client = client.up.unwrap();
    let messages = ["one", "two", "three"].map(|text| wire(&client.encoder.encode(batch(&[text.into()]))));
    (client, server.up.unwrap(), messages)
}

#[test]
fn r9_each_octet_of_a_message_matters() {
    let (_, _, [message, ..]) = three_messages();
    for at in 1..message.len() {
        for bit in 0..8 {
            let (_, mut server, _) = three_messages();
            let mut message = message.clone();
            message[at] ^= 1 << bit;
            let (received, result) = feed(&mut server.decoder, &message, usize::MAX);
            assert!(received.messages.is_empty() && received.commands.is_empty(), "octet {at}");
            // A longer frame waits for its end; everything else is refused.
            assert!(result.is_err() || (at == 1 && message[1] > 36), "octet {at}, bit {bit}");
        }
    }
}

#[test]
fn r9_messages_repeated_or_exchanged_end_the_connection_and_gaps_do_not() {
    let (_, mut server, [one, two, three]) = three_messages();
    let hear = |server: &mut Established, message: &[u8]| feed(&mut server.decoder, message, usize::MAX).1;
    assert_eq!(hear(&mut server, &one), Ok(()));
    assert_eq!(hear(&mut server, &one), Err(ProtocolError::Sequence), "repeated");
    let (_, mut server, _) = three_messages();
    assert_eq!(hear(&mut server, &one), Ok(()));
    assert_eq!(hear(&mut server, &three), Ok(()), "a gap is legal");
    assert_eq!(hear(&mut server, &two), Err(ProtocolError::Sequence), "exchanged");
}

#[test]
fn r9_a_message_cannot_be_sent_back_to_whom_it_came_from() {
    let (mut client, _, [one, ..]) = three_messages();
    assert_eq!(feed(&mut client.decoder, &one, usize::MAX).1, Err(ProtocolError::Cryptographic));
}

#[test]
fn r9_nothing_in_the_clear_is_taken_on_an_encrypted_connection() {
    let clear = [
        &b"\x00\x05hello"[..],
        b"\x00\x00",
        b"\x04\x0a\x09SUBSCRIBE",
        b"\x04\x07\x04PING\x00\x00",
        b"\x04\x05\x05ERROR",
        b"\x00\x08\x07MESSAGE",
        b"\x00\x10\x07MESSAGE\0\0\0\0\0\0\0\x09",
        &[&b"\x00\x20\x07MESSAGE"[..], &[0xFF; 24]].concat(),
    ];
    for octets in clear {
        let (_, mut server, _) = three_messages();
        let (received, result) = feed(&mut server.decoder, octets, usize::MAX);
        assert!(result.is_err(), "{}", octets.escape_ascii());
        assert_eq!(received, Received::default());
    }
}

#[test]
fn r9_flags_inside_are_more_or_command_and_nothing_else() {
    for (inside, error) in [(3, ProtocolError::ReservedFlags(3)), (4, ProtocolError::ReservedFlags(4))] {
        let (_, mut server, _) = three_messages();
        let mut key = crate::security::message_key_of_the_vectors();
        let mut frame = b"\x00\x22\x07MESSAGE\0\0\0\0\0\0\0\x09".to_vec();
        let mut text = [inside, b'x'];
        frame.extend(key.seal(9, &mut text));
        frame.extend(text);
        assert_eq!(feed(&mut server.decoder, &frame, usize::MAX).1, Err(error));
    }
}
