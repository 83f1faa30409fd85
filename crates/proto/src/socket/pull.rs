//! PULL (RFC 30): takes work, fairly from all who have some. All of that is the fair queue's, which the caller keeps.

use super::{Effect, Facts, Refused, Rules};
use crate::routing::PeerId;

/// The rules of a PULL socket: everybody is let in, everything is accepted, nothing is sent.
#[derive(Debug, Default)]
pub struct Pull;

impl Rules for Pull {
    fn attach(&mut self, _: PeerId, _: &Facts<'_>, _: &mut Vec<Effect>) -> Result<(), Refused> {
        Ok(())
    }

    fn detach(&mut self, _: PeerId, _: &mut Vec<Effect>) {}
}
