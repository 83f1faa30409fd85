//! Messages in pieces: what C has sent of one so far, and what it has not taken yet of another.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::*},
    },
    vec,
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
    left: Mutex<Left>,
}

#[derive(Default)]
struct Left {
    parts: Parts,
    /// Of messages that other threads began to receive meanwhile.
    others: VecDeque<Parts>,
}

/// What is left of one message, in the memory that it came in.
#[derive(Default)]
struct Parts {
    frames: vec::IntoIter<Frame>,
    origin: Origin,
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

    /// The next part: `take` gets it, whether another one of its message follows, and where that is from. Nothing of the
    /// application's may be called by it.
    pub fn take<R>(&self, take: impl FnOnce(Frame, bool, &Origin) -> R) -> Option<R> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = left.parts.frames.next()?;
        let more = left.parts.frames.len() > 0;
        let taken = take(frame, more, &left.parts.origin);
        if !more {
            if let Some(next) = left.others.pop_front() {
                left.parts = next;
            }
            self.any.store(left.parts.frames.len() > 0, Release);
        }
        Some(taken)
    }

    /// The next part, as it is.
    pub fn take_piece(&self) -> Option<Piece> {
        self.take(|frame, more, origin| Piece {
            frame,
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
        self.keep(Parts { frames, origin });
        piece
    }

    /// As [`Arrived::begin`] of a message of several parts, whose first is only looked at, as by [`Arrived::take`].
    pub fn begin_with<R>(
        &self,
        message: Message,
        origin: Origin,
        take: impl FnOnce(&Frame, &Origin) -> R,
    ) -> R {
        let mut frames = message.into_frames().into_iter();
        let taken = take(&frames.next().unwrap_or_default(), &origin);
        self.keep(Parts { frames, origin });
        taken
    }

    fn keep(&self, parts: Parts) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.parts.frames.len() == 0 {
            left.parts = parts;
        } else {
            left.others.push_back(parts);
        }
        self.any.store(true, Release);
    }
}
