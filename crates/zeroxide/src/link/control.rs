//! What is said between messages: signs of life, subscriptions, greetings, and receipts for them.

use super::*;

/// Something to say between messages; turned into octets by whoever writes, in the version the peer speaks.
#[derive(Debug)]
pub(crate) enum Control {
    Ping {
        ttl: u16,
    },
    Pong(Vec<u8>),
    /// Asks for a sign that all said before has been read; see [`Receipts`].
    Receipt {
        number: u64,
        ttl: u16,
    },
    Subscription {
        topic: Frame,
        subscribe: bool,
    },
    Group {
        group: Frame,
        join: bool,
    },
    /// A message for this connection only, before all that is queued: a greeting, a probe.
    Message(Message),
    /// Messages that were sent before what follows here; they have their room in the outbox still.
    Queued(Batch),
}

/// Whether the peer has read what was said to it. What is asked has a number; a PING carries it, and the PONG brings it
/// back. For a peer without PINGs it must do that the octets are written.
#[derive(Default)]
pub(super) struct Receipts {
    pub(super) asked: AtomicU64,
    pub(super) got: AtomicU64,
}

impl Wire {
    /// Says something between messages, as soon as the connection takes it.
    pub(crate) fn control(&self, control: Control) {
        self.book(control);
        self.schedule();
    }

    /// Puts something in the queue of what is said between messages; [`Wire::schedule`] is to be called when nothing is
    /// locked.
    pub(crate) fn book(&self, control: Control) {
        let mut said = self.control.lock();
        said.push_back(control);
        self.has_control.store(true, Release);
    }

    /// As [`Wire::book`], behind all messages that were sent before, if the link [keeps that order](Wire::in_order). They
    /// leave the outbox for the queue, and keep their room there until they are written.
    pub(crate) fn book_behind_messages(&self, control: Control, peer: &Peer) {
        let mut said = self.control.lock();
        let mut cargo = Cargo::default();
        while self.keeps_order && peer.outbox.take_into(&mut cargo) {
            said.push_back(Control::Queued(std::mem::take(&mut cargo).0));
        }
        said.push_back(control);
        self.has_control.store(true, Release);
    }

    /// What is to be said next, and the messages behind it, which go to `cargo`; and whether there is room for others now.
    /// Nobody books anything meanwhile: a subscription that is not seen is not older than a message that is.
    pub(super) fn take_in_order(
        &self,
        unsent: &mut Batch,
        peer: &Peer,
        cargo: &mut Cargo,
    ) -> (VecDeque<Control>, bool) {
        let (mut now, mut said) = (VecDeque::new(), self.control.lock());
        while let Some(control) = said.pop_front() {
            if let Control::Queued(batch) = control {
                self.has_control.store(!said.is_empty(), Release);
                let room = peer.outbox.credit(batch.messages()).resume;
                *cargo = Cargo(batch);
                return (now, room);
            }
            now.push_back(control);
        }
        self.has_control.store(false, Release);
        let room = take_messages(unsent, peer, cargo);
        (now, room)
    }

    /// The connection has ended. What is to be said is for it alone; messages stay. Says whether there is room for others now.
    pub(super) fn forget_said(&self, unsent: &mut Batch, peer: &Peer) -> bool {
        let (mut room, mut said) = (false, self.control.lock());
        for control in said.drain(..) {
            if let Control::Queued(batch) = control {
                room |= peer.outbox.credit(batch.messages()).resume;
                unsent.append(batch);
            }
        }
        room
    }

    /// Sees to it that a receipt of all that was said so far is asked for, by a number that grows; says whether it has
    /// come. One is under way at a time: whoever waits for another looks again when something changed.
    pub(crate) fn receipt(&self, number: u64, ttl: u16) -> bool {
        let got = self.receipts.got.load(Acquire);
        let asked = self.receipts.asked.load(Acquire);
        if asked < number && got >= asked {
            let ours = self.receipts.asked.compare_exchange(asked, number, AcqRel, Relaxed).is_ok();
            if ours {
                self.control(Control::Receipt { number, ttl });
            }
        }
        got >= number
    }

    pub(super) fn note_receipt(&self, number: u64, peer: &Peer) {
        self.receipts.got.fetch_max(number, AcqRel);
        if let Some(core) = peer.core.upgrade() {
            core.changed.notify_fenced();
        }
    }

    /// PINGs of the peer that have not been answered yet; it may be sending them without reading the answers.
    pub(super) fn pongs_waiting(&self) -> usize {
        self.control.lock().iter().filter(|control| matches!(control, Control::Pong(_))).count()
    }

    /// Sends a PING.
    pub(crate) fn ping(&self, ttl: u16) {
        self.control(Control::Ping { ttl });
    }
}

/// The outbox has room again: wakes those who wait for it. The writer token may be held, no lock may.
pub(super) fn tell_senders(peer: &Peer) {
    if let Some(core) = peer.core.upgrade() {
        core.writable.notify_fenced();
    }
}

/// Takes what is to be written next; says whether there is room for other messages now.
pub(super) fn take_messages(unsent: &mut Batch, peer: &Peer, cargo: &mut Cargo) -> bool {
    if unsent.is_empty() {
        return peer.outbox.take_away(cargo).0;
    }
    *cargo = Cargo(std::mem::take(unsent));
    false
}

impl Control {
    pub(super) fn encode(&self, encoder: &mut Encoder, out: &mut Vec<u8>) {
        match self {
            Self::Ping { ttl } => encoder.ping(*ttl, &[], out),
            Self::Pong(context) => encoder.pong(context, out),
            Self::Receipt { number, ttl } if encoder.has_pongs() => {
                encoder.ping(*ttl, &number.to_be_bytes(), out);
            }
            // That all was said before must do.
            Self::Receipt { .. } => {}
            Self::Subscription { topic, subscribe } => encoder.subscription(topic, *subscribe, out),
            Self::Group { group, join } => encoder.group(group, *join, out),
            // Messages are written as such.
            Self::Queued(_) => {}
            Self::Message(message) => {
                let mut batch = Batch::new();
                batch.push_message(&[], message);
                encoder.encode(batch).segments().for_each(|segment| out.extend_from_slice(segment));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{link::through::tests::peer, peer::Link};

    #[test]
    fn messages_between_subscriptions_have_their_room_until_they_are_written_and_stay_when_the_connection_ends()
     {
        let (near, _far) = Stream::pair().unwrap();
        let mut peer = peer(&Arc::new(near));
        if let Link::Wire(wire) = &mut peer.link {
            wire.keeps_order = true;
        }
        let wire = peer.wire().unwrap();
        let _ = peer.outbox.set_limit(Some(3));
        let push = || peer.outbox.push_with(|cargo| cargo.push_frame(b"message", false));
        for _ in 0..3 {
            let _ = push().unwrap();
            let topic = Frame::from("topic");
            wire.book_behind_messages(Control::Subscription { topic, subscribe: true }, &peer);
        }
        assert!(peer.outbox.is_empty() && push().is_err());
        assert_eq!(wire.detach(&peer), (true, 3));
        assert!(push().is_ok());
    }
}
