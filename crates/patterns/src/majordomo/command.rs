//! The commands of MDP 0.1 (RFC 7) and 0.2 (RFC 18), from frames and to frames.
//!
//! ```text
//!            0.1                                          0.2
//! request    "" MDPC01 SERVICE body..                     MDPC02 1 SERVICE body..
//! reply      "" MDPC01 SERVICE body..                     MDPC02 2|3 SERVICE body..        (partial, final)
//! READY      "" MDPW01 1 SERVICE                          MDPW02 1 SERVICE
//! REQUEST    "" MDPW01 2 CLIENT "" body..                 MDPW02 2 CLIENT "" body..
//! REPLY      "" MDPW01 3 CLIENT "" body..                 MDPW02 3|4 CLIENT "" body..      (partial, final)
//! HEARTBEAT  "" MDPW01 4                                  MDPW02 5
//! DISCONNECT "" MDPW01 5                                  MDPW02 6
//! ```
//!
//! A client may be further away: what stands before the empty frame of its request are the addresses of whom the reply
//! passes on its way (proxies; a REQ's number of the request), and stands before its reply again. The empty frame parts
//! them from the command in 0.2 as well.
//!
//! Ours alone: a worker that takes several requests ahead says how many behind its READY, in two octets. It answers them in
//! their order.

use std::fmt::{self, Display};
use zeroxide::{Frame, Message};

/// The version of MDP that a client or a worker speaks. A broker speaks both, each with whom it was spoken to in it.
///
/// ```
/// use zeroxide_patterns::majordomo::{ClientOptions, Version};
/// let options = ClientOptions { version: Version::V2, ..ClientOptions::default() };
/// assert_ne!(options.version, Version::default());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Version {
    /// 0.1 (RFC 7): one reply to a request.
    #[default]
    V1,
    /// 0.2 (RFC 18): any number of partial replies before the final one.
    V2,
}

/// Whether more of an answer follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Share {
    Partial,
    Final,
}

/// What a broker hears.
#[derive(Debug)]
pub(crate) enum Heard {
    Request { version: Version, way: Vec<Frame>, service: Frame, body: Vec<Frame> },
    Worker { version: Version, word: WorkerWord },
}

/// What a worker says.
#[derive(Debug)]
pub(crate) enum WorkerWord {
    Ready { service: Frame, window: u16 },
    Reply { share: Share, client: Frame, body: Vec<Frame> },
    Heartbeat,
    Disconnect,
}

/// What a worker is told.
#[derive(Debug)]
pub(crate) enum Order {
    Request { client: Frame, body: Vec<Frame> },
    Heartbeat,
    Disconnect,
}

/// Frames that are no command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

impl Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a command of MDP")
    }
}

const CLIENT: [&[u8]; 2] = [b"MDPC01", b"MDPC02"];
const WORKER: [&[u8]; 2] = [b"MDPW01", b"MDPW02"];

impl Version {
    fn of(header: &[u8], headers: [&[u8]; 2]) -> Option<Self> {
        match headers {
            [first, _] if header == first => Some(Self::V1),
            [_, second] if header == second => Some(Self::V2),
            _ => None,
        }
    }

