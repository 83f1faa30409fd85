//! Messages in pieces: what C has sent of one so far, and what it has not taken yet of another.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::*},
    },
};
use zeroxide::{Frame, Message, Origin, RoutingId};

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
    parts: Mutex<VecDeque<Piece>>,
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

impl Piece {
    fn of(frame: Frame, more: bool, origin: Origin) -> Self {
        Self { frame, more, origin, routing_id: None, group: None }
    }
}

impl Arrived {
    /// Whether there is a part to take (`ZMQ_RCVMORE`).
    #[inline]
    pub fn any(&self) -> bool {
        self.any.load(Acquire)
    }

    /// The next part.
    pub fn take(&self) -> Option<Piece> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let piece = parts.pop_front();
        self.any.store(!parts.is_empty(), Release);
        piece
    }

    /// Keeps all but the first part of a message, which is the answer.
    pub fn begin(&self, message: Message, origin: Origin) -> Piece {
        if !message.is_multipart() {
            let (routing_id, group) = (message.routing_id(), message.group().map(<[u8]>::to_vec));
            return Piece { frame: message.into_first(), more: false, origin, routing_id, group };
        }
        let mut frames = message.into_frames().into_iter();
        let first = frames.next().unwrap_or_default();
        let left = frames.len();
        if left > 0 {
            let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            let piece = |(at, frame)| Piece::of(frame, at + 1 < left, origin.clone());
            parts.extend(frames.enumerate().map(piece));
            self.any.store(true, Release);
        }
        Piece::of(first, left > 0, origin)
    }
}
