//! Messages in pieces: what C has sent of one so far, and what it has not taken yet of another.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::*},
    },
    vec,
};
use zeroxide::{
    Frame, Message, Origin, RoutingId,
    door::{SHARED_FROM, split_frame},
};

/// The parts of a message that C has begun to send.
#[derive(Default)]
pub struct Started {
    any: AtomicBool,
    frames: Mutex<Vec<Frame>>,
}

impl Started {
    /// Whether a message was begun.
    #[inline]
    pub fn any(&self) -> bool {
        self.any.load(Acquire)
    }

    /// How many parts there are.
    pub fn count(&self) -> usize {
        self.with(|frames| frames.len())
    }

    /// Forgets the message: its socket is closed.
    pub fn clear(&self) {
        drop(self.with(std::mem::take));
    }

    /// Adds a part.
    pub fn push(&self, frame: Frame) {
        self.with(|frames| frames.push(frame));
    }

    /// Adds the last part, and takes the whole message.
    pub fn finish(&self, last: Frame) -> Message {
        self.with(|frames| {
            frames.push(last);
            Message::from(std::mem::take(frames))
        })
    }

    /// The message could not be sent: puts all but its last part, which is given back, where they were.
    pub fn undo(&self, message: Message) -> Frame {
        let mut frames = message.into_frames();
        let last = frames.pop().unwrap_or_default();
        self.with(|kept| *kept = frames);
        last
    }

    fn with<R>(&self, run: impl FnOnce(&mut Vec<Frame>) -> R) -> R {
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = run(&mut frames);
        self.any.store(!frames.is_empty(), Release);
        answer
    }
}

/// The parts of a message that C has begun to receive.
#[derive(Default)]
pub struct Arrived {
    any: AtomicBool,
    left: Mutex<Left>,
}

#[derive(Default)]
struct Left {
    parts: Parts,
    /// Of messages that other threads began to receive meanwhile.
    others: VecDeque<Parts>,
}

/// What is left of one message: frames in the memory that they came in, or short ones copied as they were framed.
#[derive(Default)]
struct Parts {
    frames: vec::IntoIter<Frame>,
    framed: Vec<u8>,
    /// Where in `framed` the next one is.
    at: usize,
    origin: Origin,
}

impl Parts {
    fn is_empty(&self) -> bool {
        self.frames.len() == 0 && self.at >= self.framed.len()
    }

    fn copy(&mut self, framed: &[u8], origin: &Origin) {
        (self.frames, self.at) = (vec::IntoIter::default(), 0);
        self.framed.clear();
        self.framed.extend_from_slice(framed);
        if !self.origin.is_same(origin) {
            self.origin = origin.clone();
        }
    }

    /// The next one, and whether another one follows; with where all are from.
    fn next(&mut self) -> Option<(Next<'_>, bool, &Origin)> {
        if let Some(frame) = self.frames.next() {
            return Some((Next::Frame(frame), self.frames.len() > 0, &self.origin));
        }
        let (octets, more, rest) = split_frame(self.framed.get(self.at..)?)?;
        self.at = self.framed.len() - rest.len();
        Some((Next::Octets(octets), more, &self.origin))
    }
}

/// A part that is about to be taken.
pub enum Next<'a> {
    /// A frame.
    Frame(Frame),
    /// The octets of one.
    Octets(&'a [u8]),
}

impl Next<'_> {
    /// Its octets.
    pub fn octets(&self) -> &[u8] {
        match self {
            Self::Frame(frame) => frame,
            Self::Octets(octets) => octets,
        }
    }

    fn into_frame(self) -> Frame {
        match self {
            Self::Frame(frame) => frame,
            Self::Octets(octets) => Frame::copy_from(octets),
        }
    }
}

