//! SCATTER and GATHER (RFC 49), CHANNEL (RFC 52): as PUSH, PULL and PAIR, in messages of one frame.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::thread;
use zeroxide::*;

#[test]
fn what_is_scattered_goes_round_the_gatherers() {
    for endpoint in everywhere() {
        let context = Context::new();
        let scatter = Scatter::new(&context).unwrap();
        let at = scatter.bind(&endpoint).unwrap();
        let gatherers = [(); 3].map(|()| {
            let gather = Gather::new(&context).unwrap();
            join_at(&scatter, &gather, &at);
            gather
        });
        assert_eq!(scatter.send(["a", "b"]).unwrap_err().cause, SendErrorCause::Multipart);
        (0..30).for_each(|task| scatter.send(number(task)).unwrap());
        for gather in &gatherers {
            let tasks: Vec<u32> = (0..10).map(|_| as_number(&gather.get())).collect();
            assert!(tasks.windows(2).all(|two| two[1] == two[0] + 3), "in turn: {tasks:?}");
            assert!(gather.has_nothing());
        }
    }
}

#[test]
fn a_gatherer_takes_from_each_in_turn() {
    for endpoint in everywhere() {
        let context = Context::new();
        let gather = Gather::new(&context).unwrap();
        let at = gather.bind(&endpoint).unwrap();
        let scatters: Vec<Scatter> = (0..3).map(|_| Scatter::new(&context).unwrap()).collect();
        for (who, scatter) in scatters.iter().enumerate() {
            join_at(&gather, scatter, &at);
            (0..20).for_each(|_| scatter.send(number(who as u32)).unwrap());
        }
        eventually(|| gather.peers().iter().map(|peer| peer.queued_in).sum::<usize>() == 60);
        let first: Vec<u32> = (0..30).map(|_| as_number(&gather.get())).collect();
        assert!((0..3).all(|who| first.iter().filter(|number| **number == who).count() == 10), "{first:?}");
    }
}

#[test]
fn a_scatter_waits_for_room_and_for_the_first_gatherer() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in endpoints {
        let context = Context::new();
        let scatter = Scatter::new(&context).unwrap();
        assert_eq!(scatter.try_send("nobody").unwrap_err().cause, SendErrorCause::WouldBlock);
        scatter.set_send_high_water_mark(Some(3)).unwrap();
        scatter.connect(&endpoint).unwrap();
        assert_eq!(fill(|message| scatter.try_send(message)), 3);
        let gather = Gather::new(&context).unwrap();
        gather.bind(&endpoint).unwrap();
        let sender = thread::spawn(move || {
            scatter.send("3").unwrap();
            scatter
        });
        (0..4).for_each(|count: u32| assert_eq!(gather.text(), count.to_string()));
        sender.join().unwrap();
    }
}

#[test]
fn a_channel_carries_single_frames_both_ways() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (one, other) = (Channel::new(&context).unwrap(), Channel::new(&context).unwrap());
        join(&one, &other, &endpoint);
        one.send("there").unwrap();
        other.send("and back").unwrap();
        assert_eq!((other.text(), one.text()), ("there".into(), "and back".into()));
        assert_eq!(one.send(["a", "b"]).unwrap_err().cause, SendErrorCause::Multipart);
    }
}

#[test]
fn a_channel_refuses_a_second_peer() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (one, other) = (Channel::new(&context).unwrap(), Channel::new(&context).unwrap());
        let at = join(&one, &other, endpoint);
        let events = one.monitor();
        let third = Channel::new(&context).unwrap();
        third.connect(&at).unwrap();
        events.wait_for(LONG, |event| matches!(event, Event::Accepted { .. })).unwrap();
        one.send("for the first").unwrap();
        assert_eq!(other.text(), "for the first");
        assert_eq!(one.connected(), 1);
    }
}

#[test]
fn types_talk_to_their_own_pattern_only() {
    let context = Context::new();
    let speaks = |kind: &SocketType| *kind != SocketType::Dgram;
    for one in SocketType::ALL.into_iter().filter(speaks) {
        for other in SocketType::ALL.into_iter().filter(speaks) {
            let (binder, connecter) =
                (Socket::new(&context, one).unwrap(), Socket::new(&context, other).unwrap());
            let at = binder.bind(&inproc()).unwrap();
            let answer = connecter.connect(&at);
            assert_eq!(answer.is_ok(), one.may_talk_to(other), "{one} {other}");
        }
    }
}
