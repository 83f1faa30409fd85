//! Many messages in one run of octets: what lanes carry, what sockets write, what readers cut apart.
//!
//! ```text
//! octets   | 01 05 hello | 00 03 abc | 02 0000000000100000 | 00 01 x | ...
//!          '--- frame ---'           '- header, body apart -'
//! bodies                             ^ at: 1 MiB shared, never copied; also short ones that are only lent
//! ```
//!
//! The framing is that of ZMTP 2.0 and 3.x, so for a peer without encryption a batch *is* what goes on the wire.
//! Frames with the command bit may stand between messages; [`Batch::pop`] skips them.
//! One representation from the sender's call to the kernel, and from the kernel to the receiver's call, is what keeps
//! the path per message at one copy of a small body and none of a large one.

mod header;
mod run;
mod taking;

use crate::{Frame, Message};
use bytes::Bytes;
pub(crate) use header::Header;
pub use header::split_frame;
pub(crate) use run::FULL;
use run::Memory;
use std::collections::VecDeque;
pub use taking::{Copying, Taking};

/// Bodies from this size on are shared by reference count; smaller ones are copied into the run.
pub const SHARED_FROM: usize = 8 * 1024;

pub(crate) const MORE: u8 = 1;
pub(crate) const LONG: u8 = 2;
pub(crate) const COMMAND: u8 = 4;

/// Whole messages in ZMTP framing, in order: octets with small bodies in place, and large and lent ones beside them.
///
/// ```
/// use zeroxide_proto::{Batch, Message};
/// let mut batch = Batch::new();
/// batch.push_message(&[], &Message::from(["weather", "rain"]));
/// batch.push_frame(b"hello", false);
/// assert_eq!(batch.messages(), 2);
/// let wire: Vec<u8> = batch.segments().flatten().copied().collect();
/// assert_eq!(wire, b"\x01\x07weather\0\x04rain\0\x05hello");
/// assert_eq!(batch.pop(), Some(["weather", "rain"].into()));
/// assert_eq!(batch.messages(), 1);
/// ```
#[derive(Default, Clone, Debug)]
pub struct Batch {
    /// The run, until it is shared.
    octets: Memory,
    /// Bodies that stand apart, by the offset in the run where they belong. `read` has passed none of them. Behind them the
    /// run itself, once it is shared.
    bodies: VecDeque<(usize, Bytes)>,
    /// Octets of all `bodies`.
    apart: usize,
    /// Offset in the run of the first frame not taken yet.
    read: usize,
    /// Whole messages not taken yet.
    messages: usize,
    /// Up to here `octets` can be appended to as they are.
    prepared: usize,
}

impl Batch {
    /// A batch without messages and without memory.
    pub const fn new() -> Self {
        Self { octets: Memory::NONE, bodies: VecDeque::new(), apart: 0, read: 0, messages: 0, prepared: 0 }
    }

    /// A batch without messages that grows in this memory, which has to be empty.
    pub(crate) fn with_memory(octets: Vec<u8>) -> Self {
        debug_assert!(octets.is_empty());
        Self { octets: octets.into(), ..Self::new() }
    }

    /// The memory of the run, if it is not shared.
    pub(crate) fn into_memory(mut self) -> Vec<u8> {
        self.octets.take()
    }

    /// Takes octets that hold exactly `messages` whole messages (and any commands between) and no bodies apart.
    /// The count is the word of whoever walked the frames; a wrong one makes [`Batch::pop`] end early, nothing worse.
    pub fn from_octets(octets: Vec<u8>, messages: usize) -> Self {
        Self { octets: octets.into(), messages, ..Self::new() }
    }

    /// As [`Batch::from_octets`], with the first message at offset `start`.
    pub fn from_octets_at(octets: Vec<u8>, start: usize, messages: usize) -> Self {
        debug_assert!(start <= octets.len());
        Self { read: start.min(octets.len()), octets: octets.into(), messages, ..Self::new() }
    }

