//! One way, as fast as it goes, and nothing is lost.

use super::{last, share, socket_types};
use crate::{
    bench::{
        kit::order::{Order, stamp},
        stage::{Clock, Stage},
        workload::Family,
    },
    exit::Failure,
    line::Facts,
};
use std::{sync::Arc, thread};
use zeroxide::{Socket, SocketType};

/// The time runs from the first message to the last.
pub(super) fn receive(stage: &Stage<'_>) -> Result<Facts, Failure> {
    let (socket, mut order) = prepare_receiver(stage)?;
    order.check(last(&socket.recv()?))?;
    let clock = Clock::start();
    let total = share(stage) * stage.workload.senders() as u64;
    for _ in 1..total {
        order.check(last(&socket.recv()?))?;
    }
    finish_receiver(&socket, total, &clock)
}

pub(super) fn send(stage: &Stage<'_>) -> Result<Facts, Failure> {
    let sockets = prepare_senders(stage)?;
    let clock = Clock::start();
    let (each, size) = (share(stage), stage.workload.size);
    thread::scope(|scope| {
        let send_all = |(sender, socket): (usize, Arc<Socket>)| {
            scope.spawn(move || {
                let mut body = vec![7; size];
                for number in 0..each {
                    stamp(&mut body, sender, number);
                    socket.send(body.as_slice())?;
                }
                Ok::<_, Failure>(())
            })
        };
        let threads: Vec<_> = sockets.into_iter().enumerate().map(send_all).collect();
        let ended = |thread: thread::ScopedJoinHandle<'_, Result<(), Failure>>| {
            thread.join().unwrap_or_else(|_| Err(Failure::Failed("a sender panicked".to_owned())))
        };
        threads.into_iter().try_for_each(ended)
    })?;
    Ok(Facts::default().with("cpu", clock.cpu()))
}

pub(super) fn prepare_receiver(stage: &Stage<'_>) -> Result<(Arc<Socket>, Order), Failure> {
    let (_, mut kind) = socket_types(&stage.workload);
    let behind_proxy = stage.workload.family == Family::Proxy;
    if behind_proxy && kind == SocketType::Router {
        // A DEALER hands on to DEALERs, each message with the name of who sent it.
        kind = SocketType::Dealer;
    }
    let socket = stage.socket(kind)?;
    let mut bound = Vec::new();
    if behind_proxy {
        stage.connect(&socket, stage.endpoints.last())?;
    } else {
        bound.push(stage.bind(&socket, 0)?);
    }
    stage.ready(&bound)?;
    Ok((socket, Order::new(stage.workload.senders(), stage.workload.size)))
}

pub(super) fn finish_receiver(socket: &Socket, total: u64, clock: &Clock) -> Result<Facts, Failure> {
    let facts = clock.read(Facts::default().with("received", total));
    match socket.try_recv() {
        Ok(_) => Err(Failure::Failed("more came than was sent".to_owned())),
        Err(_) => Ok(facts),
    }
}

/// A socket for each thread, or one for all of them.
pub(super) fn prepare_senders(stage: &Stage<'_>) -> Result<Vec<Arc<Socket>>, Failure> {
    let (kind, _) = socket_types(&stage.workload);
    let connected = |_| {
        let socket = stage.socket(kind)?;
        stage.connect(&socket, stage.endpoints.first())?;
        Ok::<_, Failure>(socket)
    };
    let mut sockets = (0..stage.workload.peers()).map(connected).collect::<Result<Vec<_>, _>>()?;
    if let Some(only) = sockets.first().cloned() {
        sockets.resize(stage.workload.senders(), only);
    }
    stage.ready(&[])?;
    Ok(sockets)
}
