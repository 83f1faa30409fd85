//! What a message looks like on stdin and stdout. `zox --help` describes each form to the user.
//!
//! Every form but `lines` gives back exactly the message that was written, whatever its octets.

use base64::{Engine, engine::general_purpose::STANDARD};
use clap::ValueEnum;
use std::io::{self, BufRead, Read};
use zeroxide::{Frame, Message};

/// The name of a form, as `--format` takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// One message a line, frames apart by a tab or --separator
    #[default]
    Lines,
    /// Binary: number of frames, then length and octets of each (numbers: 4 octets, most significant first)
    Framed,
    /// As lines, each frame in hexadecimal
    Hex,
    /// One array of strings a line; "base64:..." where a frame is not UTF-8
    Json,
}

/// A form, with all it needs.
#[derive(Clone, Debug)]
pub(crate) enum Format {
    Lines { separator: Vec<u8> },
    Framed,
    Hex,
    Json,
}

/// Why no message could be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    Io(io::Error),
    Malformed(String),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Marks frames in JSON that are not text; text that begins so is encoded as well, to stay apart.
const BASE64_MARK: &str = "base64:";

impl Format {
    /// The form of that name; the separator matters to lines only.
    pub(crate) fn new(name: FormatName, separator: &str) -> Self {
        match name {
            FormatName::Lines => Self::Lines { separator: separator.as_bytes().to_vec() },
            FormatName::Framed => Self::Framed,
            FormatName::Hex => Self::Hex,
            FormatName::Json => Self::Json,
        }
    }

    /// Reads the next message; none at the end of the input.
    pub(crate) fn read(&self, input: &mut impl BufRead) -> Result<Option<Message>, ReadError> {
        if let Self::Framed = self {
            return read_framed(input);
        }
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        match self {
            Self::Lines { separator } => Ok(split(line, separator)),
            Self::Hex => split_hex(line),
            Self::Json | Self::Framed => parse_json(line),
        }
        .map(Some)
        .map_err(ReadError::Malformed)
    }

    /// Appends a message to `out`.
    pub(crate) fn write(&self, message: &Message, out: &mut Vec<u8>) {
        match self {
            Self::Lines { separator } => {
                write_joined(message, separator, out, |frame, out| out.extend(frame.as_slice()))
            }
            Self::Hex => write_joined(message, b"\t", out, |frame, out| {
                frame.iter().for_each(|octet| out.extend(format!("{octet:02x}").as_bytes()));
            }),
            Self::Json => {
                let texts: Vec<_> = message.frames().iter().map(json_text).collect();
                out.extend(serde_json::Value::from(texts).to_string().as_bytes());
                out.push(b'\n');
            }
            Self::Framed => {
                out.extend((message.len() as u32).to_be_bytes());
                for frame in message.frames() {
                    out.extend((frame.len() as u32).to_be_bytes());
                    out.extend(frame.as_slice());
                }
            }
        }
    }
}

/// The message that a piece of text with frames apart by `separator` stands for.
pub(crate) fn split(mut text: &[u8], separator: &[u8]) -> Message {
    let mut frames = Vec::new();
    while let Some(at) = find(text, separator) {
        let (frame, rest) = text.split_at(at);
        frames.push(Frame::from(frame));
        text = rest.get(separator.len()..).unwrap_or_default();
    }
    frames.push(Frame::from(text));
    Message::from(frames)
}

fn find(text: &[u8], separator: &[u8]) -> Option<usize> {
    if separator.is_empty() {
        return None;
    }
    text.windows(separator.len()).position(|window| window == separator)
}

fn split_hex(line: &[u8]) -> Result<Message, String> {
    line.split(|octet| *octet == b'\t').map(unhex).collect::<Result<Vec<_>, _>>().map(Message::from)
}

fn unhex(digits: &[u8]) -> Result<Frame, String> {
    let wrong = || format!("\"{}\" is not hexadecimal", digits.escape_ascii());
    let nibble = |digit: &u8| char::from(*digit).to_digit(16).ok_or_else(wrong);
    let octets = digits.chunks(2).map(|pair| match pair {
        [high, low] => Ok((nibble(high)? << 4 | nibble(low)?) as u8),
        _ => Err(wrong()),
    });
    octets.collect::<Result<Vec<u8>, _>>().map(Frame::from)
}

fn json_text(frame: &Frame) -> String {
    match frame.as_str() {
        Some(text) if !text.starts_with(BASE64_MARK) => text.to_owned(),
        _ => format!("{BASE64_MARK}{}", STANDARD.encode(frame)),
    }
}

