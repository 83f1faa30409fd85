//! DEALER (RFC 28): asks many at once; sends as PUSH does, receives as PULL does, adds nothing.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, greeting::Greeting};
use crate::{
    Frame, Message, Options,
    routing::{LoadBalance, PeerId, Peers},
};

/// The rules of a DEALER socket.
#[derive(Debug)]
pub(super) struct Dealer {
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
        self.greeting.attached(peer, facts, effects);
        Ok(())
    }

    fn greets(&self) -> Option<&Greeting> {
        Some(&self.greeting)
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

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    #[test]
    fn requests_go_round_and_nothing_is_added() {
        let mut dealer = Rig::new(SocketType::Dealer);
        assert_eq!(dealer.send("early"), Err(Refusal::WouldBlock));
        dealer.attach(0);
        dealer.attach(1);
        assert_eq!(dealer.send(["", "a"]), Ok(Sent::To(0, Message::from(["", "a"]))));
        assert_eq!(dealer.send("b"), Ok(Sent::To(1, "b".into())));
        assert!(!dealer.machine.needs_accept());
    }

    #[test]
    fn each_connection_is_greeted_and_each_loss_is_told_of() {
        let mut dealer = Rig::with(SocketType::Dealer, |options| {
            options.hello_message = Some("hello".into());
            options.hiccup_message = Some("hiccup".into());
            options.probe_router = true;
        });
        assert_eq!(dealer.attach_as(0, dialled()), Ok(vec![]));
        let greeting = [greet(0, "hello"), greet(0, "")];
        assert_eq!(dealer.reattach(0), greeting);
        assert_eq!(dealer.suspend(0), [deliver(0, "hiccup")]);
        assert_eq!(dealer.reattach(0), greeting);
        assert_eq!(dealer.detach(0), []);
    }

    #[test]
    fn in_this_process_the_greeting_stands_before_what_waits_for_the_other_side() {
        let mut dealer =
            Rig::with(SocketType::Dealer, |options| options.hello_message = Some("hello".into()));
        let facts = Facts { local: true, ..dialled() };
        assert_eq!(dealer.attach_as(0, facts), Ok(vec![greet(0, "hello")]));
        assert_eq!(dealer.reattach_as(0, Facts { connected: true, ..facts }), Ok(vec![]));
    }
}
