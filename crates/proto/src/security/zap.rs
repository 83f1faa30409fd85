//! ZAP 1.0: the question to an authenticator, and its answer, as messages (RFC 27; zmtp.md section 10).
//!
//! ```text
//! "" | "1.0" | id | domain | address | identity | mechanism | credentials ...
//! "" | "1.0" | id | status | text    | user id  | metadata
//! ```

use super::{Credentials, Denial};
use crate::{
    Frame, Message,
    wire::metadata::{self, Properties},
};
use std::{error::Error, fmt};

/// Where in the process the handler waits.
pub const ENDPOINT: &str = "inproc://zeromq.zap.01";

const VERSION: &[u8] = b"1.0";
/// The longest text in a frame.
const TEXT_MAX: usize = 255;

/// Why the answer of a handler makes no sense (rule R17).
///
/// ```
/// use zeroxide_proto::{Message, security::zap::{ZapError, read_reply}};
/// let reply = Message::from(["", "1.0", "8", "200", "OK", "joe", ""]);
/// assert_eq!(read_reply(&reply, b"7"), Err(ZapError::RequestId));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ZapError {
    /// The first frame, which delimits the envelope, is not empty.
    Delimiter,
    /// Not seven frames, or one that is too long.
    Malformed,
    /// It answers another question.
    RequestId,
    /// A version other than 1.0.
    Version,
    /// A status other than 200, 300, 400 and 500.
    Status,
    /// Properties that cannot be read.
    Metadata,
}

impl ZapError {
    /// The protocol error code of the monitor.
    pub const fn code(self) -> u32 {
        match self {
            Self::Delimiter => 0x2000_0000,
            Self::Malformed => 0x2000_0001,
            Self::RequestId => 0x2000_0002,
            Self::Version => 0x2000_0003,
            Self::Status => 0x2000_0004,
            Self::Metadata => 0x2000_0005,
        }
    }
}

/// What a handler is asked.
///
/// ```
/// use zeroxide_proto::{Frame, security::{Credentials, zap::Request}};
/// let credentials = Credentials::Plain { username: b"joe".to_vec(), password: "pass".into() };
/// let request = Request {
///     id: b"7",
///     domain: b"global",
///     address: "127.0.0.1",
///     identity: Frame::EMPTY,
///     credentials: &credentials,
/// };
/// assert_eq!(request.to_message().to_string(), " | 1.0 | 7 | global | 127.0.0.1 |  | PLAIN | joe | pass");
/// ```
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Tells answers apart.
    pub id: &'a [u8],
    /// In whose name.
    pub domain: &'a [u8],
    /// Where the peer is: an IP address without a port.
    pub address: &'a str,
    /// The peer's name.
    pub identity: Frame,
    /// By what it says who it is.
    pub credentials: &'a Credentials,
}

/// What a handler says of a peer that may enter.
///
/// ```
/// use zeroxide_proto::{Message, security::zap::{Grant, read_reply}};
/// let reply = Message::from(["", "1.0", "7", "200", "OK", "joe", ""]);
/// let joe = Grant { user_id: "joe".into(), ..Grant::default() };
/// assert_eq!(read_reply(&reply, b"7"), Ok(Ok(joe)));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Grant {
    /// Who the peer is.
    pub user_id: String,
    /// More about it.
    pub metadata: Properties,
}

impl Request<'_> {
    /// The message, delimiter first.
    pub fn to_message(&self) -> Message {
        let mut frames = vec![
            Frame::EMPTY,
            Frame::copy_from(VERSION),
            Frame::copy_from(self.id),
            Frame::copy_from(self.domain),
            Frame::from(self.address),
            self.identity.clone(),
            Frame::from(self.credentials.mechanism().name()),
        ];
        match self.credentials {
            Credentials::Null => {}
            Credentials::Plain { username, password } => {
                frames.push(Frame::copy_from(username));
                frames.push(Frame::copy_from(password.as_bytes()));
            }
            Credentials::Curve(key) => frames.push(Frame::copy_from(key.as_bytes())),
        }
        Message::from(frames)
    }
}

