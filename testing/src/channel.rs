//! The telegrams between a test and its Python peer. The form is described on top of `peer/peer.py`.

use std::io::{self, Read, Write};
use std::process::{ChildStderr, ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::{PATIENCE, Process, ZmqError};

/// A list of octet strings.
pub(crate) type Telegram = Vec<Vec<u8>>;

/// A running peer process and the pipes to it.
pub(crate) struct Channel {
    process: Mutex<Process>,
    ends: Mutex<Ends>,
    complaints: Arc<Mutex<String>>,
}

struct Ends {
    requests: ChildStdin,
    answers: Receiver<Telegram>,
}

impl Channel {
    /// Takes over the pipes of a process that speaks telegrams.
    pub(crate) fn open(mut process: Process) -> Self {
        let child = process.child();
        let requests = child.stdin.take().expect("piped stdin");
        let answers = listen(child.stdout.take().expect("piped stdout"));
        let complaints = collect(child.stderr.take().expect("piped stderr"));
        Self { process: Mutex::new(process), ends: Mutex::new(Ends { requests, answers }), complaints }
    }

    /// Sends a request and waits for its answer: `extra` longer than usual, for requests that wait themselves.
    ///
    /// # Panics
    /// When the peer is gone, silent or broken: that is a fault of the test, not an answer of libzmq.
    pub(crate) fn ask(&self, extra: Duration, request: &[&[u8]]) -> Result<Telegram, ZmqError> {
        let verb = String::from_utf8_lossy(request[0]).into_owned();
        let mut ends = self.ends.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Err(error) = write_telegram(&mut ends.requests, request) {
            panic!("the Python peer died at {verb:?}: {error}\n{}", self.complaints());
        }
        match ends.answers.recv_timeout(PATIENCE + extra) {
            Ok(answer) => sort_out(answer, &verb),
            Err(RecvTimeoutError::Timeout) => {
                panic!("the Python peer did not answer {verb:?}\n{}", self.complaints())
            }
            Err(RecvTimeoutError::Disconnected) => {
                panic!("the Python peer died at {verb:?}\n{}", self.complaints())
            }
        }
    }

    /// Does something with the process.
    pub(crate) fn process<T>(&self, act: impl FnOnce(&mut Process) -> T) -> T {
        act(&mut self.process.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    fn complaints(&self) -> String {
        self.complaints.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }
}

fn sort_out(mut answer: Telegram, verb: &str) -> Result<Telegram, ZmqError> {
    let rest = answer.split_off(1);
    match answer[0].as_slice() {
        b"ok" => Ok(rest),
        b"err" => Err(ZmqError { errno: number(&rest[0]), name: text(&rest[1]), reason: text(&rest[2]) }),
        _ => panic!("the Python peer failed at {verb:?}:\n{}", text(&rest[0])),
    }
}

/// A number in decimal digits.
pub(crate) fn number<T: std::str::FromStr>(digits: &[u8]) -> T {
    let text = text(digits);
    text.parse().unwrap_or_else(|_| panic!("not a number: {text:?}"))
}

/// A text.
pub(crate) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Answers are read by a thread of their own, so that waiting for one can have a deadline.
fn listen(mut answers: ChildStdout) -> Receiver<Telegram> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        while let Ok(answer) = read_telegram(&mut answers) {
            if sender.send(answer).is_err() {
                break;
            }
        }
    });
    receiver
}

fn collect(mut stderr: ChildStderr) -> Arc<Mutex<String>> {
    let complaints = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&complaints);
    thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(size @ 1..) = stderr.read(&mut chunk) {
            kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push_str(&text(&chunk[..size]));
        }
    });
    complaints
}

fn write_telegram(to: &mut impl Write, parts: &[&[u8]]) -> io::Result<()> {
    let mut octets = Vec::new();
    octets.extend(length(parts.len()));
    for part in parts {
        octets.extend(length(part.len()));
        octets.extend_from_slice(part);
    }
    to.write_all(&octets)?;
    to.flush()
}

fn read_telegram(from: &mut impl Read) -> io::Result<Telegram> {
    let count = read_length(from)?;
    let mut parts = Vec::new();
    for _ in 0..count {
        let mut part = vec![0; read_length(from)?];
        from.read_exact(&mut part)?;
        parts.push(part);
    }
    Ok(parts)
}

fn length(size: usize) -> [u8; 4] {
    u32::try_from(size).expect("a telegram below 4 GiB").to_be_bytes()
}

fn read_length(from: &mut impl Read) -> io::Result<usize> {
    let mut octets = [0; 4];
    from.read_exact(&mut octets)?;
    Ok(u32::from_be_bytes(octets) as usize)
}
