//! Names of tests: what the system would answer when it is asked for their addresses, if it answers at all.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Condvar, Mutex, PoisonError};

/// A name that only this process knows; dropping it takes it back, and lets go of whoever hangs on it.
///
/// ```
/// use std::sync::mpsc;
/// use zeroxide_net::{Family, Resolver, fault::Name};
/// let _name = Name::answers("moved.test", [127, 0, 0, 9].into());
/// let (answers, answer) = mpsc::channel();
/// let resolver = Resolver::new();
/// resolver.resolve("moved.test", 80, Family::Any, move |found| {
///     let _ = answers.send(found);
/// });
/// assert_eq!(answer.recv()??, [([127, 0, 0, 9], 80).into()]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Name(String);

struct Known {
    name: String,
    /// None: whoever asks waits.
    address: Option<IpAddr>,
    asked: usize,
}

static NAMES: Mutex<Vec<Known>> = Mutex::new(Vec::new());
static CHANGED: Condvar = Condvar::new();

impl Name {
    /// A name with one address.
    pub fn answers(name: &str, address: IpAddr) -> Self {
        Self::known(name, Some(address))
    }

    /// Whoever asks for this name waits until it is dropped; then the system is asked.
    pub fn hangs(name: &str) -> Self {
        Self::known(name, None)
    }

    fn known(name: &str, address: Option<IpAddr>) -> Self {
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        names.push(Known { name: name.to_owned(), address, asked: 0 });
        Self(name.to_owned())
    }

    /// How often it was asked for.
    pub fn asked(&self) -> usize {
        let names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().find(|known| known.name == self.0).map_or(0, |known| known.asked)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        NAMES.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| known.name != self.0);
        CHANGED.notify_all();
    }
}

/// What a test has planned for this name, if anything; returns when it is an answer.
pub(crate) fn planned_name(host: &str, port: u16) -> Option<io::Result<Vec<SocketAddr>>> {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let mut is_first = true;
    loop {
        let known = names.iter_mut().find(|known| known.name == host)?;
        known.asked += usize::from(std::mem::take(&mut is_first));
        if let Some(address) = known.address {
            return Some(Ok(vec![SocketAddr::new(address, port)]));
        }
        names = CHANGED.wait(names).unwrap_or_else(PoisonError::into_inner);
    }
}
