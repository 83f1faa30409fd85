//! DGRAM: plain UDP datagrams. The first frame of a message is an address, the second the octets. No RFC has it; libzmq
//! does.

use super::{Effect, Facts, Pair, Refusal, Refused, Route, Rules};
use crate::{
    Message,
    routing::{PeerId, Peers},
    wire::datagram::{DATAGRAM_MAX, parse_address},
};

/// The rules of a DGRAM socket. Its one peer is the UDP socket it is bound to.
#[derive(Debug, Default)]
pub(super) struct Dgram {
    pair: Pair,
}

impl Rules for Dgram {
    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.pair.attach(peer, facts, effects)
    }

    fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.pair.detach(peer, effects);
    }

    fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        let [address, body] = message.frames() else { return Err(Refusal::Invalid) };
        if parse_address(address).is_none() {
            return Err(Refusal::BadAddress);
        }
        if body.len() > DATAGRAM_MAX {
            return Err(Refusal::Oversized(DATAGRAM_MAX)); // X20
        }
        self.pair.route(message, peers, targets)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    #[test]
    fn a_message_is_an_address_and_what_fits_into_a_datagram() {
        let mut dgram = Rig::new(SocketType::Dgram);
        let message = Message::from(["127.0.0.1:5555", "ping"]);
        assert_eq!(dgram.send(message.clone()), Err(Refusal::WouldBlock));
        dgram.attach_as(0, Facts { datagrams: true, ..Facts::default() }).unwrap();
        assert_eq!(dgram.attach_as(1, Facts::default()), Err(Refused::Occupied));
        assert_eq!(dgram.send(message.clone()), Ok(Sent::To(0, message)));
        assert_eq!(dgram.send("alone"), Err(Refusal::Invalid));
        assert_eq!(dgram.send(["127.0.0.1:5555", "a", "b"]), Err(Refusal::Invalid));
        assert_eq!(dgram.send(["localhost:5555", "a"]), Err(Refusal::BadAddress));
        let sized = |octets| Message::from([b"127.0.0.1:5555".to_vec(), vec![7; octets]]);
        assert!(dgram.send(sized(DATAGRAM_MAX)).is_ok());
        assert_eq!(dgram.send(sized(DATAGRAM_MAX + 1)), Err(Refusal::Oversized(DATAGRAM_MAX)));
    }
}
