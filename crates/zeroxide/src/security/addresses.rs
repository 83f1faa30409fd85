//! Filters by address in front of another authenticator.

use super::{AllowAny, Applicant, Authenticator};
use std::{error::Error, fmt, net::IpAddr};
use zeroxide_net::AcceptFilter;
use zeroxide_proto::security::{Denial, zap::Grant};

/// Lets peers through to another authenticator by their address: never those of a denied network, and if any is allowed,
/// only those of the allowed ones. Peers over ipc have no address: a list of allowed networks keeps them out.
///
/// ```
/// use zeroxide::{Addresses, AllowKeys};
/// let guests = AllowKeys::new();
/// let who = Addresses::before(guests).allow("10.0.0.0/8")?.deny("10.0.0.66")?;
/// # Ok::<(), zeroxide::AddressError>(())
/// ```
pub struct Addresses {
    allowed: Vec<AcceptFilter>,
    denied: Vec<AcceptFilter>,
    next: Box<dyn Authenticator>,
}

/// A text that is no network: neither an address nor `address/bits`.
///
/// ```
/// let error = zeroxide::Addresses::only().deny("everyone").unwrap_err();
/// assert_eq!(error.to_string(), "\"everyone\" is neither an address nor address/bits");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressError(String);

impl Addresses {
    /// Filters by address alone: who is let through may enter.
    pub fn only() -> Self {
        Self::before(AllowAny)
    }

    /// Filters by address before this authenticator is asked.
    pub fn before(next: impl Authenticator) -> Self {
        Self { allowed: Vec::new(), denied: Vec::new(), next: Box::new(next) }
    }

    /// Lets this network through, `address` or `address/bits`, and from now on no others that are not allowed too.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn allow(mut self, network: &str) -> Result<Self, AddressError> {
        self.allowed.push(network.parse().map_err(|_| AddressError(network.to_owned()))?);
        Ok(self)
    }

    /// Keeps this network out, `address` or `address/bits`, also where a larger one is allowed.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn deny(mut self, network: &str) -> Result<Self, AddressError> {
        self.denied.push(network.parse().map_err(|_| AddressError(network.to_owned()))?);
        Ok(self)
    }

    fn lets_through(&self, address: Option<IpAddr>) -> bool {
        let is_in =
            |list: &[AcceptFilter]| address.is_some_and(|ip| list.iter().any(|filter| filter.permits(ip)));
        !is_in(&self.denied) && (self.allowed.is_empty() || is_in(&self.allowed))
    }
}

impl Authenticator for Addresses {
    fn authenticate(&self, applicant: &Applicant) -> Result<Grant, Denial> {
        if self.lets_through(applicant.address.parse().ok()) {
            self.next.authenticate(applicant)
        } else {
            Err(Denial::Refused)
        }
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Addresses")
            .field("allowed", &self.allowed)
            .field("denied", &self.denied)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}\" is neither an address nor address/bits", self.0.escape_default())
    }
}

impl Error for AddressError {}