    fn header(self, headers: [&'static [u8]; 2]) -> Frame {
        let [first, second] = headers;
        Frame::from(match self {
            Self::V1 => first,
            Self::V2 => second,
        })
    }

    /// What stands before a worker's command: 0.1 begins with the empty frame that a REQ adds and takes.
    fn begin(self, to: Option<Frame>, room: usize) -> Vec<Frame> {
        let mut frames = Vec::with_capacity(room + 6);
        frames.extend(to);
        if self == Self::V1 {
            frames.push(Frame::EMPTY);
        }
        frames.push(self.header(WORKER));
        frames
    }

    fn heartbeat(self) -> u8 {
        match self {
            Self::V1 => 4,
            Self::V2 => 5,
        }
    }

    fn disconnect(self) -> u8 {
        self.heartbeat() + 1
    }

    fn reply(self, share: Share) -> u8 {
        match (self, share) {
            (Self::V1, _) | (Self::V2, Share::Partial) => 3,
            (Self::V2, Share::Final) => 4,
        }
    }

    fn share_of(self, command: u8) -> Option<Share> {
        match (self, command) {
            (Self::V1, 3) | (Self::V2, 4) => Some(Share::Final),
            (Self::V2, 3) => Some(Share::Partial),
            _ => None,
        }
    }
}

/// Whether a service may have this name.
pub(crate) fn is_name(service: &[u8]) -> bool {
    (1..=255).contains(&service.len())
}

/// One octet, as all commands are.
fn octet(frame: Option<Frame>) -> Result<u8, Malformed> {
    match frame.as_deref() {
        Some([octet]) => Ok(*octet),
        _ => Err(Malformed),
    }
}

/// An address and what is behind its delimiter: one frame at least.
fn addressed(mut frames: impl Iterator<Item = Frame>) -> Result<(Frame, Vec<Frame>), Malformed> {
    let address = frames.next().filter(|address| !address.is_empty()).ok_or(Malformed)?;
    frames.next().filter(|delimiter| delimiter.is_empty()).ok_or(Malformed)?;
    let body: Vec<Frame> = frames.collect();
    if body.is_empty() { Err(Malformed) } else { Ok((address, body)) }
}

/// More addresses than this are no way.
const LONGEST_WAY: usize = 8;

/// The addresses before the empty frame, of which there are usually none, and the header behind it. 0.2 has no empty
/// frame where there are no addresses.
fn head(frames: &mut impl Iterator<Item = Frame>) -> Result<(Vec<Frame>, Frame), Malformed> {
    let mut way = Vec::new();
    loop {
        let frame = frames.next().ok_or(Malformed)?;
        if frame.is_empty() {
            return Ok((way, frames.next().ok_or(Malformed)?));
        }
        if way.is_empty() && [CLIENT, WORKER].iter().flatten().any(|header| frame == **header) {
            return Ok((way, frame));
        }
        if way.len() >= LONGEST_WAY || frame.len() > 255 {
            return Err(Malformed);
        }
        way.push(frame);
    }
}

/// As [`head`], where there is no way.
fn header(frames: &mut impl Iterator<Item = Frame>) -> Result<Frame, Malformed> {
    let (way, header) = head(frames)?;
    if way.is_empty() { Ok(header) } else { Err(Malformed) }
}

/// What a client or a worker says to a broker, without the frame that says who it is.
pub(crate) fn hear(frames: Vec<Frame>) -> Result<Heard, Malformed> {
    let mut frames = frames.into_iter();
    let (way, header) = head(&mut frames)?;
    if let Some(version) = Version::of(&header, CLIENT) {
        if version == Version::V2 && octet(frames.next())? != 1 {
            return Err(Malformed);
        }
        let service = frames.next().filter(|service| is_name(service)).ok_or(Malformed)?;
        let body: Vec<Frame> = frames.collect();
        return if body.is_empty() {
            Err(Malformed)
        } else {
            Ok(Heard::Request { version, way, service, body })
        };
    }
    let version = Version::of(&header, WORKER).filter(|_| way.is_empty()).ok_or(Malformed)?;
    let command = octet(frames.next())?;
    let word = if command == 1 {
        let service = frames.next().filter(|service| is_name(service)).ok_or(Malformed)?;
        let window = match frames.next().as_deref() {
            None => 1,
            Some([high, low]) => u16::from_be_bytes([*high, *low]).max(1),
            Some(_) => return Err(Malformed),
        };
        WorkerWord::Ready { service, window }
    } else if let Some(share) = version.share_of(command) {
        let (client, body) = addressed(frames.by_ref())?;
        WorkerWord::Reply { share, client, body }
    } else if command == version.heartbeat() {
        WorkerWord::Heartbeat
    } else if command == version.disconnect() {
        WorkerWord::Disconnect
    } else {
        return Err(Malformed);
    };
    if frames.next().is_some() { Err(Malformed) } else { Ok(Heard::Worker { version, word }) }
}

/// What a broker says to a worker.
pub(crate) fn obey(version: Version, message: Message) -> Result<Order, Malformed> {
    let mut frames = message.into_frames().into_iter();
    if Version::of(&header(&mut frames)?, WORKER) != Some(version) {
        return Err(Malformed);
    }
    match octet(frames.next())? {
        2 => addressed(frames).map(|(client, body)| Order::Request { client, body }),
        command if command == version.heartbeat() => Ok(Order::Heartbeat),
        command if command == version.disconnect() => Ok(Order::Disconnect),
        _ => Err(Malformed),
    }
}

/// What a broker says to a client.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) way: Vec<Frame>,
    pub(crate) service: Frame,
    /// Whether more follows.
    pub(crate) share: Share,
    pub(crate) body: Vec<Frame>,
}

