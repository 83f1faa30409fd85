//! The server's side of the handshake.

use super::{
    super::{Agreement, Credentials, OwnMetadata, Question, Step},
    *,
};
use crate::{
    Frame,
    wire::{Command, metadata},
};

/// A server on its way.
#[derive(Debug)]
pub(crate) enum Server {
    Hello(Arc<CurveServer>),
    Initiate(Arc<CurveServer>, Box<Welcomed>),
    Asking(Box<Known>),
    Over,
}

/// All that is kept of a peer that has not shown who it is.
#[derive(Debug)]
pub(crate) struct Welcomed {
    cookie_key: Zeroizing<[u8; 32]>,
    /// The counter of HELLO.
    last: u64,
}

/// A peer that has proven to own a key.
#[derive(Debug)]
pub(crate) struct Known {
    /// The key of everything from INITIATE on: s' and C'.
    session: BoxKey,
    /// As it came: taken apart it would take more memory, which a client that is not let in is not worth.
    metadata: Vec<u8>,
    /// The counter of INITIATE.
    last: u64,
}

impl Server {
    pub(crate) fn receive(
        &mut self,
        command: Command<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Step, HandshakeError> {
        match (std::mem::replace(self, Self::Over), command) {
            (Self::Hello(server), Command::Unknown { name: b"HELLO", data }) => {
                let welcomed = server.hello(data, out)?;
                *self = Self::Initiate(server, Box::new(welcomed));
                Ok(Step::Continue)
            }
            (Self::Initiate(server, welcomed), Command::Unknown { name: b"INITIATE", data }) => {
                let (client, known) = welcomed.initiate(&server, data)?;
                let said = metadata::parse(&known.metadata).map_err(HandshakeError::Metadata)?;
                let routing_id = metadata::find(&said, metadata::IDENTITY).unwrap_or_default();
                let question = Question {
                    credentials: Credentials::Curve(client),
                    routing_id: Frame::copy_from(routing_id),
                };
                *self = Self::Asking(Box::new(known));
                Ok(Step::Ask(Box::new(question)))
            }
            _ => Err(HandshakeError::UnexpectedCommand), // R7
        }
    }

    /// Lets the client in.
    pub(crate) fn approved(
        &mut self,
        own: OwnMetadata<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Step, HandshakeError> {
        let Self::Asking(known) = std::mem::replace(self, Self::Over) else {
            return Err(HandshakeError::UnexpectedCommand);
        };
        let Known { session, metadata, last } = *known;
        let metadata = metadata::parse(&metadata).map_err(HandshakeError::Metadata)?;
        let counter = 1_u64.to_be_bytes();
        let mut data = counter.to_vec();
        session.write(&short_nonce(READY, counter), &own(), &mut data);
        Command::Ready(&data).write(out);
        let stages = traffic::stages(&session, traffic::Side::Server, 1, last);
        Ok(Step::Done(Agreement { metadata, stages: Some(stages) }))
    }
}

impl CurveServer {
    /// Answers HELLO by WELCOME.
    fn hello(&self, mut data: &[u8], out: &mut Vec<u8>) -> Result<Welcomed, HandshakeError> {
        const COMMAND: HandshakeCommand = HandshakeCommand::Hello;
        if data.len() != HELLO_SIZE
            || *take::<2>(&mut data, COMMAND)? != VERSION
            || *take::<PADDING_SIZE>(&mut data, COMMAND)? != [0; PADDING_SIZE]
        {
            return Err(HandshakeError::Malformed(COMMAND)); // R9
        }
        let client_transient = PublicKey::from(*take::<32>(&mut data, COMMAND)?);
        let counter = *take(&mut data, COMMAND)?;
        let key = agree(&self.keys.secret, &client_transient)?;
        let signature = key.read(&short_nonce(HELLO, counter), data).ok_or(HandshakeError::Cryptographic)?; // R9
        if *signature != [0; SIGNATURE_SIZE] {
            return Err(HandshakeError::Cryptographic); // R9
        }

        let entropy = &*self.entropy;
        let transient = new_keys(entropy)?;
        let cookie_key = Zeroizing::new(random(entropy)?);
        let welcome_nonce = random(entropy)?;
        let cookie_nonce = random(entropy)?;
        let mut content = Zeroizing::new(Vec::with_capacity(32 + COOKIE_SIZE));
        content.extend_from_slice(transient.public.as_bytes());
        content.extend_from_slice(&cookie_nonce);
        let inside = Zeroizing::new([*client_transient.as_bytes(), *transient.secret.as_bytes()].concat());
        BoxKey::from_octets(*cookie_key).write(&long_nonce(COOKIE, &cookie_nonce), &inside, &mut content);

        let mut data = welcome_nonce.to_vec();
        key.write(&long_nonce(WELCOME, &welcome_nonce), &content, &mut data);
        Command::Unknown { name: b"WELCOME", data: &data }.write(out);
        Ok(Welcomed { cookie_key, last: u64::from_be_bytes(counter) })
    }
}

impl Welcomed {
    /// Finds out who the client is.
    fn initiate(&self, server: &CurveServer, mut data: &[u8]) -> Result<(PublicKey, Known), HandshakeError> {
        const COMMAND: HandshakeCommand = HandshakeCommand::Initiate;
        let mut cookie = &take::<COOKIE_SIZE>(&mut data, COMMAND)?[..];
        let counter = *take(&mut data, COMMAND)?;
        if data.len() < TAG_SIZE + 32 + VOUCH_SIZE {
            return Err(HandshakeError::Malformed(COMMAND)); // R9
        }
        let last = u64::from_be_bytes(counter);
        if last <= self.last {
            return Err(HandshakeError::Sequence); // R9
        }
        let cookie_nonce = long_nonce(COOKIE, take(&mut cookie, COMMAND)?);
        let cookie = BoxKey::from_octets(*self.cookie_key)
            .read(&cookie_nonce, cookie)
            .ok_or(HandshakeError::Cryptographic)?; // R9
        let mut cookie = &cookie[..];
        let client_transient = PublicKey::from(*take::<32>(&mut cookie, COMMAND)?);
        let transient = SecretKey::from(*take::<32>(&mut cookie, COMMAND)?);
        let session = agree(&transient, &client_transient)?;
        let content =
            session.read(&short_nonce(INITIATE, counter), data).ok_or(HandshakeError::Cryptographic)?; // R9
        let mut content = &content[..];

        let client = PublicKey::from(*take::<32>(&mut content, COMMAND)?);
        let mut vouch = &take::<VOUCH_SIZE>(&mut content, COMMAND)?[..];
        let vouch_nonce = long_nonce(VOUCH, take(&mut vouch, COMMAND)?);
        // R9; a key that cannot be used opens no vouch, as libzmq has it.
        let vouch = BoxKey::agree(&transient, &client).and_then(|key| key.read(&vouch_nonce, vouch));
        let vouch = vouch.ok_or(HandshakeError::Cryptographic)?;
        let meant = [*client_transient.as_bytes(), *server.keys.public.as_bytes()].concat();
        if *vouch != meant {
            return Err(HandshakeError::KeyExchange); // R9
        }
        Ok((client, Known { session, metadata: content.to_vec(), last }))
    }
}
