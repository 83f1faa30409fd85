//! ROUTER (RFC 28): talks to each peer by name. Puts the name before what it receives, sends to the name in frame one.
//!
//! Names are local. A peer is known by, in this order: what our application called the connection
//! (`connect_routing_id`), what the peer asked for, or a name that we generate. One name, one peer: a newcomer with a
//! taken name is refused, or with `router_handover` takes it and the former owner is disconnected.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, behind, greeting::Greeting};
use crate::{
    Frame, Loss, Message, Options,
    options::RouterNotify,
    routing::{Names, PeerId, PeerTable, Peers},
};

/// The rules of a ROUTER socket.
#[derive(Debug)]
pub struct Router {
    names: Names,
    peers: PeerTable<Named>,
    mandatory: bool,
    handover: bool,
    notify: RouterNotify,
    greeting: Greeting,
    /// What the application is told when a peer that came to us goes.
    disconnect: Option<Frame>,
}

#[derive(Debug)]
struct Named {
    /// None until the handshake of a connection without a name of ours. Stays when the peer is detached: what it sent is
    /// still delivered under it.
    name: Option<Frame>,
    origin: Origin,
    connected: bool,
    initiated: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    Application,
    Peer,
    Generated,
}

impl Router {
    pub(super) fn new(options: &Options, seed: u32) -> Self {
        Self {
            names: Names::new(seed),
            peers: PeerTable::new(),
            mandatory: options.router_mandatory,
            handover: options.router_handover,
            notify: options.router_notify,
            greeting: Greeting::new(options),
            disconnect: options.disconnect_message.clone(),
        }
    }

    /// Finds the name of a new peer, or the new name of a known one.
    fn name(
        &mut self,
        peer: PeerId,
        facts: &Facts<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<(Frame, Origin)>, Refused> {
        if let Some(name) = facts.connect_routing_id {
            if self.names.find(name).is_some_and(|owner| owner != peer) {
                return Err(Refused::NameTaken);
            }
            self.names.assign(name, peer);
            return Ok(Some((name.clone(), Origin::Application)));
        }
        if !facts.connected {
            return Ok(None);
        }
        if facts.routing_id.is_empty() {
            return Ok(Some((self.names.generate(peer), Origin::Generated)));
        }
        self.claim(facts.routing_id, peer, effects)?;
        Ok(Some((facts.routing_id.clone(), Origin::Peer)))
    }

    /// Gives a peer the name it asks for.
    fn claim(&mut self, name: &Frame, peer: PeerId, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        match self.names.find(name) {
            Some(owner) if owner == peer => return Ok(()),
            Some(_) if !self.handover => return Err(Refused::NameTaken),
            Some(owner) => {
                // It keeps its entry, so that what it has sent still arrives, but no notice: its name lives on.
                if let Some(entry) = self.peers.get_mut(owner) {
                    entry.connected = false;
                }
                effects.push(Effect::Disconnect(owner));
            }
            None => {}
        }
        self.names.assign(name, peer);
        Ok(())
    }

    fn welcome(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.peers.get_mut(peer) {
            entry.connected = true;
        }
        if self.notify.connect {
            effects.push(Effect::Deliver { peer, message: Message::new() });
        }
        self.greeting.send(peer, effects);
    }

    /// Reports a lost connection, once.
    fn farewell(&mut self, peer: PeerId, last: bool, effects: &mut Vec<Effect>) {
        let Some(entry) = self.peers.get_mut(peer) else { return };
        if !std::mem::take(&mut entry.connected) {
            return;
        }
        if self.notify.disconnect {
            effects.push(Effect::Deliver { peer, message: Message::new() });
        }
        if let Some(text) = &self.disconnect
            && last
            && !entry.initiated
        {
            effects.push(Effect::Deliver { peer, message: Message::from(text.clone()) });
        }
    }
}

impl Rules for Router {
    fn configure(&mut self, options: &Options) {
        (self.mandatory, self.handover) = (options.router_mandatory, options.router_handover);
        self.notify = options.router_notify;
        self.greeting = Greeting::new(options);
        self.disconnect.clone_from(&options.disconnect_message);
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        let (name, origin) = self.name(peer, facts, effects)?.unzip();
        let origin = origin.unwrap_or(Origin::Generated);
        self.peers.insert(peer, Named { name, origin, connected: false, initiated: facts.initiated });
        if facts.connected {
            self.welcome(peer, effects);
        }
        Ok(())
    }

    fn reattach(
        &mut self,
        peer: PeerId,
        facts: &Facts<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        let Some(entry) = self.peers.get(peer) else { return Ok(()) };
        let asks_anew = !facts.routing_id.is_empty() && entry.name.as_ref() != Some(facts.routing_id);
        let former = entry.name.clone();
        let named = match (&former, entry.origin) {
            (None, _) => self.name(peer, &Facts { connected: true, ..*facts }, effects)?,
            // Somebody else answers at the same address: what it is asked is addressed to its own name from now on.
            (Some(_), Origin::Peer | Origin::Generated) if asks_anew => {
                self.claim(facts.routing_id, peer, effects)?;
                Some((facts.routing_id.clone(), Origin::Peer))
            }
            _ => None,
        };
        if let Some((name, origin)) = named {
            if let Some(former) = former {
                self.names.release(&former, peer);
            }
            if let Some(entry) = self.peers.get_mut(peer) {
                (entry.name, entry.origin) = (Some(name), origin);
            }
        }
        self.welcome(peer, effects);
        Ok(())
    }

    fn suspend(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.farewell(peer, false, effects);
    }

    fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.farewell(peer, true, effects);
        if let Some(name) = self.peers.get(peer).and_then(|entry| entry.name.as_ref()) {
            self.names.release(name, peer);
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
        let Some(peer) = self.names.find(message.body()) else {
            return if self.mandatory {
                Err(Refusal::Unroutable)
            } else {
                Ok(Route::Dropped(Loss::Unroutable))
            };
        };
        if !message.is_multipart() {
            return Ok(Route::Dropped(Loss::BadEnvelope));
        }
        if !peers.has_room(peer) {
            return if self.mandatory {
                Err(Refusal::WouldBlock)
            } else {
                Ok(Route::Dropped(Loss::HighWaterMark))
            };
        }
        message.pop_front();
        Ok(Route::One { peer, envelope: &[] })
    }

    fn needs_accept(&self) -> bool {
        true
    }

    fn accept(&mut self, from: PeerId, message: Message, _: &mut Vec<Effect>) -> Result<Message, Loss> {
        let name = self.peers.get(from).and_then(|entry| entry.name.as_ref()).ok_or(Loss::Unroutable)?;
        Ok(behind(name, message))
    }

    fn peer_named(&self, routing_id: &[u8]) -> Option<PeerId> {
        self.names.find(routing_id)
    }

    fn routing_id_of(&self, peer: PeerId) -> Option<&Frame> {
        self.peers.get(peer)?.name.as_ref()
    }
}
