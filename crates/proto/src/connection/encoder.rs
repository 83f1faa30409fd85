//! Batches to octets: one per connection, after the handshake.
//!
//! For a peer of 2.0 or 3.x without encryption a batch is what goes on the wire, and nothing happens here. For all others
//! the frames are put into another form, and the batch is kept beside it until the octets are out.

use super::Version;
use crate::{
    Batch, Frame,
    batch::{COMMAND, Header, MORE},
    reuse,
    security::Sealer,
    wire::{Command, command::CONTEXT_MAX, legacy},
};

/// Octets by which a long header is longer than a short one.
const HEADER_GROWTH: usize = 7;
/// Octets of a long header.
const LONG_HEADER: usize = 9;

/// Puts what is sent into the form that the peer understands.
///
/// ```
/// use zeroxide_proto::{Batch, Options, SocketType};
/// # use zeroxide_proto::{Handshake, Settings};
/// # let settings = Settings::new(SocketType::Xsub, &Options::default());
/// # let mut handshake = Handshake::new(settings, &mut Vec::new());
/// # let mut heard = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
/// # heard.resize(64, 0);
/// # heard.extend(b"\x04\x1A\x05READY\x0BSocket-Type\0\0\0\x04XPUB");
/// # let progress = handshake.receive(&heard, &mut Vec::new())?;
/// let mut encoder = progress.established.ok_or("more is to come")?.encoder;
/// let mut out = Vec::new();
/// encoder.subscription(b"A", true, &mut out);
/// encoder.ping(600, b"", &mut out);
/// assert_eq!(out, b"\x04\x0B\x09SUBSCRIBEA\x04\x07\x04PING\x02\x58");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Encoder {
    mode: Mode,
    version: Version,
}

#[derive(Debug)]
enum Mode {
    Clear,
    Legacy,
    Raw,
    Sealed(Box<dyn Sealer>),
}

impl Encoder {
    pub(crate) fn new(version: Version, sealer: Option<Box<dyn Sealer>>) -> Self {
        let mode = match (version, sealer) {
            (_, Some(sealer)) => Mode::Sealed(sealer),
            (Version::V1, None) => Mode::Legacy,
            _ => Mode::Clear,
        };
        Self { mode, version }
    }

    /// For STREAM and raw ROUTERs, whose peers get the bodies and nothing else.
    pub fn raw() -> Self {
        Self { mode: Mode::Raw, version: Version::V1 }
    }

    /// Whether this is [`Encoder::raw`].
    pub fn is_raw(&self) -> bool {
        matches!(self.mode, Mode::Raw)
    }

    /// Whether a batch goes out as it is. A caller that knows may write the octets of batches without [`Encoder::encode`].
    #[inline]
    pub fn is_passthrough(&self) -> bool {
        matches!(self.mode, Mode::Clear)
    }

    /// Whether frames are encrypted.
    pub fn is_sealing(&self) -> bool {
        matches!(self.mode, Mode::Sealed(_))
    }

    /// Puts a batch into the form that goes on the wire.
    #[inline]
    pub fn encode(&mut self, batch: Batch) -> Wire {
        let coded = match self.mode {
            Mode::Clear => None,
            _ => Some(Box::new(self.recode(&batch))),
        };
        Wire { batch, coded }
    }

    /// Encrypts a message of one frame behind an envelope from where it is; `None` where nothing is encrypted. The answer does
    /// not know the message: whoever cannot write all of it has to say it again, by [`Wire::keep`].
    pub fn seal_lent(&mut self, envelope: &[Frame], body: &[u8]) -> Option<Wire> {
        let Mode::Sealed(sealer) = &mut self.mode else { return None };
        let each = sealer.overhead() + LONG_HEADER;
        let size = envelope.iter().map(|frame| frame.len() + each).sum::<usize>() + body.len() + each;
        let mut octets = Batch::with_memory(reuse::take(size));
        for frame in envelope {
            seal(&mut **sealer, MORE, frame, octets.octets_mut());
        }
        seal(&mut **sealer, 0, body, octets.octets_mut());
        let ends = vec![octets.size()];
        Some(Wire { batch: Batch::new(), coded: Some(Box::new(Coded { octets, ends })) })
    }

    fn recode(&mut self, batch: &Batch) -> Coded {
        let mut octets = Batch::new();
        if let Mode::Sealed(sealer) = &self.mode {
            // Framed anew each of them takes seven octets more at most; single frames are the rule.
            let each = sealer.overhead() + HEADER_GROWTH;
            octets = Batch::with_memory(reuse::take(batch.size() + batch.messages() * each));
        }
        let mut ends = Vec::with_capacity(batch.messages());
        for (body, shared, more) in batch.frames() {
            match &mut self.mode {
                Mode::Sealed(sealer) => {
                    seal(&mut **sealer, u8::from(more) * MORE, body, octets.octets_mut());
                }
                mode => {
                    if matches!(mode, Mode::Legacy) {
                        legacy::Header::write(body.len(), more, octets.octets_mut());
                    }
                    match shared {
                        Some(shared) => octets.push_apart(shared.clone()),
                        None => octets.push_octets(body, 0),
                    }
                }
            }
            if !more {
                ends.push(octets.size());
            }
        }
        Coded { octets, ends }
    }

    /// Appends a PING; nothing for a peer that does not know it. Of a context only 16 octets travel.
    pub fn ping(&mut self, ttl: u16, context: &[u8], out: &mut Vec<u8>) {
        let context = context.get(..CONTEXT_MAX).unwrap_or(context);
        self.heartbeat(Command::Ping { ttl, context }, out);
    }

