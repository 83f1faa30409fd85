use super::*;
use proptest::prelude::*;

const UUID: Uuid = [0xAB; 16];

fn frames(message: &Message) -> Vec<&[u8]> {
    message.iter().map(|frame| &frame[..]).collect()
}

#[test]
fn every_command_is_what_the_protocol_says_octet_for_octet() {
    assert_eq!(frames(&ask(b"/a/")), [&b"ICANHAZ?"[..], b"/a/"]);
    let change = KeyValue { sequence: 258, uuid: Some(UUID), ..KeyValue::new("key", "value") };
    let change = change.with_lifetime(Duration::from_secs(7));
    let number = [0, 0, 0, 0, 0, 0, 1, 2];
    assert_eq!(frames(&change.encode(Format::Full)), [&b"key"[..], &number, &UUID, b"ttl=7\n", b"value"]);
    assert_eq!(frames(&change.encode(Format::Simple)), [&b"key"[..], &number, b"value"]);
    let end = farewell(258, UUID, b"/a/").encode(Format::Full);
    assert_eq!(frames(&end), [&b"KTHXBAI"[..], &number, &UUID, b"", b"/a/"]);
    let hug = hug([0x0F; 16], 9).encode(Format::Full);
    let properties = b"sess=0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\nlast=9\n";
    assert_eq!(frames(&hug), [&b"HUGZ"[..], &[0; 8], b"", properties, b""]);
}

#[test]
fn a_request_for_a_snapshot_may_have_no_subtree_and_nothing_else() {
    let request = |frames: &[&str]| asked(&frames.iter().map(|text| Frame::from(*text)).collect::<Vec<_>>());
    assert_eq!(request(&["ICANHAZ?"]), Some(Frame::default()));
    assert_eq!(request(&["ICANHAZ?", "/a/"]), Some(Frame::from("/a/")));
    assert_eq!(request(&["ICANHAZ?", "/a/", "more"]), None);
    assert_eq!(request(&["ICANHAZ"]), None);
    assert_eq!(request(&[]), None);
}

#[test]
fn lifetimes_are_of_whole_seconds_or_of_what_is_left() {
    let with = |lines: &str| KeyValue {
        properties: Properties::parse(lines.as_bytes()).unwrap(),
        ..KeyValue::new("k", "v")
    };
    assert_eq!(
        KeyValue::new("k", "v").with_lifetime(Duration::from_millis(1)).lifetime(),
        Some(Duration::from_secs(1))
    );
    assert_eq!(with("ttl=5\nrttl=1500\n").lifetime(), Some(Duration::from_millis(1500)));
    assert_eq!(with("ttl=0\n").lifetime(), None, "the Guide's clients send 0 for none");
    assert_eq!(with("ttl=soon\n").lifetime(), None);
    assert_eq!(with("ttl=1700000000000\n").lifetime(), None, "a time of day, not a lifetime");
}

#[test]
fn what_is_true_of_one_moment_only_is_not_kept() {
    let properties = Properties::parse(b"rttl=5\nby=me\nalso=x\n").unwrap();
    assert_eq!(properties.lasting().as_str(), "by=me\n");
    assert_eq!(Properties::parse(b"rttl=5\n").unwrap().lasting(), Properties::default());
    assert_eq!(properties.with("by", "you").unwrap().as_str(), "rttl=5\nalso=x\nby=you\n");
}

#[test]
fn each_malformed_message_is_told_apart() {
    let parse =
        |frames: &[&[u8]]| KeyValue::parse(&frames.iter().copied().collect()).unwrap_err().to_string();
    let key = [b'k'; 256];
    assert_eq!(parse(&[b"k", &[0; 8], b"", b""]), "neither three nor five frames");
    assert_eq!(parse(&[&key, &[0; 8], b""]), "a key of more than 255 octets");
    assert_eq!(parse(&[b"k", &[0; 7], b""]), "a sequence that is not of 8 octets");
    assert_eq!(parse(&[b"k", &[0; 8], &[1; 15], b"", b""]), "a uuid that is not of 16 octets");
    for lines in [&b"x"[..], b"x=y", b"=y\n", b"x=1\n\n", b"\xFF=1\n"] {
        assert_eq!(parse(&[b"k", &[0; 8], b"", lines, b""]), "properties that are not lines", "{lines:?}");
    }
}

proptest! {
    #[test]
    fn no_octets_do_harm(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..8)) {
        if let Ok(change) = KeyValue::parse(&frames.iter().map(|frame| &frame[..]).collect()) {
            let _ = change.lifetime();
            let _ = change.properties.lasting();
            prop_assert_eq!(change.encode(if frames.len() == 3 { Format::Simple } else { Format::Full }), frames.into_iter().collect());
        }
    }

    #[test]
    fn names_survive_being_written_down(uuid: Uuid) {
        prop_assert_eq!(from_hex(&hex(uuid)), Some(uuid));
    }

    #[test]
    fn nonsense_is_no_name(text in ".{0,40}") {
        if let Some(uuid) = from_hex(&text) {
            prop_assert_eq!(hex(uuid), text.to_lowercase());
        }
    }
}
