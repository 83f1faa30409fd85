//! A table of users and passwords, kept in memory.

use super::{Applicant, Authenticator};
use crate::sync::Mutex;
use std::{collections::HashMap, fmt, sync::Arc};
use zeroxide_proto::security::{Credentials, Denial, Password, zap::Grant};

/// Lets in who says one of these user names with its password; the user id is the name. Cheap to clone; all clones are
/// one table, which can be changed at any time.
///
/// PLAIN sends passwords in the clear: use it where nobody can listen, or use CURVE.
///
/// ```
/// use zeroxide::{Context, Passwords, Pull, Push};
/// let context = Context::new();
/// let server = Pull::new(&context)?;
/// server.set_plain_server()?;
/// server.set_authenticator(Passwords::from_iter([("admin", "secret")]))?;
///
/// let client = Push::new(&context)?;
/// client.set_plain_client("admin", "secret")?;
/// client.connect(&server.bind("tcp://127.0.0.1:*")?)?;
/// client.send("work")?;
/// assert_eq!(server.recv_from()?.1.user_id(), Some("admin"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Passwords(Arc<Mutex<HashMap<Vec<u8>, Password>>>);

impl Passwords {
    /// A table that lets nobody in.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets this user in with this password, and no other.
    pub fn set(&self, username: impl Into<Vec<u8>>, password: impl Into<Password>) {
        self.0.lock().insert(username.into(), password.into());
    }

    /// Does not let this user in any more; says whether it was in the table.
    pub fn forget(&self, username: impl AsRef<[u8]>) -> bool {
        self.0.lock().remove(username.as_ref()).is_some()
    }
}

impl<U: Into<Vec<u8>>, P: Into<Password>> FromIterator<(U, P)> for Passwords {
    fn from_iter<I: IntoIterator<Item = (U, P)>>(users: I) -> Self {
        let table = Self::new();
        for (username, password) in users {
            table.set(username, password);
        }
        table
    }
}

impl Authenticator for Passwords {
    fn authenticate(&self, applicant: &Applicant) -> Result<Grant, Denial> {
        let Credentials::Plain { username, password } = &applicant.credentials else {
            return Err(Denial::Refused);
        };
        let right = match self.0.lock().get(username) {
            Some(known) => known == password,
            None => false,
        };
        if right { Ok(Grant { user_id: applicant.name(), ..Grant::default() }) } else { Err(Denial::Refused) }
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Passwords").field("users", &self.0.lock().len()).finish_non_exhaustive()
    }
}