/// Reads the answer to the question with this id.
///
/// # Errors
/// [`ZapError`]; the peer must not enter.
pub fn read_reply(reply: &Message, id: &[u8]) -> Result<Result<Grant, Denial>, ZapError> {
    let [delimiter, version, request_id, status, text, user_id, properties] = reply.frames() else {
        return Err(ZapError::Malformed); // R17
    };
    if !delimiter.is_empty() {
        return Err(ZapError::Delimiter);
    }
    if **version != *VERSION {
        return Err(ZapError::Version);
    }
    if **request_id != *id {
        return Err(ZapError::RequestId);
    }
    let denial = match &**status {
        b"200" => None,
        b"300" => Some(Denial::TryLater),
        b"400" => Some(Denial::Refused),
        b"500" => Some(Denial::Fault),
        _ => return Err(ZapError::Status),
    };
    if text.len() > TEXT_MAX || user_id.len() > TEXT_MAX {
        return Err(ZapError::Malformed);
    }
    let mut metadata = metadata::parse(properties).map_err(|_| ZapError::Metadata)?;
    if let Some(denial) = denial {
        return Ok(Err(denial));
    }
    // What the peer says of itself in the handshake is not for the handler to say.
    metadata.retain(|(name, _)| {
        ![metadata::SOCKET_TYPE, metadata::IDENTITY].iter().any(|own| own.eq_ignore_ascii_case(name))
    });
    Ok(Ok(Grant { user_id: String::from_utf8_lossy(user_id).into_owned(), metadata }))
}

impl fmt::Display for ZapError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Delimiter => "the ZAP handler's answer does not begin with an empty frame",
            Self::Malformed => "the ZAP handler's answer does not have the seven frames it must have",
            Self::RequestId => "the ZAP handler answered another question",
            Self::Version => "the ZAP handler speaks another version than 1.0",
            Self::Status => "the ZAP handler answered with an unknown status",
            Self::Metadata => "the ZAP handler's metadata cannot be read",
        })
    }
}

impl Error for ZapError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(frames: [&[u8]; 7]) -> Message {
        Message::from_frames(frames.map(<[u8]>::to_vec))
    }

    #[test]
    fn a_question_has_the_frames_of_the_specification() {
        let credentials = Credentials::Plain { username: b"admin".to_vec(), password: "secret".into() };
        let mut request = Request {
            id: b"7",
            domain: b"global",
            address: "127.0.0.1",
            identity: Frame::from("me"),
            credentials: &credentials,
        };
        let plain = ["", "1.0", "7", "global", "127.0.0.1", "me", "PLAIN", "admin", "secret"];
        assert_eq!(request.to_message(), Message::from(plain));
        request.credentials = &Credentials::Null;
        assert_eq!(request.to_message().frames().len(), 7);
        let curve = Credentials::Curve([5; 32].into());
        request.credentials = &curve;
        let message = request.to_message();
        assert_eq!((&*message.frames()[6], &*message.frames()[7]), (&b"CURVE"[..], &[5; 32][..]));
    }

    #[test]
    fn each_status_is_understood() {
        let read =
            |status: &[u8]| read_reply(&reply([b"", b"1.0", b"7", status, b"text", b"joe", b""]), b"7");
        assert_eq!(read(b"200"), Ok(Ok(Grant { user_id: "joe".to_owned(), metadata: vec![] })));
        assert_eq!(read(b"300"), Ok(Err(Denial::TryLater)));
        assert_eq!(read(b"400"), Ok(Err(Denial::Refused)));
        assert_eq!(read(b"500"), Ok(Err(Denial::Fault)));
        for status in [&b"100"[..], b"20", b"2000", b"", b"600", b"201"] {
            assert_eq!(read(status), Err(ZapError::Status));
        }
    }

    #[test]
    fn metadata_of_a_peer_are_taken_but_not_its_type_and_name() {
        let mut properties = vec![];
        metadata::write("Hello", b"World", &mut properties);
        metadata::write("Socket-Type", b"PUB", &mut properties);
        metadata::write("identity", b"boss", &mut properties);
        let grant = read_reply(&reply([b"", b"1.0", b"7", b"200", b"", b"", &properties]), b"7");
        assert_eq!(grant.unwrap().unwrap().metadata, [("Hello".to_owned(), b"World".to_vec())]);
    }

    #[test]
    fn r17_an_answer_that_makes_no_sense_opens_no_door() {
        let good: [&[u8]; 7] = [b"", b"1.0", b"7", b"200", b"", b"", b""];
        let with = |at: usize, frame: &'static [u8]| {
            let mut frames = good;
            frames[at] = frame;
            read_reply(&reply(frames), b"7")
        };
        assert_eq!(with(0, b"x"), Err(ZapError::Delimiter));
        assert_eq!(with(1, b"1.1"), Err(ZapError::Version));
        assert_eq!(with(2, b"8"), Err(ZapError::RequestId));
        assert_eq!(with(6, b"\x05Hello"), Err(ZapError::Metadata));
        assert_eq!(with(5, &[b'u'; 256]), Err(ZapError::Malformed));
        for count in (0..12).filter(|count| *count != 7) {
            let frames = good.iter().cycle().take(count).map(|frame| frame.to_vec());
            assert_eq!(read_reply(&Message::from_frames(frames), b"7"), Err(ZapError::Malformed), "{count}");
        }
    }
}
