//! Runs zox as a user does, and never leaves a process behind.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on shall say so and end"
)]

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};
use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

/// So long a test waits for a line of zox, or for its end. Only a zox that hangs ever takes so long.
const DEADLINE: Duration = Duration::from_secs(160);

/// A running zox. Dropping it kills it.
pub struct Zox {
    pub child: Child,
    stderr: Option<BufReader<ChildStderr>>,
    notes: String,
}

/// How a zox ended.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ended {
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("killed: {}", self.status))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// The end of a zox that did what it should.
    pub fn well(self) -> Self {
        let shown = &self.stdout[..self.stdout.len().min(2_000)];
        assert_eq!(self.code(), 0, "stdout: {}\nstderr: {}", shown.escape_ascii(), self.stderr);
        self
    }
}

/// Starts zox.
pub fn zox(args: &[&str]) -> Zox {
    zox_with(args, &[])
}

/// Starts zox with these in its environment.
pub fn zox_with(args: &[&str], environment: &[(&str, &str)]) -> Zox {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zox"));
    command.envs(environment.iter().copied());
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stderr = child.stderr.take().map(BufReader::new);
    Zox { child, stderr, notes: String::new() }
}

/// Runs zox to its end, with this on its stdin.
pub fn run(args: &[&str], input: &[u8]) -> Ended {
    zox(args).given(input).ended()
}

impl Zox {
    /// Waits until zox tells where it is bound.
    pub fn bound(&mut self) -> String {
        let line = self.note("where it is bound", |line| line.starts_with("bound "));
        line["bound ".len()..].trim().to_owned()
    }

    /// Waits until zox tells something on stderr, and returns that line.
    pub fn told(&mut self, wanted: &str) -> String {
        self.note(wanted, |line| line.contains(wanted))
    }

    /// Asks for its counters until they say all this: they are those of when it last had nothing else to do.
    pub fn counts(&mut self, wanted: &[&str]) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            self.signal(Signal::USR1);
            let counters = self.told("event=statistics");
            if wanted.iter().all(|wanted| counters.contains(wanted)) {
                return counters;
            }
            assert!(Instant::now() < deadline, "{wanted:?}: {counters}");
        }
    }

    /// The next line of stderr that is it.
    fn note(&mut self, wanted: &str, is_it: impl Fn(&str) -> bool) -> String {
        let Self { child, stderr, notes } = self;
        let stderr = stderr.as_mut().unwrap();
        let found = in_time(Pid::from_child(child), wanted, || {
            loop {
                let mut line = String::new();
                if stderr.read_line(&mut line).unwrap() == 0 {
                    return None;
                }
                if is_it(&line) {
                    return Some(line);
                }
                notes.push_str(&line);
            }
        });
        found.unwrap_or_else(|| panic!("ended without telling {wanted}: {notes}"))
    }

    /// Writes stdin and ends it. In a thread, so that zox may write meanwhile.
    pub fn given(mut self, input: &[u8]) -> Self {
        let (mut stdin, input) = (self.child.stdin.take().unwrap(), input.to_vec());
        thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
        self
    }

    /// One line of stdout.
    pub fn line(&mut self) -> String {
        let mut stdout = self.child.stdout.take().unwrap();
        let line = in_time(Pid::from_child(&self.child), "a line", || {
            let (mut line, mut octet) = (Vec::new(), [0]);
            // Octet by octet, so that nothing is read ahead.
            while stdout.read(&mut octet).unwrap() == 1 {
                match octet {
                    [b'\n'] => return Some(line),
                    [octet] => line.push(octet),
                }
            }
            Some(line).filter(|line| !line.is_empty())
        });
        self.child.stdout = Some(stdout);
        String::from_utf8(line.unwrap_or_else(|| panic!("ended without another line"))).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end. What is on stdout is read first, so that zox cannot wait for its reader.
    pub fn ended(mut self) -> Ended {
        let mut stderr = self.stderr.take().unwrap();
        let notes = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let (mut stdout, pipe) = (Vec::new(), self.child.stdout.take());
        let status = in_time(Pid::from_child(&self.child), "its end", || {
            if let Some(mut pipe) = pipe {
                pipe.read_to_end(&mut stdout).unwrap();
            }
            self.child.wait().unwrap()
        });
        let stderr = std::mem::take(&mut self.notes) + &notes.join().unwrap();
        Ended { status, stdout, stderr }
    }
}

/// Does something that a process may keep from ending.
///
/// # Panics
/// When it does so for [`DEADLINE`]: it is killed then, so that whoever reads from it sees an end.
#[track_caller]
pub fn in_time<T>(process: Pid, wanted: &str, action: impl FnOnce() -> T) -> T {
    let outcome = within(DEADLINE, process, action);
    outcome.unwrap_or_else(|| panic!("process {process:?} let {DEADLINE:?} pass without {wanted}"))
}

/// As [`in_time`], with another deadline; none when it was over.
pub fn within<T>(deadline: Duration, process: Pid, action: impl FnOnce() -> T) -> Option<T> {
    let process = pidfd_open(process, PidfdFlags::empty()).unwrap();
    let (done, is_done) = channel::<()>();
    let watch = thread::spawn(move || {
        let is_late = is_done.recv_timeout(deadline) == Err(RecvTimeoutError::Timeout);
        if is_late {
            let _ = pidfd_send_signal(&process, Signal::KILL);
        }
        is_late
    });
    let outcome = action();
    drop(done);
    (!watch.join().unwrap()).then_some(outcome)
}

impl Drop for Zox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
