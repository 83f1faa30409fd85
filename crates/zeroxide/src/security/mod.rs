//! Keys, and who may enter: what of security is neither protocol nor I/O.

mod keygen;

pub use keygen::{curve_keypair, curve_public};
