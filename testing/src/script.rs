//! A program in Python with which a test talks by lines.

use std::{
    ffi::OsStr,
    io::Write as _,
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::Arc,
};

use crate::{Process, heard::Heard, interpreter};

/// A running script. Dropped, it is killed.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("zeroxide-script-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let file = folder.join("echo.py");
/// std::fs::write(&file, "print('ready', flush=True)\nprint('heard', input(), flush=True)")?;
/// let mut script = zeroxide_testing::Script::start(&file, &[] as &[&str]);
/// assert_eq!(script.line(), "ready");
/// script.say("hello");
/// assert_eq!(script.line(), "heard hello");
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Script {
    process: Process,
    heard: Arc<Heard>,
    stdin: ChildStdin,
    /// How many of its lines were taken.
    taken: usize,
}

impl Script {
    /// Starts one, with the interpreter that has pyzmq.
    ///
    /// # Panics
    /// When there is no such interpreter; the text says what to run.
    pub fn start(file: impl AsRef<Path>, arguments: &[impl AsRef<OsStr>]) -> Self {
        let mut command = Command::new(interpreter());
        command.arg(file.as_ref()).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(&mut command)
            .unwrap_or_else(|error| panic!("{command:?}: {error}. Run `cargo xtask python` first."));
        let heard = Heard::listen(process.child());
        let stdin = process.child().stdin.take().expect("piped stdin");
        Self { process, heard, stdin, taken: 0 }
    }

    /// The next line that it prints.
    ///
    /// # Panics
    /// When there is none in time, or the script has ended.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let there = self.heard.wait(|lines, _| lines.len() > self.taken);
        assert!(there, "the script says no more after:\n{}", self.heard.last());
        self.taken += 1;
        self.heard.lines().swap_remove(self.taken - 1)
    }

    /// Writes it a line.
    ///
    /// # Panics
    /// When it does not listen any more.
    pub fn say(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("the script listens");
    }

    /// Ends it at once (SIGKILL), as [`Process::kill`] does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Stops it where it is (SIGSTOP), as [`Process::freeze`] does.
    pub fn freeze(&self) {
        self.process.freeze();
    }
}
