//! Two or more zox talk to each other, as in a shell.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod support;

use proptest::prelude::*;
use rustix::process::Signal;
use support::{run, zox};

/// Ends a test that hangs, with a message; generous, because machines are loaded.
const LONG: &str = "--timeout=30s";

const WILDCARDS: [&str; 2] = ["tcp://127.0.0.1:*", "ipc://*"];

#[test]
fn requests_are_echoed() {
    for wildcard in WILDCARDS {
        let mut server = zox(&["rep", "--bind", wildcard, "--echo", "--count=2", LONG]);
        let endpoint = server.bound();
        let client = run(&["req", "--connect", &endpoint, LONG], b"Hello\nkey\tvalue\n").well();
        assert_eq!(client.text(), "Hello\nkey\tvalue\n");
        assert_eq!(server.ended().well().text(), "Hello\nkey\tvalue\n");
    }
}

#[test]
fn replies_come_from_a_text_a_command_or_stdin() {
    let commands: [(&[&str], &str); 3] = [
        (&["--reply=World"], "World\nWorld\n"),
        (&["--exec=tr a-z A-Z"], "ONE\nTWO\n"),
        (&[], "first\nsecond\n"),
    ];
    for (how, replies) in commands {
        let args = [&["rep", "--bind=tcp://127.0.0.1:*", "--count=2", LONG], how].concat();
        let mut server = zox(&args).given(b"first\nsecond\n");
        let endpoint = server.bound();
        assert_eq!(run(&["req", "--connect", &endpoint, LONG, "one", "two"], b"").well().text(), replies);
        server.ended().well();
    }
}

#[test]
fn a_command_may_ignore_a_large_request_and_answer_with_a_large_reply() {
    let mut server = zox(&["rep", "--bind=ipc://*", "--count=1", LONG, "--exec=yes | head -c 1000001"]);
    let request = vec![b'x'; 1 << 20];
    let client = zox(&["req", "--connect", &server.bound(), LONG]).given(&request);
    assert_eq!(server.ended().well().stdout.len(), request.len() + 1);
    let client = client.ended().well();
    // The output of the command ends in "y", so no line end was taken off; zox adds one.
    assert_eq!(client.stdout.len(), 1_000_002);
}

#[test]
fn subscribers_get_what_they_asked_for_and_nothing_else() {
    for wildcard in WILDCARDS {
        let mut publisher =
            zox(&["pub", "--bind", wildcard, "--wait-subscribers=1", "--topic=10001", "--topic=9", LONG]);
        let endpoint = publisher.bound();
        let sub = |topics: &[&str], count: &str| {
            zox(&[&["sub", "--connect", &endpoint, count, LONG], topics].concat())
        };
        let (one, two) =
            (sub(&["--subscribe=10001"], "--count=2"), sub(&["--subscribe=2", "--subscribe=9"], "--count=3"));
        let publisher = publisher.given(b"10001 a\n10002 b\n9 c\n10001 d\n2 e\n93 f\n");
        assert_eq!(one.ended().well().text(), "10001 a\n10001 d\n");
        assert_eq!(two.ended().well().text(), "9 c\n2 e\n93 f\n");
        publisher.ended().well();
    }
}

#[test]
fn every_task_is_done_by_one_of_two_workers() {
    // Fewer than fit into a queue: a full worker would be passed over, and the shares not be equal.
    let mut ventilator = zox(&["push", "--bind=tcp://127.0.0.1:*", "--wait-peers=2", LONG]);
    let endpoint = ventilator.bound();
    let worker = || zox(&["pull", "--connect", &endpoint, "--count=500", LONG]);
    let (one, two) = (worker(), worker());
    let tasks: Vec<String> = (0..1_000).map(|task| format!("{task:03}")).collect();
    let ventilator = ventilator.given((tasks.join("\n") + "\n").as_bytes());
    let (one, two) = (one.ended().well(), two.ended().well());
    let mut done: Vec<&str> = one.text().lines().chain(two.text().lines()).collect();
    done.sort_unstable();
    assert_eq!(done, tasks);
    ventilator.ended().well();
}

#[test]
fn pairs_talk_both_ways_at_once() {
    let mut pair = zox(&["pair", "--bind=ipc://*", "--count=2", LONG, "from", "here"]);
    let other = zox(&["pair", "--connect", &pair.bound(), "--count=2", LONG, "and", "there"]);
    assert_eq!(pair.ended().well().text(), "and\nthere\n");
    assert_eq!(other.ended().well().text(), "from\nhere\n");
}

