//! Frames of every size, and commands between and behind them (T4, T11).

use super::*;

#[test]
fn t4_frames_of_every_size_go_out_in_the_short_form_while_it_fits() {
    for size in [0, 1, 254, 255, 256, 65_535, 65_536] {
        let body = vec![b'x'; size];
        bound_and_connected(Kind::Push, speak_v1, |push, mut peer| {
            peer.shake_hands_v31(Kind::Pull, Kind::Push);
            push.send(Message::from_frames([&body[..], &body[..]])).unwrap();
            peer.expect(&message(&[&body, &body]));
        });
        bound_and_connected(Kind::Push, speak_v1, |push, mut peer| {
            peer.send(&greeting_v10(b"")).expect(&signature(0));
            push.send_timeout(Message::from_frames([&body[..], &body[..]]), LONG).unwrap();
            peer.expect(&message_v10(&[&body, &body]));
        });
    }
}

#[test]
fn t4_the_long_form_is_taken_for_any_size() {
    bound_and_connected(Kind::Pull, speak_v1, |pull, mut peer| {
        peer.shake_hands_v31(Kind::Push, Kind::Pull);
        peer.send(&frame_long(MORE, b"short")).send(&frame_long(0, b""));
        gets(pull, &[b"short", b""]);
    });
    bound_and_connected(Kind::Pull, speak_v1, |pull, mut peer| {
        peer.send(&[1, 0]).send(b"\xFF\0\0\0\0\0\0\0\x06\0short");
        gets(pull, &[b"short"]);
    });
}

#[test]
fn commands_between_the_frames_of_a_message_do_not_disturb_it() {
    bound_and_connected(
        Kind::Pull,
        |_| {},
        |pull, mut peer| {
            peer.shake_hands_v31(Kind::Push, Kind::Pull);
            peer.send(&frame(MORE, b"a")).send(&ping(0, b"one")).expect(&pong(b"one"));
            peer.send(&command("WHATEVER", b"?")).send(&frame(MORE, b"b"));
            peer.send(&[frame_long(COMMAND, b"\x04PONG"), ping(0, b"two"), frame(0, b"c")].concat());
            peer.expect(&pong(b"two"));
            gets(pull, &[b"a", b"b", b"c"]);
        },
    );
}

#[test]
fn t11_a_ping_is_answered_with_its_context() {
    bound_and_connected(
        Kind::Pull,
        |_| {},
        |_, mut peer| {
            peer.shake_hands_v31(Kind::Push, Kind::Pull);
            for length in 0..=16 {
                let context = vec![b'c'; length];
                peer.send(&ping(0, &context)).expect(&pong(&context));
            }
            // A longer one is cut, as by libzmq.
            peer.send(&ping(0, &[b'c'; 17])).expect(&pong(&[b'c'; 16]));
        },
    );
}

#[test]
fn commands_that_mean_nothing_after_the_handshake_are_passed_over() {
    let nothing = [
        command("UNKNOWN", &[0; 300]),
        command("JOIN", b"group"),
        command("X", b""),
        ready(Kind::Rep, b"other"),
        error("no"),
        pong(b"never asked"),
        subscribe(b"to a pull"),
    ];
    bound_and_connected(
        Kind::Pull,
        |_| {},
        |pull, mut peer| {
            peer.shake_hands_v31(Kind::Push, Kind::Pull);
            peer.send(&nothing.concat()).send(&message(&[b"after"]));
            gets(pull, &[b"after"]);
            assert_eq!(pull.statistics().protocol_errors, 0);
        },
    );
}

#[test]
fn our_pings_carry_their_time_to_live_and_go_to_peers_since_3_0() {
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    push.set_heartbeat_interval(Some(Duration::from_millis(20))).unwrap();
    push.set_heartbeat_timeout(Some(LONG)).unwrap();
    push.set_heartbeat_ttl(Some(Duration::from_millis(6_553_500))).unwrap();
    let endpoint = push.bind(TCP).unwrap();
    let mut old = RawPeer::connect(&endpoint);
    old.send(&greeting_v20(Kind::Pull, b""));
    old.expect(&signature(0)).expect(&[3, Kind::Push.octet(), 0, 0]);
    assert!(push.wait_connected(1, LONG));
    // libzmq knew PING while it still said 3.0.
    let mut middle = RawPeer::connect(&endpoint);
    middle.send(&greeting_v30("NULL")).send(&ready(Kind::Pull, b""));
    middle.expect(&greeting_v31("NULL")).expect(&ready(Kind::Push, b""));
    let mut new = RawPeer::connect(&endpoint);
    new.shake_hands_v31(Kind::Pull, Kind::Push);
    for peer in [&mut middle, &mut new] {
        for _ in 0..3 {
            peer.expect(&ping(65_535, b"")).send(&pong(b""));
        }
    }
    middle.close();
    new.close();
    eventually(|| push.connected() == 1);
    push.send("first").unwrap();
    old.expect(&message(&[b"first"]));
}
