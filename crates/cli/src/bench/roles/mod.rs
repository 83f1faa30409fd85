//! The parts of a workload: what each process does, in order: prepare, say so, wait for the word, do it, tell.

mod awaiting;
mod dealers;
mod lossy;
mod relay;
mod round_trip;
mod stream;

use super::{
    kit::order::Fault,
    stage::Stage,
    workload::{Family, Pattern, Play, Workload},
};
use crate::{exit::Failure, line::Facts};
use clap::ValueEnum;
use zeroxide::{Message, Socket, SocketType};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    Proxy,
    Receiver,
    Sender,
    Publisher,
    Subscribers,
    Echo,
    Asker,
    Dealers,
    /// All of a workload, in threads
    Alone,
}

impl Part {
    /// Whether it goes on until all others are done.
    pub(super) fn serves(self) -> bool {
        self == Self::Proxy
    }

    /// How many sockets it binds if it comes first.
    pub(super) fn listens(self, workload: &Workload) -> usize {
        match (self, workload.pattern) {
            (Self::Proxy, _) => 2,
            (Self::Echo, pattern) if pattern.goes_one_way() => 2,
            _ => 1,
        }
    }
}

impl Pattern {
    /// Whether its sockets carry messages one way only, so that there and back takes two pairs of them.
    fn goes_one_way(self) -> bool {
        matches!(self, Self::Push | Self::Pub | Self::Xpub | Self::Scatter | Self::Radio)
    }

    /// Whether its sender has to know who listens, and to what.
    fn is_subscribed_to(self) -> bool {
        matches!(self, Self::Pub | Self::Xpub | Self::Radio)
    }
}

impl Workload {
    /// Who takes part; the first one binds, and each is ready before the next begins.
    pub(super) fn parts(&self) -> &'static [Part] {
        match (self.family, self.play()) {
            (Family::Proxy, _) => &[Part::Proxy, Part::Receiver, Part::Sender],
            (_, Play::Stream) => &[Part::Receiver, Part::Sender],
            (_, Play::Lossy) => &[Part::Publisher, Part::Subscribers],
            (_, Play::RoundTrip) => &[Part::Echo, Part::Asker],
            (_, Play::Dealers) => &[Part::Echo, Part::Dealers],
        }
    }
}

pub(super) fn play(part: Part, stage: &Stage<'_>) -> Result<Facts, Failure> {
    let futures = stage.workload.family == Family::Async;
    match part {
        Part::Proxy => relay::proxy(stage),
        Part::Receiver if futures => awaiting::receive(stage),
        Part::Receiver => stream::receive(stage),
        Part::Sender if futures => awaiting::send(stage),
        Part::Sender => stream::send(stage),
        Part::Publisher => lossy::publish(stage),
        Part::Subscribers => lossy::subscribe(stage),
        Part::Echo if futures => awaiting::echo(stage),
        Part::Echo => round_trip::echo(stage),
        Part::Asker if futures => awaiting::ask(stage),
        Part::Asker => round_trip::ask(stage),
        Part::Dealers => dealers::dealers(stage),
        Part::Alone => Err(Failure::Failed("a part of a workload is no workload".to_owned())),
    }
}

/// The types of the socket that sends and of the one that receives.
fn socket_types(workload: &Workload) -> (SocketType, SocketType) {
    match workload.pattern {
        Pattern::Push => (SocketType::Push, SocketType::Pull),
        Pattern::Pair => (SocketType::Pair, SocketType::Pair),
        Pattern::Req => (SocketType::Req, SocketType::Rep),
        Pattern::Dealer => (SocketType::Dealer, SocketType::Router),
        Pattern::Router => (SocketType::Router, SocketType::Dealer),
        Pattern::Pub => (SocketType::Pub, SocketType::Sub),
        Pattern::Xpub => (SocketType::Xpub, SocketType::Xsub),
        Pattern::Scatter => (SocketType::Scatter, SocketType::Gather),
        Pattern::Channel => (SocketType::Channel, SocketType::Channel),
        Pattern::Client => (SocketType::Client, SocketType::Server),
        Pattern::Radio => (SocketType::Radio, SocketType::Dish),
    }
}

/// Asks for what is sent under a topic, in the way of the socket.
fn subscribe_to(socket: &Socket, pattern: Pattern, topic: &[u8]) -> Result<(), Failure> {
    match pattern {
        Pattern::Pub => socket.subscribe(topic)?,
        Pattern::Xpub => socket.send([&[1], topic].concat())?,
        Pattern::Radio => socket.join(topic).map_err(|error| Failure::Failed(error.to_string()))?,
        _ => {}
    }
    Ok(())
}

/// The frame that carries what was sent; envelopes stand before it.
#[inline]
fn last(message: &Message) -> &[u8] {
    message.frames().last().map_or(&[], |frame| frame.as_slice())
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.to_string())
    }
}

/// Messages of each sender.
fn share(stage: &Stage<'_>) -> u64 {
    stage.count.div_ceil(stage.workload.senders() as u64)
}
