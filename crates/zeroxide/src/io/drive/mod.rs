//! How a session goes from stage to stage: see the diagram in [`session`](crate::io::session).

use crate::{
    io::{
        run::Loop,
        session::{Asking, LAST_WAIT, LAST_WAIT_MOST, Linger, Session, Shaking, Stage},
        shared::{Command, SessionKey},
    },
    link::{Drained, READS_PER_TURN, ReadOutcome, Wire},
    monitor::{Event, descriptor},
    origin::Origin,
    peer::{Link, Peer},
    security::{Applicant, Inquiry},
};
use std::{
    io::{self, ErrorKind, IoSlice},
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::*},
    time::Duration,
};
use zeroxide_net::{Family, Interest, Progress as SocksProgress, Socks, Stream};
use zeroxide_proto::{
    Frame, Limit, Loss, SocketType,
    connection::{
        Beat, Decoder, Encoder, Established, Handshake, HandshakeError, HandshakeFailure, Heartbeat,
        PeerProperties, ProtocolError, Version,
    },
    security::{Question, Verdict, zap::Grant},
    socket::{Facts, Refused},
};

/// Why a connection, or the try to make one, came to an end.
enum Ended {
    /// The connection was never made.
    NotConnected(io::Error),
    /// Greeting or handshake failed.
    Handshake(HandshakeError),
    /// The peer, or the system, ended it.
    Lost(String),
    /// The peer broke the protocol after the handshake.
    Violation(ProtocolError),
}

impl Ended {
    /// The limit that the peer met, if that is why.
    fn limit(&self) -> Option<Limit> {
        match self {
            Self::NotConnected(_) | Self::Lost(_) => None,
            Self::Handshake(error) => error.limit(),
            Self::Violation(error) => error.limit(),
        }
    }
}

pub(super) mod bursts;
mod connecting;
mod ending;
pub(super) mod pacing;
mod shaking;
mod traffic;

impl Loop {
    /// Says that the peer of a connection met a limit, which is counted already.
    pub(crate) fn tell_of_limit(&self, key: SessionKey, limit: Limit) {
        if let Some(session) = self.sessions.get(&key) {
            let (endpoint, peer) = (session.endpoint.clone(), session.peer_name());
            session.core.emit(|| Event::LimitMet { endpoint, peer, limit });
        }
    }

    /// The peer of a connection met a limit.
    fn limit_met(&self, key: SessionKey, limit: Limit) {
        if let Some(session) = self.sessions.get(&key) {
            session.core.counters.met(limit);
            self.tell_of_limit(key, limit);
        }
    }

    /// A connection that took its time with the handshake goes, so that a new one has its place.
    pub(crate) fn make_room(&mut self, key: SessionKey, limit: Limit) {
        self.limit_met(key, limit);
        self.ended(key, Ended::Lost("others wait, and the handshake was not done".to_owned()));
    }

    /// A connection is through its handshake, or gone.
    pub(super) fn leave_waiting_room(&mut self, key: SessionKey, parent: Option<SessionKey>) {
        if let Some(listening) = parent.and_then(|parent| self.listeners.get_mut(&parent)) {
            listening.room.leave(key);
        }
    }

    /// Whether somebody decides about a connection in the waiting room.
    fn note_asked(&mut self, key: SessionKey, asked: bool) {
        let parent = self.sessions.get(&key).and_then(|session| session.parent);
        if let Some(listening) = parent.and_then(|parent| self.listeners.get_mut(&parent)) {
            listening.room.set_asked(key, asked);
        }
    }

    /// Tells the timers when this session wants to be looked at.
    fn note_deadline(&mut self, key: SessionKey) {
        if let Some(session) = self.sessions.get(&key) {
            self.timers.set(key, session.deadline());
        }
    }
}
