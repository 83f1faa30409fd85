//! A connection that is up: reading, writing, signs of life.

use super::*;

impl Loop {
    /// The handshake is done: the connection gets its peer, or the waiting peer its connection.
    pub(super) fn up(
        &mut self,
        key: SessionKey,
        stream: Arc<Stream>,
        established: Established,
        grant: Option<Box<Grant>>,
        out: Vec<u8>,
        rest: &[u8],
    ) {
        let parent = self.sessions.get(&key).and_then(|session| session.parent);
        self.tried(key);
        self.leave_waiting_room(key, parent);
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let core = session.core.clone();
        if session.dialer.is_none() {
            if !core.add_guest() {
                self.limit_met(key, Limit::Peers);
                return self.ended(key, Ended::Lost("there are as many peers as may be".to_owned()));
            }
            session.is_guest = true;
        }
        let Established { peer: properties, decoder, encoder } = established;
        if !self.watch(key, &stream, Interest::READ) {
            return;
        }
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let connect_routing_id =
            session.dialer.as_ref().and_then(|dialer| dialer.options.connect_routing_id.clone());
        let origin = Origin::new(&stream, properties.clone(), grant);
        let facts = Facts {
            socket_type: properties.socket_type,
            routing_id: &properties.routing_id,
            connect_routing_id: connect_routing_id.as_ref(),
            connected: true,
            initiated: session.dialer.is_some(),
            local: false,
            raw: encoder.is_raw(),
            speaks_subscriptions: properties.version != Version::V1,
            datagrams: false,
            cancels_each_copy: false,
        };
        let peer = match &session.peer {
            Some(peer) => {
                *peer.origin.lock() = origin;
                if let Some(wire) = peer.wire() {
                    wire.attach(&stream, decoder);
                }
                match core.reattach(peer, &facts) {
                    Ok(booked) => {
                        core.apply(booked);
                        Ok(peer.clone())
                    }
                    Err(refused) => {
                        if let Some(wire) = peer.wire() {
                            wire.detach(peer);
                        }
                        Err(refused)
                    }
                }
            }
            None => {
                let wire = Wire::new(self.shared.clone(), key).in_order(core.kind == SocketType::Xsub);
                wire.attach(&stream, decoder);
                let (outbox, inbox) = core.new_lanes();
                core.attach(Link::Wire(Box::new(wire)), &facts, outbox, inbox).map(|(peer, booked)| {
                    *peer.origin.lock() = origin;
                    core.apply(booked);
                    peer
                })
            }
        };
        let peer = match peer {
            Ok(peer) => peer,
            Err(Refused::NameTaken) if session.dialer.is_none() => {
                // Its owner cannot know, and would knock again and again: the connection stays, with its answer, and
                // nothing comes of it.
                let _ = stream.write_vectored(&[IoSlice::new(&out)]);
                session.stage = Stage::Ending { stream, deadline: None, latest: self.now };
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
        // Told before the first message can be seen on either side.
        core.counters.connections.fetch_add(1, Relaxed);
        core.link_up(&peer);
        core.emit(|| Event::HandshakeSucceeded { endpoint, peer: name });
        wire.begin(&stream, encoder, out);
        wire.write_or_report(&peer);
        let outcome = wire.feed(&peer, rest, &mut self.scratch);
        wire.open(&stream);
        core.follow_into_nest(&peer);
        core.seat.links_changed();
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
            ReadOutcome::Violation(error) => self.ended(key, Ended::Violation(error)),
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
            Stage::Proxying { .. } => {
                self.limit_met(key, Limit::HandshakeTime);
                self.ended(key, Ended::NotConnected(ErrorKind::TimedOut.into()));
            }
            Stage::Shaking { .. } => {
                self.limit_met(key, Limit::HandshakeTime);
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
            Stage::Ending { stream, deadline, latest } if now < *latest && stream.has_unacknowledged() => {
                *deadline = Some(now + LAST_WAIT);
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
}
