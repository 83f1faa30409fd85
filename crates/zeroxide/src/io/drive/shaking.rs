//! Greeting and handshake.

use super::*;

impl Loop {
    pub(crate) fn begin_handshake(&mut self, key: SessionKey, stream: Arc<Stream>) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let raw = match (session.core.kind, &session.dialer) {
            (SocketType::Stream, _) => true,
            (SocketType::Router, Some(dialer)) => dialer.options.router_raw,
            (SocketType::Router, None) => session.core.options.lock().router_raw,
            _ => false,
        };
        if raw {
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

    pub(super) fn shaking_readable(&mut self, key: SessionKey) {
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
    pub(super) fn write_pending(&mut self, key: SessionKey) {
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
}
