//! The first octets of a connection, in every version (RFC 37; zmtp.md section 4).
//!
//! ```text
//! 0    1                 9    10     11     12                  32         33
//! FF | 00 .. length + 1 | 7F | 03   | minor | mechanism, 20    | as-server | 31 x 00      3.x
//! FF | 00 .. length + 1 | 7F | 01   | type  | identity frame ..                           2.0
//! FF | length, 8 octets | flags | identity body ..               (or 01 00, or len 00 ..) 1.0
//! ```
//! Whoever writes begins with ten octets that an old peer reads as the head of a long identity frame; what the peer
//! sent tells how to go on.

/// Octets of the part every version since 2.0 begins with.
pub const SIGNATURE_SIZE: usize = 10;
/// Octets of a whole greeting of 3.x.
pub const GREETING_SIZE: usize = 64;
/// Octets of the field that names the mechanism.
pub const MECHANISM_SIZE: usize = 20;

/// The major version written at offset 10.
pub const MAJOR: u8 = 3;
/// The minor version written at offset 11.
pub const MINOR: u8 = 1;

/// What the octets seen so far say about the peer.
///
/// ```
/// use zeroxide_proto::wire::greeting::{Detection, detect};
/// assert_eq!(detect(b""), Detection::Undecided(1));
/// assert_eq!(detect(b"\x01\0"), Detection::Unversioned);
/// assert_eq!(detect(b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03"), Detection::Revision3);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detection {
    /// Nothing yet; at least so many octets are needed in all.
    Undecided(usize),
    /// The ten octets of the signature: the peer is no older than 2.0. Its revision follows.
    Signature,
    /// ZMTP 1.0; what came is the beginning of its identity frame.
    Unversioned,
    /// A signature and then 1.0 framing: development versions between 1.0 and 2.0.
    Revision0,
    /// ZMTP 2.0.
    Revision1,
    /// ZMTP 3.0 or later; the greeting is 64 octets long.
    Revision3,
}

/// Looks at the beginning of what a peer sent (zmtp.md section 4.1). The padding between the first and the tenth
/// octet is never looked at, and of the tenth only bit 0.
pub fn detect(octets: &[u8]) -> Detection {
    match octets {
        [] => Detection::Undecided(1),
        [0xFF, _, _, _, _, _, _, _, _, mark, ..] if mark & 1 == 0 => Detection::Unversioned,
        [0xFF, _, _, _, _, _, _, _, _, _] => Detection::Signature,
        [0xFF, _, _, _, _, _, _, _, _, _, revision, ..] => match revision {
            0 => Detection::Revision0,
            1 | 2 => Detection::Revision1, // X3: revision 2 is spoken to as 2.0
            _ => Detection::Revision3,
        },
        [0xFF, ..] => Detection::Undecided(SIGNATURE_SIZE),
        _ => Detection::Unversioned,
    }
}

/// The ten octets to send first; `identity_length` is for peers of version 1.0.
pub fn signature(identity_length: usize) -> [u8; SIGNATURE_SIZE] {
    let mut signature = [0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0x7F];
    let (_, rest) = signature.split_at_mut(1);
    if let Some(length) = rest.first_chunk_mut() {
        *length = (identity_length as u64 + 1).to_be_bytes();
    }
    signature
}

/// What a whole greeting of version 3.x says.
///
/// ```
/// use zeroxide_proto::wire::greeting::{GREETING_SIZE, Greeting, MAJOR, mechanism_field, signature};
/// let mut octets = signature(0).to_vec();
/// octets.push(MAJOR);
/// Greeting::new("CURVE", true).write_rest(&mut octets);
/// let octets: [u8; GREETING_SIZE] = octets.try_into().map_err(|_| "of another size")?;
/// let heard = Greeting::parse(&octets).ok_or("not of 3.x")?;
/// assert_eq!((heard.mechanism, heard.as_server), (mechanism_field("CURVE"), true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Greeting {
    /// Major version, 3 or higher.
    pub major: u8,
    /// Minor version.
    pub minor: u8,
    /// Name of the mechanism, padded with zeros; compared octet for octet.
    pub mechanism: [u8; MECHANISM_SIZE],
    /// Whether the peer is the server of the mechanism. Not to be relied upon (X1).
    pub as_server: bool,
}

impl Greeting {
    /// A greeting of our own version.
    pub fn new(mechanism: &str, as_server: bool) -> Self {
        Self { major: MAJOR, minor: MINOR, mechanism: mechanism_field(mechanism), as_server }
    }

    /// Reads a whole greeting. The filler at the end is not looked at, as-server is any octet but 0.
    pub fn parse(octets: &[u8; GREETING_SIZE]) -> Option<Self> {
        let (_signature, rest) = octets.split_first_chunk::<SIGNATURE_SIZE>()?;
        let (&[major, minor], rest) = rest.split_first_chunk()?;
        let (&mechanism, rest) = rest.split_first_chunk()?;
        Some(Self { major, minor, mechanism, as_server: rest.first().is_some_and(|octet| *octet != 0) })
    }

    /// Appends the 53 octets behind the major version.
    pub fn write_rest(&self, out: &mut Vec<u8>) {
        out.push(self.minor);
        out.extend_from_slice(&self.mechanism);
        out.push(u8::from(self.as_server));
        out.extend_from_slice(&[0; 31]);
    }
}

/// The name of a mechanism as it stands in the greeting; what is over 20 octets is cut.
pub fn mechanism_field(name: &str) -> [u8; MECHANISM_SIZE] {
    let mut field = [0; MECHANISM_SIZE];
    for (place, octet) in field.iter_mut().zip(name.bytes()) {
        *place = octet;
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_of_an_anonymous_socket() {
        let mut out = signature(0).to_vec();
        out.push(MAJOR);
        Greeting::new("NULL", false).write_rest(&mut out);
        let mut expected = vec![0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1, b'N', b'U', b'L', b'L'];
        expected.resize(GREETING_SIZE, 0);
        assert_eq!(out, expected);
        assert_eq!(Greeting::parse(out.first_chunk().unwrap()), Some(Greeting::new("NULL", false)));
    }

    #[test]
    fn the_signature_holds_the_length_of_the_identity_frame() {
        assert_eq!(signature(255), [0xFF, 0, 0, 0, 0, 0, 0, 1, 0, 0x7F]);
    }

    #[test]
    fn t2_each_revision_is_told_from_the_first_octets() {
        let with = |revision: u8| detect(&[0xFF, 9, 9, 9, 9, 9, 9, 9, 9, 1, revision]);
        assert_eq!([0, 1, 2, 3].map(with), {
            use Detection::*;
            [Revision0, Revision1, Revision1, Revision3]
        });
        assert_eq!([4, 255].map(with), [Detection::Revision3; 2]);
        assert_eq!(detect(&[1]), Detection::Unversioned);
        assert_eq!(detect(&[0xFF, 0, 0, 0, 0, 0, 0, 1, 0, 0x7E]), Detection::Unversioned);
        assert_eq!(detect(&[]), Detection::Undecided(1));
        assert_eq!(detect(&[0xFF]), Detection::Undecided(10));
        assert_eq!(detect(&[0xFF; 9]), Detection::Undecided(10));
        assert_eq!(detect(&[0xFF; 10]), Detection::Signature);
    }
}
