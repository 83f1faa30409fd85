//! How connections end: lost, closed, lingering, over.

use super::*;

impl Loop {
    /// Ends one connection as if it had been lost.
    pub(crate) fn hang_up(&mut self, key: SessionKey) {
        if self.sessions.get(&key).is_some_and(|session| matches!(session.stage, Stage::Up { .. })) {
            self.ended(key, Ended::Lost("closed by this side".to_owned()));
        }
    }

    /// A connection, or the try to make one, has ended: says so, and goes on to the next try or is over.
    pub(super) fn ended(&mut self, key: SessionKey, ended: Ended) {
        self.tried(key);
        if let Some(limit) = ended.limit() {
            self.limit_met(key, limit);
        }
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let core = session.core.clone();
        let (endpoint, peer_name) = (session.endpoint.clone(), session.peer_name());
        let was_up = matches!(session.stage, Stage::Up { .. });
        let was_shaking = matches!(session.stage, Stage::Shaking { .. });
        // The link lets go of the stream first: as long as it has it, a reader may put it back into the poller.
        let left = session.peer.as_ref().filter(|_| was_up);
        let unsent = left.and_then(|peer| Some(peer.wire()?.detach(peer).1)).unwrap_or(0);
        let mut number = 0;
        if let Some(stream) = session.stream() {
            number = descriptor(&**stream);
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
                if matches!(
                    error,
                    HandshakeError::Denied(_) | HandshakeError::NoAuthenticator | HandshakeError::Deserted
                ) {
                    core.counters.denied_peers.fetch_add(1, Relaxed);
                }
                let (endpoint, peer) = (endpoint.clone(), peer_name.clone());
                let (reason, failure) = (error.to_string(), error.failure());
                core.emit(|| Event::HandshakeFailed {
                    endpoint,
                    peer,
                    reason,
                    code: failure.code(),
                    failure,
                });
                (error.to_string(), !error.is_passing() || stop.handshake_failed)
            }
            Ended::Lost(reason) => {
                if was_shaking {
                    core.counters.failed_handshakes.fetch_add(1, Relaxed);
                    let (endpoint, peer, reason) = (endpoint.clone(), peer_name.clone(), reason.clone());
                    let failure = HandshakeFailure::Connection;
                    core.emit(|| Event::HandshakeFailed { endpoint, peer, reason, code: 0, failure });
                }
                let stopped = (was_up && stop.after_disconnect) || (was_shaking && stop.handshake_failed);
                (reason, stopped)
            }
            Ended::Violation(error) => {
                core.counters.protocol_errors.fetch_add(1, Relaxed);
                (error.to_string(), true)
            }
        };
        if was_up {
            let (endpoint, reason) = (endpoint.clone(), reason);
            core.emit_with(number, || Event::Disconnected { endpoint, peer: peer_name, reason });
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
        let _ = self.shared.poller.remove(&*stream);
        // Where the peer's end will not be heard of, only time tells.
        let heard = self.shared.poller.add(&*stream, key.0, Interest::READ).is_ok();
        let most = self.now + LAST_WAIT_MOST;
        let latest = match session.linger_until {
            Some(Linger::For(until)) => until.min(most),
            _ => most,
        };
        let deadline = Some(if heard && stream.is_ipc() { latest } else { self.now + LAST_WAIT });
        session.stage = Stage::Ending { stream: stream.clone(), deadline, latest };
        session.part_from_peer(Loss::Linger);
        self.note_deadline(key);
    }

    /// Reads and drops what the peer still sends, so that its end of the stream, not a reset, closes the connection.
    pub(super) fn ending_readable(&mut self, key: SessionKey) {
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
        self.tried(key);
        let Some(mut session) = self.sessions.remove(&key) else { return };
        self.leave_waiting_room(key, session.parent);
        if session.is_guest {
            session.core.remove_guest();
        }
        session.part_from_peer(if session.is_closing() { Loss::Linger } else { Loss::Disconnected });
        if let Some(stream) = session.stream() {
            let _ = self.shared.poller.remove(&**stream);
        }
        session.shut_stream();
        self.timers.set(key, None);
        self.shared.load.fetch_sub(1, Relaxed);
        self.shutdown.session_over();
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
                let (attached, unsent) = wire.detach(&peer);
                self.core.counters.lost(reason, unsent);
                if attached {
                    self.core.link_down(&peer, false);
                }
            }
            self.core.detach(&peer, reason);
        }
    }
}
