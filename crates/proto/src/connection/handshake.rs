//! From the first octet to the end of the handshake: finds the peer's version, steps down to it, and agrees.
//!
//! ```text
//!            first octet not FF, or bit 0 of octet 9 clear
//! Signature ----------------------------------------------> Identity(1.0)            -> established
//!     | ten octets: send 03
//! Revision --- 0, 1, 2: send type, identity ---> SocketType -> Identity(1.0 or 2.0)  -> established
//!     | 3 and above: send the other 53 octets
//! Greeting --- 64 octets: same mechanism? ----> Commands, until the mechanism is done -> established
//!                                               Commands -> Asking -> Commands, on a side that decides who enters
//! ```
//! Detection and downgrade are those of zmtp.md section 4.1; what is sent when is exactly that, so that old peers see
//! a greeting of their own version.

use super::{
    Decoder, Encoder, HandshakeError, Settings, Version,
    partial::{ROUTING_ID_MAX, command_frame, identity_v1, identity_v2, store},
};
use crate::{
    Frame, SocketType,
    batch::Header,
    security::{Exchange, Question, Step, Verdict},
    wire::{
        Command, command,
        greeting::{self, Detection, GREETING_SIZE, Greeting, SIGNATURE_SIZE},
        legacy,
        metadata::{self, MetadataError, Properties},
    },
};
use std::sync::Arc;

/// A connection that is being set up.
///
/// ```
/// use zeroxide_proto::{Command, Handshake, Options, Settings, SocketType, wire::{greeting, metadata}};
/// let mut out = Vec::new();
/// let mut handshake = Handshake::new(Settings::new(SocketType::Pull, &Options::default()), &mut out);
/// assert_eq!(out, greeting::signature(0), "the rest waits until the peer has shown its version");
///
/// // What a PUSH of today says.
/// let mut heard = greeting::signature(0).to_vec();
/// heard.push(greeting::MAJOR);
/// greeting::Greeting::new("NULL", false).write_rest(&mut heard);
/// let mut properties = Vec::new();
/// metadata::write(metadata::SOCKET_TYPE, b"PUSH", &mut properties);
/// Command::Ready(&properties).write(&mut heard);
///
/// let progress = handshake.receive(&heard, &mut out)?;
/// assert_eq!(progress.consumed, heard.len());
/// let established = progress.established.ok_or("more is to come")?;
/// assert_eq!(established.peer.socket_type, Some(SocketType::Push));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Handshake {
    settings: Arc<Settings>,
    stage: Stage,
    /// What came of the part under way: the greeting from its first octet on, or one frame.
    buffer: Vec<u8>,
}

/// What is being waited for.
#[derive(Debug)]
enum Stage {
    Signature,
    Revision,
    SocketType { framing: Version },
    Identity { framing: Version, peer: Option<SocketType> },
    Greeting,
    Commands { version: Version, mechanism: Exchange },
    Asking { version: Version, mechanism: Exchange },
    Over,
}

/// How far one call came.
///
/// ```
/// use zeroxide_proto::{Handshake, HandshakeError, Options, Settings, SocketType};
/// let settings = Settings::new(SocketType::Pull, &Options::default());
/// let mut handshake = Handshake::new(settings, &mut Vec::new());
/// let progress = handshake.receive(b"\xFF\0\0", &mut Vec::new())?;
/// assert_eq!(progress.consumed, 3);
/// assert!(progress.established.is_none(), "it has only just begun");
/// # Ok::<(), HandshakeError>(())
/// ```
#[derive(Debug)]
pub struct Progress {
    /// Octets of the input that belonged to the handshake; what is behind them is traffic.
    pub consumed: usize,
    /// The connection, once it is up.
    pub established: Option<Established>,
    /// What has to be decided before the handshake goes on, by [`Handshake::answer`]; until then it takes no octets.
    pub question: Option<Box<Question>>,
}

