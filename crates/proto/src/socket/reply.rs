//! REP (RFC 28): answers one request at a time, to whoever asked it.
//!
//! ```text
//!          receive: keep the envelope, hand out the body       send: envelope back on
//!   idle ------------------------------------------> answering -----------------> idle
//! ```
//!
//! The envelope is everything up to and with the first empty frame. A request without one is dropped whole. A reply
//! never waits: if the asker is gone or its queue is full, the reply is dropped and counted.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, greeting::Greeting, take_front};
use crate::{
    Frame, Loss, Message, Options,
    routing::{PeerId, PeerTable, Peers},
};

/// The rules of a REP socket.
#[derive(Debug)]
pub(super) struct Reply {
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
        self.greeting.attached(peer, facts, effects);
        Ok(())
    }

    fn greets(&self) -> Option<&Greeting> {
        Some(&self.greeting)
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
        if !delimiter.is_some_and(|at| take_front(&mut message, at + 1, &mut self.envelope)) {
            return Err(Loss::BadEnvelope);
        }
        // It is kept until the next request comes; nobody is to wait that long for memory that was lent.
        for frame in self.envelope.iter_mut().filter(|frame| frame.is_lent()) {
            *frame = Frame::copy_from(frame);
        }
        self.state = State::Answering(self.attached.get(from).map(|()| from));
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    #[test]
    fn the_envelope_of_the_request_is_put_on_the_reply() {
        let mut reply = Rig::new(SocketType::Rep);
        reply.attach(0);
        let first = "receive a request before the reply";
        assert_eq!(reply.send("early"), Err(Refusal::IllegalState(first)));
        for hops in 0..4 {
            let envelope: Vec<Frame> =
                (0..hops).map(|hop| Frame::from(format!("hop{hop}"))).chain([Frame::EMPTY]).collect();
            let request = envelope.iter().cloned().chain(["a", "", "b"].map(Frame::from));
            assert_eq!(reply.receive(0, request.collect::<Message>()), Ok(Message::from(["a", "", "b"])));
            let first = "send the reply before the next request";
            assert_eq!(reply.machine.may_receive(), Err(Refusal::IllegalState(first)));
            let whole = envelope.into_iter().chain([Frame::from("x")]).collect();
            assert_eq!(reply.send("x"), Ok(Sent::To(0, whole)));
        }
    }

    #[test]
    fn a_request_without_delimiter_or_body_is_dropped_whole() {
        let mut reply = Rig::new(SocketType::Rep);
        reply.attach(0);
        for malformed in [Message::from("a"), Message::from(""), Message::from(["a", "b"]), ["a", ""].into()]
        {
            assert_eq!(reply.receive(0, malformed), Err(Loss::BadEnvelope));
            assert_eq!(reply.machine.may_receive(), Ok(()));
        }
        assert_eq!(reply.receive(0, ["", "good"]), Ok("good".into()));
    }

    #[test]
    fn a_reply_never_waits_it_is_dropped_and_counted() {
        let mut reply = Rig::new(SocketType::Rep);
        reply.attach(0);
        reply.receive(0, ["", "a"]).unwrap();
        reply.full.0 = vec![0];
        assert_eq!(reply.send("x"), Ok(Sent::Dropped(Loss::HighWaterMark)));
        reply.receive(0, ["", "b"]).unwrap();
        reply.detach(0);
        assert_eq!(reply.send("y"), Ok(Sent::Dropped(Loss::Unroutable)));
        reply.receive(0, ["", "sent before it went"]).unwrap();
        assert_eq!(reply.send("z"), Ok(Sent::Dropped(Loss::Unroutable)));
        assert_eq!(reply.machine.may_receive(), Ok(()));
    }

    #[test]
    fn a_number_used_again_does_not_get_the_reply_of_its_former_owner() {
        let mut reply = Rig::new(SocketType::Rep);
        reply.attach(0);
        reply.receive(0, ["", "a"]).unwrap();
        reply.detach(0);
        reply.machine.forget(PeerId(0));
        reply.attach(0);
        assert_eq!(reply.send("x"), Ok(Sent::Dropped(Loss::Unroutable)));
    }
}
