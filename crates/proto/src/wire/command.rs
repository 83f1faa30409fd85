//! Commands of ZMTP 3.x: the body of a frame with the command bit (RFC 37; zmtp.md section 5.1).
//!
//! ```text
//! 04 0B | 09 "SUBSCRIBE" 41        04 07 | 04 "PING" 00 0A        04 1D | 05 "READY" metadata
//! head    name, 1-octet length     ttl in tenths, context
//! ```
//! The name has a length before it and nothing behind it, whatever the prose of the RFCs says (X5).

use crate::batch::{COMMAND, Header};
use std::{error::Error, fmt};

/// The longest context of a PING or PONG.
pub const CONTEXT_MAX: usize = 16;

/// The longest name of a group.
pub const GROUP_MAX: usize = 255;

/// Whether these octets can name a group of RADIO and DISH.
pub fn is_group(octets: &[u8]) -> bool {
    octets.len() <= GROUP_MAX && !octets.contains(&0)
}

/// A command, its data borrowed from the octets it came in.
///
/// ```
/// use zeroxide_proto::wire::{Command, CommandError};
/// let command = Command::parse(b"\x04PING\0\x0Aabc")?;
/// assert_eq!(command, Command::Ping { ttl: 10, context: b"abc" });
/// let mut answer = Vec::new();
/// if let Command::Ping { context, .. } = command {
///     Command::Pong(context).write(&mut answer);
/// }
/// assert_eq!(answer, b"\x04\x08\x04PONGabc");
/// # Ok::<(), CommandError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command<'a> {
    /// Ends the handshake; the data are metadata, not looked at yet.
    Ready(&'a [u8]),
    /// Refuses the peer; the data hold the reason, see [`error_reason`].
    Error(&'a [u8]),
    /// Wants messages that begin so.
    Subscribe(&'a [u8]),
    /// Takes one such wish back.
    Cancel(&'a [u8]),
    /// Wants the messages of a group (RFC 48): at most [`GROUP_MAX`] octets, none of them zero.
    Join(&'a [u8]),
    /// Wants them no more.
    Leave(&'a [u8]),
    /// Asks for a sign of life.
    Ping {
        /// Tenths of a second of silence after which the receiver may give the sender up; 0 is never.
        ttl: u16,
        /// At most [`CONTEXT_MAX`] octets to send back.
        context: &'a [u8],
    },
    /// The answer to a PING, with its context.
    Pong(&'a [u8]),
    /// Any other; to be ignored after the handshake and refused in it.
    Unknown {
        /// Letters.
        name: &'a [u8],
        /// All behind the name.
        data: &'a [u8],
    },
}

/// Why octets are not a command.
///
/// ```
/// use zeroxide_proto::wire::{Command, CommandError};
/// assert_eq!(Command::parse(b"\x09READY"), Err(CommandError::Name), "the name ends too early");
/// assert_eq!(Command::parse(b"\x04PING\0"), Err(CommandError::Ping));
/// assert!(Command::parse(b"\x04JUMP").is_ok(), "a name that is merely unknown is no error");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommandError {
    /// No name, or one that reaches beyond the end or has other octets than letters (rule R7).
    Name,
    /// A PING without a whole time to live (rule R10).
    Ping,
    /// A PONG with more than 16 octets of context (rule R10).
    Pong,
    /// A JOIN or LEAVE of what cannot be a group (rule R13).
    Group,
    /// An ERROR whose reason reaches beyond the end or ends before it (rule R7).
    Reason,
}

impl<'a> Command<'a> {
    /// Whether the peer says by it what it wants to hear.
    #[inline]
    pub(crate) fn is_wish(&self) -> bool {
        matches!(self, Self::Subscribe(_) | Self::Cancel(_) | Self::Join(_) | Self::Leave(_))
    }

    /// Reads the body of a command frame.
    ///
    /// # Errors
    /// [`CommandError`], where the body breaks the grammar; a name that is merely unknown is no error.
    pub fn parse(body: &'a [u8]) -> Result<Self, CommandError> {
        let (&length, rest) = body.split_first().ok_or(CommandError::Name)?;
        let (name, data) = rest.split_at_checked(length.into()).ok_or(CommandError::Name)?; // R7
        if name.is_empty() || !name.iter().all(u8::is_ascii_alphabetic) {
            return Err(CommandError::Name); // R7
        }
        Ok(match name {
            b"READY" => Self::Ready(data),
            b"ERROR" => Self::Error(data),
            b"SUBSCRIBE" => Self::Subscribe(data),
            b"CANCEL" => Self::Cancel(data),
            b"JOIN" | b"LEAVE" if !is_group(data) => return Err(CommandError::Group), // R13, X14
            b"JOIN" => Self::Join(data),
            b"LEAVE" => Self::Leave(data),
            b"PING" => match data.split_first_chunk() {
                Some((ttl, context)) => {
                    // Longer ones are cut, as by libzmq: nobody needs to lose a connection over them.
                    let context = context.get(..CONTEXT_MAX).unwrap_or(context);
                    Self::Ping { ttl: u16::from_be_bytes(*ttl), context }
                }
                None => return Err(CommandError::Ping), // R10
            },
            b"PONG" if data.len() > CONTEXT_MAX => return Err(CommandError::Pong), // R10
            b"PONG" => Self::Pong(data),
            _ => Self::Unknown { name, data },
        })
    }

    /// The name as it travels.
    pub fn name(&self) -> &[u8] {
        match self {
            Self::Ready(_) => b"READY",
            Self::Error(_) => b"ERROR",
            Self::Subscribe(_) => b"SUBSCRIBE",
            Self::Cancel(_) => b"CANCEL",
            Self::Join(_) => b"JOIN",
            Self::Leave(_) => b"LEAVE",
            Self::Ping { .. } => b"PING",
            Self::Pong(_) => b"PONG",
            Self::Unknown { name, .. } => name,
        }
    }

    /// Appends the body: name and data, without a frame header.
    pub fn write_body(&self, out: &mut Vec<u8>) {
        let name = self.name();
        debug_assert!(u8::try_from(name.len()).is_ok());
        out.push(name.len() as u8);
        out.extend_from_slice(name);
        match self {
            Self::Ping { ttl, context } => {
                out.extend_from_slice(&ttl.to_be_bytes());
                out.extend_from_slice(context);
            }
            Self::Ready(data)
            | Self::Error(data)
            | Self::Subscribe(data)
            | Self::Cancel(data)
            | Self::Join(data)
            | Self::Leave(data)
            | Self::Pong(data)
            | Self::Unknown { data, .. } => out.extend_from_slice(data),
        }
    }

    /// Appends the whole frame.
    pub fn write(&self, out: &mut Vec<u8>) {
        Header::write(COMMAND, self.body_size(), out);
        self.write_body(out);
    }

    fn body_size(&self) -> usize {
        let data = match self {
            Self::Ping { context, .. } => 2 + context.len(),
            Self::Ready(data)
            | Self::Error(data)
            | Self::Subscribe(data)
            | Self::Cancel(data)
            | Self::Join(data)
            | Self::Leave(data)
            | Self::Pong(data)
            | Self::Unknown { data, .. } => data.len(),
        };
        1 + self.name().len() + data
    }
}

/// The reason inside the data of an ERROR.
///
/// # Errors
/// [`CommandError::Reason`] where its length is not that of the rest.
pub fn error_reason(data: &[u8]) -> Result<&[u8], CommandError> {
    match data.split_first() {
        Some((&length, reason)) if usize::from(length) == reason.len() => Ok(reason),
        _ => Err(CommandError::Reason), // R7
    }
}

/// Appends the frame of an ERROR; of a reason longer than 255 octets only the beginning travels.
pub fn write_error(reason: &str, out: &mut Vec<u8>) {
    let reason = reason.as_bytes();
    let reason = reason.get(..usize::from(u8::MAX)).unwrap_or(reason);
    let mut data = vec![reason.len() as u8];
    data.extend_from_slice(reason);
    Command::Error(&data).write(out);
}

impl fmt::Display for CommandError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Name => "a command without a proper name",
            Self::Ping => "a malformed PING",
            Self::Pong => "a malformed PONG",
            Self::Group => "a JOIN or LEAVE of what cannot be a group",
            Self::Reason => "a malformed ERROR",
        })
    }
}

impl Error for CommandError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(command: Command<'_>) -> Vec<u8> {
        let mut out = vec![];
        command.write(&mut out);
        out
    }

    #[test]
    fn the_examples_of_the_digest() {
        assert_eq!(frame(Command::Subscribe(b"A")), b"\x04\x0b\x09SUBSCRIBEA");
        assert_eq!(frame(Command::Cancel(b"A")), b"\x04\x08\x06CANCELA");
        assert_eq!(frame(Command::Ping { ttl: 10, context: b"" }), b"\x04\x07\x04PING\x00\x0a");
        assert_eq!(frame(Command::Pong(b"")), b"\x04\x05\x04PONG");
        let mut out = vec![];
        write_error("Invalid socket type", &mut out);
        assert_eq!(out, b"\x04\x1a\x05ERROR\x13Invalid socket type");
    }

    #[test]
    fn t10_a_topic_of_245_octets_is_the_last_in_a_short_frame() {
        assert_eq!(frame(Command::Subscribe(&[7; 245]))[..2], [4, 255]);
        assert_eq!(frame(Command::Subscribe(&[7; 246]))[..9], [6, 0, 0, 0, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn what_is_written_parses_back() {
        let unknown = Command::Unknown { name: b"WHISPER", data: b"TV" };
        let ping = Command::Ping { ttl: 65_535, context: &[1; 16] };
        for command in [
            Command::Ready(b"x"),
            Command::Error(b"\x00"),
            Command::Subscribe(b""),
            Command::Cancel(b"t"),
            Command::Join(b""),
            Command::Leave(&[b'g'; 200]),
            ping,
        ]
        .into_iter()
        .chain([Command::Pong(&[2; 16]), unknown])
        {
            assert_eq!(Command::parse(&frame(command)[2..]), Ok(command));
        }
    }

    #[test]
    fn t12_r13_groups_have_at_most_255_octets_and_no_zero() {
        assert_eq!(frame(Command::Join(b"TV")), b"\x04\x07\x04JOINTV");
        assert_eq!(frame(Command::Leave(b"TV")), b"\x04\x08\x05LEAVETV");
        for name in [&b"\x04JOIN"[..], b"\x05LEAVE"] {
            assert!(Command::parse(&[name, &[b'g'; 255]].concat()).is_ok());
            for group in [&[b'g'; 256][..], b"\0", b"a\0b"] {
                assert_eq!(Command::parse(&[name, group].concat()), Err(CommandError::Group));
            }
        }
    }

    #[test]
    fn t11_r10_contexts_of_0_to_16_octets_pass_and_17_are_cut_in_a_ping_only() {
        for size in 0..=17 {
            for ttl in [0_u16, 1, 655, 656, 65_535] {
                let context = vec![1; size];
                let ping = [b"\x04PING", &ttl.to_be_bytes()[..], &context].concat();
                let pong = [b"\x04PONG", &context[..]].concat();
                let kept = &context[..size.min(CONTEXT_MAX)];
                assert_eq!(Command::parse(&ping), Ok(Command::Ping { ttl, context: kept }));
                if size <= CONTEXT_MAX {
                    assert_eq!(Command::parse(&pong), Ok(Command::Pong(&context)));
                } else {
                    assert_eq!(Command::parse(&pong), Err(CommandError::Pong));
                }
            }
        }
        assert_eq!(Command::parse(b"\x04PING"), Err(CommandError::Ping));
        assert_eq!(Command::parse(b"\x04PING\x00"), Err(CommandError::Ping));
    }

    #[test]
    fn r7_names_are_letters_and_lie_inside_the_body() {
        for body in
            [&b""[..], b"\x00", b"\x00READY", b"\x06READY", b"\x05REA-Y", b"\x05READ\x00", b"\xffREADY"]
        {
            assert_eq!(Command::parse(body), Err(CommandError::Name), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn r7_a_reason_fills_the_rest_exactly() {
        assert_eq!(error_reason(b"\x03bad"), Ok(&b"bad"[..]));
        assert_eq!(error_reason(b"\x00"), Ok(&b""[..]));
        for data in [&b""[..], b"\x04bad", b"\x02bad", b"\x00x"] {
            assert_eq!(error_reason(data), Err(CommandError::Reason));
        }
    }
}
