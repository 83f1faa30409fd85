//! Greeting and handshake.

use super::*;

/// Octets read at once. What is behind an INITIATE, or a READY, is held until it is known who sent it.
const READ: usize = 1024;

impl Loop {
    /// `early` is what the peer has said already, to whoever opened the stream.
    pub(crate) fn begin_handshake(&mut self, key: SessionKey, stream: Arc<Stream>, early: &[u8]) {
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
            return self.up(key, stream, established, None, Vec::new(), early);
        }
        let (settings, deadline) = match &session.dialer {
            Some(dialer) => (session.core.connection_settings(&dialer.options), dialer.deadline),
            None => {
                let accepting = session.core.accepting();
                let interval = accepting.handshake_interval;
                (accepting.settings, interval.and_then(|interval| self.now.checked_add(interval)))
            }
        };
        let mut out = Vec::new();
        let handshake = Handshake::new(settings, &mut out);
        let shaking = Box::new(Shaking { handshake, grant: None, asking: None });
        session.stage = Stage::Shaking { stream, shaking, out, deadline };
        self.note_deadline(key);
        if early.is_empty() {
            self.write_pending(key);
        } else {
            self.shake(key, early);
        }
    }

    pub(super) fn shaking_readable(&mut self, key: SessionKey) {
        let mut input = Vec::with_capacity(READ);
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Stage::Shaking { stream, shaking, .. } = &mut session.stage else { return };
        if shaking.asking.is_some() {
            // Nothing is read while somebody decides about the peer: this can only be its end.
            return self.ended(key, Ended::Lost("the peer closed during the handshake".to_owned()));
        }
        match stream.read(&mut input) {
            Ok(0) => self.ended(key, Ended::Lost("the peer closed during the handshake".to_owned())),
            Ok(_) => self.shake(key, &input),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.ended(key, Ended::Lost(error.to_string())),
        }
    }

    /// Goes on with what was read.
    fn shake(&mut self, key: SessionKey, input: &[u8]) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Stage::Shaking { shaking, out, .. } = &mut session.stage else { return };
        match shaking.handshake.receive(input, out) {
            Ok(progress) => {
                let rest = input.get(progress.consumed..).unwrap_or_default();
                match (progress.established, progress.question) {
                    (Some(established), _) => self.shaken(key, established, rest),
                    (None, Some(question)) => self.ask(key, *question, rest.to_vec()),
                    (None, None) => self.write_pending(key),
                }
            }
            Err(error) => self.failed_shaking(key, error),
        }
    }

    fn shaken(&mut self, key: SessionKey, established: Established, rest: &[u8]) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Stage::Shaking { stream, shaking, out, .. } = &mut session.stage else { return };
        let (stream, out, grant) = (stream.clone(), std::mem::take(out), shaking.grant.take());
        self.up(key, stream, established, grant, out, rest);
    }

    fn failed_shaking(&mut self, key: SessionKey, error: HandshakeError) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        if let Stage::Shaking { stream, out, .. } = &mut session.stage {
            // An ERROR command for the peer may be in `out`; it goes out if the kernel takes it now. What the peer said
            // meanwhile is taken away, or the close would be a reset that overtakes the ERROR.
            let _ = stream.write_vectored(&[IoSlice::new(out)]);
            self.scratch.clear();
            self.scratch.reserve(crate::link::READ_SIZE);
            let _ = stream.read(&mut self.scratch);
            self.scratch.clear();
        }
        self.ended(key, Ended::Handshake(error));
    }

    /// Has somebody decide about the peer; the answer is a command.
    fn ask(&mut self, key: SessionKey, question: Question, rest: Vec<u8>) {
        self.questions += 1;
        let number = self.questions;
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let core = session.core.clone();
        let Stage::Shaking { stream, shaking, .. } = &mut session.stage else { return };
        let wanted = Arc::new(());
        shaking.asking = Some(Asking { number, rest, _wanted: wanted.clone() });
        let options = core.options.lock();
        let security = match &session.dialer {
            Some(dialer) => &dialer.options.security,
            None => &options.security,
        };
        let inquiry = Inquiry {
            io: self.shared.clone(),
            session: key,
            number,
            wanted: Arc::downgrade(&wanted),
            applicant: Applicant::new(
                String::from_utf8_lossy(&security.zap_domain).into_owned(),
                crate::origin::plain_address(stream),
                question.routing_id,
                question.credentials,
            ),
            domain: security.zap_domain.clone(),
            own_routing_id: options.routing_id.clone(),
            admission: security.admission,
            enforce_domain: security.zap_enforce_domain,
            authenticator: core.authenticator().or_else(|| core.context.authenticator()),
        };
        drop(options);
        self.note_asked(key, true);
        self.write_pending(key);
        core.context.desk.ask(&core.context, inquiry);
    }

    /// Somebody has decided about the peer.
    pub(crate) fn verdict(
        &mut self,
        key: SessionKey,
        number: u64,
        verdict: Verdict,
        grant: Option<Box<Grant>>,
    ) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Stage::Shaking { shaking, out, .. } = &mut session.stage else { return };
        let Some(asking) = shaking.asking.take_if(|asking| asking.number == number) else { return };
        shaking.grant = grant;
        let answered = shaking.handshake.answer(verdict, out);
        self.note_asked(key, false);
        match answered {
            Ok(Some(established)) => self.shaken(key, established, &asking.rest),
            Ok(None) => self.shake(key, &asking.rest),
            Err(error) => self.failed_shaking(key, error),
        }
    }

    /// Writes the octets of a handshake that are still to go.
    pub(super) fn write_pending(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let (stream, out, reads) = match &mut session.stage {
            Stage::Shaking { stream, out, shaking, .. } => (stream, out, shaking.asking.is_none()),
            Stage::Proxying { stream, out, .. } => (stream, out, true),
            _ => return,
        };
        while !out.is_empty() {
            match stream.write_vectored(&[IoSlice::new(out)]) {
                Ok(count) => drop(out.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return self.ended(key, Ended::Lost(error.to_string())),
            }
        }
        let interest = match Interest::new(reads, !out.is_empty()) {
            // Somebody decides about the peer, who may go meanwhile.
            Interest::NONE => Interest::End,
            interest => interest,
        };
        let stream = stream.clone();
        self.watch(key, &stream, interest);
    }

    /// Has the poller watch for this from now on. False, and the connection has ended, if it cannot.
    pub(super) fn watch(&mut self, key: SessionKey, stream: &Stream, interest: Interest) -> bool {
        let Some(session) = self.sessions.get_mut(&key) else { return false };
        if session.watched != interest {
            if let Err(error) = self.shared.poller.modify(stream, key.0, interest) {
                self.ended(key, Ended::Lost(error.to_string()));
                return false;
            }
            session.watched = interest;
        }
        true
    }
}
