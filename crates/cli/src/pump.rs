//! What verbs do with a socket: send all of a source, print all that arrives.

use crate::{
    endpoint_args::{SendArgs, SocketArgs, SubscriberArgs},
    exit::Failure,
    format::Format,
    source::Source,
};
use std::{
    io::{Stdout, Write, stdout},
    thread,
    time::{Duration, Instant},
};
use zeroxide::{Message, RecvError, RecvErrorCause, Socket};

/// What "no limit" means to the waits that need a duration.
const FOREVER: Duration = Duration::MAX;

/// Octets gathered before they are written, while more messages are there.
const GATHERED: usize = 1 << 16;

/// When a sender begins, and how fast it goes on.
pub(crate) struct Pace {
    interval: Option<Duration>,
    timeout: Option<Duration>,
    peers: usize,
    subscribers: usize,
    topics: Vec<String>,
}

impl Pace {
    pub(crate) fn new(socket: &SocketArgs, send: &SendArgs) -> Self {
        Self {
            interval: send.interval,
            timeout: socket.timeout,
            peers: socket.wait_peers,
            subscribers: 0,
            topics: Vec::new(),
        }
    }

    /// Begins when there are subscribers, too.
    pub(crate) fn for_subscribers(self, args: &SubscriberArgs) -> Self {
        Self { subscribers: args.wait_subscribers, topics: args.topics.clone(), ..self }
    }

    fn await_subscribers(&self, socket: &Socket, first: &Message) -> Result<(), Failure> {
        let each = |topic: &[u8]| {
            let there = socket.wait_for_subscribers(topic, self.subscribers, self.timeout.unwrap_or(FOREVER));
            if there { Ok(()) } else { Err(waited_in_vain(socket, self.subscribers, "subscribers")) }
        };
        if self.topics.is_empty() {
            return each(first.body());
        }
        self.topics.iter().try_for_each(|topic| each(topic.as_bytes()))
    }
}

/// Waits until so many peers are connected.
pub(crate) fn await_peers(socket: &Socket, count: usize, timeout: Option<Duration>) -> Result<(), Failure> {
    if count == 0 || socket.wait_connected(count, timeout.unwrap_or(FOREVER)) {
        return Ok(());
    }
    Err(waited_in_vain(socket, count, "peers"))
}

fn waited_in_vain(socket: &Socket, count: usize, whom: &str) -> Failure {
    match socket.try_recv() {
        Err(RecvError { cause: RecvErrorCause::Terminated | RecvErrorCause::Closed, .. }) => {
            Failure::Terminated
        }
        _ => {
            Failure::TimedOut(format!("{} socket: {count} {whom} did not come in time", socket.socket_type()))
        }
    }
}

/// Sends everything the source has.
pub(crate) fn send_all(socket: &Socket, mut source: Source, pace: &Pace) -> Result<(), Failure> {
    await_peers(socket, pace.peers, pace.timeout)?;
    let mut due = Instant::now();
    let mut first = true;
    // Said each time, for a ROUTER waits for a full peer only then.
    let patience = socket.options().send_timeout.unwrap_or(FOREVER);
    while let Some(message) = source.next()? {
        if std::mem::take(&mut first) && pace.subscribers > 0 {
            pace.await_subscribers(socket, &message)?;
            due = Instant::now();
        }
        if let Some(interval) = pace.interval {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            due += interval;
        }
        socket.send_timeout(message, patience)?;
    }
    Ok(())
}

/// Prints everything that arrives, at most `limit` messages.
pub(crate) fn print_all(socket: &Socket, format: Format, limit: Option<u64>) -> Result<(), Failure> {
    let mut output = Output::new(format);
    let mut left = limit.unwrap_or(u64::MAX);
    while left > 0 {
        let received = match socket.try_recv() {
            Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }) => {
                output.flush()?;
                socket.recv()
            }
            done => done,
        };
        match received {
            Ok(message) => output.write(&message)?,
            Err(error) => {
                output.flush()?;
                return Err(error.into());
            }
        }
        left -= 1;
    }
    output.flush()
}

/// Stdout, with as few system calls as there are pauses.
pub(crate) struct Output {
    format: Format,
    gathered: Vec<u8>,
    stdout: Stdout,
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, gathered: Vec::new(), stdout: stdout() }
    }

    /// Writes a message, now or with those that follow.
    pub(crate) fn write(&mut self, message: &Message) -> Result<(), Failure> {
        self.format.write(message, &mut self.gathered);
        if self.gathered.len() < GATHERED { Ok(()) } else { self.flush() }
    }

    /// Puts out what was gathered.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        let mut stdout = self.stdout.lock();
        let written = stdout.write_all(&self.gathered).and_then(|()| stdout.flush());
        self.gathered.clear();
        written.map_err(|error| Failure::from_output(&error))
    }
}
