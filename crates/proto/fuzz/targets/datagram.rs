//! What parses as a datagram for a group writes back the same octets; addresses of DGRAM are read or refused.

use zeroxide_proto::wire::datagram;

pub(crate) fn run(octets: &[u8]) {
    if let Some((group, body)) = datagram::parse_group(octets) {
        let mut again = vec![];
        datagram::write_group(group, &mut again);
        again.extend_from_slice(body);
        assert_eq!(again, octets);
    }
    if let Some(address) = datagram::parse_address(octets) {
        assert_ne!(address.port(), 0);
        assert_eq!(datagram::parse_address(address.to_string().as_bytes()), Some(address));
    }
}
