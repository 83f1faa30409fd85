//! A message: one or more frames that travel together or not at all.

use crate::{Frame, RoutingId};
use bytes::Bytes;
use std::{fmt, ops::Deref};

/// A message of one or more frames; all of them arrive, in order, or none does.
///
/// A message never has zero frames: [`Message::new`] holds one empty frame. Single-frame messages allocate nothing
/// besides what their frame needs. It dereferences to its frames, so `message.len()` counts them and `message[1]` is the
/// second; text, octets, frames, and arrays and lists of those turn into a message.
///
/// A message of one frame may also carry the [routing id](Message::routing_id) of a peer (SERVER, PEER) or the
/// [group](Message::group) it is for (RADIO, DISH). They are no frames; adding a frame takes them off.
///
/// ```
/// use zeroxide_proto::Message;
/// let message = Message::from(["10001", "-7 degrees"]);
/// assert_eq!(message.len(), 2);
/// assert_eq!(message.to_string(), "10001 | -7 degrees");
/// ```
#[derive(Clone)]
pub struct Message(Parts);

#[derive(Clone)]
enum Parts {
    One(Frame),
    /// What the frames are is said beside them: a third kind of parts would make every message of one frame slower, for
    /// it has to be told from this kind whenever it is dropped.
    Many(Vec<Frame>, Meaning),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Two or more frames while shared with the outside; in passing, inside a `&mut self` method, any number.
    Frames,
    /// Exactly two: the group, and the one frame of the message. So they lie on the wire, too.
    Group,
    /// One frame, for this peer or from it.
    Peer(RoutingId),
}

impl Message {
    /// A message of one empty frame.
    pub const fn new() -> Self {
        Self(Parts::One(Frame::EMPTY))
    }

    /// A message of exactly these frames; without any, one empty frame.
    pub fn from_frames<I, F>(frames: I) -> Self
    where
        I: IntoIterator<Item = F>,
        F: Into<Frame>,
    {
        let mut frames = frames.into_iter().map(Into::into);
        let Some(first) = frames.next() else { return Self::new() };
        let Some(second) = frames.next() else { return Self(Parts::One(first)) };
        let mut all = Vec::with_capacity(2 + frames.size_hint().0);
        all.extend([first, second]);
        all.extend(frames);
        Self(Parts::Many(all, Meaning::Frames))
    }

    /// A message of one frame for the peer with this routing id (SERVER, PEER).
    ///
    /// ```
    /// # use zeroxide_proto::{Message, RoutingId};
    /// # fn answer(asker: RoutingId) {
    /// let reply = Message::routed(asker, "42");
    /// assert_eq!(reply.routing_id(), Some(asker));
    /// assert_eq!(reply.len(), 1);
    /// # }
    /// ```
    #[inline]
    pub fn routed(to: RoutingId, frame: impl Into<Frame>) -> Self {
        Self(Parts::Many(vec![frame.into()], Meaning::Peer(to)))
    }

    /// A message of one frame for the members of a group (RADIO). Whether it can be a group's name, 0 to 255 octets and
    /// none of them zero, is looked at when the message is sent.
    ///
    /// ```
    /// # use zeroxide_proto::Message;
    /// let forecast = Message::grouped("weather", "rain");
    /// assert_eq!(forecast.group(), Some(&b"weather"[..]));
    /// assert_eq!(forecast.body(), b"rain");
    /// ```
    pub fn grouped(group: impl Into<Frame>, frame: impl Into<Frame>) -> Self {
        Self(Parts::Many(vec![group.into(), frame.into()], Meaning::Group))
    }

    /// Whom the message is for, or whom it came from (SERVER, PEER).
    #[inline]
    pub fn routing_id(&self) -> Option<RoutingId> {
        match self.0 {
            Parts::Many(_, Meaning::Peer(routing_id)) => Some(routing_id),
            _ => None,
        }
    }

    /// The group the message is for (RADIO, DISH).
    #[inline]
    pub fn group(&self) -> Option<&[u8]> {
        match &self.0 {
            Parts::Many(frames, Meaning::Group) => frames.first().map(Frame::as_slice),
            _ => None,
        }
    }

    /// The frames, in order.
    #[inline]
    pub fn frames(&self) -> &[Frame] {
        match &self.0 {
            Parts::One(frame) => std::slice::from_ref(frame),
            Parts::Many(frames, Meaning::Group) => frames.get(1..).unwrap_or_default(),
            Parts::Many(frames, _) => frames,
        }
    }

