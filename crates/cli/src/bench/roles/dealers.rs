//! Many DEALERs of one process; the ROUTER that they talk to only echoes.

use super::last;
use crate::{
    bench::{
        kit::order::{Order, stamp},
        stage::{Clock, Stage, nanoseconds},
    },
    exit::Failure,
    line::Facts,
};
use std::time::Instant;
use zeroxide::SocketType;

/// First all connect at once, then each has one message under way at a time.
pub(super) fn dealers(stage: &Stage<'_>) -> Result<Facts, Failure> {
    stage.ready(&[])?;
    let (peers, size) = (stage.workload.peers() as u64, stage.workload.size);
    let endpoint = stage.endpoints.first().ok_or_else(|| Failure::Failed("nowhere to connect".to_owned()))?;
    let began = Instant::now();
    let connected = |_| {
        let socket = stage.socket(SocketType::Dealer)?;
        socket.connect(endpoint)?;
        Ok::<_, Failure>((socket, Order::new(1, size)))
    };
    let mut sockets = (0..peers).map(connected).collect::<Result<Vec<_>, _>>()?;
    let mut body = vec![7; size];
    let mut round = |number: u64| {
        stamp(&mut body, 0, number);
        for (socket, _) in &sockets {
            socket.send(body.as_slice())?;
        }
        for (socket, order) in &mut sockets {
            order.check(last(&socket.recv()?))?;
        }
        Ok::<_, Failure>(())
    };
    round(0)?;
    let storm = nanoseconds(began.elapsed());
    let clock = Clock::start();
    let rounds = stage.count.div_ceil(peers);
    (1..=rounds).try_for_each(&mut round)?;
    Ok(clock.read(Facts::default().with("received", rounds * peers).with("storm", storm)))
}
