//! A libzmq socket in the peer process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::channel::{Channel, Telegram, number, text};
use crate::{PATIENCE, RemoteJob};

/// What libzmq answered instead of doing it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZmqError {
    /// The number.
    pub errno: i32,
    /// Its name, such as "EAGAIN".
    pub name: String,
    /// libzmq's text.
    pub reason: String,
}

impl fmt::Display for ZmqError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "libzmq: {} ({})", self.name, self.reason)
    }
}

impl std::error::Error for ZmqError {}

/// One part of a message, seen from afar: enough to compare, too little to fill a pipe.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Digest {
    /// How many parts of the same message follow.
    pub parts_after: usize,
    /// Its octets.
    pub length: usize,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

impl Digest {
    /// What a whole message must look like.
    pub fn of(parts: &[impl AsRef<[u8]>]) -> Vec<Self> {
        let digest = |(index, part): (usize, &[u8])| Self {
            parts_after: parts.len() - index - 1,
            length: part.len(),
            sha256: Sha256::digest(part).into(),
        };
        parts.iter().map(AsRef::as_ref).enumerate().map(digest).collect()
    }
}

/// What a socket's monitor told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MonitorEvent {
    /// pyzmq's name for it, such as "HANDSHAKE_SUCCEEDED".
    pub name: String,
    /// Its value: an fd, an errno, milliseconds or a code.
    pub value: i64,
    /// The endpoint it is about.
    pub endpoint: String,
}

/// A socket of real libzmq. Every method is one errand to the peer process and back.
///
/// Methods that return [`Result`] hand back libzmq's refusals; a broken or silent peer process panics instead.
pub struct RemoteSocket {
    channel: Arc<Channel>,
    id: String,
}

#[expect(clippy::missing_errors_doc, reason = "said once at the type: the error is libzmq's refusal")]
impl RemoteSocket {
    pub(crate) fn new(channel: Arc<Channel>, id: u64) -> Self {
        Self { channel, id: id.to_string() }
    }

    /// Sets an option with a number; `name` without the prefix, such as "SNDHWM".
    pub fn set_int(&self, name: &str, value: i64) -> Result<(), ZmqError> {
        self.ask("set_int", &[name.as_bytes(), value.to_string().as_bytes()]).map(drop)
    }

    /// Sets an option with octets, such as "ROUTING_ID".
    pub fn set_bytes(&self, name: &str, value: &[u8]) -> Result<(), ZmqError> {
        self.ask("set_bytes", &[name.as_bytes(), value]).map(drop)
    }

    /// Reads an option that is a number.
    pub fn get_int(&self, name: &str) -> Result<i64, ZmqError> {
        self.get_bytes(name).map(|value| number(&value))
    }

    /// Reads an option that is octets.
    pub fn get_bytes(&self, name: &str) -> Result<Vec<u8>, ZmqError> {
        self.ask("get", &[name.as_bytes()]).map(first)
    }

    /// Subscribes a SUB socket.
    pub fn subscribe(&self, topic: &[u8]) -> Result<(), ZmqError> {
        self.set_bytes("SUBSCRIBE", topic)
    }

    /// Ends a subscription of a SUB socket.
    pub fn unsubscribe(&self, topic: &[u8]) -> Result<(), ZmqError> {
        self.set_bytes("UNSUBSCRIBE", topic)
    }

    /// Binds, and returns LAST_ENDPOINT.
    pub fn bind(&self, endpoint: &str) -> Result<String, ZmqError> {
        self.ask("bind", &[endpoint.as_bytes()]).map(|answer| text(&answer[0]))
    }

    /// Unbinds.
    pub fn unbind(&self, endpoint: &str) -> Result<(), ZmqError> {
        self.ask("unbind", &[endpoint.as_bytes()]).map(drop)
    }

    /// Connects; libzmq goes on with it in the background.
    pub fn connect(&self, endpoint: &str) -> Result<(), ZmqError> {
        self.ask("connect", &[endpoint.as_bytes()]).map(drop)
    }

    /// Disconnects.
    pub fn disconnect(&self, endpoint: &str) -> Result<(), ZmqError> {
        self.ask("disconnect", &[endpoint.as_bytes()]).map(drop)
    }

    /// Sends a message of these parts; waits for room up to [`PATIENCE`].
    pub fn send(&self, parts: &[impl AsRef<[u8]>]) -> Result<(), ZmqError> {
        self.send_within(PATIENCE, parts)
    }

    /// Sends a message; `EAGAIN` when there was no room in time.
    pub fn send_within(&self, limit: Duration, parts: &[impl AsRef<[u8]>]) -> Result<(), ZmqError> {
        let limit_text = millis(limit);
        let mut arguments: Vec<&[u8]> = vec![limit_text.as_bytes()];
        arguments.extend(parts.iter().map(AsRef::as_ref));
        self.ask_long(limit, "send", &arguments).map(drop)
    }

    /// Receives a message; waits for it up to [`PATIENCE`].
    pub fn recv(&self) -> Result<Vec<Vec<u8>>, ZmqError> {
        self.recv_within(PATIENCE)
    }

