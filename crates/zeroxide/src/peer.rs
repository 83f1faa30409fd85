//! One peer as a socket sees it: a lane out, a lane in, and the link that moves them.
//!
//! ```text
//!   send -> outbox ==> link ==> wire, or the other socket's inbox (inproc: the very same lane)
//!   recv <- inbox  <== link <==
//! ```
//! A peer made by `connect` outlives its connections: while the link is down, the outbox keeps what was sent.

use crate::{
    link::{Datagrams, Wire},
    origin::Origin,
    socket::core::Core,
    sync::Mutex,
};
use std::{
    collections::VecDeque,
    ops::{Deref, DerefMut},
    sync::{Arc, OnceLock, Weak, atomic::AtomicBool},
};
use zeroxide_pipe::{Carry, Lane};
use zeroxide_proto::{Batch, Frame, Message, PeerId};

/// A [`Batch`] as lanes carry it.
#[derive(Default, Debug)]
pub(crate) struct Cargo(pub(crate) Batch);

impl Carry for Cargo {
    #[inline]
    fn messages(&self) -> usize {
        self.0.messages()
    }
    #[inline]
    fn size(&self) -> usize {
        self.0.size()
    }
    fn clear(&mut self) {
        self.0.clear();
    }
    fn follow(&mut self, full: &Self) {
        self.0.follow(&full.0);
    }
}

impl Deref for Cargo {
    type Target = Batch;
    #[inline]
    fn deref(&self) -> &Batch {
        &self.0
    }
}

impl DerefMut for Cargo {
    #[inline]
    fn deref_mut(&mut self) -> &mut Batch {
        &mut self.0
    }
}

/// The lanes and the link of one peer of one socket.
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    pub(crate) core: Weak<Core>,
    pub(crate) outbox: Arc<Lane<Cargo>>,
    pub(crate) inbox: Arc<Lane<Cargo>>,
    pub(crate) link: Link,
    /// Counted among the connections that are up.
    pub(crate) up: AtomicBool,
    /// What is known of the other side since its connection was up.
    pub(crate) origin: Mutex<Origin>,
}

/// How the lanes of a peer reach the other side.
pub(crate) enum Link {
    /// Over a connection of the operating system.
    Wire(Box<Wire>),
    /// Over nothing: each outbox is the other's inbox.
    Inproc(Within),
    /// By datagrams of a UDP socket.
    Udp(Box<Datagrams>),
}

/// A link within the process.
#[derive(Default)]
pub(crate) struct Within {
    pub(crate) other: OnceLock<Other>,
    words: Mutex<Words>,
}

/// What is on its way into the rules of a publisher in this process.
#[derive(Default)]
struct Words {
    waiting: VecDeque<Word>,
    /// A thread is at it.
    telling: bool,
}

/// Something that a subscriber tells a publisher in this process, in the order in which it was decided.
pub(crate) enum Word {
    Subscription { topic: Frame, subscribe: bool },
    Group { group: Frame, join: bool },
    Message(Message),
}

impl Within {
    pub(crate) fn book(&self, word: Word) {
        self.words.lock().waiting.push_back(word);
    }

    /// Whether all that was booked has been told.
    pub(crate) fn is_silent(&self) -> bool {
        let words = self.words.lock();
        words.waiting.is_empty() && !words.telling
    }

    /// Tells what is booked, until nothing is; false if there is nothing, or another thread is at it. Nothing is locked
    /// while `tell` runs.
    pub(crate) fn tell(&self, mut tell: impl FnMut(Word)) -> bool {
        {
            let mut words = self.words.lock();
            if words.telling || words.waiting.is_empty() {
                return false;
            }
            words.telling = true;
        }
        loop {
            let next = {
                let mut words = self.words.lock();
                let next = words.waiting.pop_front();
                words.telling = next.is_some();
                next
            };
            match next {
                Some(word) => tell(word),
                None => return true,
            }
        }
    }
}

/// The other end of an inproc pair.
pub(crate) struct Other {
    pub(crate) core: Weak<Core>,
    pub(crate) peer: PeerId,
    /// The peer itself: its number may be somebody else's once it has left.
    pub(crate) end: Weak<Peer>,
    /// The name by which this side connected.
    pub(crate) name: Option<String>,
}

impl Peer {
    pub(crate) fn wire(&self) -> Option<&Wire> {
        match &self.link {
            Link::Wire(wire) => Some(wire),
            Link::Inproc(_) | Link::Udp(_) => None,
        }
    }

    /// Whether the other side is in this process.
    pub(crate) fn is_within(&self) -> bool {
        matches!(self.link, Link::Inproc(_))
    }

    /// The other end, where it is in this process and still there.
    pub(crate) fn other(&self) -> Option<(Arc<Core>, PeerId)> {
        match &self.link {
            Link::Wire(_) | Link::Udp(_) => None,
            Link::Inproc(within) => {
                within.other.get().and_then(|other| Some((other.core.upgrade()?, other.peer)))
            }
        }
    }

    /// As [`Peer::other`], with the peer itself.
    pub(crate) fn other_end(&self) -> Option<(Arc<Core>, Arc<Peer>)> {
        match &self.link {
            Link::Wire(_) | Link::Udp(_) => None,
            Link::Inproc(within) => {
                within.other.get().and_then(|other| Some((other.core.upgrade()?, other.end.upgrade()?)))
            }
        }
    }

    /// The inbox has room again: whoever waited for that, to read or to send, goes on. Locks nothing may be held, since
    /// this makes system calls and wakes others.
    pub(crate) fn tell_of_room(&self) {
        match &self.link {
            Link::Wire(wire) => {
                let core = self.core.upgrade();
                if wire.is_paused()
                    && let Some(core) = &core
                    && core.seat.entrust(core, self)
                {
                    return;
                }
                if wire.resume()
                    && let Some(core) = core
                {
                    core.seat.links_changed();
                }
            }
            Link::Inproc(_) => {
                if let Some((core, _)) = self.other() {
                    core.writable.notify_fenced();
                }
            }
            // Nobody waits: what found no room is lost.
            Link::Udp(_) => {}
        }
    }

    /// Whether this side connected to this name in the process.
    pub(crate) fn connected_to(&self, name: &str) -> bool {
        match &self.link {
            Link::Wire(_) | Link::Udp(_) => false,
            Link::Inproc(within) => {
                within.other.get().is_some_and(|other| other.name.as_deref() == Some(name))
            }
        }
    }
}
