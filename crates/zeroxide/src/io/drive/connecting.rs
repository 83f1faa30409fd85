//! From an endpoint to a connection: look up, connect, go through the proxy.

use super::*;

impl Loop {
    /// Begins a try: look the name up, or go on to connect.
    pub(super) fn try_now(&mut self, key: SessionKey) {
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
    pub(super) fn connect_next(&mut self, key: SessionKey, before: Option<io::Error>) {
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
                    let after = |time: Option<Duration>| time.and_then(|time| self.now.checked_add(time));
                    // From here on counts the handshake too: a proxy or a peer that dawdles gains nothing.
                    dialer.deadline = after(dialer.options.handshake_interval);
                    let connected = after(dialer.options.connect_timeout);
                    let deadline = [connected, dialer.deadline].into_iter().flatten().min();
                    let endpoint = session.endpoint.clone();
                    session.core.emit(|| Event::ConnectDelayed { endpoint });
                    // To this machine a connection is made, or refused, while the call is under way.
                    let is_made = match stream.is_finished() {
                        Ok(is_made) => is_made,
                        Err(failed) => {
                            error = Some(failed);
                            continue;
                        }
                    };
                    let interest = if is_made { Interest::READ } else { Interest::WRITE };
                    if let Err(failed) = self.shared.poller.add(&stream, key.0, interest) {
                        error = Some(failed);
                        continue;
                    }
                    session.watched = interest;
                    session.stage = Stage::Connecting { stream, deadline };
                    self.note_deadline(key);
                    if is_made {
                        self.connected(key);
                    }
                    return;
                }
            }
        }
    }

    pub(super) fn connecting_ready(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Stage::Connecting { stream, .. } = &session.stage else { return };
        match stream.is_finished() {
            Ok(false) => {}
            Err(error) => {
                let _ = self.shared.poller.remove(stream);
                self.connect_next(key, Some(error));
            }
            Ok(true) => {
                if let Err(error) = self.shared.poller.modify(stream, key.0, Interest::READ) {
                    let _ = self.shared.poller.remove(stream);
                    return self.connect_next(key, Some(error));
                }
                session.watched = Interest::READ;
                self.connected(key);
            }
        }
    }

    /// The connection is made: through the proxy, if there is one, and on to the handshake.
    fn connected(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let stage = std::mem::replace(&mut session.stage, Stage::Resolving);
        let Stage::Connecting { stream, .. } = stage else { return };
        let stream = Arc::new(stream.into_stream());
        let endpoint = session.endpoint.clone();
        let number = descriptor(&*stream);
        session.core.emit_with(number, || {
            let local = stream.local_address().unwrap_or_default();
            Event::Connected { endpoint, local }
        });
        match session.dialer.as_ref().and_then(|dialer| dialer.proxy()) {
            None => self.begin_handshake(key, stream, &[]),
            Some((target, credentials)) => {
                let mut out = Vec::new();
                let credentials = credentials.as_ref().map(|(user, password)| (&user[..], &password[..]));
                let socks = match Socks::new(&target, credentials, &mut out) {
                    Ok(socks) => Box::new(socks),
                    Err(error) => {
                        return self.ended(key, Ended::NotConnected(io::Error::other(error)));
                    }
                };
                let deadline = session.dialer.as_ref().and_then(|dialer| dialer.deadline);
                session.stage = Stage::Proxying { stream, socks, out, deadline };
                self.note_deadline(key);
                self.write_pending(key);
            }
        }
    }

    pub(super) fn proxying_readable(&mut self, key: SessionKey) {
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
            Ok(SocksProgress::Connected { consumed }) => {
                let stream = stream.clone();
                // The target may have spoken by the time the proxy answers.
                self.begin_handshake(key, stream, input.get(consumed..).unwrap_or_default());
            }
            Err(error) => self.ended(key, Ended::NotConnected(io::Error::other(error))),
        }
    }
}
