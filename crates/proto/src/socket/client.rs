//! CLIENT (RFC 41): asks servers in turn, takes answers from all; as DEALER, with messages of one frame.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, greeting::Greeting, one_frame};
use crate::{
    Frame, Message, Options,
    routing::{LoadBalance, PeerId, Peers},
};

/// The rules of a CLIENT socket.
#[derive(Debug)]
pub(super) struct Client {
    balance: LoadBalance,
    greeting: Greeting,
    hiccup: Option<Frame>,
}

impl Client {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            balance: LoadBalance::new(),
            greeting: Greeting::without_probe(options),
            hiccup: options.hiccup_message.clone(),
        }
    }
}

impl Rules for Client {
    fn configure(&mut self, options: &Options) {
        self.greeting = Greeting::without_probe(options);
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
        message: &mut Message,
        peers: &impl Peers,
        _: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        one_frame(message)?;
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
    fn requests_of_one_frame_go_round() {
        let mut client = Rig::new(SocketType::Client);
        assert_eq!(client.send("early"), Err(Refusal::WouldBlock));
        client.attach(0);
        client.attach(1);
        assert_eq!(client.send("a"), Ok(Sent::To(0, "a".into())));
        assert_eq!(client.send(["b", "c"]), Err(Refusal::Multipart));
        assert_eq!(client.send("d"), Ok(Sent::To(1, "d".into())));
        client.full.0 = vec![0, 1];
        assert_eq!(client.send("e"), Err(Refusal::WouldBlock));
        assert!(!client.machine.needs_accept());
    }

    #[test]
    fn servers_are_greeted_but_not_probed_and_each_loss_is_told_of() {
        let mut client = Rig::with(SocketType::Client, |options| {
            options.hello_message = Some("hello".into());
            options.hiccup_message = Some("hiccup".into());
            options.probe_router = true;
        });
        assert_eq!(client.attach_as(0, dialled()), Ok(vec![]));
        assert_eq!(client.reattach(0), [greet(0, "hello")]);
        assert_eq!(client.suspend(0), [deliver(0, "hiccup")]);
        assert_eq!(client.detach(0), []);
    }
}
