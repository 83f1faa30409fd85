//! Octets to batches: one per connection, after the handshake.
//!
//! Three places hold what is not whole yet, so that nothing is copied more than once or twice and an idle connection
//! holds next to nothing:
//!
//! ```text
//! partial   the cut-off end of a read: less than a small frame         put in front of the next read
//! large     the body of a large frame under way                       read into directly
//! pending   whole frames of a message that is not                     completed, then handed over
//! ```

use super::{
    Limits, ProtocolError, Sink, Version,
    large::Large,
    transcode::Transcoder,
    walk::{Rules, Stop, Walk},
};
use crate::{
    Batch,
    batch::{FULL, Header, MORE, SHARED_FROM},
    reuse,
    security::Opener,
    wire::Command,
};

/// Room for one read.
const READ: usize = FULL;
/// From so many octets on, a run of whole messages keeps the memory it was read into; shorter ones are copied.
const TAKE: usize = 16 * 1024;
/// A large body that misses at least so much is read into directly; the end of one comes by way of the read buffer,
/// together with what follows it.
const DIRECT: usize = 16 * 1024;

/// Bodies from this size on are large enough that others like them are read in pieces.
const LARGE: usize = 32 * 1024;

/// Cuts what a peer sends into messages and commands.
///
/// Before each read, [`Decoder::target`] says where to read to; after it, [`Decoder::advance`] hands over what became
/// whole. The read buffer may serve many connections in turn: it holds nothing between `advance` and `target`.
///
/// ```
/// use zeroxide_proto::{Batch, Command, Message, Options, Sink, SocketType};
///
/// struct Print;
/// impl Sink for Print {
///     fn messages(&mut self, mut batch: Batch) {
///         assert_eq!(batch.pop(), Some(Message::from("hello")));
///     }
///     fn command(&mut self, command: Command<'_>) {
///         println!("{}", command.name().escape_ascii());
///     }
/// }
///
/// # use zeroxide_proto::{Handshake, Settings};
/// # let settings = Settings::new(SocketType::Pull, &Options::default());
/// # let mut handshake = Handshake::new(settings, &mut Vec::new());
/// # let mut heard = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
/// # heard.resize(64, 0);
/// # heard.extend(b"\x04\x1A\x05READY\x0BSocket-Type\0\0\0\x04PUSH");
/// # let progress = handshake.receive(&heard, &mut Vec::new())?;
/// let mut decoder = progress.established.ok_or("more is to come")?.decoder;
/// let mut scratch = Vec::with_capacity(8192);
/// for read in [&b"\0\x05hel"[..], b"lo"] {
///     decoder.target(&mut scratch).extend_from_slice(read);
///     decoder.advance(&mut scratch, &mut Print)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    mode: Mode,
    rules: Rules,
    partial: Vec<u8>,
    pending: Batch,
    large: Option<Large>,
    /// The body under way holds what was read last, rather than the read buffer.
    direct: bool,
    /// What came last was a large body.
    amid_large: bool,
}

#[derive(Debug)]
enum Mode {
    /// Not ZMTP: each read is a message.
    Raw,
    /// The octets are those of a batch.
    Clear,
    /// Frames have to be put into another form, one by one.
    Coded(Transcoder),
}

impl Decoder {
    pub(crate) fn new(version: Version, limits: Limits, opener: Option<Box<dyn Opener>>) -> Self {
        let mode = match (version, opener) {
            (_, Some(opener)) => Mode::Coded(Transcoder::sealed(opener)),
            (Version::V1, None) => Mode::Coded(Transcoder::legacy()),
            _ => Mode::Clear,
        };
        Self::of(mode, Rules::new(version, limits))
    }

    /// For STREAM and raw ROUTERs, which talk to peers that are not ZeroMQ: each read is one message of one frame.
    pub fn raw() -> Self {
        Self::of(Mode::Raw, Rules::new(Version::V1, Limits::NONE))
    }

    const fn of(mode: Mode, rules: Rules) -> Self {
        Self {
            mode,
            rules,
            partial: Vec::new(),
            pending: Batch::new(),
            large: None,
            direct: false,
            amid_large: false,
        }
    }