    /// Whether the peer is sure to answer a PING. One that says 3.0 may not know it.
    pub fn has_pongs(&self) -> bool {
        self.version == Version::V3_1
    }

    /// Appends the answer to a PING that had this context.
    pub fn pong(&mut self, context: &[u8], out: &mut Vec<u8>) {
        let context = context.get(..CONTEXT_MAX).unwrap_or(context);
        self.heartbeat(Command::Pong(context), out);
    }

    fn heartbeat(&mut self, command: Command<'_>, out: &mut Vec<u8>) {
        if self.version.has_commands() {
            self.command(command, out);
        }
    }

    /// Appends a subscription, or its cancellation, in the form that the peer understands: a command since 3.1, a message
    /// before, and nothing for 1.0, where the subscriber alone filters.
    pub fn subscription(&mut self, topic: &[u8], subscribe: bool, out: &mut Vec<u8>) {
        match self.version {
            Version::V3_1 if subscribe => self.command(Command::Subscribe(topic), out),
            Version::V3_1 => self.command(Command::Cancel(topic), out),
            Version::V2 | Version::V3_0 => {
                let body = [&[u8::from(subscribe)], topic].concat();
                match &mut self.mode {
                    Mode::Sealed(sealer) => seal(&mut **sealer, 0, &body, out),
                    _ => frame(0, &body, out), // X13: LONG from 255 octets of topic on
                }
            }
            Version::V1 => {}
        }
    }

    /// Appends the joining of a group, or the leaving; nothing for peers older than 3.0, which have no commands.
    pub fn group(&mut self, group: &[u8], join: bool, out: &mut Vec<u8>) {
        if self.version.has_commands() {
            self.command(if join { Command::Join(group) } else { Command::Leave(group) }, out);
        }
    }

    fn command(&mut self, command: Command<'_>, out: &mut Vec<u8>) {
        match &mut self.mode {
            Mode::Sealed(sealer) => {
                let mut body = Vec::new();
                command.write_body(&mut body);
                seal(&mut **sealer, COMMAND, &body, out);
            }
            _ => command.write(out),
        }
    }
}

fn frame(flags: u8, body: &[u8], out: &mut Vec<u8>) {
    Header::write(flags, body.len(), out);
    out.extend_from_slice(body);
}

/// Appends the frame that carries an encrypted one: always a message frame, whatever is inside (X8).
fn seal(sealer: &mut dyn Sealer, flags: u8, body: &[u8], out: &mut Vec<u8>) {
    Header::write(0, body.len() + sealer.overhead(), out);
    sealer.seal(flags, body, out);
}

/// A batch on its way out, in the form of the wire.
///
/// ```
/// use zeroxide_proto::{Batch, Encoder};
/// let mut batch = Batch::new();
/// batch.push_frame(b"whole", false);
/// batch.push_frame(b"cut off", false);
/// // For a plain TCP peer, which gets the bodies and nothing else.
/// let wire = Encoder::raw().encode(batch);
/// assert_eq!((wire.messages(), wire.size()), (2, 12));
/// // The connection broke after 8 octets.
/// let (mut left, sent) = wire.into_unwritten(8);
/// assert_eq!((sent, left.pop()), (1, Some("cut off".into())));
/// ```
#[derive(Debug, Default)]
pub struct Wire {
    batch: Batch,
    coded: Option<Box<Coded>>,
}

#[derive(Debug)]
struct Coded {
    octets: Batch,
    /// Where each message ends.
    ends: Vec<usize>,
}

/// For a peer that takes batches as they are.
impl From<Batch> for Wire {
    fn from(batch: Batch) -> Self {
        Self { batch, coded: None }
    }
}

impl Wire {
    /// What to write, in order.
    pub fn segments(&self) -> impl Iterator<Item = &[u8]> {
        self.octets().segments()
    }

    /// Octets to write in all.
    #[inline]
    pub fn size(&self) -> usize {
        self.octets().size()
    }

    /// Messages inside.
    #[inline]
    pub fn messages(&self) -> usize {
        self.batch.messages()
    }

    /// Whether what was written may stay here until more is taken: it is as it was queued, holds no memory of others, and little
    /// of its own.
    #[inline]
    pub fn may_stay(&self) -> bool {
        self.coded.is_none() && self.batch.may_stay()
    }

    /// After `written` octets went out and the connection broke: what did not go out whole, for the next connection to
    /// encode anew, and how many messages went out.
    pub fn into_unwritten(self, written: usize) -> (Batch, usize) {
        let mut batch = self.batch;
        let passed = match self.coded {
            None => batch.skip_written(written),
            Some(coded) => {
                let passed = coded.ends.partition_point(|end| *end <= written);
                for _ in 0..passed {
                    batch.pop();
                }
                passed
            }
        };
        (batch, passed)
    }

    /// Of what these octets were made by [`Encoder::seal_lent`]: encoded anew should the connection break before they are out.
    pub fn keep(&mut self, batch: Batch) {
        self.batch = batch;
    }

    /// The memory of what was written, for the next batch.
    pub fn into_memory(self) -> Batch {
        if let Some(coded) = self.coded {
            reuse::give(coded.octets.into_memory());
        }
        let mut batch = self.batch;
        batch.clear();
        batch
    }

    fn octets(&self) -> &Batch {
        self.coded.as_ref().map_or(&self.batch, |coded| &coded.octets)
    }
}