    /// The one frame of a message that has nothing else: neither a routing id nor a group.
    #[doc(hidden)]
    #[inline]
    pub fn as_plain(&self) -> Option<&Frame> {
        match &self.0 {
            Parts::One(frame) => Some(frame),
            Parts::Many(..) => None,
        }
    }

    /// Makes the group the first of two frames, as it travels. A message without a group is for the empty one.
    pub(crate) fn expose_group(&mut self) {
        match &mut self.0 {
            Parts::One(frame) => {
                self.0 = Parts::Many(vec![Frame::EMPTY, std::mem::take(frame)], Meaning::Frames);
            }
            Parts::Many(frames, meaning) => {
                if matches!(meaning, Meaning::Peer(_)) {
                    frames.insert(0, Frame::EMPTY);
                }
                *meaning = Meaning::Frames;
            }
        }
    }

    /// Makes the first of exactly two frames the group.
    pub(crate) fn into_grouped(self) -> Option<Self> {
        match self.0 {
            Parts::Many(frames, Meaning::Frames) if frames.len() == 2 => {
                Some(Self(Parts::Many(frames, Meaning::Group)))
            }
            _ => None,
        }
    }

    /// The octets of the first frame.
    #[inline]
    pub fn body(&self) -> &[u8] {
        self.frames().first().map_or(&[], Frame::as_slice)
    }

    /// The octets of all frames together, without headers.
    pub fn octets(&self) -> usize {
        self.frames().iter().map(|frame| frame.len()).sum()
    }

    /// Whether the message has more than one frame.
    #[inline]
    pub fn is_multipart(&self) -> bool {
        self.frames().len() > 1
    }

    /// Adds a frame behind the last.
    pub fn push_back(&mut self, frame: impl Into<Frame>) {
        self.many().push(frame.into());
    }

    /// Adds a frame before the first, as envelopes are built.
    pub fn push_front(&mut self, frame: impl Into<Frame>) {
        self.many().insert(0, frame.into());
    }

    /// Takes the first frame off, where that leaves at least one.
    pub fn pop_front(&mut self) -> Option<Frame> {
        let Parts::Many(frames, Meaning::Frames) = &mut self.0 else { return None };
        if frames.len() < 2 {
            return None;
        }
        let first = frames.remove(0);
        if frames.len() == 1 {
            self.0 = Parts::One(frames.pop().unwrap_or_default());
        }
        Some(first)
    }

    /// Splits the first `count` frames off, where that leaves at least one.
    pub fn split_front(&mut self, count: usize) -> Option<Vec<Frame>> {
        let Parts::Many(frames, Meaning::Frames) = &mut self.0 else {
            return if count == 0 { Some(Vec::new()) } else { None };
        };
        if frames.len() <= count {
            return None;
        }
        let rest = frames.split_off(count);
        let front = std::mem::replace(frames, rest);
        if frames.len() == 1 {
            self.0 = Parts::One(frames.pop().unwrap_or_default());
        }
        Some(front)
    }

    /// Takes the message apart.
    pub fn into_frames(self) -> Vec<Frame> {
        match self.0 {
            Parts::One(frame) => vec![frame],
            Parts::Many(mut frames, Meaning::Group) => frames.split_off(1),
            Parts::Many(frames, _) => frames,
        }
    }

    /// The first frame alone, dropping the others.
    pub fn into_first(self) -> Frame {
        match self.0 {
            Parts::One(frame) => frame,
            Parts::Many(mut frames, Meaning::Group) => frames.pop().unwrap_or_default(),
            Parts::Many(frames, _) => frames.into_iter().next().unwrap_or_default(),
        }
    }

    fn many(&mut self) -> &mut Vec<Frame> {
        match &mut self.0 {
            Parts::One(frame) => self.0 = Parts::Many(vec![std::mem::take(frame)], Meaning::Frames),
            Parts::Many(frames, meaning) => {
                if *meaning == Meaning::Group {
                    frames.remove(0);
                }
                *meaning = Meaning::Frames;
            }
        }
        match &mut self.0 {
            Parts::Many(frames, _) => frames,
            Parts::One(_) => unreachable!("the lines above made it Many"),
        }
    }
}

