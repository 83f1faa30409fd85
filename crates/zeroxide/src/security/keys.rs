//! An allow list of CURVE keys, kept in memory.

use super::{Applicant, Authenticator};
use crate::sync::Mutex;
use std::{collections::HashMap, fmt, sync::Arc};
use zeroxide_proto::security::{Credentials, Denial, PublicKey, zap::Grant};

/// Lets in who has one of these keys, and knows them by a name. Cheap to clone; all clones are one list, which can be
/// changed at any time. A change acts on handshakes from then on: who is in stays in.
///
/// ```
/// use zeroxide::{AllowKeys, Context, Dealer, Router};
/// let (server_keys, client_keys) = (zeroxide::curve_keypair()?, zeroxide::curve_keypair()?);
/// let context = Context::new();
///
/// let guests = AllowKeys::new();
/// guests.allow(client_keys.public, "worker-7");
/// let server = Router::new(&context)?;
/// server.secure_server(&server_keys, guests)?;
///
/// let client = Dealer::new(&context)?;
/// client.set_curve_client(server_keys.public, &client_keys)?;
/// client.connect(&server.bind("tcp://127.0.0.1:*")?)?;
/// client.send("in secret")?;
/// let (_, origin) = server.recv_from()?;
/// assert_eq!(origin.user_id(), Some("worker-7"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct AllowKeys(Arc<Mutex<HashMap<PublicKey, String>>>);

impl AllowKeys {
    /// A list that lets nobody in.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the owner of this key in, and calls it so; an empty name is the key itself.
    pub fn allow(&self, key: PublicKey, user_id: impl Into<String>) {
        let user_id = user_id.into();
        let user_id = if user_id.is_empty() { key.to_z85() } else { user_id };
        self.0.lock().insert(key, user_id);
    }

    /// Does not let the owner of this key in any more; says whether it was on the list.
    pub fn forget(&self, key: &PublicKey) -> bool {
        self.0.lock().remove(key).is_some()
    }
}

impl<N: Into<String>> FromIterator<(PublicKey, N)> for AllowKeys {
    fn from_iter<I: IntoIterator<Item = (PublicKey, N)>>(keys: I) -> Self {
        let list = Self::new();
        for (key, user_id) in keys {
            list.allow(key, user_id);
        }
        list
    }
}

impl FromIterator<PublicKey> for AllowKeys {
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        keys.into_iter().map(|key| (key, "")).collect()
    }
}

impl Authenticator for AllowKeys {
    fn authenticate(&self, applicant: &Applicant) -> Result<Grant, Denial> {
        let Credentials::Curve(key) = &applicant.credentials else { return Err(Denial::Refused) };
        let user_id = self.0.lock().get(key).cloned().ok_or(Denial::Refused)?;
        Ok(Grant { user_id, ..Grant::default() })
    }
}

impl fmt::Debug for AllowKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_map().entries(self.0.lock().iter()).finish()
    }
}
