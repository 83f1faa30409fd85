//! REQ (RFC 28): asks one peer at a time and waits for the answer of that peer.
//!
//! ```text
//!            send -> peer P                        reply of P
//!   idle -----------------------> waiting for P ----------------> idle
//!                                   | ^   send, only if relaxed: waits for the new peer instead
//!                                   '-'
//! ```
//!
//! On the wire: `"" body`, or with `req_correlate`: `number "" body`. A reply that does not fit is dropped. If P is gone,
//! its reply will not come and nobody else's is taken (unlike libzmq, which then takes anyone's): a relaxed REQ asks again.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, greeting::Greeting};
use crate::{
    Frame, Loss, Message, Options,
    routing::{LoadBalance, PeerId, PeerTable, Peers},
};

/// The rules of a REQ socket.
#[derive(Debug)]
pub(super) struct Request {
    balance: LoadBalance,
    state: State,
    /// `number ""`; the number is that of the last request.
    envelope: [Frame; 2],
    number: u32,
    correlate: bool,
    relaxed: bool,
    greeting: Greeting,
    /// Whether the peer is in this process.
    local: PeerTable<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    /// The peer, and whether the request was numbered. Without a peer: the number of the one asked was given away.
    Waiting {
        asked: Option<PeerId>,
        numbered: bool,
    },
}

impl Request {
    pub(super) fn new(options: &Options, seed: u32) -> Self {
        Self {
            balance: LoadBalance::new(),
            state: State::Idle,
            envelope: [Frame::EMPTY, Frame::EMPTY],
            number: seed,
            correlate: options.req_correlate,
            relaxed: options.req_relaxed,
            greeting: Self::greeting(options),
            local: PeerTable::new(),
        }
    }

    /// A hello would look like a request to a REP; only probes are sent.
    fn greeting(options: &Options) -> Greeting {
        Greeting { hello: None, probe: options.probe_router }
    }

    /// How many frames stand before the body of a reply: `""`, or four octets and `""`.
    fn envelope_of(reply: &Message) -> Option<usize> {
        match reply.frames() {
            [delimiter, _, ..] if delimiter.is_empty() => Some(1),
            [number, delimiter, _, ..] if number.len() == 4 && delimiter.is_empty() => Some(2),
            _ => None,
        }
    }
}

impl Rules for Request {
    fn configure(&mut self, options: &Options) {
        (self.correlate, self.relaxed) = (options.req_correlate, options.req_relaxed);
        self.greeting = Self::greeting(options);
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.balance.insert(peer);
        self.local.insert(peer, facts.local);
        self.greeting.attached(peer, facts, effects);
        Ok(())
    }

    fn greets(&self) -> Option<&Greeting> {
        Some(&self.greeting)
    }

    fn detach(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        self.balance.remove(peer);
    }

    fn forget(&mut self, peer: PeerId) {
        self.local.remove(peer);
        if let State::Waiting { asked, .. } = &mut self.state
            && *asked == Some(peer)
        {
            *asked = None;
        }
    }

    #[inline]
    fn route(
        &mut self,
        _: &mut Message,
        peers: &impl Peers,
        _: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        if self.state != State::Idle && !self.relaxed {
            return Err(Refusal::IllegalState("receive the reply before the next request"));
        }
        let peer = self.balance.pick(peers).ok_or(Refusal::WouldBlock)?;
        self.state = State::Waiting { asked: Some(peer), numbered: self.correlate };
        if !self.correlate {
            return Ok(Route::One { peer, envelope: &[Frame::EMPTY] });
        }
        self.number = self.number.wrapping_add(1);
        self.envelope = [Frame::from(&self.number.to_be_bytes()), Frame::EMPTY];
        Ok(Route::One { peer, envelope: &self.envelope })
    }

    fn may_receive(&self) -> Result<(), Refusal> {
        match self.state {
            State::Idle => Err(Refusal::IllegalState("send a request before receiving")),
            State::Waiting { .. } => Ok(()),
        }
    }

    fn needs_accept(&self) -> bool {
        true
    }

