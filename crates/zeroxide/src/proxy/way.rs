//! One way through a proxy.

use super::Shared;
use crate::{
    error::{ProxyError, RecvErrorCause, SendError, SendErrorCause},
    poller::Interest,
    socket::core::Core,
};
use zeroxide_proto::{Batch, Loss, Message, SocketType};

/// Messages moved one way before the other way, and control, get their turn.
const BURST: usize = 1000;

/// One direction, and what could not be handed on because somebody else was faster to fill the queue.
pub(super) struct Way<'a> {
    pub(super) from: &'a Core,
    pub(super) to: &'a Core,
    pub(super) capture: Option<&'a Core>,
    pub(super) shared: &'a Shared,
    pub(super) received: usize,
    pub(super) sent: usize,
    pub(super) held: Held,
}

/// Received and counted, and not sent yet: a message, and behind it a batch.
#[derive(Default)]
pub(super) struct Held {
    message: Option<Message>,
    batch: Batch,
}

impl Held {
    fn next(&mut self) -> Option<Message> {
        self.message.take().or_else(|| self.batch.pop())
    }

    fn is_empty(&self) -> bool {
        self.message.is_none() && self.batch.is_empty()
    }
}

impl Way<'_> {
    /// Moves what is there, up to a burst; says whether it should be called again.
    pub(super) fn burst(&mut self) -> Result<bool, ProxyError> {
        let (mut moved, mut left) = (false, BURST);
        while left > 0 {
            if !self.hand_on()? {
                return Ok(false);
            }
            if let Some(count) = self.pass_batch() {
                moved = true;
                left = left.saturating_sub(count);
                continue;
            }
            let room = self.room().min(left);
            if room == 0 {
                return Ok(false);
            }
            for _ in 0..room {
                let message = match self.from.try_recv() {
                    Ok(message) => message,
                    Err(error) if ends(error.cause) => return Err(ProxyError::Terminated),
                    Err(_) => return Ok(moved),
                };
                self.shared.count(self.received, 1, message.octets());
                if let Some(capture) = self.capture {
                    // It had room; if somebody was faster to fill it, the message passes without a copy, which is counted.
                    if let Err(error) = capture.try_send(message.clone()) {
                        capture.counters.lost(reason(error.cause), 1);
                    }
                }
                self.held.message = Some(message);
                (moved, left) = (true, left - 1);
                if !self.hand_on()? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Passes on what one peer sent, all at once, where that changes nothing: all of it goes to the same peer, which has
    /// room for all of it. Says how many messages that were.
    fn pass_batch(&mut self) -> Option<usize> {
        if self.capture.is_some() || !self.from.hands_out_batches() {
            return None;
        }
        let (taker, room) = self.to.sole_taker()?;
        let (mut batch, octets) = self.from.take_batch(room)?;
        let count = batch.messages();
        self.shared.count(self.received, count, octets);
        // Before it is sent, so that whoever has the messages finds them counted.
        self.shared.count(self.sent, count, octets);
        if self.to.push_whole(&taker, &mut batch).is_err() {
            // The peer left, or somebody else was faster to fill its queue: one by one, for whoever has room.
            self.shared.uncount(self.sent, count, octets);
            self.held.batch = batch;
        }
        Some(count)
    }

    /// Sends what was received; false if there is no room for it.
    fn hand_on(&mut self) -> Result<bool, ProxyError> {
        while let Some(message) = self.held.next() {
            let octets = message.octets();
            // Before it is sent, so that whoever has the message finds it counted.
            self.shared.count(self.sent, 1, octets);
            let Err(SendError { cause, message, .. }) = self.to.try_send(message) else { continue };
            self.shared.uncount(self.sent, 1, octets);
            match cause {
                SendErrorCause::WouldBlock => {
                    self.held.message = Some(message);
                    return Ok(false);
                }
                SendErrorCause::Terminated | SendErrorCause::Closed => return Err(ProxyError::Terminated),
                _ => self.to.counters.lost(reason(cause), 1),
            }
        }
        Ok(true)
    }

    /// Whether a burst would move something.
    pub(super) fn is_ready(&mut self) -> bool {
        if self.held.is_empty() {
            return self.room() > 0 && self.from.readiness(Interest::READABLE).receive;
        }
        // Readiness to send says too little for a message with an address, so this tries. After an error the burst meets
        // the same one.
        self.hand_on().unwrap_or(true)
    }

    /// How many messages may be received before this is to be asked again.
    fn room(&self) -> usize {
        // A REP that answers itself has something to send only after it received.
        let echoes = std::ptr::eq(self.from, self.to) && self.to.kind == SocketType::Rep;
        let room = if echoes { 1 } else { self.to.room() };
        match self.capture {
            Some(capture) => room.min(capture.room()),
            None => room,
        }
    }

    /// Told to stop: what has been received is still handed on, or counted.
    pub(super) fn finish(&mut self) -> Result<(), ProxyError> {
        if !self.hand_on()? {
            let left = usize::from(self.held.message.is_some()) + self.held.batch.messages();
            self.to.counters.lost(Loss::HighWaterMark, left);
        }
        Ok(())
    }
}

pub(super) fn ends(cause: RecvErrorCause) -> bool {
    matches!(cause, RecvErrorCause::Terminated | RecvErrorCause::Closed)
}

fn reason(cause: SendErrorCause) -> Loss {
    match cause {
        SendErrorCause::Unroutable => Loss::Unroutable,
        SendErrorCause::Invalid(_) | SendErrorCause::IllegalState(_) => Loss::BadEnvelope,
        _ => Loss::HighWaterMark,
    }
}
