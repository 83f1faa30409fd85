//! Runs zox as a user does, and never leaves a process behind.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on shall say so and end"
)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    thread,
};

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
        let stderr = self.stderr.as_mut().unwrap();
        loop {
            let mut line = String::new();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "ended without binding: {}", self.notes);
            if let Some(endpoint) = line.strip_prefix("bound ") {
                return endpoint.trim().to_owned();
            }
            self.notes.push_str(&line);
        }
    }

    /// Waits until zox tells something on stderr, and returns that line.
    pub fn told(&mut self, wanted: &str) -> String {
        let stderr = self.stderr.as_mut().unwrap();
        loop {
            let mut line = String::new();
            assert_ne!(
                stderr.read_line(&mut line).unwrap(),
                0,
                "ended without telling {wanted}: {}",
                self.notes
            );
            if line.contains(wanted) {
                return line;
            }
            self.notes.push_str(&line);
        }
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
        let mut line = Vec::new();
        let mut octet = [0];
        // Octet by octet, so that nothing is read ahead.
        let stdout = self.child.stdout.as_mut().unwrap();
        while stdout.read(&mut octet).unwrap() == 1 && octet != *b"\n" {
            line.push(octet[0]);
        }
        String::from_utf8(line).unwrap()
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for the end. What is on stdout is read first, so that zox cannot wait for its reader.
    pub fn ended(mut self) -> Ended {
        let mut stderr = self.stderr.take().unwrap();
        let notes = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let mut stdout = Vec::new();
        if let Some(mut pipe) = self.child.stdout.take() {
            pipe.read_to_end(&mut stdout).unwrap();
        }
        let status = self.child.wait().unwrap();
        let stderr = std::mem::take(&mut self.notes) + &notes.join().unwrap();
        Ended { status, stdout, stderr }
    }
}

impl Drop for Zox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
