//! The client's side of the handshake.

use super::{
    super::{Agreement, OwnMetadata, Step},
    *,
};
use crate::wire::{Command, metadata};

/// A client on its way.
#[derive(Debug)]
pub(crate) enum Client {
    Start(Arc<CurveClient>),
    Welcome(Box<Waiting>),
    Ready(Session),
    Over,
}

/// HELLO is out.
#[derive(Debug)]
pub(crate) struct Waiting {
    client: Arc<CurveClient>,
    transient: Keypair,
    /// Both sides' for HELLO and WELCOME: c' and S.
    key: BoxKey,
}

/// The key of everything from INITIATE on: c' and S'.
#[derive(Debug)]
pub(crate) struct Session(BoxKey);

impl Client {
    pub(crate) fn start(&mut self, out: &mut Vec<u8>) -> Result<Step, HandshakeError> {
        if let Self::Start(client) = self {
            let client = client.clone();
            let transient = new_keys(&*client.entropy)?;
            let key = agree(&transient.secret, &client.server)?;
            let counter = 1_u64.to_be_bytes();
            let mut data = Vec::with_capacity(HELLO_SIZE);
            data.extend_from_slice(&VERSION);
            data.extend_from_slice(&[0; PADDING_SIZE]);
            data.extend_from_slice(transient.public.as_bytes());
            data.extend_from_slice(&counter);
            key.write(&short_nonce(HELLO, counter), &[0; SIGNATURE_SIZE], &mut data);
            Command::Unknown { name: b"HELLO", data: &data }.write(out);
            *self = Self::Welcome(Box::new(Waiting { client, transient, key }));
        }
        Ok(Step::Continue)
    }

    pub(crate) fn receive(
        &mut self,
        command: Command<'_>,
        own: OwnMetadata<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Step, HandshakeError> {
        match (std::mem::replace(self, Self::Over), command) {
            (_, Command::Error(data)) => Err(HandshakeError::refused(data)),
            (Self::Welcome(waiting), Command::Unknown { name: b"WELCOME", data }) => {
                *self = Self::Ready(waiting.welcomed(data, own, out)?);
                Ok(Step::Continue)
            }
            (Self::Ready(session), Command::Ready(data)) => session.ready(data).map(Step::Done),
            _ => Err(HandshakeError::UnexpectedCommand), // R7
        }
    }
}

impl Waiting {
    /// Answers WELCOME by INITIATE.
    fn welcomed(
        &self,
        mut data: &[u8],
        own: OwnMetadata<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Session, HandshakeError> {
        const COMMAND: HandshakeCommand = HandshakeCommand::Welcome;
        let nonce = long_nonce(WELCOME, take(&mut data, COMMAND)?);
        if data.len() != TAG_SIZE + 32 + COOKIE_SIZE {
            return Err(HandshakeError::Malformed(COMMAND)); // R9
        }
        let content = self.key.read(&nonce, data).ok_or(HandshakeError::Cryptographic)?; // R9
        let mut content = &content[..];
        let server_transient = PublicKey::from(*take::<32>(&mut content, COMMAND)?);
        let cookie = take::<COOKIE_SIZE>(&mut content, COMMAND)?;
        let session = agree(&self.transient.secret, &server_transient)?;

        let CurveClient { keys, server, entropy } = &*self.client;
        let mut inside = Zeroizing::new(Vec::with_capacity(32 + VOUCH_SIZE + 128));
        inside.extend_from_slice(keys.public.as_bytes());
        let vouch_nonce = random(&**entropy)?;
        inside.extend_from_slice(&vouch_nonce);
        let vouched = [*self.transient.public.as_bytes(), *server.as_bytes()].concat();
        agree(&keys.secret, &server_transient)?.write(
            &long_nonce(VOUCH, &vouch_nonce),
            &vouched,
            &mut inside,
        );
        inside.extend_from_slice(&own());

        let counter = 2_u64.to_be_bytes();
        let mut data = cookie.to_vec();
        data.extend_from_slice(&counter);
        session.write(&short_nonce(INITIATE, counter), &inside, &mut data);
        Command::Unknown { name: b"INITIATE", data: &data }.write(out);
        Ok(Session(session))
    }
}

impl Session {
    fn ready(&self, mut data: &[u8]) -> Result<Agreement, HandshakeError> {
        const COMMAND: HandshakeCommand = HandshakeCommand::Ready;
        let counter = *take(&mut data, COMMAND)?;
        if data.len() < TAG_SIZE {
            return Err(HandshakeError::Malformed(COMMAND)); // R9
        }
        let metadata =
            self.0.read(&short_nonce(READY, counter), data).ok_or(HandshakeError::Cryptographic)?; // R9
        let metadata = metadata::parse(&metadata).map_err(HandshakeError::Metadata)?;
        let stages = traffic::stages(&self.0, traffic::Side::Client, 2, u64::from_be_bytes(counter));
        Ok(Agreement { metadata, stages: Some(stages) })
    }
}
