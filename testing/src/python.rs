//! A live libzmq in a child process: pyzmq with the library it bundles.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::channel::{Channel, number, text};
use crate::{Kind, PATIENCE, Process, RemoteSocket, ZmqError};

/// A process with the real libzmq inside. Dropped, it is killed.
pub struct PythonPeer {
    channel: Arc<Channel>,
    version: String,
}

impl PythonPeer {
    /// Starts one, with the interpreter of `ZEROXIDE_PYTHON` or of the venv under `target/python`.
    ///
    /// # Panics
    /// When there is no such interpreter, or it has no pyzmq; the text says what to run.
    pub fn spawn() -> Self {
        let python = interpreter();
        let mut command = Command::new(&python);
        command.arg(here().join("peer/peer.py"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let process = Process::start(&mut command)
            .unwrap_or_else(|error| panic!("{}: {error}. Run `cargo xtask python` first.", python.display()));
        let channel = Arc::new(Channel::open(process));
        let hello = channel.ask(Duration::ZERO, &[b"hello"]).expect("hello is never refused");
        Self { channel, version: text(&hello[0]) }
    }

    /// The version of its libzmq, such as "4.3.5".
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.channel.process(|process| process.id())
    }

    /// Opens a socket over there.
    pub fn socket(&self, kind: Kind) -> RemoteSocket {
        self.try_socket(kind.name()).expect("a socket of a known type")
    }

    /// Opens a socket of any type that pyzmq has a name for, such as "STREAM".
    ///
    /// # Errors
    /// libzmq's refusal.
    pub fn try_socket(&self, kind: &str) -> Result<RemoteSocket, ZmqError> {
        let answer = self.channel.ask(Duration::ZERO, &[b"socket", kind.as_bytes()])?;
        Ok(RemoteSocket::new(Arc::clone(&self.channel), number(&answer[0])))
    }

    /// Starts PyZMQ's own ZAP handler in that process if it does not run yet, and tells it whom to let in: `plain` with
    /// domain, user and password; `curve` with domain and a directory of certificates, or `*` for everybody; `allow` or
    /// `deny` with addresses.
    ///
    /// # Errors
    /// libzmq's refusal.
    pub fn authenticate(&self, what: &str, arguments: &[&str]) -> Result<(), ZmqError> {
        let request = [&["authenticate", what], arguments].concat();
        let request: Vec<&[u8]> = request.iter().map(|text| text.as_bytes()).collect();
        self.channel.ask(PATIENCE, &request).map(drop)
    }

    /// Closes every socket with its own linger, and waits until the context has ended. A new one replaces it.
    ///
    /// # Errors
    /// libzmq's refusal.
    pub fn term(&self) -> Result<(), ZmqError> {
        self.channel.ask(PATIENCE, &[b"term"]).map(drop)
    }

    /// Ends the process in order, but without closing anything first.
    pub fn exit(self) {
        let _ = self.channel.ask(Duration::ZERO, &[b"exit"]);
        self.channel.process(Process::wait);
    }

    /// Kills the process (SIGKILL); it is gone when this returns.
    pub fn kill(&self) {
        self.channel.process(Process::kill);
    }

    /// Freezes the process (SIGSTOP); it stands still when this returns.
    pub fn freeze(&self) {
        self.channel.process(|process| process.freeze());
    }

    /// Lets a frozen process go on (SIGCONT).
    pub fn resume(&self) {
        self.channel.process(|process| process.resume());
    }
}

/// The interpreter that has pyzmq: that of `ZEROXIDE_PYTHON`, or of the venv under `target/python`.
///
/// # Panics
/// When there is none; the text says what to run.
pub fn interpreter() -> PathBuf {
    if let Some(path) = std::env::var_os("ZEROXIDE_PYTHON") {
        return path.into();
    }
    let path = here().join("../target/python/bin/python");
    assert!(
        path.exists(),
        "no Python with pyzmq at {}. Run `cargo xtask python`, or name an interpreter in ZEROXIDE_PYTHON.",
        path.display()
    );
    path
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
