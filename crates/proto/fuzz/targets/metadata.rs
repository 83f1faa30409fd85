//! What parses as metadata writes back the same octets.
use zeroxide_proto::wire::metadata;

pub(crate) fn run(octets: &[u8]) {
    let Ok(properties) = metadata::parse(octets) else { return };
    let mut again = vec![];
    for (name, value) in &properties {
        assert!(metadata::write(name, value, &mut again));
    }
    assert_eq!(again, octets);
}