#[test]
fn a_router_answers_by_name() {
    let mut router = zox(&["router", "--bind=tcp://127.0.0.1:*", "--count=2", "--format=json", LONG]);
    let endpoint = router.bound();
    let named = ["--option=routing-id=anna", "--count=1", LONG, "question"];
    let dealer = zox(&[&["dealer", "--connect", &endpoint], &named[..]].concat());
    assert_eq!(router.line(), r#"["anna","question"]"#);
    let router = router.given(b"[\"anna\", \"answer\"]\n");
    assert_eq!(dealer.ended().well().text(), "answer\n");
    let over = zox(&["req", "--connect", &endpoint, "over"]);
    router.ended().well();
    drop(over);
}

#[test]
fn subscriptions_are_messages_at_xpub_and_xsub() {
    let mut xpub = zox(&["xpub", "--bind=ipc://*", "--count=1", "--format=hex", LONG]);
    let xsub = zox(&["xsub", "--connect", &xpub.bound(), "--subscribe=ab"]);
    assert_eq!(xpub.line(), "016162");
    xpub.ended().well();
    xsub.signal(Signal::INT);
    xsub.ended().well();
}

#[test]
fn a_stream_sees_plain_octets() {
    let mut stream = zox(&["stream", "--bind=tcp://127.0.0.1:*", "--count=2", "--format=json", LONG]);
    let endpoint = stream.bound();
    let mut plain = std::net::TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).unwrap();
    std::io::Write::write_all(&mut plain, b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let ended = stream.ended().well();
    assert!(ended.text().ends_with("\"GET / HTTP/1.0\\r\\n\\r\\n\"]\n"), "{}", ended.text());
}

#[test]
fn a_proxy_passes_requests_on_and_tells_how_many() {
    let mut proxy = zox(&["proxy", "tcp://127.0.0.1:*", "ipc://*", "--capture=ipc://*"]);
    let (front, back, capture) = (proxy.bound(), proxy.bound(), proxy.bound());
    let listener = zox(&["sub", "--connect", &capture, "--wait-peers=1", "--count=4", "--format=json", LONG]);
    let server = zox(&["rep", "--connect", &back, "--reply=World", LONG]);
    let client = run(&["req", "--connect", &front, LONG, "--count=2", "Hello"], b"").well();
    assert_eq!(client.text(), "World\nWorld\n");
    proxy.signal(Signal::TERM);
    let ended = proxy.ended().well();
    assert!(ended.stderr.contains("front to back: 2 messages"), "{}", ended.stderr);
    assert!(ended.stderr.contains("back to front: 2 messages"), "{}", ended.stderr);
    drop((server, listener));
}

#[test]
fn the_guides_devices_are_words_of_the_proxy() {
    let mut streamer = zox(&["proxy", "streamer", "ipc://*", "ipc://*"]);
    let (front, back) = (streamer.bound(), streamer.bound());
    let pulling = zox(&["pull", "--connect", &back, "--count=2"]);
    run(&["push", "--connect", &front, "one", "two"], b"").well();
    assert_eq!(pulling.ended().well().text(), "one\ntwo\n");
    streamer.counts(&["front_received=2 front_received_octets=6"]);
    streamer.signal(Signal::INT);
    streamer.ended().well();

    let mut forwarder = zox(&["proxy", "forwarder", "ipc://*", "ipc://*"]);
    let (front, back) = (forwarder.bound(), forwarder.bound());
    let subscriber = zox(&["sub", "--connect", &back, "--subscribe", "", "--count=1"]);
    run(&["pub", "--connect", &front, "--wait-subscribers", "1", "news"], b"").well();
    assert_eq!(subscriber.ended().well().text(), "news\n");

    for wrong in [&["device", "ipc://*", "ipc://*"][..], &["queue", "ipc://*"], &["ipc://*"]] {
        assert_eq!(run(&[&["proxy"], wrong].concat(), b"").code(), 2, "{wrong:?}");
    }
}

#[test]
fn a_monitor_prints_typed_events() {
    let mut monitor =
        zox(&["monitor", "rep", "--bind=tcp://127.0.0.1:*", "--count=3", "--format=json", LONG]);
    let endpoint = monitor.bound();
    let client = zox(&["req", "--connect", &endpoint, "Hello"]);
    let ended = monitor.ended().well();
    let events: Vec<serde_json::Value> =
        ended.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["listening", "accepted", "handshake-succeeded"]);
    assert!(events.iter().all(|event| event["endpoint"] == endpoint.as_str()));
    drop(client);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// What goes into one zox in any form that keeps octets comes out of the other unchanged.
    #[test]
    fn any_message_survives_the_way_from_stdin_to_stdout(
        messages in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..5), 1..20),
        form in 0..3usize,
    ) {
        let format = ["--format=framed", "--format=hex", "--format=json"][form];
        let input = written(&messages, form);
        let count = format!("--count={}", messages.len());
        let mut pull = zox(&["pull", "--bind=ipc://*", format, &count, LONG]);
        run(&["push", "--connect", &pull.bound(), format, LONG], &input).well();
        prop_assert_eq!(pull.ended().well().stdout, input);
    }
}

/// The forms as the help text describes them, written anew.
fn written(messages: &[Vec<Vec<u8>>], form: usize) -> Vec<u8> {
    let number = |size: usize| (size as u32).to_be_bytes().to_vec();
    let hex = |frame: &Vec<u8>| frame.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    let text = |frame: &Vec<u8>| match String::from_utf8(frame.clone()) {
        Ok(text) if !text.starts_with("base64:") => text,
        _ => format!("base64:{}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, frame)),
    };
    let mut out = Vec::new();
    for frames in messages {
        match form {
            0 => {
                out.extend(number(frames.len()));
                frames.iter().for_each(|frame| out.extend([number(frame.len()), frame.clone()].concat()));
            }
            1 => out.extend((frames.iter().map(hex).collect::<Vec<_>>().join("\t") + "\n").into_bytes()),
            _ => {
                let texts: Vec<_> = frames.iter().map(text).collect();
                out.extend((serde_json::to_string(&texts).unwrap() + "\n").into_bytes());
            }
        }
    }
    out
}