pub(crate) fn answer(version: Version, message: Message) -> Result<Answer, Malformed> {
    let mut frames = message.into_frames().into_iter();
    let (way, header) = head(&mut frames)?;
    if Version::of(&header, CLIENT) != Some(version) {
        return Err(Malformed);
    }
    let share = match version {
        Version::V1 => Share::Final,
        Version::V2 => match octet(frames.next())? {
            2 => Share::Partial,
            3 => Share::Final,
            _ => return Err(Malformed),
        },
    };
    let service = frames.next().ok_or(Malformed)?;
    Ok(Answer { way, service, share, body: frames.collect() })
}

/// A client's request: `tag` before the empty frame comes back with the reply, from some brokers; `stamp` stands before
/// the body.
pub(crate) fn request(
    version: Version,
    tag: Option<Frame>,
    service: &[u8],
    stamp: &[Frame],
    body: &Message,
) -> Message {
    let mut frames = Vec::with_capacity(body.len() + stamp.len() + 5);
    if version == Version::V1 || tag.is_some() {
        frames.extend(tag);
        frames.push(Frame::EMPTY);
    }
    frames.push(version.header(CLIENT));
    if version == Version::V2 {
        frames.push(Frame::from(&[1][..]));
    }
    frames.push(Frame::from(service));
    frames.extend(stamp.iter().chain(body.frames()).cloned());
    Message::from(frames)
}

/// A broker's reply to a client, `to` whom a ROUTER sends it.
pub(crate) fn reply(
    version: Version,
    to: Frame,
    way: Vec<Frame>,
    service: Frame,
    share: Share,
    body: Vec<Frame>,
) -> Message {
    let mut frames = Vec::with_capacity(body.len() + way.len() + 5);
    frames.push(to);
    if version == Version::V1 || !way.is_empty() {
        frames.extend(way);
        frames.push(Frame::EMPTY);
    }
    frames.push(version.header(CLIENT));
    if version == Version::V2 {
        frames.push(Frame::from(if share == Share::Partial { &[2][..] } else { &[3] }));
    }
    frames.push(service);
    frames.extend(body);
    Message::from(frames)
}

/// A broker's order to a worker, `to` whom a ROUTER sends it.
pub(crate) fn order(version: Version, to: Frame, order: Order) -> Message {
    let (command, client, body) = match order {
        Order::Request { client, body } => (2, Some(client), body),
        Order::Heartbeat => (version.heartbeat(), None, Vec::new()),
        Order::Disconnect => (version.disconnect(), None, Vec::new()),
    };
    let mut frames = version.begin(Some(to), body.len());
    frames.push(Frame::from(&[command][..]));
    if let Some(client) = client {
        frames.extend([client, Frame::EMPTY]);
    }
    frames.extend(body);
    Message::from(frames)
}