    /// Receives a message; `EAGAIN` when none came in time.
    pub fn recv_within(&self, limit: Duration) -> Result<Vec<Vec<u8>>, ZmqError> {
        self.ask_long(limit, "recv", &[millis(limit).as_bytes()])
    }

    /// Receives `count` messages, and reports lengths and SHA-256 of their parts.
    pub fn recv_digests(&self, count: usize) -> Result<Vec<Digest>, ZmqError> {
        let arguments = [millis(PATIENCE), count.to_string()];
        let answer =
            self.ask_long(PATIENCE, "digests", &[arguments[0].as_bytes(), arguments[1].as_bytes()])?;
        let digest = |values: &[Vec<u8>]| Digest {
            parts_after: number(&values[0]),
            length: number(&values[1]),
            sha256: values[2].as_slice().try_into().expect("32 octets"),
        };
        Ok(answer.chunks_exact(3).map(digest).collect())
    }

    /// Whether a message waits, or comes within the limit.
    pub fn poll_in(&self, limit: Duration) -> Result<bool, ZmqError> {
        self.poll(1, limit)
    }

    /// Whether a send would not block, or there is room within the limit.
    pub fn poll_out(&self, limit: Duration) -> Result<bool, ZmqError> {
        self.poll(2, limit)
    }

    /// Starts to keep the events of this socket, for [`RemoteSocket::event`]. Call it before bind or connect.
    pub fn monitor(&self) -> Result<(), ZmqError> {
        self.ask("monitor", &[]).map(drop)
    }

    /// The next event that has one of these names (any, if there are none); events before it are dropped.
    pub fn event(&self, names: &[&str]) -> Result<MonitorEvent, ZmqError> {
        self.event_within(PATIENCE, names)
    }

    /// The same; `EAGAIN` when it did not happen in time.
    pub fn event_within(&self, limit: Duration, names: &[&str]) -> Result<MonitorEvent, ZmqError> {
        let limit_text = millis(limit);
        let mut arguments = vec![limit_text.as_bytes()];
        arguments.extend(names.iter().map(|name| name.as_bytes()));
        let answer = self.ask_long(limit, "event", &arguments)?;
        Ok(MonitorEvent { name: text(&answer[0]), value: number(&answer[1]), endpoint: text(&answer[2]) })
    }

    /// Starts to send every message back to where it came from, until the job is stopped.
    pub fn echo(&self) -> Result<RemoteJob, ZmqError> {
        self.start("echo", &[])
    }

    /// Starts to send `count` messages, as fast as libzmq takes them: the parts of `prefix`, then `size` octets
    /// that begin with the number of the message (u64) if there is room for it.
    pub fn blast(&self, count: u64, size: usize, prefix: &[&[u8]]) -> Result<RemoteJob, ZmqError> {
        let (count, size) = (count.to_string(), size.to_string());
        let mut arguments = vec![count.as_bytes(), size.as_bytes()];
        arguments.extend(prefix);
        self.start("blast", &arguments)
    }

    /// Starts to count messages, and to check the numbers that a blast puts in: until `want` have come, or after the
    /// first none came for `idle`, or the job is stopped.
    pub fn count(&self, want: u64, idle: Duration) -> Result<RemoteJob, ZmqError> {
        self.start("count", &[want.to_string().as_bytes(), millis(idle).as_bytes()])
    }

    /// Closes with the linger that the socket has.
    pub fn close(self) -> Result<(), ZmqError> {
        self.ask("close", &[b"default"]).map(drop)
    }

    /// Closes with this linger.
    pub fn close_lingering(self, linger: Duration) -> Result<(), ZmqError> {
        self.ask("close", &[millis(linger).as_bytes()]).map(drop)
    }

    fn poll(&self, events: u8, limit: Duration) -> Result<bool, ZmqError> {
        let answer =
            self.ask_long(limit, "poll", &[events.to_string().as_bytes(), millis(limit).as_bytes()])?;
        Ok(number::<u8>(&answer[0]) & events != 0)
    }

    fn start(&self, verb: &str, arguments: &[&[u8]]) -> Result<RemoteJob, ZmqError> {
        let answer = self.ask(verb, arguments)?;
        Ok(RemoteJob::new(Arc::clone(&self.channel), first(answer)))
    }

    fn ask(&self, verb: &str, arguments: &[&[u8]]) -> Result<Telegram, ZmqError> {
        self.ask_long(Duration::ZERO, verb, arguments)
    }

    fn ask_long(&self, extra: Duration, verb: &str, arguments: &[&[u8]]) -> Result<Telegram, ZmqError> {
        let mut request = vec![verb.as_bytes(), self.id.as_bytes()];
        request.extend(arguments);
        self.channel.ask(extra, &request)
    }
}

pub(crate) fn millis(limit: Duration) -> String {
    limit.as_millis().to_string()
}

fn first(mut answer: Telegram) -> Vec<u8> {
    answer.swap_remove(0)
}
