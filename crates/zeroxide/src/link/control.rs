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
        self.control.lock().push(control);
        self.has_control.store(true, Release);
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
            Self::Message(message) => {
                let mut batch = Batch::new();
                batch.push_message(&[], message);
                encoder.encode(batch).segments().for_each(|segment| out.extend_from_slice(segment));
            }
        }
    }
}
