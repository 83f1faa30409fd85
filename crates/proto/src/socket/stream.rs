//! STREAM: talks to plain TCP peers. `id data` in both directions; `id ""` comes when a connection comes or goes, and
//! closes it when sent.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, behind};
use crate::{
    Frame, Loss, Message, Options,
    routing::{Names, PeerId, PeerTable, Peers},
};

/// The rules of a STREAM socket.
#[derive(Debug)]
pub(super) struct Stream {
    names: Names,
    peers: PeerTable<Named>,
    /// Who came last.
    latest: Option<Frame>,
    notify: bool,
}

#[derive(Debug)]
struct Named {
    name: Frame,
    connected: bool,
}

impl Stream {
    pub(super) fn new(options: &Options, seed: u32) -> Self {
        Self { names: Names::new(seed), peers: PeerTable::new(), latest: None, notify: options.stream_notify }
    }

    fn tell(&self, peer: PeerId, effects: &mut Vec<Effect>) {
        if self.notify {
            effects.push(Effect::Deliver { peer, message: Message::new() });
        }
    }
}

impl Rules for Stream {
    fn configure(&mut self, options: &Options) {
        self.notify = options.stream_notify;
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        let name = match facts.connect_routing_id {
            Some(name) if self.names.find(name).is_some_and(|owner| owner != peer) => {
                return Err(Refused::NameTaken);
            }
            Some(name) => {
                self.names.assign(name, peer);
                name.clone()
            }
            None => self.names.generate(peer),
        };
        self.latest = Some(name.clone());
        self.peers.insert(peer, Named { name, connected: facts.connected });
        if facts.connected {
            self.tell(peer, effects);
        }
        Ok(())
    }

    fn reattach(&mut self, peer: PeerId, _: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        if let Some(entry) = self.peers.get_mut(peer) {
            entry.connected = true;
            self.tell(peer, effects);
        }
        Ok(())
    }

    fn suspend(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        let was = self.peers.get_mut(peer).map(|entry| std::mem::take(&mut entry.connected));
        if was == Some(true) {
            self.tell(peer, effects);
        }
    }

    fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.suspend(peer, effects);
        if let Some(entry) = self.peers.get(peer) {
            self.names.release(&entry.name, peer);
        }
    }

    fn forget(&mut self, peer: PeerId) {
        self.peers.remove(peer);
    }

    fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        _: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        let [name, data, more @ ..] = message.frames() else { return Err(Refusal::Invalid) };
        let (name, closes) = (name.as_slice(), data.is_empty() && more.is_empty());
        let peer = self.names.find(name).ok_or(Refusal::Unroutable)?;
        if closes {
            // Our own doing is not reported back, and nothing can follow the end.
            self.names.release(name, peer);
            if let Some(entry) = self.peers.get_mut(peer) {
                entry.connected = false;
            }
            return Ok(Route::Close { peer });
        }
        if !peers.has_room(peer) {
            return Err(Refusal::WouldBlock);
        }
        message.pop_front();
        Ok(Route::One { peer, envelope: &[] })
    }

    fn needs_accept(&self) -> bool {
        true
    }

    fn accept(&mut self, from: PeerId, message: Message, _: &mut Vec<Effect>) -> Result<Message, Loss> {
        let entry = self.peers.get(from).ok_or(Loss::Unroutable)?;
        Ok(behind(&entry.name, message))
    }

    fn peer_named(&self, routing_id: &[u8]) -> Option<PeerId> {
        self.names.find(routing_id)
    }

    fn latest_name(&self) -> Option<&Frame> {
        self.latest.as_ref()
    }

    fn routing_id_of(&self, peer: PeerId) -> Option<&Frame> {
        Some(&self.peers.get(peer)?.name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    #[test]
    fn a_connection_is_announced_spoken_with_and_closed() {
        let mut stream = Rig::new(SocketType::Stream);
        assert_eq!(stream.attach(0), [deliver(0, "")]);
        assert_eq!(stream.receive(0, ""), Ok(Message::from([id(SEED), Frame::EMPTY])));
        assert_eq!(stream.receive(0, "GET /"), Ok(Message::from([id(SEED), "GET /".into()])));
        assert_eq!(stream.send([id(SEED), "200".into()]), Ok(Sent::To(0, "200".into())));
        assert_eq!(stream.send([id(SEED), Frame::EMPTY]), Ok(Sent::Closed(0)));
        assert_eq!(stream.send([id(SEED), "more".into()]), Err(Refusal::Unroutable));
        assert_eq!(stream.detach(0), [], "what we did is not told to us");
    }

    #[test]
    fn a_lost_connection_is_announced_unless_that_is_switched_off() {
        let mut stream = Rig::new(SocketType::Stream);
        stream.attach(0);
        assert_eq!(stream.detach(0), [deliver(0, "")]);
        assert_eq!(stream.receive(0, ""), Ok(Message::from([id(SEED), Frame::EMPTY])));
        stream.configure(|options| options.stream_notify = false);
        assert_eq!((stream.attach(1), stream.detach(1)), (vec![], vec![]));
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let mut stream = Rig::new(SocketType::Stream);
        stream.attach(0);
        assert_eq!(stream.send("no data"), Err(Refusal::Invalid));
        assert_eq!(stream.send(["nobody", "data"]), Err(Refusal::Unroutable));
        stream.full.0 = vec![0];
        assert_eq!(stream.send([id(SEED), "data".into()]), Err(Refusal::WouldBlock));
    }

    #[test]
    fn a_dialled_peer_has_its_name_before_it_is_connected() {
        let mut stream = Rig::new(SocketType::Stream);
        let name = Frame::from("web");
        let facts = Facts { connect_routing_id: Some(&name), ..dialled() };
        assert_eq!(stream.attach_as(0, facts), Ok(vec![]));
        assert_eq!(stream.send(["web", "data"]), Ok(Sent::To(0, "data".into())));
        assert_eq!(stream.reattach(0), [deliver(0, "")]);
        assert_eq!(stream.attach_as(1, facts), Err(Refused::NameTaken));
    }
}
