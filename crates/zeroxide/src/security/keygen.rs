//! New keys from the random numbers of the operating system.

use std::{io, sync::Arc};
use zeroize::Zeroize;
use zeroxide_proto::security::{Entropy, Keypair, NoEntropy, PublicKey, SecretKey};

/// Makes a new pair of CURVE keys. libzmq: `zmq_curve_keypair`.
///
/// ```
/// let keys = zeroxide::curve_keypair()?;
/// assert_eq!(keys.public.to_z85().len(), 40);
/// assert_eq!(zeroxide::curve_public(&keys.secret), keys.public);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// If the system has no random numbers to give; then there is no key either.
pub fn curve_keypair() -> io::Result<Keypair> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).map_err(io::Error::other)?;
    let keys = Keypair::from_random(octets);
    octets.zeroize();
    Ok(keys)
}

/// The public key that belongs to a secret one. libzmq: `zmq_curve_public`.
///
/// ```
/// use zeroxide::{SecretKey, curve_public};
/// let secret: SecretKey = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6".parse()?;
/// assert_eq!(curve_public(&secret).to_z85(), "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
/// # Ok::<(), zeroxide::KeyError>(())
/// ```
pub fn curve_public(secret: &SecretKey) -> PublicKey {
    secret.public()
}

/// The operating system's random numbers, for handshakes.
#[derive(Debug)]
pub(crate) struct SystemEntropy;

impl SystemEntropy {
    pub(crate) fn shared() -> Arc<dyn Entropy> {
        Arc::new(Self)
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, octets: &mut [u8]) -> Result<(), NoEntropy> {
        getrandom::fill(octets).map_err(|_| NoEntropy)
    }
}
