//! Names that fail, that hang, and that move.

use crate::{common::*, ground::Ground, process::eager};
use std::{net::Ipv4Addr, time::Duration};
use zeroxide::*;
use zeroxide_net::fault::{Call, Fault, Name};

const LOCALHOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

#[test]
fn names_that_cannot_be_resolved_are_asked_for_again() {
    let context = Context::new();
    let (one, other) = (Pair::new(&context).unwrap(), Pair::new(&context).unwrap());
    other.set_reconnect_interval(Some(Duration::from_millis(1))).unwrap();
    let at = one.bind("tcp://127.0.0.1:*").unwrap().replace("127.0.0.1", "localhost");
    let unknown = Fault::plan(
        Call::Resolve,
        1,
        zeroxide_net::fault::Harm::Error(rustix::io::Errno::AGAIN),
        zeroxide_net::fault::Times::Always,
        None,
    );
    let events = other.monitor();
    other.connect(&at).unwrap();
    for _ in 0..3 {
        assert!(events.wait_for(LONG, |event| matches!(event, Event::ConnectRetried { .. })).is_some());
    }
    drop(unknown);
    other.send("found").unwrap();
    assert_eq!(one.text(), "found");
}

#[test]
fn a_name_that_hangs_delays_nobody_else_and_no_end() {
    let context = Context::new();
    let hanging = Name::hangs("hangs.test");
    let client = Pair::new(&context).unwrap();
    client.connect("tcp://hangs.test:5555").unwrap();
    eventually(|| hanging.asked() == 1);
    let _named = Name::answers("answers.test", LOCALHOST.into());
    let (one, other) = (Pair::new(&context).unwrap(), Pair::new(&context).unwrap());
    let at = one.bind("tcp://127.0.0.1:*").unwrap().replace("127.0.0.1", "answers.test");
    other.connect(&at).unwrap();
    other.send("found").unwrap();
    assert_eq!(one.text(), "found");
    drop((client, one, other));
    assert!(context.shutdown(LONG).complete);
}

#[test]
fn who_moves_to_another_address_is_found_there() {
    let context = Context::new();
    let named = Name::answers("moves.test", LOCALHOST.into());
    let first = Rep::new(&context).unwrap();
    let at = first.bind(&free_tcp()).unwrap();
    let client = eager(Ground::PLAINEST, &context, &at.replace("127.0.0.1", "moves.test"));
    client.send("question").unwrap();
    assert_eq!(first.text(), "question");
    // The other address, the same port.
    let second = Rep::new(&context).unwrap();
    second.bind(&at.replace("127.0.0.1", "127.0.0.2")).unwrap();
    drop(named);
    let _named = Name::answers("moves.test", Ipv4Addr::new(127, 0, 0, 2).into());
    drop(first);
    // What is asked before the end is noticed goes with the connection.
    eventually(|| client.statistics().connections == 2);
    client.send("are you here").unwrap();
    assert_eq!(second.text(), "are you here");
    second.send("yes").unwrap();
    assert_eq!(client.text(), "yes");
}
