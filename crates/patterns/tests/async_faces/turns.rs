//! What always finds something to do lets others have their turn.

use super::*;
use std::{
    pin::pin,
    task::{Context as Turn, Waker},
};
use zeroxide_patterns::majordomo::{BrokerOptions, BrokerServer};

/// So many messages of each of so many clients, all there before the broker has its first turn.
const CLIENTS: u64 = 10;
const MESSAGES: u64 = 1_000;
/// The most that a broker may do in one turn.
const AT_A_STRETCH: u64 = 2_000;

#[test]
fn a_majordomo_broker_that_finds_message_after_message_gives_way() {
    let context = Context::new();
    let broker = BrokerServer::new(&context, BrokerOptions::default()).unwrap();
    let endpoint = broker.bind("inproc://flood").unwrap();
    let control = broker.control();
    let clients: Vec<Dealer> = (0..CLIENTS).map(|_| dealer(&context, &endpoint)).collect();
    for client in &clients {
        (0..MESSAGES).for_each(|_| client.send("no Majordomo").unwrap());
    }
    let mut serving = pin!(broker.run_async());
    let (mut turns, mut done) = (0, 0);
    eventually(|| {
        assert!(serving.as_mut().poll(&mut Turn::from_waker(Waker::noop())).is_pending());
        let before = std::mem::replace(&mut done, control.statistics().malformed);
        assert!(done - before <= AT_A_STRETCH, "{} in one turn", done - before);
        turns += 1;
        done == CLIENTS * MESSAGES
    });
    assert!(turns >= CLIENTS * MESSAGES / AT_A_STRETCH, "only {turns} turns");
}
