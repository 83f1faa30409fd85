//! GATHER (RFC 49): takes what is scattered, fairly from all who have some. All of that is the fair queue's, which the
//! caller keeps, as it keeps messages of several frames out.

/// The rules of a GATHER socket: a PULL's.
pub(super) type Gather = super::Pull;

#[cfg(test)]
mod tests {
    use super::super::{Refusal, rig::*};
    use crate::SocketType;

    #[test]
    fn what_comes_is_taken_as_it_is_and_nothing_can_be_sent() {
        let mut gather = Rig::new(SocketType::Gather);
        gather.attach(0);
        assert!(!gather.machine.needs_accept());
        assert_eq!(gather.receive(0, "a"), Ok("a".into()));
        assert_eq!(gather.send("no"), Err(Refusal::NotSupported));
    }
}
