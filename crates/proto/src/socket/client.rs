//! CLIENT (RFC 41): asks servers in turn, takes answers from all; as DEALER, with messages of one frame.

use super::{Dealer, Effect, Facts, Refusal, Refused, Route, Rules, greeting::Greeting, one_frame};
use crate::{
    Message, Options,
    routing::{PeerId, Peers},
};

/// The rules of a CLIENT socket: a DEALER's for messages of one frame. Servers are not probed.
#[derive(Debug)]
pub(super) struct Client(Dealer);

impl Client {
    pub(super) fn new(options: &Options) -> Self {
        Self(Dealer::new(&without_probe(options)))
    }
}

/// Only ROUTERs are probed, and none is among the peers.
fn without_probe(options: &Options) -> Options {
    Options { probe_router: false, ..options.clone() }
}

impl Rules for Client {
    fn configure(&mut self, options: &Options) {
        self.0.configure(&without_probe(options));
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.0.attach(peer, facts, effects)
    }

    fn greets(&self) -> Option<&Greeting> {
        self.0.greets()
    }

    fn suspend(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.0.suspend(peer, effects);
    }

    fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.0.detach(peer, effects);
    }

    #[inline]
    fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        one_frame(message)?;
        self.0.route(message, peers, targets)
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