/// A worker's word to its broker.
pub(crate) fn word(version: Version, word: WorkerWord) -> Message {
    let mut frames = version.begin(None, 0);
    let mut command = |command: u8| frames.push(Frame::from(&[command][..]));
    match word {
        WorkerWord::Heartbeat => command(version.heartbeat()),
        WorkerWord::Disconnect => command(version.disconnect()),
        WorkerWord::Ready { service, window } => {
            command(1);
            frames.push(service);
            if window > 1 {
                frames.push(Frame::from(&window.to_be_bytes()));
            }
        }
        WorkerWord::Reply { share, client, body } => {
            command(version.reply(share));
            frames.extend([client, Frame::EMPTY]);
            frames.extend(body);
        }
    }
    Message::from(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(message: Message) -> Vec<Vec<u8>> {
        message.into_iter().map(|frame| frame.to_vec()).collect()
    }

    /// The octets of RFC 7 and RFC 18.
    #[test]
    fn every_command_has_the_frames_of_its_rfc() {
        let (service, client) = (|| Frame::from("echo"), || Frame::from("C"));
        let body = || vec![Frame::from("hi"), Frame::EMPTY];
        let hi: [&[u8]; 2] = [b"hi", b""];
        let to = || Frame::from("W");
        let cases: Vec<(Message, Vec<&[u8]>)> = vec![
            (
                request(Version::V1, None, b"echo", &[], &Message::from(body())),
                vec![b"", b"MDPC01", b"echo", hi[0], hi[1]],
            ),
            (request(Version::V2, None, b"echo", &[], &"x".into()), vec![b"MDPC02", b"\x01", b"echo", b"x"]),
            (
                reply(Version::V1, client(), Vec::new(), service(), Share::Final, body()),
                vec![b"C", b"", b"MDPC01", b"echo", hi[0], hi[1]],
            ),
            (
                reply(Version::V2, client(), Vec::new(), service(), Share::Partial, body()),
                vec![b"C", b"MDPC02", b"\x02", b"echo", hi[0], hi[1]],
            ),
            (
                reply(Version::V2, client(), Vec::new(), service(), Share::Final, body()),
                vec![b"C", b"MDPC02", b"\x03", b"echo", hi[0], hi[1]],
            ),
            (
                word(Version::V1, WorkerWord::Ready { service: service(), window: 1 }),
                vec![b"", b"MDPW01", b"\x01", b"echo"],
            ),
            (
                word(Version::V2, WorkerWord::Ready { service: service(), window: 1 }),
                vec![b"MDPW02", b"\x01", b"echo"],
            ),
            (
                order(Version::V1, to(), Order::Request { client: client(), body: body() }),
                vec![b"W", b"", b"MDPW01", b"\x02", b"C", b"", hi[0], hi[1]],
            ),
            (
                order(Version::V2, to(), Order::Request { client: client(), body: body() }),
                vec![b"W", b"MDPW02", b"\x02", b"C", b"", hi[0], hi[1]],
            ),
            (
                word(Version::V1, WorkerWord::Reply { share: Share::Final, client: client(), body: body() }),
                vec![b"", b"MDPW01", b"\x03", b"C", b"", hi[0], hi[1]],
            ),
            (
                word(
                    Version::V2,
                    WorkerWord::Reply { share: Share::Partial, client: client(), body: body() },
                ),
                vec![b"MDPW02", b"\x03", b"C", b"", hi[0], hi[1]],
            ),
            (
                word(Version::V2, WorkerWord::Reply { share: Share::Final, client: client(), body: body() }),
                vec![b"MDPW02", b"\x04", b"C", b"", hi[0], hi[1]],
            ),
            (word(Version::V1, WorkerWord::Heartbeat), vec![b"", b"MDPW01", b"\x04"]),
            (word(Version::V1, WorkerWord::Disconnect), vec![b"", b"MDPW01", b"\x05"]),
            (word(Version::V2, WorkerWord::Heartbeat), vec![b"MDPW02", b"\x05"]),
            (word(Version::V2, WorkerWord::Disconnect), vec![b"MDPW02", b"\x06"]),
            (order(Version::V1, to(), Order::Disconnect), vec![b"W", b"", b"MDPW01", b"\x05"]),
            (order(Version::V2, to(), Order::Heartbeat), vec![b"W", b"MDPW02", b"\x05"]),
        ];
        for (message, expected) in cases {
            assert_eq!(frames(message), expected);
        }
    }

    #[test]
    fn what_is_said_is_heard() {
        for version in [Version::V1, Version::V2] {
            let heard = hear(request(version, None, b"echo", &[], &["a", ""].into()).into_frames()).unwrap();
            assert!(matches!(&heard, Heard::Request { version: v, service, body, .. }
                if *v == version && **service == *b"echo" && body.len() == 2));
            let reply = WorkerWord::Reply { share: Share::Final, client: "C".into(), body: vec!["a".into()] };
            for said in [
                WorkerWord::Ready { service: "echo".into(), window: 1 },
                WorkerWord::Ready { service: "echo".into(), window: 513 },
                reply,
                WorkerWord::Heartbeat,
                WorkerWord::Disconnect,
            ] {
                let expected = format!("{said:?}");
                let heard = hear(word(version, said).into_frames()).unwrap();
                let Heard::Worker { version: v, word } = heard else { unreachable!("a worker's word") };
                assert_eq!((v, format!("{word:?}")), (version, expected));
            }
        }
    }

    #[test]
    fn what_is_too_short_too_long_or_of_another_protocol_is_nothing() {
        let cases: [&[&[u8]]; 16] = [
            &[],
            &[b""],
            &[b"", b"MDPC01"],
            &[b"", b"MDPC01", b"echo"],
            &[b"", b"MDPC01", b"", b"body"],
            &[b"MDPC02", b"\x02", b"echo", b"body"],
            &[b"MDPC02", b"\x01", b"echo"],
            &[b"", b"MDPX01", b"echo", b"body"],
            &[b"", b"MDPW01"],
            &[b"", b"MDPW01", b"\x01"],
            &[b"", b"MDPW01", b"\x01", b"echo", b"more"],
            &[b"", b"MDPW01", b"\x03", b"C", b""],
            &[b"", b"MDPW01", b"\x03", b"C", b"x", b"body"],
            &[b"", b"MDPW01", b"\x09"],
            &[b"", b"MDPW01", b"\x04\x04"],
            &[b"MDPW02", b"\x05", b"more"],
        ];
        for case in cases {
            let frames: Vec<Frame> = case.iter().map(|frame| Frame::from(*frame)).collect();
            assert!(hear(frames).is_err(), "{case:?}");
        }
    }
}
