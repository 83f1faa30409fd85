//! CURVE: keys for passports, everything encrypted (RFC 25 and 26; zmtp.md section 9).
//!
//! ```text
//! client, keys C c and new C' c'                     server, keys S s
//!   HELLO     C', box(c' -> S)            ------->   new S' s' and K, for this connection only
//!                                         <-------   WELCOME   box(s -> C'){ S', cookie }      keeps K, forgets s'
//!   INITIATE  cookie, box(c' -> S'){ C, vouch, metadata }
//!                                         ------->   opens the cookie with K: it holds C' and s'. Asks about C
//!                                         <-------   READY     box(s' -> C'){ metadata }
//!   MESSAGE   box(c' -> S'){ flags, body } <------>  MESSAGE   box(s' -> C'){ flags, body }
//! ```
//! The vouch is a box(c -> S') of C' and S: it proves that whoever holds C chose C', and meant this server.
//!
//! Every command has a counter in its nonce, and in each direction every counter must be above the one before, from the
//! first command to the last message. A cookie is good for one INITIATE on the connection it was made for: its key is
//! made with it and thrown away at the first try.

mod client;
mod server;
mod traffic;

use super::{
    Entropy, Keypair, PublicKey, SecretKey,
    cipher::{BoxKey, Nonce, TAG_SIZE},
};
use crate::connection::{HandshakeCommand, HandshakeError};
pub(crate) use client::Client;
pub(crate) use server::Server;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a client has to know.
///
/// ```
/// # #[derive(Debug)]
/// # struct Dice; // take numbers that nobody can guess
/// # impl Entropy for Dice {
/// #     fn fill(&self, octets: &mut [u8]) -> Result<(), NoEntropy> {
/// #         octets.fill(4);
/// #         Ok(())
/// #     }
/// # }
/// # use zeroxide_proto::security::{Entropy, NoEntropy};
/// use std::sync::Arc;
/// use zeroxide_proto::{Options, Settings, SocketType, security::{CurveClient, Keypair, PublicKey, Security}};
/// let server: PublicKey = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7".parse()?;
/// let client = CurveClient { keys: Keypair::from_random([7; 32]), server, entropy: Arc::new(Dice) };
/// let mut settings = Settings::new(SocketType::Req, &Options::default());
/// settings.security = Security::CurveClient(Arc::new(client));
/// # Ok::<(), zeroxide_proto::security::KeyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CurveClient {
    /// Its own keys.
    pub keys: Keypair,
    /// The server it means to talk to.
    pub server: PublicKey,
    /// Where new keys come from.
    pub entropy: Arc<dyn Entropy>,
}

/// What a server has to know.
///
/// ```
/// # #[derive(Debug)]
/// # struct Dice; // take numbers that nobody can guess
/// # impl Entropy for Dice {
/// #     fn fill(&self, octets: &mut [u8]) -> Result<(), NoEntropy> {
/// #         octets.fill(4);
/// #         Ok(())
/// #     }
/// # }
/// # use zeroxide_proto::security::{Entropy, NoEntropy};
/// use std::sync::Arc;
/// use zeroxide_proto::{Options, Settings, SocketType, security::{CurveServer, Keypair, Security}};
/// let server = CurveServer { keys: Keypair::from_random([7; 32]), entropy: Arc::new(Dice) };
/// let mut settings = Settings::new(SocketType::Rep, &Options::default());
/// settings.security = Security::CurveServer(Arc::new(server));
/// settings.asks = true; // somebody has to say whose keys may enter
/// ```
#[derive(Clone, Debug)]
pub struct CurveServer {
    /// Its own keys.
    pub keys: Keypair,
    /// Where new keys come from.
    pub entropy: Arc<dyn Entropy>,
}

/// The data of HELLO: version, padding, C', counter, box of 64 zeros.
const HELLO_SIZE: usize = 2 + PADDING_SIZE + 32 + 8 + SIGNATURE_SIZE + TAG_SIZE;
/// Makes the answer smaller than the question, so that nobody can use a server to flood others (X6).
const PADDING_SIZE: usize = 72;
const SIGNATURE_SIZE: usize = 64;
const VERSION: [u8; 2] = [1, 0];
/// Nonce, and box of C' and s'.
const COOKIE_SIZE: usize = 16 + TAG_SIZE + 64;
/// Nonce, and box of C' and S.
const VOUCH_SIZE: usize = 16 + TAG_SIZE + 64;
/// The whole command, name and all: what a server reads of a stranger at most before it knows that somebody has a key.
pub(super) const HELLO_COMMAND_SIZE: u64 = 6 + HELLO_SIZE as u64;

const HELLO: &[u8; 16] = b"CurveZMQHELLO---";
const INITIATE: &[u8; 16] = b"CurveZMQINITIATE";
const READY: &[u8; 16] = b"CurveZMQREADY---";
const WELCOME: &[u8; 8] = b"WELCOME-";
const COOKIE: &[u8; 8] = b"COOKIE--";
const VOUCH: &[u8; 8] = b"VOUCH---";

/// A nonce that counts.
fn short_nonce(prefix: &[u8; 16], counter: [u8; 8]) -> Nonce {
    let mut nonce = [0; 24];
    for (octet, from) in nonce.iter_mut().zip(prefix.iter().chain(&counter)) {
        *octet = *from;
    }
    nonce
}

/// A nonce made by chance.
fn long_nonce(prefix: &[u8; 8], random: &[u8; 16]) -> Nonce {
    let mut nonce = [0; 24];
    for (octet, from) in nonce.iter_mut().zip(prefix.iter().chain(random)) {
        *octet = *from;
    }
    nonce
}

fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], HandshakeError> {
    let mut octets = [0; N];
    entropy.fill(&mut octets).map_err(|_| HandshakeError::Entropy)?;
    Ok(octets)
}

fn new_keys(entropy: &dyn Entropy) -> Result<Keypair, HandshakeError> {
    Ok(Keypair::from_random(*Zeroizing::new(random(entropy)?)))
}

fn agree(secret: &SecretKey, public: &PublicKey) -> Result<BoxKey, HandshakeError> {
    BoxKey::agree(secret, public).ok_or(HandshakeError::KeyExchange) // R9
}

/// Takes `N` octets off the front.
fn take<'a, const N: usize>(
    octets: &mut &'a [u8],
    command: HandshakeCommand,
) -> Result<&'a [u8; N], HandshakeError> {
    let (taken, rest) = octets.split_first_chunk().ok_or(HandshakeError::Malformed(command))?;
    *octets = rest;
    Ok(taken)
}
