//! Other programs: found, started, listened to.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use crate::tally::Tally;

/// How a program ended.
pub(crate) struct Outcome {
    pub(crate) succeeded: bool,
    pub(crate) tally: Tally,
}

/// The workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or_else(|| Path::new("."))
}

/// A program, to run in the workspace without standard input.
pub(crate) fn command(program: impl AsRef<Path>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program.as_ref());
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

/// The cargo that runs us, to run in the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo =
        command(std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from), arguments);
    // Colours would hide the counts from the tally.
    cargo.env("CARGO_TERM_COLOR", "never");
    cargo
}

/// Whether the program starts and says that all is well.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs to the end, passing on all output.
pub(crate) fn must(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// As [`must`], where standard output is for something else.
pub(crate) fn to_stderr(command: &mut Command) -> Result<(), String> {
    must(command.stdout(std::io::stderr()))
}

/// Runs to the end, passing on all output, and counts the tests that it tells of.
pub(crate) fn listen(command: &mut Command) -> Result<Outcome, String> {
    let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| format!("{command:?}: {error}"))?;
    let tally = Mutex::new(Tally::default());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(|| pass_on(stdout, &mut std::io::stdout(), &tally));
        scope.spawn(|| pass_on(stderr, &mut std::io::stderr(), &tally));
    });
    let status = child.wait().map_err(|error| format!("{command:?}: {error}"))?;
    Ok(Outcome {
        succeeded: status.success(),
        tally: tally.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()),
    })
}

fn pass_on(from: Option<impl Read>, to: &mut impl Write, tally: &Mutex<Tally>) {
    let Some(from) = from else { return };
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let _ = to.write_all(&line).and_then(|()| to.write_all(b"\n"));
        tally.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).read(&String::from_utf8_lossy(&line));
    }
    let _ = to.flush();
}
