//! How a session goes from stage to stage: see the diagram in [`session`](crate::io::session).

use crate::{
    io::{
        run::Loop,
        session::{Asking, LAST_WAIT, LAST_WAIT_IPC, Linger, Session, Shaking, Stage},
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
};
use zeroxide_net::{Family, Interest, Progress as SocksProgress, Socks, Stream};
use zeroxide_proto::{
    Frame, Loss, SocketType,
    connection::{
        Beat, Decoder, Encoder, Established, Handshake, HandshakeError, HandshakeFailure, Heartbeat,
        PeerProperties, Version,
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
    Violation(String),
}

mod connecting;
mod ending;
mod shaking;
mod traffic;

impl Loop {
    /// Tells the timers when this session wants to be looked at.
    fn note_deadline(&mut self, key: SessionKey) {
        if let Some(session) = self.sessions.get(&key) {
            self.timers.set(key, session.deadline());
        }
    }
}
