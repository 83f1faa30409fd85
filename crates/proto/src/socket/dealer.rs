//! DEALER (RFC 28): asks many at once; sends as PUSH does, receives as PULL does, adds nothing.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, greeting::Greeting};
use crate::{
    Frame, Message, Options,
    routing::{LoadBalance, PeerId, Peers},
};

/// The rules of a DEALER socket.
#[derive(Debug)]
pub struct Dealer {
    balance: LoadBalance,
    greeting: Greeting,
    hiccup: Option<Frame>,
}

impl Dealer {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            balance: LoadBalance::new(),
            greeting: Greeting::new(options),
            hiccup: options.hiccup_message.clone(),
        }
    }
}

impl Rules for Dealer {
    fn configure(&mut self, options: &Options) {
        self.greeting = Greeting::new(options);
        self.hiccup.clone_from(&options.hiccup_message);
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.balance.insert(peer);
        if facts.connected {
            self.greeting.send(peer, effects);
        }
        Ok(())
    }

    fn reattach(&mut self, peer: PeerId, _: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.greeting.send(peer, effects);
        Ok(())
    }

    fn suspend(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        if let Some(hiccup) = &self.hiccup {
            effects.push(Effect::Deliver { peer, message: Message::from(hiccup.clone()) });
        }
    }

    fn detach(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        self.balance.remove(peer);
    }

    #[inline]
    fn route(
        &mut self,
        _: &mut Message,
        peers: &impl Peers,
        _: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        let peer = self.balance.pick(peers).ok_or(Refusal::WouldBlock)?;
        Ok(Route::One { peer, envelope: &[] })
    }
}