/// A received frame.
pub struct Piece {
    /// Its octets.
    pub frame: Frame,
    /// Whether another frame of the same message follows.
    pub more: bool,
    /// Where the message came from.
    pub origin: Origin,
    /// The number of the peer it came from (SERVER, PEER).
    pub routing_id: Option<RoutingId>,
    /// The group it came in (DISH).
    pub group: Option<Vec<u8>>,
}

impl Arrived {
    /// Whether there is a part to take (`ZMQ_RCVMORE`).
    #[inline]
    pub fn any(&self) -> bool {
        self.any.load(Acquire)
    }

    /// Forgets all of it: its socket is closed.
    pub fn clear(&self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        self.any.store(false, Release);
        let forgotten = std::mem::take(&mut *left);
        drop((left, forgotten));
    }

    /// The next part: `take` gets it, whether another one of its message follows, and where that is from.
    pub fn take<R>(&self, take: impl FnOnce(Next<'_>, bool, &Origin) -> R) -> Option<R> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, more, origin) = left.parts.next()?;
        let taken = take(next, more, origin);
        if !more {
            if left.parts.framed.capacity() > SHARED_FROM {
                left.parts.framed = Vec::new();
            }
            if let Some(next) = left.others.pop_front() {
                left.parts = next;
            }
            self.any.store(!left.parts.is_empty(), Release);
        }
        Some(taken)
    }

    /// The next part, as it is.
    pub fn take_piece(&self) -> Option<Piece> {
        self.take(|next, more, origin| Piece {
            frame: next.into_frame(),
            more,
            origin: origin.clone(),
            routing_id: None,
            group: None,
        })
    }

    /// Keeps all but the first part of a message, which is the answer.
    pub fn begin(&self, message: Message, origin: Origin) -> Piece {
        if !message.is_multipart() {
            let (routing_id, group) = (message.routing_id(), message.group().map(<[u8]>::to_vec));
            return Piece { frame: message.into_first(), more: false, origin, routing_id, group };
        }
        let mut frames = message.into_frames().into_iter();
        let frame = frames.next().unwrap_or_default();
        let piece = Piece { frame, more: true, origin: origin.clone(), routing_id: None, group: None };
        self.keep(Parts { frames, origin, ..Parts::default() });
        piece
    }

    /// Keeps a copy of frames, as they are framed, behind a part that was taken.
    pub fn copy(&self, framed: &[u8], origin: &Origin) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.parts.is_empty() {
            left.parts.copy(framed, origin);
        } else {
            let mut parts = Parts::default();
            parts.copy(framed, origin);
            left.others.push_back(parts);
        }
        self.any.store(true, Release);
    }

    fn keep(&self, parts: Parts) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.parts.is_empty() {
            left.parts = parts;
        } else {
            left.others.push_back(parts);
        }
        self.any.store(true, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_as_they_were_however_they_are_kept_and_those_of_two_messages_do_not_mix() {
        let arrived = Arrived::default();
        let next = || arrived.take(|next, more, _| (next.octets().to_vec(), more));
        assert_eq!((next(), arrived.any()), (None, false));
        let long = vec![7; 2 * SHARED_FROM];
        let mut framed = vec![3, 0, 0, 0, 0, 0, 0, 64, 0];
        framed.extend_from_slice(&long);
        framed.extend_from_slice(b"\x00\x01b");
        arrived.copy(&framed, &Origin::default());
        let first = arrived.begin(["first", "second", "third"].into(), Origin::default());
        assert_eq!((&first.frame[..], first.more), (&b"first"[..], true));
        arrived.copy(b"\x01\0\0\x01c", &Origin::default());
        for expected in [(&long[..], true), (b"b", false), (b"second", true), (b"third", false), (b"", true)]
        {
            assert!(arrived.any());
            assert_eq!(next(), Some((expected.0.to_vec(), expected.1)));
        }
        let last = arrived.take_piece().map(|piece| (piece.frame, piece.more));
        assert_eq!((last, next(), arrived.any()), (Some(("c".into(), false)), None, false));
    }
}
