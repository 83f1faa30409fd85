//! Both directions are each other's opposite.
use zeroxide_proto::z85;

pub(crate) fn run(octets: &[u8]) {
    if let Ok(text) = z85::encode(octets) {
        assert_eq!(z85::decode(&text).as_deref(), Ok(octets));
    }
    if let Ok(decoded) = z85::decode(octets) {
        assert_eq!(z85::encode(&decoded).unwrap().as_bytes(), octets);
    }
}
