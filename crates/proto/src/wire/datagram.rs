//! UDP datagrams: what RADIO sends to DISH, and the addresses of DGRAM (zmtp.md section 15).
//!
//! ```text
//! 02 "TV" "Facts"        group, 1-octet length; the rest is the body
//! ```

use super::command::{GROUP_MAX, is_group};
use std::net::SocketAddr;

/// The most octets that a UDP datagram carries over IPv4, and what we send at most. libzmq 4.3 receives 8192 and cuts the
/// rest off.
pub const DATAGRAM_MAX: usize = 65_507;

/// Appends the head of a datagram for a group; the body follows.
pub fn write_group(group: &[u8], out: &mut Vec<u8>) {
    debug_assert!(group.len() <= GROUP_MAX);
    out.push(group.len() as u8);
    out.extend_from_slice(group);
}

/// Group and body of a datagram; none if the group reaches beyond the end or cannot be one (rule R13).
pub fn parse_group(datagram: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = datagram.split_first()?;
    rest.split_at_checked(length.into()).filter(|(group, _)| is_group(group))
}

/// The address in the first frame of a DGRAM message: `1.2.3.4:5` or `[v6]:5`, port not 0. Zero octets at the end, which
/// libzmq puts there, are passed over.
pub fn parse_address(frame: &[u8]) -> Option<SocketAddr> {
    let end = frame.iter().rposition(|octet| *octet != 0)? + 1;
    let text = std::str::from_utf8(frame.get(..end)?).ok()?;
    text.parse().ok().filter(|address: &SocketAddr| address.port() != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t15_the_example_of_the_digest_reads_back() {
        let mut out = vec![];
        write_group(b"TV", &mut out);
        out.extend_from_slice(b"Facts");
        assert_eq!(out, b"\x02TVFacts");
        assert_eq!(parse_group(&out), Some((&b"TV"[..], &b"Facts"[..])));
        assert_eq!(parse_group(b"\x00"), Some((&b""[..], &b""[..])));
        assert_eq!(parse_group(&[&[255], &[7; 255][..]].concat()).unwrap().0.len(), 255);
    }

    #[test]
    fn r13_a_group_beyond_the_end_or_with_a_zero_is_no_datagram_of_ours() {
        for datagram in [&b""[..], b"\x01", b"\x80abc", b"\xff", b"\x02a\0b"] {
            assert_eq!(parse_group(datagram), None, "{}", datagram.escape_ascii());
        }
    }

    #[test]
    fn addresses_are_numbers_with_a_port() {
        let home: SocketAddr = "127.0.0.1:5555".parse().unwrap();
        assert_eq!(parse_address(b"127.0.0.1:5555"), Some(home));
        assert_eq!(parse_address(b"127.0.0.1:5555\0"), Some(home));
        assert!(parse_address(b"[::1]:1").is_some());
        for text in [
            "",
            "\0",
            "127.0.0.1",
            "127.0.0.1:0",
            "127.0.0.1:70000",
            "localhost:5",
            ":5",
            "1.2.3:4",
            "\u{fc}:1",
        ] {
            assert_eq!(parse_address(text.as_bytes()), None, "{text}");
        }
    }
}