    /// Whole messages that can still be taken.
    #[inline]
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// Whether no message is left.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.messages == 0
    }

    /// Octets on the wire from the first message not taken to the end, shared bodies included.
    #[inline]
    pub fn size(&self) -> usize {
        self.octets.len() + self.apart - self.read
    }

    /// Appends one frame by copying; the last frame of a message has `more` false and counts the message.
    #[inline]
    pub fn push_frame(&mut self, body: &[u8], more: bool) {
        if self.octets.len() + body.len() >= self.prepared {
            self.prepare(body.len());
        }
        Header::write(u8::from(more) * MORE, body.len(), &mut self.octets);
        self.octets.extend_from_slice(body);
        self.messages += usize::from(!more);
    }

    /// Appends one frame whose body is shared rather than copied, if it is large.
    pub fn push_shared(&mut self, body: Bytes, more: bool) {
        if body.len() < SHARED_FROM {
            return self.push_frame(&body, more);
        }
        self.push_apart_body(body, more);
    }

    /// Appends one frame.
    #[inline]
    pub fn push(&mut self, frame: &Frame, more: bool) {
        match frame.stands_apart() {
            Some(body) => self.push_clone(body, more),
            // A clone, of what is copied in any case, could allocate.
            None => self.push_frame(frame, more),
        }
    }

    /// By itself, so that what short bodies go through is short.
    #[inline(never)]
    fn push_clone(&mut self, body: &Bytes, more: bool) {
        self.push_apart_body(body.clone(), more);
    }

    fn push_apart_body(&mut self, body: Bytes, more: bool) {
        let octets = self.own();
        Header::write(u8::from(more) * MORE, body.len(), octets);
        let at = octets.len();
        self.apart += body.len();
        self.bodies.push_back((at, body));
        self.messages += usize::from(!more);
    }

    /// Appends a whole message behind the frames of an envelope, which may be empty.
    #[inline]
    pub fn push_message(&mut self, envelope: &[Frame], message: &Message) {
        for frame in envelope {
            self.push(frame, true);
        }
        if let Some((last, front)) = message.frames().split_last() {
            for frame in front {
                self.push(frame, true);
            }
            self.push(last, false);
        }
    }

    /// Appends an envelope and the head of one last frame, whose body of `size` octets the caller writes itself. For values
    /// that are only written, never taken from.
    pub fn push_before(&mut self, envelope: &[Frame], size: usize) {
        for frame in envelope {
            self.push(frame, true);
        }
        Header::write(0, size, self.own());
    }

    /// Appends frames that are framed already and finish exactly `messages` messages.
    pub(crate) fn push_octets(&mut self, framed: &[u8], messages: usize) {
        self.own().extend_from_slice(framed);
        self.messages += messages;
    }

    /// Appends octets that stand apart, whatever they are: for values that are only written, never taken from.
    pub(crate) fn push_apart(&mut self, octets: Bytes) {
        self.apart += octets.len();
        let at = self.own().len();
        self.bodies.push_back((at, octets));
    }

    /// The run itself, for whoever frames otherwise than this type does.
    pub(crate) fn octets_mut(&mut self) -> &mut Vec<u8> {
        self.own()
    }

    /// The frames not taken yet, commands passed over: body, its shared form where it stands apart, and whether more
    /// frames of the same message follow.
    pub(crate) fn frames(&self) -> impl Iterator<Item = (&[u8], Option<&Bytes>, bool)> {
        let (run, mut at) = (self.run(), self.read);
        let mut bodies = self.bodies.iter().peekable();
        std::iter::from_fn(move || {
            loop {
                let head = Header::parse(run.behind(at)?)?;
                let body_at = at + head.octets;
                if let Some((_, body)) = bodies.next_if(|(place, _)| *place == body_at) {
                    at = body_at;
                    return Some((&body[..], Some(body), head.more()));
                }
                at = body_at.checked_add(usize::try_from(head.size).ok()?)?;
                let body = run.between(body_at, at)?;
                if !head.is_command() {
                    return Some((body, None, head.more()));
                }
            }
        })
    }

    /// The first frames of the messages not taken yet.
    pub fn first_frames(&self) -> impl Iterator<Item = &[u8]> {
        let mut inside = false;
        self.frames().filter_map(move |(body, _, more)| {
            let first = !std::mem::replace(&mut inside, more);
            first.then_some(body)
        })
    }

    /// The octets of all bodies, if what is left is messages in the shortest framing and nothing else: then it can be sent
    /// on as it is. A command between them, which was meant for whoever received it, makes it `None`.
    pub fn plain_octets(&self) -> Option<usize> {
        let (mut bodies, mut size) = (0, 0);
        for (body, ..) in self.frames() {
            bodies += body.len();
            size += body.len() + if body.len() > usize::from(u8::MAX) { 9 } else { 2 };
        }
        (size == self.size()).then_some(bodies)
    }

    /// Drops the messages that have more than one frame; returns how many those were.
    pub fn drop_multipart(&mut self) -> usize {
        if !self.frames().any(|(_, _, more)| more) {
            return 0;
        }
        let before = self.messages;
        let mut kept = Self::new();
        while let Some(message) = self.pop() {
            if !message.is_multipart() {
                kept.push_message(&[], &message);
            }
        }
        *self = kept;
        before - self.messages
    }

    /// Appends all that is left of `other`.
    pub fn append(&mut self, mut other: Batch) {
        if self.is_empty() && self.size() == 0 {
            return *self = other;
        }
        other.own();
        let shift = self.own().len();
        self.octets.extend_from_slice(other.octets.get(other.read..).unwrap_or_default());
        for (at, body) in other.bodies.drain(..) {
            self.bodies.push_back((at - other.read + shift, body));
        }
        self.apart += other.apart;
        self.messages += other.messages;
    }

    /// Appends a copy of all that is left of `other`, large bodies shared.
    pub fn push_all(&mut self, other: &Batch) {
        let (shift, run) = (self.own().len(), other.run());
        self.octets.extend_from_slice(run.behind(other.read).unwrap_or_default());
        for (at, body) in other.bodies_apart() {
            self.apart += body.len();
            self.bodies.push_back((at - other.read + shift, body.clone()));
        }
        self.messages += other.messages;
    }

    /// Takes the next whole message.
    #[inline]
    pub fn pop(&mut self) -> Option<Message> {
        if self.messages == 0 {
            return None;
        }
        if let Some([0, size, behind @ ..]) = self.octets.get(self.read..)
            && let Some(window) = behind.first_chunk()
            && !self.is_apart(self.read + 2)
            && let Some(frame) = Frame::copy_window(window, *size)
        {
            // One short frame with enough octets behind it.
            self.read += 2 + usize::from(*size);
            self.messages -= 1;
            return Some(Message::from(frame));
        }
        self.pop_any()
    }

    /// Whether the body that belongs there, behind the next head, stands apart.
    #[inline(always)]
    fn is_apart(&self, body_at: usize) -> bool {
        self.bodies.front().is_some_and(|(at, _)| *at == body_at)
    }

    fn pop_any(&mut self) -> Option<Message> {
        let (first, more) = self.pop_frame()?;
        let message = if more { self.pop_rest(first)? } else { Message::from(first) };
        self.messages -= 1;
        Some(message)
    }

    /// Takes the next frame, commands passed over, and whether more frames of the same message follow.
    /// Most callers want [`Batch::pop`]: after this, `messages` is out of date until the message is finished.
    #[inline]
    fn pop_frame(&mut self) -> Option<(Frame, bool)> {
        loop {
            let run = self.run();
            let (rest, whole) = (run.behind(self.read)?, run.end());
            if let [flags @ (0 | MORE), size, behind @ ..] = rest
                && let Some(window) = behind.first_chunk()
                && !self.is_apart(self.read + 2)
                && let Some(frame) = Frame::copy_window(window, *size)
            {
                let (end, more) = (self.read + 2 + usize::from(*size), flags & MORE != 0);
                self.read = end;
                return Some((frame, more));
            }
            let head = Header::parse(rest)?;
            let body_at = self.read + head.octets;
            if self.is_apart(body_at) {
                let (_, body) = self.bodies.pop_front()?;
                self.apart -= body.len();
                self.read = body_at;
                // A short one that was copied here would be let go here, where something may be locked.
                return Some((Frame::lent(body), head.more()));
            }
            let end = body_at.checked_add(usize::try_from(head.size).ok()?)?;
            if end > whole {
                return None;
            }
            self.read = end;
            if !head.is_command() {
                return Some((self.cut(body_at, end)?, head.more()));
            }
        }
    }

    #[cold]
    fn pop_rest(&mut self, first: Frame) -> Option<Message> {
        let mut frames = Vec::with_capacity(4);
        frames.push(first);
        loop {
            let (frame, more) = self.pop_frame()?;
            frames.push(frame);
            if !more {
                return Some(Message::from(frames));
            }
        }
    }

    /// The octets from the first message not taken on, in wire order, bodies in their places.
    pub fn segments(&self) -> impl Iterator<Item = &[u8]> {
        let (all, mut at) = (self.run(), self.read);
        let mut bodies = self.bodies_apart();
        let mut next = bodies.next();
        let mut body = None;
        std::iter::from_fn(move || {
            if let Some(body) = body.take() {
                return Some(body);
            }
            let end = next.map_or(all.end(), |(place, _)| *place);
            let run = all.between(at, end).unwrap_or_default();
            if let Some((_, apart)) = next {
                body = Some(&apart[..]);
                next = bodies.next();
            } else if run.is_empty() {
                return None;
            }
            at = end;
            Some(run)
        })
        .filter(|segment| !segment.is_empty())
    }

    /// After `written` octets went out and the connection broke: passes over the messages that went out whole, so that
    /// the next connection begins at a message boundary. Returns how many that were.
    pub fn skip_written(&mut self, written: usize) -> usize {
        let (mut walk, total, mut passed) = (self.clone(), self.size(), 0);
        while walk.pop().is_some() && total - walk.size() <= written {
            passed += 1;
        }
        for _ in 0..passed {
            self.pop();
        }
        passed
    }
}

#[cfg(test)]
mod tests;
