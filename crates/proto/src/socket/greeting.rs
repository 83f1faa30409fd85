//! What new connections are greeted with: the hello message and the probe.

use super::{Effect, Facts};
use crate::{Frame, Message, Options, routing::PeerId};

/// Messages to send whenever a connection is up.
#[derive(Clone, Debug, Default)]
pub(super) struct Greeting {
    pub(super) hello: Option<Frame>,
    pub(super) probe: bool,
}

impl Greeting {
    pub(super) fn new(options: &Options) -> Self {
        Self { hello: options.hello_message.clone(), probe: options.probe_router }
    }

    /// Of a socket without ROUTERs among its peers, which alone are probed.
    pub(super) fn without_probe(options: &Options) -> Self {
        Self { probe: false, ..Self::new(options) }
    }

    /// Greets a peer that is attached, unless there is nothing yet that would carry it, or what is there is not ZeroMQ.
    /// Within the process there is: the
    /// queue in which messages wait for the other side, and the greeting has to stand before them.
    pub(super) fn attached(&self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) {
        if (facts.connected || facts.local) && !facts.raw {
            self.send(peer, effects);
        }
    }

    /// Greets a peer whose connection came, or came again, after it was attached.
    pub(super) fn reattached(&self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) {
        if !facts.local && !facts.raw {
            self.send(peer, effects);
        }
    }

    fn send(&self, peer: PeerId, effects: &mut Vec<Effect>) {
        if let Some(hello) = &self.hello {
            effects.push(Effect::Send { peer, message: Message::from(hello.clone()) });
        }
        if self.probe {
            effects.push(Effect::Send { peer, message: Message::new() });
        }
    }
}