    fn accept(
        &mut self,
        from: PeerId,
        mut message: Message,
        effects: &mut Vec<Effect>,
    ) -> Result<Message, Loss> {
        let Some(frames) = Self::envelope_of(&message) else {
            // RFC 28 leaves such a peer no meaning; within a process it is the application's own and only skipped.
            if self.local.get(from) == Some(&false) {
                effects.push(Effect::Disconnect(from));
            }
            return Err(Loss::BadEnvelope);
        };
        let State::Waiting { asked: Some(asked), numbered } = self.state else { return Err(Loss::Stale) };
        let number = if frames == 2 { message.frames().first() } else { None };
        let expected = if numbered { self.envelope.first() } else { None };
        if from != asked || number != expected {
            return Err(Loss::Stale);
        }
        (0..frames).for_each(|_| drop(message.pop_front()));
        self.state = State::Idle;
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    fn asked(options: impl FnOnce(&mut Options)) -> Rig {
        let mut request = Rig::with(SocketType::Req, options);
        request.attach(0);
        request.attach(1);
        request
    }

    #[test]
    fn one_request_then_its_reply_then_the_next_peer() {
        let mut request = asked(|_| {});
        let first = "send a request before receiving";
        assert_eq!(request.machine.may_receive(), Err(Refusal::IllegalState(first)));
        assert_eq!(request.send("a"), Ok(Sent::To(0, Message::from(["", "a"]))));
        let first = "receive the reply before the next request";
        assert_eq!(request.send("b"), Err(Refusal::IllegalState(first)));
        assert_eq!(request.machine.may_receive(), Ok(()));
        assert_eq!(request.receive(0, ["", "x", "y"]), Ok(Message::from(["x", "y"])));
        assert!(request.machine.may_receive().is_err());
        assert_eq!(request.send("b"), Ok(Sent::To(1, Message::from(["", "b"]))));
    }

    #[test]
    fn a_request_that_nobody_can_take_leaves_the_state_alone() {
        let mut request = asked(|_| {});
        request.full.0 = vec![0, 1];
        assert_eq!(request.send("a"), Err(Refusal::WouldBlock));
        request.full.0.clear();
        assert_eq!(request.send("a"), Ok(Sent::To(0, Message::from(["", "a"]))));
    }

    #[test]
    fn only_the_peer_that_was_asked_may_answer() {
        let mut request = asked(|_| {});
        assert_eq!(request.receive(1, ["", "unasked"]), Err(Loss::Stale));
        request.send("a").unwrap();
        assert_eq!(request.receive(1, ["", "not you"]), Err(Loss::Stale));
        assert_eq!(request.receive(0, ["1234", "", "numbered"]), Err(Loss::Stale));
        assert_eq!(request.receive(0, ["", "yes"]), Ok("yes".into()));
    }

    #[test]
    fn a_reply_without_delimiter_costs_a_remote_peer_its_connection_and_a_local_one_nothing() {
        let mut request = asked(|_| {});
        request.attach_as(2, Facts { local: true, ..Facts::default() }).unwrap();
        request.send("a").unwrap();
        for malformed in [Message::from("x"), Message::from(""), Message::from(["x", "", "y"])] {
            assert_eq!(request.receive(0, malformed.clone()), Err(Loss::BadEnvelope));
            assert_eq!(request.effects(), [Effect::Disconnect(PeerId(0))]);
            assert_eq!(request.receive(2, malformed), Err(Loss::BadEnvelope));
            assert_eq!(request.effects(), []);
        }
    }

    #[test]
    fn correlated_requests_are_numbered_and_other_numbers_are_stale() {
        let mut request = asked(|options| options.req_correlate = true);
        let number = (SEED + 1).to_be_bytes();
        let envelope = [Frame::from(&number), Frame::EMPTY, Frame::from("a")];
        assert_eq!(request.send("a"), Ok(Sent::To(0, Message::from(envelope))));
        assert_eq!(request.receive(0, ["", "unnumbered"]), Err(Loss::Stale));
        assert_eq!(request.receive(0, ["0000", "", "other"]), Err(Loss::Stale));
        let reply = [Frame::from(&number), Frame::EMPTY, Frame::from("x")];
        assert_eq!(request.receive(0, reply), Ok("x".into()));
    }

    #[test]
    fn a_relaxed_request_replaces_the_one_before() {
        let mut request = asked(|options| options.req_relaxed = true);
        request.send("a").unwrap();
        assert_eq!(request.send("b"), Ok(Sent::To(1, Message::from(["", "b"]))));
        assert_eq!(request.receive(0, ["", "to a"]), Err(Loss::Stale));
        assert_eq!(request.receive(1, ["", "to b"]), Ok("to b".into()));
        assert!(request.machine.forgets_received_on_send());
    }

    #[test]
    fn when_the_asked_peer_is_gone_nobody_else_answers_in_its_place() {
        let mut request = asked(|_| {});
        request.send("a").unwrap();
        request.detach(0);
        assert_eq!(request.receive(1, ["", "I could"]), Err(Loss::Stale));
        request.machine.forget(PeerId(0));
        request.attach(0);
        assert_eq!(request.receive(0, ["", "same number, other peer"]), Err(Loss::Stale));
        request.configure(|options| options.req_relaxed = true);
        assert_eq!(request.send("b"), Ok(Sent::To(1, Message::from(["", "b"]))));
    }

    #[test]
    fn a_reply_that_came_before_its_peer_went_is_still_good() {
        let mut request = asked(|_| {});
        request.send("a").unwrap();
        request.detach(0);
        assert_eq!(request.receive(0, ["", "x"]), Ok("x".into()));
    }
}