    /// The vector to append the next octets to; it has spare capacity. Either `scratch`, the caller's read buffer, whose
    /// content is replaced by the unfinished end of the last read, or the body of a large frame under way.
    ///
    /// Asking again without having read is harmless, with the same or another buffer.
    #[inline]
    pub fn target<'a>(&'a mut self, scratch: &'a mut Vec<u8>) -> &'a mut Vec<u8> {
        if let Some(large) = &mut self.large
            && large.missing() >= DIRECT
        {
            self.direct = true;
            return large.room();
        }
        self.direct = false;
        scratch.clear();
        if scratch.capacity() < READ {
            *scratch = reuse::take_just(READ);
        }
        scratch.extend_from_slice(&self.partial);
        scratch
    }

    /// Hands whole messages and commands to `sink` after octets were appended to the target; `scratch` is the buffer
    /// that was given to [`Decoder::target`]. It is empty afterwards, and may have lost its memory to a batch.
    ///
    /// # Errors
    /// [`ProtocolError`], after all that came before the fault was handed over. The connection is to be closed.
    #[inline]
    pub fn advance(&mut self, scratch: &mut Vec<u8>, sink: &mut impl Sink) -> Result<(), ProtocolError> {
        if matches!(self.mode, Mode::Raw) {
            raw_message(scratch, sink);
            return Ok(());
        }
        let mut from = 0;
        loop {
            if let Some(mut large) = self.large.take() {
                if !std::mem::take(&mut self.direct) {
                    from = large.fill(scratch);
                } else if large.missing() == 0 {
                    large.split_surplus(scratch);
                }
                if large.missing() > 0 {
                    scratch.clear();
                    self.large = Some(large);
                    return Ok(());
                }
                self.finish(large, sink)?;
            }
            match &mut self.mode {
                Mode::Coded(_) => self.advance_coded(scratch, from, sink)?,
                _ => self.advance_clear(scratch, from, sink)?,
            }
            if !self.direct {
                return Ok(());
            }
            from = 0;
        }
    }

    /// Whether what comes next will be a large body, or a part of it, that goes to the application as it is.
    #[inline]
    pub fn is_amid_large(&self) -> bool {
        self.amid_large
    }