/// A connection that is up.
///
/// ```
/// use zeroxide_proto::{Batch, Established, Options, SocketType};
/// # use zeroxide_proto::{Handshake, Settings};
/// # let settings = Settings::new(SocketType::Pull, &Options::default());
/// # let mut handshake = Handshake::new(settings, &mut Vec::new());
/// # let mut heard = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
/// # heard.resize(64, 0);
/// # heard.extend(b"\x04\x1A\x05READY\x0BSocket-Type\0\0\0\x04PUSH");
/// # let progress = handshake.receive(&heard, &mut Vec::new())?;
/// let Established { peer, encoder, .. } = progress.established.ok_or("more is to come")?;
/// assert!(peer.version.has_commands());
/// assert!(encoder.is_passthrough(), "batches go out as they are");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Established {
    /// What is known of the peer.
    pub peer: PeerProperties,
    /// Octets to messages.
    pub decoder: Decoder,
    /// Messages to octets.
    pub encoder: Encoder,
}

/// What a peer said about itself.
///
/// ```
/// use zeroxide_proto::{Options, SocketType, wire::metadata};
/// # use zeroxide_proto::{Handshake, Settings};
/// # let settings = Settings::new(SocketType::Pull, &Options::default());
/// # let mut handshake = Handshake::new(settings, &mut Vec::new());
/// # let mut heard = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
/// # heard.resize(64, 0);
/// # heard.extend(b"\x04\x1A\x05READY\x0BSocket-Type\0\0\0\x04PUSH");
/// # let progress = handshake.receive(&heard, &mut Vec::new())?;
/// let peer = progress.established.ok_or("more is to come")?.peer;
/// assert_eq!(peer.socket_type, Some(SocketType::Push));
/// assert!(peer.routing_id.is_empty(), "it is nobody in particular");
/// assert_eq!(metadata::find(&peer.metadata, "socket-type"), Some(&b"PUSH"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerProperties {
    /// The version spoken with it.
    pub version: Version,
    /// Its type; `None` for 1.0, which has none, and for peers that do not say.
    pub socket_type: Option<SocketType>,
    /// The name it wants to be known by: at most 255 octets, the first not 00; empty if it gave none.
    pub routing_id: Frame,
    /// All its properties, in its order; names as it wrote them.
    pub metadata: Vec<(String, Vec<u8>)>,
}

impl Handshake {
    /// Begins a connection and appends the first octets to send; they go out without waiting for the peer.
    pub fn new(settings: impl Into<Arc<Settings>>, out: &mut Vec<u8>) -> Self {
        let settings = settings.into();
        out.extend_from_slice(&greeting::signature(settings.routing_id.len()));
        Self { settings, stage: Stage::Signature, buffer: Vec::new() }
    }

    /// Takes what belongs to the handshake off the front of `input` and appends to `out` what to send.
    ///
    /// Octets may come in any portions. Once [`Progress::established`] is there, the handshake is over and takes nothing
    /// more; whatever of the input it did not consume is for the decoder.
    ///
    /// # Errors
    /// [`HandshakeError`]: the connection is to be closed, after what is in `out` was sent.
    pub fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Progress, HandshakeError> {
        let mut rest = input;
        let mut made = Made::Nothing;
        while matches!(made, Made::Nothing) && !matches!(self.stage, Stage::Asking { .. } | Stage::Over) {
            let missing = self.wanted()?.saturating_sub(self.buffer.len());
            let (taken, behind) = rest.split_at_checked(missing).unwrap_or((rest, &[]));
            store(&mut self.buffer, taken, missing);
            rest = behind;
            if taken.len() < missing {
                break;
            }
            if missing == 0 {
                made = self.step(out)?;
            }
        }
        let consumed = input.len() - rest.len();
        Ok(match made {
            Made::Nothing => Progress { consumed, established: None, question: None },
            Made::Question(question) => Progress { consumed, established: None, question: Some(question) },
            Made::Connection(established) => {
                Progress { consumed, established: Some(*established), question: None }
            }
        })
    }

