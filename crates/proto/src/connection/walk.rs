//! Finds the ends of frames and messages in a run of octets without touching a body: the hot path of receiving.
//!
//! ```text
//! 00 03 abc | 00 40 ... | 04 05 PONG | 01 01 a | 00 01 b | 01 02 cc | 00 09 ddd
//! |- whole messages (and commands) -----------------------| open ---| tail: cut off
//! from                                                  end         at
//! ```

use super::{Limits, ProtocolError, Sink, Version};
use crate::{
    batch::{COMMAND, Header, LONG, MORE, SHARED_FROM},
    wire::Command,
};

/// The longest body in a frame, by protocol.
const BODY_MAX: u64 = i64::MAX as u64;

/// Which frames are legal on a connection, and how many octets of a message are open.
#[derive(Debug)]
pub(super) struct Rules {
    limits: Limits,
    commands: bool,
    /// The longest body that needs no look at the limits, if it stands alone in a short frame.
    short: u8,
    frames: u32,
    octets: u64,
}

/// How far a walk came.
#[derive(Debug)]
pub(super) struct Walk {
    /// Where the message ended that was open at the beginning.
    pub(super) first_end: usize,
    /// Where the last whole message ended; frames from there to `at` belong to an open one.
    pub(super) end: usize,
    /// Whole messages.
    pub(super) messages: usize,
    /// Where the first frame that is not whole begins.
    pub(super) at: usize,
    /// Whether there are commands between `end` and `at`.
    pub(super) commands: bool,
    pub(super) stop: Stop,
}

/// Why a walk ended.
#[derive(Debug)]
pub(super) enum Stop {
    /// What is left is no whole frame.
    Short,
    /// The frame at `at` is to be received into memory of its own.
    Large { header: usize, size: usize, flags: u8 },
    /// The frame at `at` is a [wish](Command::is_wish), and messages that stand before it are not handed over yet.
    Wish,
    /// The frame at `at` is against the rules.
    Error(ProtocolError),
}

impl Rules {
    pub(super) fn new(version: Version, limits: Limits) -> Self {
        let short = u8::try_from(limits.single()).unwrap_or(u8::MAX);
        Self { limits, commands: version.has_commands(), short, frames: 0, octets: 0 }
    }

    /// Whether the last frame said that more of its message follow.
    pub(super) fn is_open(&self) -> bool {
        self.frames > 0
    }

    /// Walks over `octets` from `from` on. Commands go to `sink`. A frame whose body fills at least half of `capacity`
    /// is large even if it is whole: it can keep the memory it lies in.
    pub(super) fn walk(&mut self, octets: &[u8], from: usize, capacity: usize, sink: &mut impl Sink) -> Walk {
        let mut walk =
            Walk { first_end: from, end: from, messages: 0, at: from, commands: false, stop: Stop::Short };
        loop {
            if !self.is_open() {
                let (length, count) = short_messages(octets.get(walk.at..).unwrap_or_default(), self.short);
                if count > 0 {
                    walk.at += length;
                    walk.end = walk.at;
                    walk.messages += count;
                    walk.commands = false;
                }
            }
            if self.short_parts(octets, &mut walk) {
                continue;
            }
            match self.step(octets, &mut walk, capacity, sink) {
                Ok(None) => {}
                Ok(Some(stop)) => {
                    walk.stop = stop;
                    return walk;
                }
                Err(error) => {
                    walk.stop = Stop::Error(error);
                    return walk;
                }
            }
        }
    }

    /// Passes over short frames up to the end of one message, where no limit can be met; whether it came to that end.
    #[inline]
    fn short_parts(&mut self, octets: &[u8], walk: &mut Walk) -> bool {
        let total = self.limits.total.unwrap_or(u64::MAX);
        let mut octets_of_message = self.octets;
        let mut rest = octets.get(walk.at..).unwrap_or_default();
        let (mut frames, mut last) = (self.frames, false);
        while !last && frames < self.limits.frames {
            let [flags @ (0 | MORE), size, behind @ ..] = rest else { break };
            match behind.get(usize::from(*size)..) {
                Some(behind)
                    if *size <= self.short && octets_of_message.saturating_add((*size).into()) <= total =>
                {
                    rest = behind;
                    octets_of_message += u64::from(*size);
                }
                _ => break,
            }
            frames += 1;
            last = *flags == 0;
        }
        walk.at = octets.len() - rest.len();
        (self.frames, self.octets) = if last { (0, 0) } else { (frames, octets_of_message) };
        if last {
            walk.end_message();
        }
        last
    }

