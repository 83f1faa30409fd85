//! How a session goes from stage to stage: see the diagram in [`session`](crate::io::session).

use crate::{
    io::{
        run::Loop,
        session::{LAST_WAIT, Linger, Session, Stage},
        shared::{Command, SessionKey},
    },
    link::{Drained, READS_PER_TURN, ReadOutcome, Wire},
    monitor::Event,
    origin::Origin,
    peer::{Link, Peer},
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
        Beat, Decoder, Encoder, Established, Handshake, HandshakeError, Heartbeat, PeerProperties, Settings,
        Version,
    },
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

impl Loop {
    // -- connecting

    /// Begins a try: look the name up, or go on to connect.
    pub(crate) fn begin_try(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(dialer) = &mut session.dialer else { return };
        match dialer.lookup() {
            Some((host, port)) => {
                session.stage = Stage::Resolving;
                let family = if dialer.options.ipv6 { Family::Any } else { Family::V4 };
                let shared = self.shared.clone();
                self.resolver.resolve(&host, port, family, move |found| {
                    shared.command(Command::Resolved(key, found));
                });
            }
            None => {
                dialer.single_address();
                self.connect_next(key, None);
            }
        }
    }

    pub(crate) fn resolved(&mut self, key: SessionKey, result: io::Result<Vec<SocketAddr>>) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        if !matches!(session.stage, Stage::Resolving) {
            return;
        }
        let Some(dialer) = &mut session.dialer else { return };
        match result {
            Ok(addresses) => {
                dialer.addresses = addresses.into();
                self.connect_next(key, None);
            }
            Err(error) => self.ended(key, Ended::NotConnected(error)),
        }
    }

    /// Tries the next address of this try; `before` is what was wrong with the last one.
    fn connect_next(&mut self, key: SessionKey, before: Option<io::Error>) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(dialer) = &mut session.dialer else { return };
        let mut error = before;
        loop {
            match dialer.next_stream() {
                None => {
                    let error = error
                        .unwrap_or_else(|| io::Error::new(ErrorKind::NotFound, "the name has no address"));
                    return self.ended(key, Ended::NotConnected(error));
                }
                Some(Err(failed)) => error = Some(failed.into_source()),
                Some(Ok(stream)) => {
                    let deadline =
                        dialer.options.connect_timeout.and_then(|timeout| self.now.checked_add(timeout));
                    if let Err(failed) = self.shared.poller.add(&stream, key.0, Interest::WRITE) {
                        error = Some(failed);
                        continue;
                    }
                    session.stage = Stage::Connecting { stream, deadline };
                    let endpoint = session.endpoint.clone();
                    session.core.emit(|| Event::ConnectDelayed { endpoint });
                    return self.note_deadline(key);
                }
            }
        }
    }

    fn connecting_ready(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Stage::Connecting { stream, .. } = &session.stage else { return };
        match stream.is_finished() {
            Ok(false) => {}
            Err(error) => {
                let _ = self.shared.poller.remove(stream);
                self.connect_next(key, Some(error));
            }
            Ok(true) => {
                let _ = self.shared.poller.modify(stream, key.0, Interest::READ);
                let stage = std::mem::replace(&mut session.stage, Stage::Resolving);
                let Stage::Connecting { stream, .. } = stage else { return };
                let stream = Arc::new(stream.into_stream());
                let endpoint = session.endpoint.clone();
                session.core.emit(|| Event::Connected { endpoint });
                match session.dialer.as_ref().and_then(|dialer| dialer.proxy()) {
                    None => self.begin_handshake(key, stream),
                    Some((target, credentials)) => {
                        let mut out = Vec::new();
                        let credentials =
                            credentials.as_ref().map(|(user, password)| (&user[..], &password[..]));
                        let socks = match Socks::new(&target, credentials, &mut out) {
                            Ok(socks) => Box::new(socks),
                            Err(error) => {
                                return self.ended(key, Ended::NotConnected(io::Error::other(error)));
                            }
                        };
                        let deadline = session.core.options.lock().handshake_interval;
                        let deadline = deadline.and_then(|interval| self.now.checked_add(interval));
                        session.stage = Stage::Proxying { stream, socks, out, deadline };
                        self.note_deadline(key);
                        self.write_pending(key);
                    }
                }
            }
        }
    }

    fn proxying_readable(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Stage::Proxying { stream, socks, out, .. } = &mut session.stage else { return };
        let mut input = Vec::with_capacity(512);
        match stream.read(&mut input) {
            Ok(0) => return self.ended(key, Ended::Lost("the SOCKS proxy closed the connection".to_owned())),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => return self.ended(key, Ended::NotConnected(error)),
        }
        match socks.receive(&input, out) {
            Ok(SocksProgress::More) => self.write_pending(key),
            Ok(SocksProgress::Connected { .. }) => {
                let stream = stream.clone();
                self.begin_handshake(key, stream);
            }
            Err(error) => self.ended(key, Ended::NotConnected(io::Error::other(error))),
        }
    }

    // -- handshake

    pub(crate) fn begin_handshake(&mut self, key: SessionKey, stream: Arc<Stream>) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        if session.core.kind == SocketType::Stream {
            let peer = PeerProperties {
                version: Version::V1,
                socket_type: None,
                routing_id: Frame::EMPTY,
                metadata: Vec::new(),
            };
            let established = Established { peer, decoder: Decoder::raw(), encoder: Encoder::raw() };
            return self.up(key, stream, established, Vec::new(), &[]);
        }
        let own;
        let options = match &session.dialer {
            Some(dialer) => &dialer.options,
            None => {
                own = session.core.options.lock().clone();
                &own
            }
        };
        let mut out = Vec::new();
        let handshake = Box::new(Handshake::new(Settings::new(session.core.kind, options), &mut out));
        let deadline = options.handshake_interval.and_then(|interval| self.now.checked_add(interval));
        session.stage = Stage::Shaking { stream, handshake, out, deadline };
        self.note_deadline(key);
        self.write_pending(key);
    }

    fn shaking_readable(&mut self, key: SessionKey) {
        let mut input = Vec::with_capacity(4096);
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Stage::Shaking { stream, handshake, out, .. } = &mut session.stage else { return };
        match stream.read(&mut input) {
            Ok(0) => return self.ended(key, Ended::Lost("the peer closed during the handshake".to_owned())),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => return self.ended(key, Ended::Lost(error.to_string())),
        }
        match handshake.receive(&input, out) {
            Ok(progress) => match progress.established {
                None => self.write_pending(key),
                Some(established) => {
                    let (stream, out) = (stream.clone(), std::mem::take(out));
                    let rest = input.get(progress.consumed..).unwrap_or_default().to_vec();
                    self.up(key, stream, established, out, &rest);
                }
            },
            Err(error) => {
                // An ERROR command for the peer may be in `out`; it goes out if the kernel takes it now.
                let _ = stream.write_vectored(&[IoSlice::new(out)]);
                self.ended(key, Ended::Handshake(error));
            }
        }
    }

    /// Writes the octets of a handshake that are still to go.
    fn write_pending(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let (Stage::Shaking { stream, out, .. } | Stage::Proxying { stream, out, .. }) = &mut session.stage
        else {
            return;
        };
        while !out.is_empty() {
            match stream.write_vectored(&[IoSlice::new(out)]) {
                Ok(count) => drop(out.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return self.ended(key, Ended::Lost(error.to_string())),
            }
        }
        let interest = Interest::new(true, !out.is_empty());
        let _ = self.shared.poller.modify(&**stream, key.0, interest);
    }

    // -- traffic

    /// The handshake is done: the connection gets its peer, or the waiting peer its connection.
    fn up(
        &mut self,
        key: SessionKey,
        stream: Arc<Stream>,
        established: Established,
        out: Vec<u8>,
        rest: &[u8],
    ) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let core = session.core.clone();
        let Established { peer: properties, decoder, encoder } = established;
        let _ = self.shared.poller.modify(&*stream, key.0, Interest::READ);
        let connect_routing_id =
            session.dialer.as_ref().and_then(|dialer| dialer.options.connect_routing_id.clone());
        let origin = Origin::new(stream.peer_address(), properties.clone());
        let facts = Facts {
            socket_type: properties.socket_type,
            routing_id: &properties.routing_id,
            connect_routing_id: connect_routing_id.as_ref(),
            connected: true,
            initiated: session.dialer.is_some(),
            local: false,
            speaks_subscriptions: properties.version != Version::V1,
            cancels_each_copy: false,
        };
        // A ROUTER may refuse the name, and has to answer all the same.
        let answer = if core.kind == SocketType::Router { out.clone() } else { Vec::new() };
        let peer = match &session.peer {
            Some(peer) => {
                *peer.origin.lock() = origin;
                if let Some(wire) = peer.wire() {
                    wire.attach(&stream, decoder, encoder, out);
                }
                match core.reattach(peer, &facts) {
                    Ok(effects) => {
                        core.apply(effects);
                        Ok(peer.clone())
                    }
                    Err(refused) => {
                        if let Some(wire) = peer.wire() {
                            wire.detach();
                        }
                        Err(refused)
                    }
                }
            }
            None => {
                let wire = Wire::new(self.shared.clone(), key);
                wire.attach(&stream, decoder, encoder, out);
                let (outbox, inbox) = core.new_lanes();
                core.attach(Link::Wire(Box::new(wire)), &facts, outbox, inbox).map(|(peer, effects)| {
                    *peer.origin.lock() = origin;
                    core.apply(effects);
                    peer
                })
            }
        };
        let peer = match peer {
            Ok(peer) => peer,
            Err(Refused::NameTaken) if session.dialer.is_none() => {
                // Its owner cannot know, and would knock again and again: the connection stays, and nothing comes of it.
                let _ = stream.write_vectored(&[IoSlice::new(&answer)]);
                session.stage = Stage::Ending { stream, deadline: None };
                return self.note_deadline(key);
            }
            Err(refused) => {
                return self.ended(key, Ended::Lost(refused.to_string()));
            }
        };
        session.peer = Some(peer.clone());
        if let Some(dialer) = &mut session.dialer {
            dialer.attempts = 0;
        }
        let heartbeat = {
            let options = core.options.lock();
            options
                .heartbeat_interval
                .map(|_| Box::new(Heartbeat::new(&options, properties.version, self.now)))
        };
        session.stage = Stage::Up { stream: stream.clone(), heartbeat };
        let closing = session.is_closing();
        let (endpoint, name) = (session.endpoint.clone(), session.peer_name());
        let Some(wire) = peer.wire() else { return };
        wire.write_or_report(&peer);
        let outcome = wire.feed(&peer, rest, &mut self.scratch);
        wire.open(&stream);
        core.link_up(&peer);
        core.counters.connections.fetch_add(1, Relaxed);
        core.emit(|| Event::HandshakeSucceeded { endpoint, peer: name });
        self.note_deadline(key);
        self.after_read(key, &peer, outcome);
        if closing {
            // It was closed before it was up, so nobody will ask again whether it is done.
            self.end_if_drained(key);
        }
    }

    /// A connection has something to read, or room to write.
    pub(crate) fn session_ready(&mut self, key: SessionKey, readable: bool, writable: bool) {
        let Some(session) = self.sessions.get(&key) else { return };
        match &session.stage {
            Stage::Waiting { .. } | Stage::Resolving => {}
            Stage::Connecting { .. } => self.connecting_ready(key),
            Stage::Proxying { .. } => {
                self.write_pending(key);
                self.proxying_readable(key);
            }
            Stage::Shaking { .. } => {
                if writable {
                    self.write_pending(key);
                }
                if readable {
                    self.shaking_readable(key);
                }
            }
            Stage::Up { .. } => self.up_ready(key, readable, writable),
            Stage::Ending { .. } => self.ending_readable(key),
        }
    }

    fn up_ready(&mut self, key: SessionKey, readable: bool, writable: bool) {
        let Some(peer) = self.sessions.get(&key).and_then(|session| session.peer.clone()) else { return };
        let Some(wire) = peer.wire() else { return };
        let mut broken = false;
        if writable {
            match wire.writable(&peer) {
                Drained::Broken => broken = true,
                Drained::Again => wire.schedule(),
                Drained::Empty | Drained::Blocked | Drained::Detached => {}
            }
            if self.sessions.get(&key).is_some_and(Session::is_closing) {
                self.end_if_drained(key);
            }
        }
        if readable {
            let outcome = wire.read(&peer, &mut self.scratch, READS_PER_TURN);
            // A connection that takes nothing more may still hold messages of the peer: they are read first, however
            // long the application takes to make room. Then the end shows there.
            let more = matches!(outcome, ReadOutcome::Again | ReadOutcome::Paused);
            self.after_read(key, &peer, outcome);
            broken &= !more;
        }
        if broken && self.sessions.get(&key).is_some_and(|session| matches!(session.stage, Stage::Up { .. }))
        {
            // What the peer sent before it went has been read.
            self.ended(key, Ended::Lost("the connection takes nothing more".to_owned()));
        }
    }

    fn after_read(&mut self, key: SessionKey, peer: &Arc<Peer>, outcome: ReadOutcome) {
        match outcome {
            ReadOutcome::Drained | ReadOutcome::Paused | ReadOutcome::Detached => {}
            ReadOutcome::Again => {
                if let Some(wire) = peer.wire() {
                    self.shared.command(Command::Read(wire.session()));
                }
            }
            ReadOutcome::End => self.ended(key, Ended::Lost("the peer closed the connection".to_owned())),
            ReadOutcome::Failed(kind) => self.ended(key, Ended::Lost(kind.to_string())),
            ReadOutcome::Violation(error) => self.ended(key, Ended::Violation(error.to_string())),
        }
    }

    pub(crate) fn pinged(&mut self, key: SessionKey, ttl: u16) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Stage::Up { heartbeat, .. } = &mut session.stage else { return };
        if ttl > 0 || heartbeat.is_some() {
            let core = &session.core;
            let received =
                session.peer.as_ref().and_then(|peer| peer.wire()).map_or(0, |wire| wire.received());
            heartbeat
                .get_or_insert_with(|| Box::new(Heartbeat::new(&core.options.lock(), Version::V3_1, now)))
                .ping_received(ttl, now, received);
            self.note_deadline(key);
        }
    }

    pub(crate) fn session_time_is_up(&mut self, key: SessionKey) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&key) else { return };
        if let Some(Linger::For(until)) = session.linger_until
            && until <= now
            && !matches!(session.stage, Stage::Ending { .. })
        {
            return self.over(key);
        }
        match &mut session.stage {
            Stage::Waiting { .. } => self.begin_try(key),
            Stage::Resolving => {}
            Stage::Connecting { stream, .. } => {
                let _ = self.shared.poller.remove(stream);
                self.connect_next(key, Some(ErrorKind::TimedOut.into()));
            }
            Stage::Proxying { .. } => self.ended(key, Ended::NotConnected(ErrorKind::TimedOut.into())),
            Stage::Shaking { .. } => {
                self.ended(key, Ended::Lost("the handshake was not done in time".to_owned()));
            }
            Stage::Up { heartbeat, .. } => {
                let Some(peer) = session.peer.clone() else { return };
                let (Some(heartbeat), Some(wire)) = (heartbeat, peer.wire()) else { return };
                if wire.is_paused() {
                    heartbeat.excuse(now);
                }
                match heartbeat.tick(now, wire.received()) {
                    Beat::Nothing => {}
                    Beat::SendPing => wire.ping(heartbeat.ttl()),
                    Beat::Dead => return self.seems_dead(key, &peer),
                }
                self.note_deadline(key);
            }
            Stage::Ending { .. } => self.over(key),
        }
    }

    /// The time of a silent peer is over. Whoever was to read may only have been late, so there is a last look.
    fn seems_dead(&mut self, key: SessionKey, peer: &Arc<Peer>) {
        let Some(wire) = peer.wire() else { return };
        let received = wire.received();
        match wire.read(peer, &mut self.scratch, 1) {
            ReadOutcome::Drained | ReadOutcome::Detached if wire.received() == received => {
                self.ended(key, Ended::Lost("no sign of life from the peer".to_owned()));
            }
            outcome => {
                self.after_read(key, peer, outcome);
                self.note_deadline(key);
            }
        }
    }

    // -- the end

    /// Ends one connection when all is written, as a STREAM asks for by an empty message.
    pub(crate) fn finish(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        if session.dialer.is_none() {
            self.begin_close(key);
        } else {
            self.hang_up(key);
        }
    }

    /// Ends one connection as if it had been lost.
    pub(crate) fn hang_up(&mut self, key: SessionKey) {
        if self.sessions.get(&key).is_some_and(|session| matches!(session.stage, Stage::Up { .. })) {
            self.ended(key, Ended::Lost("closed by this side".to_owned()));
        }
    }

    /// A connection, or the try to make one, has ended: says so, and goes on to the next try or is over.
    fn ended(&mut self, key: SessionKey, ended: Ended) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let core = session.core.clone();
        let (endpoint, peer_name) = (session.endpoint.clone(), session.peer_name());
        let was_up = matches!(session.stage, Stage::Up { .. });
        let was_shaking = matches!(session.stage, Stage::Shaking { .. });
        // The link lets go of the stream first: as long as it has it, a reader may put it back into the poller.
        let left = session.peer.as_ref().filter(|_| was_up);
        let unsent = left.and_then(|peer| peer.wire()).map_or(0, |wire| wire.detach().1);
        if let Some(stream) = session.stream() {
            let _ = self.shared.poller.remove(&**stream);
        }
        session.shut_stream();
        if was_up && let Some(peer) = &session.peer {
            core.link_down(peer, session.keeps_peer);
            if !session.keeps_peer {
                core.counters.lost(Loss::Disconnected, unsent);
                core.detach(peer, Loss::Disconnected);
                session.peer = None;
            }
        }
        let stop = session.dialer.as_ref().map(|dialer| dialer.options.reconnect_stop).unwrap_or_default();
        let (reason, fatal) = match ended {
            Ended::NotConnected(error) => {
                let refused = error.kind() == ErrorKind::ConnectionRefused;
                (error.to_string(), refused && stop.connection_refused)
            }
            Ended::Handshake(error) => {
                core.counters.failed_handshakes.fetch_add(1, Relaxed);
                let (endpoint, peer) = (endpoint.clone(), peer_name.clone());
                core.emit(|| Event::HandshakeFailed {
                    endpoint,
                    peer,
                    reason: error.to_string(),
                    code: error.code(),
                });
                (error.to_string(), true)
            }
            Ended::Lost(reason) => {
                if was_shaking {
                    core.counters.failed_handshakes.fetch_add(1, Relaxed);
                    let (endpoint, peer, reason) = (endpoint.clone(), peer_name.clone(), reason.clone());
                    core.emit(|| Event::HandshakeFailed { endpoint, peer, reason, code: 0 });
                }
                let stopped = (was_up && stop.after_disconnect) || (was_shaking && stop.handshake_failed);
                (reason, stopped)
            }
            Ended::Violation(reason) => {
                core.counters.protocol_errors.fetch_add(1, Relaxed);
                (reason, true)
            }
        };
        if was_up {
            let (endpoint, reason) = (endpoint.clone(), reason);
            core.emit(|| Event::Disconnected { endpoint, peer: peer_name, reason });
        }
        let random = self.next_random();
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let wait = match &mut session.dialer {
            Some(dialer) if !fatal && (session.linger_until.is_none() || session.keeps_peer) => {
                dialer.next_wait(random)
            }
            _ => None,
        };
        match wait {
            Some(after) => {
                session.stage = Stage::Waiting { until: self.now.checked_add(after) };
                if session.is_closing() && !session.has_unsent() {
                    return self.over(key);
                }
                core.emit(|| Event::ConnectRetried { endpoint, after });
                self.note_deadline(key);
            }
            None => {
                session.stage = Stage::Waiting { until: None };
                if session.dialer.is_some() {
                    core.emit(|| Event::Closed { endpoint });
                }
                self.over(key);
            }
        }
    }

    /// The endpoint or its socket was closed: what is queued may still go out while it lingers.
    pub(crate) fn begin_close(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get(&key) else { return };
        let linger = self.linger(&session.core);
        let Some(session) = self.sessions.get_mut(&key) else { return };
        if session.is_closing() {
            return;
        }
        session.linger_until = Some(linger);
        if let Some(peer) = &session.peer {
            // No more is queued for it, or it might never end.
            session.core.retire(peer);
        }
        match &session.stage {
            Stage::Up { .. } => {
                if let Some(peer) = session.peer.clone()
                    && let Some(wire) = peer.wire()
                {
                    // A reader paused at a full inbox must see the peer's end.
                    wire.unclaim();
                    wire.resume();
                    wire.write_or_report(&peer);
                }
                self.end_if_drained(key);
            }
            Stage::Ending { deadline: None, .. } => self.over(key),
            Stage::Ending { .. } => {}
            _ if session.has_unsent() => self.note_deadline(key),
            _ => self.over(key),
        }
        self.note_deadline(key);
    }

    /// Ends a closing connection gently once everything is out.
    pub(crate) fn end_if_drained(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Stage::Up { stream, .. } = &session.stage else { return };
        if session.has_unsent() {
            return;
        }
        let stream = stream.clone();
        if stream.shutdown_write().is_err() {
            return self.over(key);
        }
        let deadline = Some(self.now + LAST_WAIT);
        session.stage = Stage::Ending { stream: stream.clone(), deadline };
        session.part_from_peer(Loss::Linger);
        let _ = self.shared.poller.remove(&*stream);
        let _ = self.shared.poller.add(&*stream, key.0, Interest::READ);
        self.note_deadline(key);
    }

    /// Reads and drops what the peer still sends, so that its end of the stream, not a reset, closes the connection.
    fn ending_readable(&mut self, key: SessionKey) {
        let Some(Stage::Ending { stream, .. }) = self.sessions.get(&key).map(|session| &session.stage) else {
            return;
        };
        let stream = stream.clone();
        loop {
            self.scratch.clear();
            self.scratch.reserve(crate::link::READ_SIZE);
            match stream.read(&mut self.scratch) {
                Ok(count) if count > 0 => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Ok(_) | Err(_) => return self.over(key),
            }
        }
    }

    /// Forgets a session.
    pub(crate) fn over(&mut self, key: SessionKey) {
        let Some(mut session) = self.sessions.remove(&key) else { return };
        session.part_from_peer(if session.is_closing() { Loss::Linger } else { Loss::Disconnected });
        if let Some(stream) = session.stream() {
            let _ = self.shared.poller.remove(&**stream);
        }
        session.shut_stream();
        self.timers.set(key, None);
        self.shared.load.fetch_sub(1, Relaxed);
        self.shutdown.session_over();
    }

    /// Tells the timers when this session wants to be looked at.
    fn note_deadline(&mut self, key: SessionKey) {
        if let Some(session) = self.sessions.get(&key) {
            self.timers.set(key, session.deadline());
        }
    }
}

impl Session {
    /// Whether messages wait that could still go out.
    fn has_unsent(&self) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.wire().is_some_and(|wire| !wire.is_drained(peer)))
    }

    /// Ends the stream for everybody. A thread that waits for messages may hold it and would keep it open; the peer, and
    /// that thread, have to learn of the end now.
    fn shut_stream(&self) {
        if let Stage::Up { stream, .. } | Stage::Ending { stream, .. } = &self.stage {
            let _ = stream.shutdown();
        }
    }

    /// The connection has no further use for its peer.
    fn part_from_peer(&mut self, reason: Loss) {
        if let Some(peer) = self.peer.take() {
            if let Some(wire) = peer.wire() {
                let (attached, unsent) = wire.detach();
                self.core.counters.lost(reason, unsent);
                if attached {
                    self.core.link_down(&peer, false);
                }
            }
            self.core.detach(&peer, reason);
        }
    }
}
