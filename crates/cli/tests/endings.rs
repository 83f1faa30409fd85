//! How zox ends: exit codes, messages, signals, closed stdout.

mod support;

use rustix::process::{Pid, Signal};
use std::{io::Read, time::Duration};
use support::{run, within, zox};

const LONG: &str = "--timeout=30s";

#[test]
fn what_the_command_line_gets_wrong_is_told_with_code_2() {
    let wrong: [(&[&str], &str); 9] = [
        (&["sub", "--connect", "nowhere"], "\"nowhere\""),
        (&["sub", "--connect", "tcp://127.0.0.1:99999"], "99999"),
        (&["pull", "--bind", "carrier-pigeon://roof"], "carrier-pigeon"),
        (&["pull"], "--bind"),
        (&["push", "--bind=ipc://*", "--option=lingr=1s"], "lingr"),
        (&["push", "--bind=ipc://*", "--option=linger=soon"], "soon"),
        (&["push", "--bind=ipc://*", "--option=req-relaxed=yes"], "PUSH"),
        (&["rep", "--bind=ipc://*", "--echo", "--reply=World"], "--reply"),
        (&["monitor", "tube", "--bind=ipc://*"], "tube"),
    ];
    for (args, told) in wrong {
        let ended = run(args, b"");
        assert_eq!(ended.code(), 2, "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(told), "{args:?}: {}", ended.stderr);
        assert!(ended.stdout.is_empty());
    }
}

#[test]
fn an_address_in_use_is_told_with_code_1() {
    let mut first = zox(&["pull", "--bind=tcp://127.0.0.1:*"]);
    let ended = run(&["pull", "--bind", &first.bound()], b"");
    assert_eq!(ended.code(), 1);
    assert!(ended.stderr.contains("in use"), "{}", ended.stderr);
}

#[test]
fn waiting_too_long_is_told_with_code_3() {
    let waits: [&[&str]; 5] = [
        &["pull", "--bind=ipc://*", "--timeout=10ms"],
        &["push", "--bind=ipc://*", "--timeout=10ms", "task"],
        &["push", "--bind=ipc://*", "--timeout=10ms", "--wait-peers=1", "task"],
        &["pub", "--bind=ipc://*", "--timeout=10ms", "--wait-subscribers=1", "news"],
        &[
            "monitor",
            "pull",
            "--connect=ipc:///nowhere/at/all",
            "--timeout=10ms",
            "--option=reconnect-interval=1h",
        ],
    ];
    for args in waits {
        let ended = run(args, b"");
        assert_eq!(ended.code(), 3, "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("in time"), "{args:?}: {}", ended.stderr);
    }
}

#[test]
fn input_of_another_form_is_told_with_code_4() {
    for (format, input) in [("--format=json", "[1]\n"), ("--format=hex", "xyz\n"), ("--format=framed", "abc")]
    {
        let ended = run(&["push", "--bind=ipc://*", format], input.as_bytes());
        assert_eq!(ended.code(), 4, "{format}: {}", ended.stderr);
        assert!(ended.stderr.contains("message 1"), "{}", ended.stderr);
    }
}

#[test]
fn what_could_not_be_delivered_is_counted() {
    let ended = run(&["push", "--connect=ipc:///nowhere/at/all", "--option=linger=1ms", "a", "b", "c"], b"");
    assert_eq!(ended.code(), 1);
    assert!(ended.stderr.contains("3 messages could not be delivered"), "{}", ended.stderr);
}

#[test]
fn a_signal_ends_a_receiver_in_order_and_is_a_failure_if_more_was_promised() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        for (args, expected) in
            [(&["pull", "--bind=ipc://*"][..], 0), (&["pull", "--bind=ipc://*", "--count=9"], code)]
        {
            let mut pull = zox(args);
            let endpoint = pull.bound();
            run(&["push", "--connect", &endpoint, LONG, "one"], b"").well();
            assert_eq!(pull.line(), "one");
            pull.signal(signal);
            assert_eq!(pull.ended().code(), expected);
        }
    }
}

#[test]
fn a_signal_ends_a_sender_that_waits_for_stdin() {
    let mut push = zox(&["push", "--bind=ipc://*"]);
    let endpoint = push.bound();
    push.signal(Signal::TERM);
    assert_eq!(push.ended().code(), 143);
    let path = endpoint.strip_prefix("ipc://").unwrap();
    assert!(!std::path::Path::new(path).exists(), "the socket file is removed");
}

#[test]
fn a_closed_stdout_ends_a_receiver_without_complaint() {
    let mut publisher = zox(&["pub", "--bind=tcp://127.0.0.1:*", "--wait-subscribers=1", LONG, "tick"]);
    let endpoint = publisher.bound();
    let mut sub = zox(&["sub", "--connect", &endpoint]);
    assert_eq!(sub.line(), "tick");
    // As `| head -1` does; nothing is published any more, and it is noticed all the same.
    drop(sub.child.stdout.take());
    let ended = sub.ended().well();
    assert_eq!(ended.stderr, "");
    publisher.ended().well();
}

#[test]
fn a_closed_stdout_ends_an_answering_server_as_well() {
    let mut server = zox(&["rep", "--bind=tcp://127.0.0.1:*", "--echo"]);
    server.bound();
    drop(server.child.stdout.take());
    assert_eq!(server.ended().well().stderr, "");
}

#[test]
fn help_and_version_tell_about_themselves() {
    let version = run(&["--version"], b"").well();
    assert_eq!(version.text().trim(), concat!("zox ", env!("CARGO_PKG_VERSION")));
    let help = run(&["--help"], b"").well();
    for told in ["Exit codes", "framed", "zox demo"] {
        assert!(help.text().contains(told), "{told}");
    }
    for verb in "req rep pub sub push pull pair dealer router xpub xsub stream proxy monitor".split(' ') {
        assert!(run(&[verb, "--help"], b"").well().text().contains("Examples:"), "{verb}");
        assert!(help.text().contains(verb));
    }
}

#[test]
fn a_test_that_waits_for_a_zox_that_hangs_is_told() {
    let mut pull = zox(&["pull", "--bind=tcp://127.0.0.1:*"]);
    let (process, mut stdout) = (Pid::from_child(&pull.child), pull.child.stdout.take().unwrap());
    let mut text = String::new();
    let told = within(Duration::from_millis(100), process, || stdout.read_to_string(&mut text));
    assert!(told.is_none(), "nobody sends it anything");
    let mut version = zox(&["--version"]);
    let (process, mut stdout) = (Pid::from_child(&version.child), version.child.stdout.take().unwrap());
    assert!(within(Duration::MAX, process, || stdout.read_to_string(&mut text)).is_some());
    assert!(text.starts_with("zox "), "{text}");
}