    /// Octets of memory held between two reads.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let large = self.large.as_ref().map_or(0, Large::held);
        self.partial.capacity() + self.pending.size() + large
    }

    /// Hands over the whole messages of the read buffer from `from` on and keeps the rest.
    fn advance_clear(
        &mut self,
        scratch: &mut Vec<u8>,
        mut from: usize,
        sink: &mut impl Sink,
    ) -> Result<(), ProtocolError> {
        loop {
            let was_open = self.rules.is_open();
            let mut walk = self.rules.walk(scratch, from, scratch.capacity(), sink);
            self.amid_large &= walk.messages == 0;
            if was_open && walk.messages > 0 {
                self.pending.push_octets(scratch.get(from..walk.first_end).unwrap_or_default(), 1);
                sink.messages(std::mem::take(&mut self.pending));
                from = walk.first_end;
                walk.messages -= 1;
            }
            if self.rules.is_open() {
                self.keep_open(scratch.get(walk.end..walk.at).unwrap_or_default(), walk.commands);
            }
            self.partial.clear();
            match walk.stop {
                Stop::Wish => {
                    copy_over(scratch, from, &walk, sink);
                    from = walk.at;
                    continue;
                }
                Stop::Short => {
                    self.partial.extend_from_slice(scratch.get(walk.at..).unwrap_or_default());
                    hand_over(scratch, from, &walk, sink);
                }
                Stop::Error(error) => {
                    hand_over(scratch, from, &walk, sink);
                    return Err(error);
                }
                Stop::Large { header, size, flags } => {
                    let body = walk.at + header;
                    let capacity = scratch.capacity();
                    if size >= capacity / 2 && body.saturating_add(size) <= capacity {
                        copy_over(scratch, from, &walk, sink);
                        self.large = Some(Large::in_place(std::mem::take(scratch), body, size, flags));
                        self.direct = true;
                    } else {
                        let begin = scratch.get(body..).unwrap_or_default();
                        self.large = Some(Large::copied(size, flags, begin));
                        hand_over(scratch, from, &walk, sink);
                    }
                }
            }
            return Ok(());
        }
    }

    /// Puts whole frames of an unfinished message by. Commands among them were reported, and would pile up.
    fn keep_open(&mut self, frames: &[u8], commands: bool) {
        if !commands {
            return self.pending.push_octets(frames, 0);
        }
        let mut rest = frames;
        while let Some(header) = Header::parse(rest) {
            let Some((frame, behind)) = rest.split_at_checked(header.octets + header.size as usize) else {
                return;
            };
            if !header.is_command() {
                self.pending.push_octets(frame, 0);
            }
            rest = behind;
        }
    }

    fn advance_coded(
        &mut self,
        scratch: &mut Vec<u8>,
        from: usize,
        sink: &mut impl Sink,
    ) -> Result<(), ProtocolError> {
        let Mode::Coded(coder) = &mut self.mode else { return Ok(()) };
        // What comes of the octets is no longer than they are.
        let mut whole = Batch::with_memory(reuse::take(scratch.len().saturating_sub(from)));
        let capacity = scratch.capacity();
        let (at, stop) = coder.walk(&mut self.rules, scratch, from, &mut self.pending, &mut whole, sink);
        if whole.is_empty() {
            reuse::give(whole.into_memory());
        } else {
            sink.messages(whole);
        }
        self.partial.clear();
        match stop {
            Stop::Short => self.partial.extend_from_slice(scratch.get(at..).unwrap_or_default()),
            Stop::Error(error) => return Err(error),
            // Found by the walk over octets in the clear alone.
            Stop::Wish => {}
            Stop::Large { header, size, flags } => {
                let body = at + header;
                if size >= capacity / 2 && body.saturating_add(size) <= capacity {
                    self.large = Some(Large::in_place(std::mem::take(scratch), body, size, flags));
                    self.direct = true;
                } else {
                    let begin = scratch.get(body..).unwrap_or_default();
                    self.large = Some(Large::copied(size, flags, begin));
                }
            }
        }
        if !self.direct {
            scratch.clear();
        }
        Ok(())
    }

    /// Delivers a large frame, all of which came.
    fn finish(&mut self, large: Large, sink: &mut impl Sink) -> Result<(), ProtocolError> {
        if let Mode::Coded(coder) = &mut self.mode {
            let mut whole = Batch::new();
            coder.deliver_large(&mut self.rules, large, &mut self.pending, &mut whole, sink)?;
            if !whole.is_empty() {
                sink.messages(whole);
            }
            return Ok(());
        }
        let (flags, command) = (large.flags(), large.is_command());
        let body = large.into_body();
        if command {
            sink.command(Command::parse(&body).map_err(ProtocolError::Command)?);
            return Ok(());
        }
        let more = flags & MORE != 0;
        let last = self.rules.pass(body.len() as u64, more);
        self.amid_large = body.len() >= LARGE;
        self.pending.push_shared(body, more);
        if last {
            sink.messages(std::mem::take(&mut self.pending));
        }
        Ok(())
    }
}

/// Hands over the whole messages of a walk, in the memory they lie in if they fill enough of it. Empties the buffer.
fn hand_over(scratch: &mut Vec<u8>, from: usize, walk: &Walk, sink: &mut impl Sink) {
    let whole = walk.end - from;
    if walk.messages > 0 && whole >= TAKE && whole >= scratch.capacity() / 4 {
        let mut octets = std::mem::take(scratch);
        octets.truncate(walk.end);
        sink.messages(Batch::from_octets_at(octets, from, walk.messages));
    } else {
        copy_over(scratch, from, walk, sink);
        scratch.clear();
    }
}

/// Hands over the whole messages of a walk as a copy of just their size.
fn copy_over(scratch: &[u8], from: usize, walk: &Walk, sink: &mut impl Sink) {
    if walk.messages > 0 {
        let octets = scratch.get(from..walk.end).unwrap_or_default().to_vec();
        sink.messages(Batch::from_octets(octets, walk.messages));
    }
}

fn raw_message(scratch: &mut Vec<u8>, sink: &mut impl Sink) {
    if scratch.is_empty() {
        return;
    }
    let mut batch = Batch::new();
    if scratch.len() < SHARED_FROM {
        batch.push_frame(scratch, false);
    } else if scratch.len() >= scratch.capacity() / 2 {
        batch.push_shared(reuse::share(std::mem::take(scratch)), false);
    } else {
        batch.push_shared(reuse::copy(scratch), false);
    }
    scratch.clear();
    sink.messages(batch);
}