fn parse_json(line: &[u8]) -> Result<Message, String> {
    let texts: Vec<String> = match serde_json::from_slice(line) {
        Ok(texts) => texts,
        Err(error) => return Err(format!("not an array of strings: {error}")),
    };
    if texts.is_empty() {
        return Err("a message has at least one frame".to_owned());
    }
    let frame = |text: String| match text.strip_prefix(BASE64_MARK) {
        Some(encoded) => {
            STANDARD.decode(encoded).map(Frame::from).map_err(|error| format!("{text}: {error}"))
        }
        None => Ok(Frame::from(text)),
    };
    texts.into_iter().map(frame).collect::<Result<Vec<_>, _>>().map(Message::from)
}

fn read_framed(input: &mut impl BufRead) -> Result<Option<Message>, ReadError> {
    if input.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let count = read_number(input)?;
    if count == 0 {
        return Err(ReadError::Malformed("a message has at least one frame".to_owned()));
    }
    let mut frames = Vec::new();
    for _ in 0..count {
        let length = u64::from(read_number(input)?);
        // Grows with what arrives, not with what is claimed.
        let mut octets = Vec::new();
        if input.take(length).read_to_end(&mut octets)? as u64 != length {
            return Err(cut_short());
        }
        frames.push(Frame::from(octets));
    }
    Ok(Some(Message::from(frames)))
}

fn read_number(input: &mut impl Read) -> Result<u32, ReadError> {
    let mut octets = [0; 4];
    match input.read_exact(&mut octets) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(cut_short()),
        done => done.map(|()| u32::from_be_bytes(octets)).map_err(ReadError::Io),
    }
}

fn cut_short() -> ReadError {
    ReadError::Malformed("the input ends inside a message".to_owned())
}

fn write_joined(message: &Message, separator: &[u8], out: &mut Vec<u8>, write: fn(&Frame, &mut Vec<u8>)) {
    for (at, frame) in message.frames().iter().enumerate() {
        if at > 0 {
            out.extend(separator);
        }
        write(frame, out);
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(format: &Format, messages: &[Message]) -> Vec<u8> {
        let mut out = Vec::new();
        messages.iter().for_each(|message| format.write(message, &mut out));
        out
    }

    fn read_all(format: &Format, mut input: &[u8]) -> Result<Vec<Message>, ReadError> {
        let mut messages = Vec::new();
        while let Some(message) = format.read(&mut input)? {
            messages.push(message);
        }
        Ok(messages)
    }

    fn messages(frame: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<Message>> {
        let message = prop::collection::vec(frame, 1..5).prop_map(Message::from_frames);
        prop::collection::vec(message, 0..5)
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_again(messages in messages(prop::collection::vec(any::<u8>(), 0..100))) {
            for format in [Format::Framed, Format::Hex, Format::Json] {
                prop_assert_eq!(&read_all(&format, &written(&format, &messages)).unwrap(), &messages);
            }
        }

        #[test]
        fn lines_keep_text_without_separators(messages in messages("[ -~]{0,20}".prop_map(String::into_bytes))) {
            let format = Format::new(FormatName::Lines, "\t");
            prop_assert_eq!(&read_all(&format, &written(&format, &messages)).unwrap(), &messages);
        }

        #[test]
        fn no_input_makes_a_form_panic(input in prop::collection::vec(any::<u8>(), 0..100)) {
            for format in [Format::Framed, Format::Hex, Format::Json, Format::new(FormatName::Lines, ", ")] {
                let _ = read_all(&format, &input);
            }
        }
    }

    #[test]
    fn the_forms_look_as_described() {
        let message = Message::from([Frame::from("zip"), Frame::EMPTY, Frame::from(&[0xff, 0x00])]);
        let looks = |format: Format| written(&format, std::slice::from_ref(&message));
        assert_eq!(looks(Format::Hex), b"7a6970\t\tff00\n");
        assert_eq!(looks(Format::Json), b"[\"zip\",\"\",\"base64:/wA=\"]\n");
        assert_eq!(looks(Format::Framed), b"\0\0\0\x03\0\0\0\x03zip\0\0\0\0\0\0\0\x02\xff\x00");
        assert_eq!(looks(Format::new(FormatName::Lines, ", ")), b"zip, , \xff\x00\n");
    }

    #[test]
    fn wrong_input_is_told_apart() {
        for (format, input) in [
            (Format::Hex, &b"0\n"[..]),
            (Format::Hex, b"zz\n"),
            (Format::Json, b"{}\n"),
            (Format::Json, b"[]\n"),
            (Format::Json, b"[\"base64:?\"]\n"),
            (Format::Framed, b"\0\0\0\0"),
            (Format::Framed, b"\0\0\0\x01\xff\xff\xff\xffshort"),
        ] {
            assert!(matches!(read_all(&format, input), Err(ReadError::Malformed(_))), "{format:?}");
        }
    }
}
