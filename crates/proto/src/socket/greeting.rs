//! What new connections are greeted with: the hello message and the probe.

use super::Effect;
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

    pub(super) fn send(&self, peer: PeerId, effects: &mut Vec<Effect>) {
        if let Some(hello) = &self.hello {
            effects.push(Effect::Send { peer, message: Message::from(hello.clone()) });
        }
        if self.probe {
            effects.push(Effect::Send { peer, message: Message::new() });
        }
    }
}
