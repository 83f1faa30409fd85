//! REP (RFC 28): answers one request at a time, to whoever asked it.
//!
//! ```text
//!          receive: keep the envelope, hand out the body       send: envelope back on
//!   idle ------------------------------------------> answering -----------------> idle
//! ```
//!
//! The envelope is everything up to and with the first empty frame. A request without one is dropped whole. A reply
//! never waits: if the asker is gone or its queue is full, the reply is dropped and counted.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, greeting::Greeting};
use crate::{
    Frame, Loss, Message, Options,
    routing::{PeerId, PeerTable, Peers},
};

/// The rules of a REP socket.
#[derive(Debug)]
pub struct Reply {
    attached: PeerTable<()>,
    state: State,
    /// The envelope of the last request.
    envelope: Vec<Frame>,
    greeting: Greeting,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    /// Who asked; nobody, if that peer is gone.
    Answering(Option<PeerId>),
}

impl Reply {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            attached: PeerTable::new(),
            state: State::Idle,
            envelope: Vec::new(),
            greeting: Self::greeting(options),
        }
    }

    fn greeting(options: &Options) -> Greeting {
        Greeting { hello: options.hello_message.clone(), probe: false }
    }
}

impl Rules for Reply {
    fn configure(&mut self, options: &Options) {
        self.greeting = Self::greeting(options);
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.attached.insert(peer, ());
        if facts.connected {
            self.greeting.send(peer, effects);
        }
        Ok(())
    }

    fn reattach(&mut self, peer: PeerId, _: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.greeting.send(peer, effects);
        Ok(())
    }

    fn detach(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        self.attached.remove(peer);
        if self.state == State::Answering(Some(peer)) {
            self.state = State::Answering(None);
        }
    }

    fn route(
        &mut self,
        _: &mut Message,
        peers: &impl Peers,
        _: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        let State::Answering(asker) = self.state else {
            return Err(Refusal::IllegalState("receive a request before the reply"));
        };
        self.state = State::Idle;
        Ok(match asker {
            None => Route::Dropped(Loss::Unroutable),
            Some(peer) if peers.has_room(peer) => Route::One { peer, envelope: &self.envelope },
            Some(_) => Route::Dropped(Loss::HighWaterMark),
        })
    }

    fn may_receive(&self) -> Result<(), Refusal> {
        match self.state {
            State::Idle => Ok(()),
            State::Answering(_) => Err(Refusal::IllegalState("send the reply before the next request")),
        }
    }

    fn needs_accept(&self) -> bool {
        true
    }

    fn accept(&mut self, from: PeerId, mut message: Message, _: &mut Vec<Effect>) -> Result<Message, Loss> {
        let delimiter = message.frames().iter().position(|frame| frame.is_empty());
        let envelope = delimiter.and_then(|at| message.split_front(at + 1)).ok_or(Loss::BadEnvelope)?;
        self.envelope = envelope;
        self.state = State::Answering(self.attached.get(from).map(|()| from));
        Ok(message)
    }
}
