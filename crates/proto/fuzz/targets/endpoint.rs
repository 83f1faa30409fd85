//! What parses as an endpoint writes itself as one that is equal to it; whatever does not is refused without a panic.

use zeroxide_proto::Endpoint;

pub(crate) fn run(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let endpoint: Endpoint = match text.parse() {
        Ok(endpoint) => endpoint,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let _ = (endpoint.check_bind(), endpoint.check_connect());
    let written = endpoint.to_string();
    assert_eq!(written.parse().as_ref(), Ok(&endpoint), "{written:?} from {text:?}");
}
