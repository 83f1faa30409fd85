//! What machines ask to be done besides routing.

use super::*;

impl Core {
    /// Carries out what the machine asked for. No lock of this socket may be held.
    pub(crate) fn apply(&self, effects: Vec<Effect>) {
        self.apply_for(effects, None);
    }

    /// As [`Core::apply`]; `leaving` is a peer that is no longer listed.
    pub(super) fn apply_for(&self, effects: Vec<Effect>, leaving: Option<&Peer>) {
        for effect in effects {
            match effect {
                Effect::Deliver { peer, message } if leaving.is_some_and(|leaving| leaving.id == peer) => {
                    // Its lane may have been closed from the other side.
                    self.incoming.lock().add_last(peer, &message);
                }
                Effect::Deliver { peer, message } => {
                    if let Some(peer) = self.peer(peer) {
                        let _ = peer.inbox.push_beyond_limit(|cargo| cargo.push_message(&[], &message));
                        self.activate(peer.id);
                    }
                }
                Effect::Send { peer, message } => {
                    if let Some(peer) = self.peer(peer) {
                        match &peer.link {
                            Link::Wire(wire) => wire.control(Control::Message(message)),
                            Link::Inproc(_) => {
                                let _ =
                                    peer.outbox.push_beyond_limit(|cargo| cargo.push_message(&[], &message));
                                kick(&peer);
                            }
                        }
                    }
                }
                Effect::Subscription { peer, topic, subscribe } => {
                    if let Some(peer) = self.peer(peer) {
                        match &peer.link {
                            Link::Wire(wire) => wire.control(Control::Subscription { topic, subscribe }),
                            Link::Inproc(_) => {
                                if let Some((core, end)) = peer.other_end() {
                                    let what = if subscribe { Upstream::Subscribe } else { Upstream::Cancel };
                                    core.upstream(&end, what(&topic));
                                }
                            }
                        }
                    }
                }
                Effect::Disconnect(peer) => {
                    if let Some(peer) = self.peer(peer) {
                        self.hang_up(&peer);
                    }
                }
                Effect::Lost(reason, count) => self.counters.lost(reason, count),
            }
        }
    }

    /// Whether this very peer is still one of this socket's.
    pub(crate) fn lists(&self, peer: &Peer) -> bool {
        self.rules.lock().peers.lists(peer)
    }

    pub(crate) fn peer(&self, peer: PeerId) -> Option<Arc<Peer>> {
        self.rules.lock().peers.get(peer).cloned()
    }
}
