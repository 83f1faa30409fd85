//! A child process that does not outlive its test, and that can be killed, frozen and resumed.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::time::Instant;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::PATIENCE;

/// A child process; dropped, it is killed and reaped.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// Those of [`Command::spawn`].
    pub fn start(command: &mut Command) -> io::Result<Self> {
        Ok(Self { child: command.spawn()? })
    }

    /// The child itself, to take its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once (SIGKILL). It is gone, and its connections with it, when this returns.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it where it is (SIGSTOP). It runs no more when this returns.
    pub fn freeze(&self) {
        kill_process(self.pid(), Signal::STOP).expect("SIGSTOP");
        // The only states a stop can be seen in are "stopped" and "already dead"; both are answers.
        waitpid(Some(self.pid()), WaitOptions::UNTRACED).expect("wait for the stop");
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        kill_process(self.pid(), Signal::CONT).expect("SIGCONT");
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// When it has not within [`PATIENCE`].
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("wait for the child") {
                return status;
            }
            assert!(Instant::now() < deadline, "process {} did not end", self.id());
            std::thread::yield_now();
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
