//! What machines ask to be done besides routing, in two steps.
//!
//! ```text
//!   rules.lock { decide -> book }      what a peer is told, and what the application hears, takes its place in a queue
//!   apply                              system calls, wakes, other sockets: when nothing is locked
//! ```
//! Two threads may carry out in another order than they decided; what was booked stays in order all the same.

use super::*;

/// What is left to do after effects were booked.
#[derive(Default)]
#[must_use = "what was booked is to be applied"]
pub(crate) struct Booked {
    /// Peers that something is to be said to.
    said: Vec<Arc<Peer>>,
    /// Peers in whose name something was put where it is received.
    heard: Vec<Arc<Peer>>,
    /// Whether that is [`Core::reports`].
    reported: bool,
    /// The rest.
    others: Vec<Effect>,
}

impl Core {
    /// Books what the machine asked for; the rules are still locked. A peer that is about to leave is still listed.
    pub(super) fn book(&self, peers: &Directory, effects: Vec<Effect>) -> Booked {
        let mut booked = Booked::default();
        for effect in effects {
            match effect {
                Effect::Deliver { peer, message } => {
                    let Some(peer) = peers.get(peer) else { continue };
                    if self.kind == SocketType::Xpub {
                        self.reports.lock().push_back((peer.id, message));
                        booked.reported = true;
                    } else {
                        let _ = peer.inbox.push_beyond_limit(|cargo| cargo.push_message(&[], &message));
                        add(&mut booked.heard, peer);
                    }
                }
                Effect::Send { peer, message } => {
                    let Some(peer) = peers.get(peer) else { continue };
                    match &peer.link {
                        Link::Udp(_) => continue,
                        Link::Wire(wire) => wire.book(Control::Message(message)),
                        Link::Inproc(_) => {
                            let _ = peer.outbox.push_beyond_limit(|cargo| cargo.push_message(&[], &message));
                        }
                    }
                    add(&mut booked.said, peer);
                }
                Effect::Subscription { peer, topic, subscribe } => {
                    let Some(peer) = peers.get(peer) else { continue };
                    match &peer.link {
                        Link::Udp(_) => continue,
                        Link::Wire(wire) => {
                            wire.book_behind_messages(Control::Subscription { topic, subscribe }, peer);
                        }
                        Link::Inproc(_) => {
                            booked.say(peer, Word::Subscription { topic, subscribe });
                            continue;
                        }
                    }
                    add(&mut booked.said, peer);
                }
                Effect::Group { peer, group, join } => {
                    let Some(peer) = peers.get(peer) else { continue };
                    match &peer.link {
                        Link::Udp(_) => continue,
                        Link::Wire(wire) => wire.book(Control::Group { group, join }),
                        Link::Inproc(_) => {
                            booked.say(peer, Word::Group { group, join });
                            continue;
                        }
                    }
                    add(&mut booked.said, peer);
                }
                Effect::Lost(reason, count) => self.counters.lost(reason, count),
                Effect::Limit(..) | Effect::Disconnect(_) => booked.others.push(effect),
            }
        }
        booked
    }

    /// Carries out what was booked. No lock of this socket may be held.
    pub(crate) fn apply(&self, booked: Booked) {
        for peer in &booked.said {
            match &peer.link {
                Link::Udp(_) => {}
                Link::Wire(wire) => wire.schedule(),
                Link::Inproc(_) => {
                    if !peer.outbox.is_empty() {
                        kick(peer);
                    }
                    self.pass_on(peer);
                }
            }
        }
        for peer in &booked.heard {
            self.activate(peer.id);
        }
        if booked.reported {
            self.lock_incoming().fetch(&self.reports);
            self.readable.notify();
        }
        for effect in booked.others {
            match effect {
                Effect::Limit(peer, limit) => {
                    self.counters.met(limit);
                    if let Some(wire) = self.peer(peer).as_ref().and_then(|peer| peer.wire()) {
                        wire.tell_of_limit(limit);
                    }
                }
                Effect::Disconnect(peer) => {
                    if let Some(peer) = self.peer(peer) {
                        self.hang_up(&peer);
                    }
                }
                _ => {}
            }
        }
    }

    /// Tells a publisher in this process what was booked for it. One thread at a time does this; others leave it to that
    /// one, for it may be in the middle of another socket.
    pub(crate) fn pass_on(&self, peer: &Arc<Peer>) {
        let (Link::Inproc(within), Some((core, end))) = (&peer.link, peer.other_end()) else { return };
        let told = within.tell(|word| match word {
            Word::Subscription { topic, subscribe } => core.subscription(&end, &topic, subscribe),
            Word::Group { group, join: true } => core.upstream(&end, Upstream::Join(&group)),
            Word::Group { group, join: false } => core.upstream(&end, Upstream::Leave(&group)),
            Word::Message(message) => core.upstream(&end, Upstream::Message(message)),
        });
        if told {
            // Somebody may wait for a confirmation.
            self.changed.notify_fenced();
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

impl Booked {
    /// Books something for a publisher in this process.
    pub(super) fn say(&mut self, peer: &Arc<Peer>, word: Word) {
        if let Link::Inproc(within) = &peer.link {
            within.book(word);
            add(&mut self.said, peer);
        }
    }
}

/// Adds a peer, which is often the one that was added last.
fn add(peers: &mut Vec<Arc<Peer>>, peer: &Arc<Peer>) {
    if peers.last().is_none_or(|last| !Arc::ptr_eq(last, peer)) {
        peers.push(peer.clone());
    }
}
