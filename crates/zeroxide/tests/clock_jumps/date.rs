//! A process that has a date of its own.

use crate::common::*;
use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::SystemTime,
};

/// Some, in seconds.
pub(crate) const YEARS: i64 = 10 * 365 * 24 * 3600;

/// Where a process finds by how much its date is moved.
const MOVED_BY: &str = "DATE_MOVED_BY";

/// The date of this process.
pub(crate) struct Date(File);

impl Date {
    pub(crate) fn of_this_process() -> Self {
        let path = std::env::var_os(MOVED_BY).unwrap();
        Self(OpenOptions::new().read(true).write(true).open(path).unwrap())
    }

    /// Moves it by so many seconds, at once; the test fails if it does not move.
    pub(crate) fn jump(&self, seconds: i64) {
        let mut octets = [0; 8];
        self.0.read_exact_at(&mut octets, 0).unwrap();
        let before = today();
        self.0.write_all_at(&(i64::from_ne_bytes(octets) + seconds).to_ne_bytes(), 0).unwrap();
        let moved = match today().duration_since(before) {
            Ok(later) => later.as_secs() as i64,
            Err(earlier) => -(earlier.duration().as_secs() as i64),
        };
        assert!(
            (moved - seconds).abs() < YEARS / 10,
            "the date moved by {moved} and not by {seconds} seconds"
        );
    }
}

/// A folder that is removed when this goes.
pub(crate) struct Removed<'a>(pub(crate) &'a Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0);
    }
}

#[expect(clippy::disallowed_methods, reason = "it is the date that jumps here")]
fn today() -> SystemTime {
    SystemTime::now()
}

/// Plays this story in a process of its own, which is this program with only this test.
pub(crate) fn with_another_date(name: &str, story: impl FnOnce(&Date) + Send + 'static) {
    if std::env::var_os(MOVED_BY).is_some() {
        return must_end(name, || story(&Date::of_this_process()));
    }
    let place = IpcPath::new();
    std::fs::create_dir_all(place.path()).unwrap();
    let _removed = Removed(place.path());
    let (library, moved_by) = (place.path().join("date.so"), place.path().join("moved_by"));
    std::fs::write(&moved_by, [0; 8]).unwrap();
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clock_jumps/date.c");
    succeed(
        Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .arg(&library)
            .arg(source),
    );
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new(program);
    child.args(["--exact", name, "--nocapture"]).env(MOVED_BY, &moved_by).env("LD_PRELOAD", &library);
    let output = succeed(&mut child);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("1 passed"), "{said}");
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let said = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
    assert!(output.status.success(), "{command:?}: {}\n{}{}", output.status, said[0], said[1]);
    output
}