impl Default for Message {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Message {
    type Target = [Frame];
    fn deref(&self) -> &[Frame] {
        self.frames()
    }
}

impl From<Frame> for Message {
    #[inline]
    fn from(frame: Frame) -> Self {
        Self(Parts::One(frame))
    }
}

macro_rules! single_frame {
    ($($source:ty),*) => {$(
        impl From<$source> for Message {
            #[inline]
            fn from(source: $source) -> Self {
                Self(Parts::One(source.into()))
            }
        }
    )*};
}
single_frame!(Bytes, Vec<u8>, String, &[u8], &str, &String, &Vec<u8>);

impl<const N: usize> From<&[u8; N]> for Message {
    #[inline]
    fn from(octets: &[u8; N]) -> Self {
        Self(Parts::One(octets.into()))
    }
}

impl<F: Into<Frame>, const N: usize> From<[F; N]> for Message {
    fn from(frames: [F; N]) -> Self {
        Self::from_frames(frames)
    }
}

impl From<Vec<Frame>> for Message {
    fn from(frames: Vec<Frame>) -> Self {
        if frames.len() > 1 { Self(Parts::Many(frames, Meaning::Frames)) } else { Self::from_frames(frames) }
    }
}

impl<F: Into<Frame>> FromIterator<F> for Message {
    fn from_iter<I: IntoIterator<Item = F>>(frames: I) -> Self {
        Self::from_frames(frames)
    }
}

impl IntoIterator for Message {
    type Item = Frame;
    type IntoIter = std::vec::IntoIter<Frame>;
    fn into_iter(self) -> Self::IntoIter {
        self.into_frames().into_iter()
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.frames() == other.frames()
            && self.routing_id() == other.routing_id()
            && self.group() == other.group()
    }
}

impl Eq for Message {}

impl fmt::Debug for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(routing_id) = self.routing_id() {
            write!(out, "peer {routing_id} ")?;
        }
        if let Some(group) = self.group() {
            write!(out, "group \"{}\" ", group.escape_ascii())?;
        }
        out.debug_list().entries(self.frames()).finish()
    }
}

/// Text as it is, other octets as hexadecimal, frames apart by a bar.
impl fmt::Display for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, frame) in self.frames().iter().enumerate() {
            if at > 0 {
                out.write_str(" | ")?;
            }
            match frame.as_str() {
                Some(text) => out.write_str(text)?,
                None => frame.iter().try_for_each(|octet| write!(out, "{octet:02x}"))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_never_has_zero_frames() {
        assert_eq!(Message::new().len(), 1);
        assert_eq!(Message::from(Vec::<Frame>::new()).len(), 1);
        assert_eq!(Message::from("only").pop_front(), None);
    }

    #[test]
    fn an_envelope_put_on_is_taken_off_again() {
        let mut message = Message::from("body");
        message.push_front("");
        message.push_front("address");
        assert_eq!(message, Message::from(["address", "", "body"]));
        assert_eq!(message.split_front(2), Some(vec![Frame::from("address"), Frame::EMPTY]));
        assert_eq!(message, Message::from("body"));
    }

    #[test]
    fn a_routing_id_is_no_frame_and_makes_no_other_message_longer() {
        assert_eq!(size_of::<Message>(), size_of::<Frame>());
        let seven = RoutingId::new(7).unwrap();
        let mut message = Message::routed(seven, "body");
        assert_ne!(message, "body".into());
        assert_eq!((message.frames(), message.octets()), (&[Frame::from("body")][..], 4));
        message.push_back("more");
        assert_eq!((message.routing_id(), message), (None, ["body", "more"].into()));
    }

    #[test]
    fn a_group_is_no_frame_until_the_message_travels() {
        let message = Message::grouped("TV", "Facts");
        assert_eq!((message.len(), message.body(), message.octets()), (1, &b"Facts"[..], 5));
        assert_eq!(
            (message.clone().into_frames(), message.clone().into_first()),
            (vec!["Facts".into()], "Facts".into())
        );
        let mut travelling = message.clone();
        travelling.expose_group();
        assert_eq!(travelling, ["TV", "Facts"].into());
        assert_eq!(travelling.into_grouped(), Some(message.clone()));
        assert_eq!(Message::from(["a", "b", "c"]).into_grouped(), None);
        let mut changed = message;
        assert_eq!((changed.pop_front(), changed.split_front(1)), (None, None));
        changed.push_front("first");
        assert_eq!(changed, ["first", "Facts"].into());
        let mut ungrouped = Message::from("to nobody special");
        ungrouped.expose_group();
        assert_eq!(ungrouped, ["", "to nobody special"].into());
    }
}