    /// Goes on with what was decided about the peer, and appends to `out` what to send. Does nothing if nothing was asked.
    ///
    /// # Errors
    /// If the peer may not enter: the connection is to be closed, after what is in `out` was sent.
    pub fn answer(
        &mut self,
        verdict: Verdict,
        out: &mut Vec<u8>,
    ) -> Result<Option<Established>, HandshakeError> {
        let (version, mechanism) = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Asking { version, mechanism } => (version, mechanism),
            stage => {
                self.stage = stage;
                return Ok(None);
            }
        };
        match verdict {
            Verdict::Allow => match self.approved(version, mechanism, out)? {
                Made::Connection(established) => Ok(Some(*established)),
                Made::Nothing | Made::Question(_) => Ok(None),
            },
            Verdict::Deny(denial) => {
                if let Some(reason) = denial.reason() {
                    command::write_error(reason, out); // X10
                }
                Err(HandshakeError::Denied(denial))
            }
            Verdict::NoAuthenticator => Err(HandshakeError::NoAuthenticator),
            Verdict::Deserted => Err(HandshakeError::Deserted),
            Verdict::Nonsense(error) => Err(HandshakeError::Zap(error)),
        }
    }

    /// Octets the buffer must hold before the stage can be left; grows as headers come in.
    fn wanted(&self) -> Result<usize, HandshakeError> {
        Ok(match &self.stage {
            Stage::Signature => match greeting::detect(&self.buffer) {
                Detection::Undecided(octets) => octets,
                _ => self.buffer.len(),
            },
            Stage::Revision => SIGNATURE_SIZE + 1,
            Stage::SocketType { .. } => SIGNATURE_SIZE + 2,
            Stage::Greeting => GREETING_SIZE,
            Stage::Identity { framing: Version::V1, .. } => identity_v1(&self.buffer)?.wanted,
            Stage::Identity { .. } => identity_v2(&self.buffer)?.wanted,
            Stage::Commands { mechanism, .. } => {
                command_frame(&self.buffer, mechanism, self.settings.max_metadata_size)?.wanted
            }
            Stage::Asking { .. } | Stage::Over => 0,
        })
    }

    /// Leaves the stage, all octets of which are there.
    fn step(&mut self, out: &mut Vec<u8>) -> Result<Made, HandshakeError> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Signature => self.signature_seen(out)?,
            Stage::Revision => self.revision_seen(out)?,
            Stage::SocketType { framing } => {
                let peer = self.legacy_socket_type()?;
                self.buffer.clear();
                self.stage = Stage::Identity { framing, peer };
            }
            Stage::Identity { framing, peer } => {
                return self.identity_seen(framing, peer).map(Made::connection);
            }
            Stage::Greeting => return self.greeting_seen(out),
            Stage::Commands { version, mechanism } => return self.command_seen(version, mechanism, out),
            Stage::Asking { .. } | Stage::Over => {}
        }
        Ok(Made::Nothing)
    }

    fn signature_seen(&mut self, out: &mut Vec<u8>) -> Result<(), HandshakeError> {
        if greeting::detect(&self.buffer) == Detection::Unversioned {
            self.admit(Version::V1)?;
            // The ten octets sent already are the head of this frame.
            out.extend_from_slice(&self.settings.routing_id);
            self.stage = Stage::Identity { framing: Version::V1, peer: None };
        } else {
            out.push(greeting::MAJOR);
            self.stage = Stage::Revision;
        }
        Ok(())
    }

    fn revision_seen(&mut self, out: &mut Vec<u8>) -> Result<(), HandshakeError> {
        let framing = match greeting::detect(&self.buffer) {
            Detection::Revision0 => Version::V1,
            Detection::Revision1 => Version::V2,
            _ => {
                self.greeting().write_rest(out);
                self.stage = Stage::Greeting;
                return Ok(());
            }
        };
        self.admit(framing)?;
        out.push(legacy_number(self.settings.socket_type));
        let identity = &self.settings.routing_id;
        match framing {
            Version::V1 => legacy::Header::write(identity.len(), false, out),
            _ => Header::write(0, identity.len(), out),
        }
        out.extend_from_slice(identity);
        self.stage = Stage::SocketType { framing };
        Ok(())
    }

    /// Refuses versions that are too old, and those that know no security where some is wanted.
    fn admit(&self, version: Version) -> Result<(), HandshakeError> {
        if !version.meets(self.settings.minimum_version) {
            return Err(HandshakeError::Version(version)); // R1
        }
        let secured = !self.settings.security.allows_versions_without_security() || self.settings.asks;
        if !version.has_commands() && secured {
            return Err(HandshakeError::Downgrade(version)); // R3
        }
        Ok(())
    }

    /// The type of a 2.0 peer. A wrong one is refused in silence: 2.0 has no way to say why.
    fn legacy_socket_type(&self) -> Result<Option<SocketType>, HandshakeError> {
        let number = self.buffer.get(SIGNATURE_SIZE + 1).copied().unwrap_or(u8::MAX);
        let peer = SocketType::ALL.get(usize::from(number)).copied();
        self.check_type(peer)?;
        Ok(peer)
    }

    fn check_type(&self, peer: Option<SocketType>) -> Result<(), HandshakeError> {
        use SocketType::{Rep, Router};
        let own = self.settings.socket_type;
        let both = (own, peer);
        match peer {
            Some(known) if own.may_talk_to(known) => Ok(()),
            _ if self.settings.version_two && matches!(both, (Rep, Some(Router)) | (Router, Some(Rep))) => {
                Ok(())
            }
            _ => Err(HandshakeError::SocketType { own, peer }), // R11
        }
    }

    fn identity_seen(
        &mut self,
        version: Version,
        socket_type: Option<SocketType>,
    ) -> Result<Established, HandshakeError> {
        let frame = match version {
            Version::V1 => identity_v1(&self.buffer)?,
            _ => identity_v2(&self.buffer)?,
        };
        let routing_id = checked_routing_id(frame.body)?;
        self.buffer = Vec::new();
        let peer = PeerProperties { version, socket_type, routing_id, metadata: Vec::new() };
        Ok(self.established(peer, None))
    }

    fn greeting(&self) -> Greeting {
        Greeting::new(self.settings.security.name(), self.settings.security.is_server())
    }

    fn greeting_seen(&mut self, out: &mut Vec<u8>) -> Result<Made, HandshakeError> {
        let Some(peer) = self.buffer.first_chunk().and_then(Greeting::parse) else {
            return Ok(Made::Nothing);
        };
        if peer.mechanism != self.greeting().mechanism {
            return Err(HandshakeError::Mechanism(peer.mechanism)); // R2
        }
        // Later major versions must step down to ours; minor ones only add.
        let version = if (peer.major, peer.minor) == (3, 0) { Version::V3_0 } else { Version::V3_1 };
        let mut mechanism = self.settings.security.begin();
        let step = mechanism.start(out)?;
        self.buffer.clear();
        self.stepped(version, mechanism, step, out)
    }

    fn own_metadata(&self) -> Vec<u8> {
        let Settings { socket_type, routing_id, metadata, .. } = &*self.settings;
        let mut octets = Vec::with_capacity(64);
        metadata::write(metadata::SOCKET_TYPE, socket_type.name().as_bytes(), &mut octets);
        if socket_type.sends_identity() || self.settings.version_two {
            metadata::write(metadata::IDENTITY, routing_id, &mut octets);
        }
        for (name, value) in metadata {
            metadata::write(name, value, &mut octets);
        }
        octets
    }

    fn command_seen(
        &mut self,
        version: Version,
        mut mechanism: Exchange,
        out: &mut Vec<u8>,
    ) -> Result<Made, HandshakeError> {
        let frame = command_frame(&self.buffer, &mechanism, self.settings.max_metadata_size)?;
        let command = match Command::parse(frame.body) {
            Ok(command) => command,
            Err(error) => {
                return Err(mechanism.misspelt(frame.body).unwrap_or(HandshakeError::Command(error)));
            }
        };
        let step = mechanism.receive(command, &|| self.own_metadata(), out)?;
        self.buffer = Vec::new();
        self.stepped(version, mechanism, step, out)
    }

    /// The peer may enter.
    fn approved(
        &mut self,
        version: Version,
        mut mechanism: Exchange,
        out: &mut Vec<u8>,
    ) -> Result<Made, HandshakeError> {
        let step = mechanism.approved(&|| self.own_metadata(), out)?;
        self.stepped(version, mechanism, step, out)
    }

    fn stepped(
        &mut self,
        version: Version,
        mechanism: Exchange,
        step: Step,
        out: &mut Vec<u8>,
    ) -> Result<Made, HandshakeError> {
        match step {
            Step::Continue => {
                self.stage = Stage::Commands { version, mechanism };
                Ok(Made::Nothing)
            }
            Step::Ask(question) if self.settings.asks => {
                self.stage = Stage::Asking { version, mechanism };
                Ok(Made::Question(question))
            }
            Step::Ask(_) => self.approved(version, mechanism, out),
            Step::Done(agreement) => {
                let encrypted = agreement.stages.is_some();
                let peer = self.peer(version, agreement.metadata, encrypted, out)?;
                Ok(Made::connection(self.established(peer, agreement.stages)))
            }
        }
    }

    /// What the metadata say of the peer; one of a wrong type is told so.
    fn peer(
        &self,
        version: Version,
        metadata: Properties,
        encrypted: bool,
        out: &mut Vec<u8>,
    ) -> Result<PeerProperties, HandshakeError> {
        if metadata.len() > self.settings.max_metadata_properties
            || metadata::size(&metadata) > self.settings.max_metadata_size
        {
            return Err(HandshakeError::Metadata(MetadataError::TooMuch)); // R8
        }
        let mut socket_type = None;
        // A peer that does not name its type is let in, as ZeroMQ does.
        if let Some(name) = metadata::find(&metadata, metadata::SOCKET_TYPE) {
            socket_type = SocketType::from_name(name);
            if let Err(error) = self.check_type(socket_type) {
                if !encrypted {
                    command::write_error("Invalid socket type", out); // R11, X7
                }
                return Err(error);
            }
        }
        let identity = metadata::find(&metadata, metadata::IDENTITY).unwrap_or_default();
        let routing_id = checked_routing_id(identity)?;
        Ok(PeerProperties { version, socket_type, routing_id, metadata })
    }

    fn established(&self, peer: PeerProperties, stages: Option<crate::security::Stages>) -> Established {
        let (sealer, opener) = stages.map_or((None, None), |both| (Some(both.sealer), Some(both.opener)));
        let decoder = Decoder::new(peer.version, self.settings.limits(), opener);
        let encoder = Encoder::new(peer.version, sealer);
        Established { peer, decoder, encoder }
    }
}

/// What one step came to.
#[derive(Debug)]
enum Made {
    Nothing,
    Question(Box<Question>),
    Connection(Box<Established>),
}

impl Made {
    fn connection(established: Established) -> Self {
        Self::Connection(Box::new(established))
    }
}

/// A routing id that may be used as one: 00 in front is for names the other side invents.
fn checked_routing_id(octets: &[u8]) -> Result<Frame, HandshakeError> {
    if octets.len() > ROUTING_ID_MAX || octets.first() == Some(&0) {
        return Err(HandshakeError::RoutingId); // R12
    }
    Ok(Frame::copy_from(octets))
}

/// The number by which 2.0 knows a type; it has none for XPUB and XSUB, which pass as PUB and SUB.
const fn legacy_number(socket_type: SocketType) -> u8 {
    match socket_type {
        SocketType::Xpub => SocketType::Pub as u8,
        SocketType::Xsub => SocketType::Sub as u8,
        other => other as u8,
    }
}
