//! Octets nobody meant: no panic, bounded memory, and portions never change the result (T18).

use super::*;
use proptest::{collection::vec, prelude::*};

/// What two ways of cutting the same octets must have in common.
type Seen = (Received, Result<(), ProtocolError>);

fn cut(version: Version, octets: &[u8], portions: &[usize]) -> (Seen, usize) {
    let mut decoder = decoder(version);
    let (mut all, mut held) = (Received::default(), 0);
    let mut rest = octets;
    for portion in portions.iter().cycle() {
        let (now, later) = rest.split_at((*portion).min(rest.len()));
        let (received, result) = feed(&mut decoder, now, usize::MAX);
        held = held.max(decoder.held());
        all.messages.extend(received.messages);
        all.commands.extend(received.commands);
        if later.is_empty() || result.is_err() {
            return ((all, result), held);
        }
        rest = later;
    }
    unreachable!("a cycle does not end")
}

/// A frame that is mostly in order.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![
        8 => vec(any::<u8>(), 0..100),
        1 => vec(any::<u8>(), 250..260),
        1 => (8_000_usize..30_000).prop_map(|size| vec![7; size]),
        1 => (60_000_usize..80_000).prop_map(|size| vec![8; size]),
    ];
    let flags = prop_oneof![20 => 0_u8..2, 1 => any::<u8>()];
    let plain = (flags, body, any::<bool>()).prop_map(|(flags, body, long)| {
        let mut octets = if long || body.len() > 255 {
            [&[flags | 2], &(body.len() as u64).to_be_bytes()[..]].concat()
        } else {
            vec![flags & !2, body.len() as u8]
        };
        octets.extend(body);
        octets
    });
    let command = prop_oneof![
        Just(b"\x04\x0b\x09SUBSCRIBEA".to_vec()),
        Just(b"\x04\x07\x04PING\x00\x0a".to_vec()),
        Just(b"\x04\x06\x05OTHER".to_vec()),
    ];
    prop_oneof![4 => plain, 1 => command]
}

fn any_version() -> impl Strategy<Value = Version> {
    prop::sample::select(ALL_VERSIONS.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn portions_do_not_change_what_a_decoder_sees(
        version in any_version(),
        frames in vec(any_frame(), 0..12),
        portions in vec(1_usize..70_000, 1..6),
    ) {
        let octets = frames.concat();
        let (at_once, _) = cut(version, &octets, &[usize::MAX]);
        let (slowly, held) = cut(version, &octets, &portions);
        prop_assert!(at_once == slowly);
        prop_assert!(held <= 2 * octets.len() + 300_000, "{held} for {}", octets.len());
    }

    #[test]
    fn small_portions_do_not_change_what_a_decoder_sees(
        version in any_version(),
        octets in vec(prop_oneof![3 => 0_u8..8, 1 => any::<u8>()], 0..200),
        portions in vec(1_usize..9, 1..6),
    ) {
        let (at_once, _) = cut(version, &octets, &[usize::MAX]);
        let (slowly, held) = cut(version, &octets, &portions);
        prop_assert_eq!(at_once, slowly);
        prop_assert!(held <= 300_000);
    }

    #[test]
    fn portions_do_not_change_what_a_handshake_does(
        head in prop::sample::select(ALL_VERSIONS.to_vec()),
        noise in vec(any::<u8>(), 0..100),
        at in any::<prop::sample::Index>(),
        portion in 1_usize..40,
    ) {
        let mut script = peer_script(head, SocketType::Rep);
        let at = at.index(script.len());
        script.splice(at.., noise);
        let at_once = play(settings(SocketType::Req), &script, usize::MAX);
        let slowly = play(settings(SocketType::Req), &script, portion);
        prop_assert_eq!(&at_once.sent, &slowly.sent);
        prop_assert_eq!(
            at_once.result.map(|up| up.map(|up| up.peer)),
            slowly.result.map(|up| up.map(|up| up.peer))
        );
    }

    #[test]
    fn one_octet_changed_in_a_handshake_is_no_panic(octet in any::<u8>(), at in any::<prop::sample::Index>()) {
        let mut script = peer_script(Version::V3_1, SocketType::Rep);
        let at = at.index(script.len());
        script[at] = octet;
        let _ = play(settings(SocketType::Req), &script, usize::MAX);
    }
}