    /// Passes over one frame of any kind.
    #[inline]
    fn step(
        &mut self,
        octets: &[u8],
        walk: &mut Walk,
        capacity: usize,
        sink: &mut impl Sink,
    ) -> Result<Option<Stop>, ProtocolError> {
        let rest = octets.get(walk.at..).unwrap_or_default();
        let Some(&flags) = rest.first() else { return Ok(Some(Stop::Short)) };
        self.check_flags(flags)?;
        let Some(header) = Header::parse(rest) else { return Ok(Some(Stop::Short)) };
        self.check_size(header.flags, header.size)?;
        // On a target of 32 bits a longer frame cannot be held, whatever the limits say.
        let size =
            usize::try_from(header.size).map_err(|_| ProtocolError::FrameTooLong { size: header.size })?;
        let body = header.octets.checked_add(size).and_then(|end| rest.get(header.octets..end));
        match body {
            Some(body) if size < SHARED_FROM || size < capacity / 2 => {
                let end = walk.at + header.octets + size;
                if header.is_command() {
                    let command = Command::parse(body).map_err(ProtocolError::Command)?;
                    if command.is_wish() && walk.messages > 0 {
                        return Ok(Some(Stop::Wish));
                    }
                    (walk.at, walk.commands) = (end, true);
                    sink.command(command);
                } else {
                    walk.at = end;
                    if self.pass(header.size, header.more()) {
                        walk.end_message();
                    }
                }
                Ok(None)
            }
            None if size < SHARED_FROM => Ok(Some(Stop::Short)),
            _ => Ok(Some(Stop::Large { header: header.octets, size, flags })),
        }
    }

    /// Refuses flags that no frame of the version has. One octet is enough to tell.
    #[inline]
    pub(super) fn check_flags(&self, flags: u8) -> Result<(), ProtocolError> {
        if flags & !(MORE | LONG) == 0 {
            return Ok(());
        }
        if flags & !(MORE | LONG | COMMAND) != 0 {
            Err(ProtocolError::ReservedFlags(flags)) // R4
        } else if !self.commands {
            Err(ProtocolError::CommandOnLegacy) // R5
        } else if flags & MORE != 0 {
            Err(ProtocolError::CommandWithMore) // R4, and R5: no command is split
        } else {
            Ok(())
        }
    }

    /// Refuses a frame by the size its header claims, before any of its body is stored.
    #[inline]
    pub(super) fn check_size(&self, flags: u8, size: u64) -> Result<(), ProtocolError> {
        let limit = self.limits.frame.unwrap_or(BODY_MAX).min(BODY_MAX);
        let command = flags & COMMAND != 0;
        if size > limit {
            return Err(ProtocolError::FrameTooLong { size }); // R6
        }
        if command && size > self.limits.command {
            return Err(ProtocolError::CommandTooLong { size }); // R6
        }
        if command {
            return Ok(());
        }
        if self.limits.total.is_some_and(|total| self.octets.saturating_add(size) > total) {
            return Err(ProtocolError::MessageTooLong); // R6
        }
        if self.frames >= self.limits.frames {
            return Err(ProtocolError::TooManyFrames); // R21
        }
        Ok(())
    }

    /// Counts a frame of a message that passed the checks; whether it was the last one.
    #[inline]
    pub(super) fn pass(&mut self, size: u64, more: bool) -> bool {
        if more {
            self.frames += 1;
            self.octets = self.octets.saturating_add(size);
        } else {
            (self.frames, self.octets) = (0, 0);
        }
        !more
    }
}

impl Walk {
    #[inline]
    fn end_message(&mut self) {
        self.first_end = if self.messages == 0 { self.at } else { self.first_end };
        self.messages += 1;
        self.end = self.at;
        self.commands = false;
    }
}

/// Passes over messages of one short frame each: two loads and an addition for one. Returns octets and messages.
#[inline]
fn short_messages(octets: &[u8], longest: u8) -> (usize, usize) {
    let mut rest = octets;
    let mut count = 0;
    while let [0, size, behind @ ..] = rest {
        match behind.get(usize::from(*size)..) {
            Some(behind) if *size <= longest => rest = behind,
            _ => break,
        }
        count += 1;
    }
    (octets.len() - rest.len(), count)
}
