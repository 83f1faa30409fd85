//! Keys, and who may enter: what of security is neither protocol nor I/O.
//!
//! ```text
//! handshake asks -> Desk: is there an authenticator?  of the socket, or of the context    -> asked in the desk's thread
//!                         or a ZAP handler at inproc://zeromq.zap.01?                     -> asked over inproc
//!                         or neither: nobody enters, unless the C door said otherwise     -> verdict -> I/O thread
//! ```
//! It does not know handshakes: it gets a question and gives a verdict.

mod addresses;
mod authenticator;
mod authorized_keys;
mod desk;
mod keygen;
mod keys;
mod passwords;

pub use addresses::{AddressError, Addresses};
pub use authenticator::{AllowAny, Applicant, Authenticator};
pub use authorized_keys::AuthorizedKeys;
pub(crate) use desk::{Desk, Inquiry};
pub(crate) use keygen::SystemEntropy;
pub use keygen::{curve_keypair, curve_public};
pub use keys::AllowKeys;
pub use passwords::Passwords;
