//! What is given to a send: a message, or octets that stay the caller's.

use crate::peer::Peer;
use bytes::Bytes;
use zeroxide_proto::{Batch, Frame, Message, batch::SHARED_FROM};

/// What every send takes: a [`Message`], or octets that it only borrows.
///
/// Nobody has to name this type: `send` takes whatever turns into it, which is text, octets, [`Frame`]s, several of
/// those in an array, and messages. Borrowed octets are a message of one frame; they are copied once, straight to where
/// the connection's writer takes them from, while owned ones (`Vec<u8>`, `Bytes`, `String`) from 8 KiB on are not copied
/// at all.
///
/// ```
/// use zeroxide::{Context, Pull, Push};
/// let context = Context::new();
/// let pull = Pull::new(&context)?;
/// let push = Push::new(&context)?;
/// push.connect(&pull.bind("inproc://kinds")?)?;
/// let octets = vec![7; 10_000];
/// push.send(&octets)?;             // borrowed, and copied
/// push.send(octets)?;              // given away
/// push.send(["two", "frames"])?;
/// push.send("text")?;
/// assert_eq!(pull.recv()?, pull.recv()?);
/// assert_eq!(pull.recv()?.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Payload<'a>(pub(crate) Kind<'a>);

#[derive(Debug)]
pub(crate) enum Kind<'a> {
    Borrowed(&'a [u8]),
    Message(Message),
}

impl Payload<'_> {
    /// The message, copied where it was borrowed.
    #[inline]
    pub fn into_message(self) -> Message {
        match self.0 {
            Kind::Borrowed(octets) => Message::from(octets),
            Kind::Message(message) => message,
        }
    }
}

macro_rules! borrowed {
    ($($source:ty: $octets:ident => $as_slice:expr),*) => {$(
        impl<'a> From<&'a $source> for Payload<'a> {
            #[inline]
            fn from($octets: &'a $source) -> Self {
                Self(Kind::Borrowed($as_slice))
            }
        }
    )*};
}
borrowed!([u8]: octets => octets, str: text => text.as_bytes(), Vec<u8>: octets => octets, String: text => text.as_bytes());

impl<'a, const N: usize> From<&'a [u8; N]> for Payload<'a> {
    #[inline]
    fn from(octets: &'a [u8; N]) -> Self {
        Self(Kind::Borrowed(octets))
    }
}

macro_rules! owned {
    ($($source:ty),*) => {$(
        impl From<$source> for Payload<'_> {
            #[inline]
            fn from(source: $source) -> Self {
                Self(Kind::Message(source.into()))
            }
        }
    )*};
}
owned!(Message, Frame, Bytes, Vec<u8>, String, Vec<Frame>);

impl<F: Into<Frame>, const N: usize> From<[F; N]> for Payload<'_> {
    fn from(frames: [F; N]) -> Self {
        Self(Kind::Message(frames.into()))
    }
}

/// What can be queued for a peer.
pub(crate) trait Fill {
    /// Appends it behind an envelope.
    fn fill(&self, envelope: &[Frame], batch: &mut Batch);
}

impl Fill for Message {
    #[inline]
    fn fill(&self, envelope: &[Frame], batch: &mut Batch) {
        batch.push_message(envelope, self);
    }
}

/// A message of one frame.
impl Fill for &[u8] {
    #[inline]
    fn fill(&self, envelope: &[Frame], batch: &mut Batch) {
        for frame in envelope {
            batch.push(frame, true);
        }
        batch.push_frame(self, false);
    }
}

/// What the way of a message through a socket needs of it.
pub(crate) trait Load: Fill + Sized {
    /// The message to route.
    fn routed(&mut self) -> &mut Message;
    /// Octets that are borrowed, and too many to be copied in passing; they go another way to this peer.
    fn large(&self, _: &Peer) -> Option<&[u8]> {
        None
    }
    /// Whether the caller may be kept waiting while they are written.
    fn may_wait(&self) -> bool {
        false
    }
}

impl Load for Message {
    #[inline]
    fn routed(&mut self) -> &mut Message {
        self
    }
}

/// Octets on their way through a socket whose rules do not look at what is sent.
pub(crate) struct Unseen<'a> {
    octets: &'a [u8],
    stand_in: Message,
    may_wait: bool,
}

/// Borrowed bodies from this size on are not copied into the run of a batch.
const APART_FROM: usize = 32 * 1024;

impl<'a> Unseen<'a> {
    pub(crate) fn new(octets: &'a [u8], may_wait: bool) -> Self {
        Self { octets, stand_in: Message::new(), may_wait }
    }
}

impl Fill for Unseen<'_> {
    #[inline]
    fn fill(&self, envelope: &[Frame], batch: &mut Batch) {
        self.octets.fill(envelope, batch);
    }
}

impl Load for Unseen<'_> {
    #[inline]
    fn routed(&mut self) -> &mut Message {
        &mut self.stand_in
    }
    #[inline]
    fn large(&self, peer: &Peer) -> Option<&[u8]> {
        // Within the process, what is shared is never copied again.
        let from = if peer.wire().is_some() { APART_FROM } else { SHARED_FROM };
        (self.octets.len() >= from).then_some(self.octets)
    }
    fn may_wait(&self) -> bool {
        self.may_wait
    }
}
