//! pyzmq's own tests on our library: pyzmq is built from its source distribution against our headers and our
//! `libzmq.so`, draft functions included, in a Python environment of its own under `target/pyzmq`.
//!
//! What may fail is listed in `testing/pyzmq/excused.txt`, each with its reason.

use crate::{
    install, python,
    shell::{command, must, root},
};
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Stdio,
};

/// Those of the type checker say nothing about a library.
const IGNORED: &str = "test_mypy.py";
/// They need 4 GiB of memory.
const LEFT_OUT: [&str; 2] =
    ["test_socket.py::TestSocket::test_large_send", "test_socket.py::TestSocketGreen::test_large_send"];
/// So often a test that failed without excuse is tried again, alone: many have deadlines of some tenths of a second.
const MORE_TRIES: usize = 2;
/// Longer than any test takes on a busy machine.
const SECONDS_PER_TEST: &str = "--timeout=120";

/// Builds everything and runs the tests; `built` is a folder with the library, or it is built in release mode.
pub(crate) fn run(built: Option<&str>, filter: Option<&str>) -> Result<(), String> {
    let place = root().join("target/pyzmq");
    let prefix = place.join("prefix");
    install::run(&prefix.to_string_lossy(), built)?;
    let python = environment(&place)?;
    build(&place, &prefix, &python)?;
    let filter: Vec<&str> = filter.map_or_else(Vec::new, |filter| vec!["-k", filter]);
    lay_out(&place)?;
    let mut failed = test(&place, &python, &filter)?;
    let excuses = Excuses::read()?;
    for _ in 0..MORE_TRIES {
        let names: Vec<&str> = excuses.lacking(&failed).collect();
        if names.is_empty() {
            break;
        }
        println!("once more, alone: {}", names.join(" "));
        let again = test(&place, &python, &names)?;
        failed.retain(|name| excuses.reason(name).is_some() || again.contains(name));
    }
    excuses.judge(&failed)
}

/// The Python environment, with what pyzmq's build and its tests need.
fn environment(place: &Path) -> Result<PathBuf, String> {
    let python = place.join("venv/bin/python");
    if !python.exists() {
        must(&mut command(python::ready()?, &["-m", "venv", "target/pyzmq/venv"]))?;
    }
    must(&mut command(
        &python,
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            "testing/pyzmq/requirements.txt",
        ],
    ))?;
    Ok(python)
}

/// Builds pyzmq, in the version that the interop tests use, unless that has been done.
fn build(place: &Path, prefix: &Path, python: &Path) -> Result<(), String> {
    let wanted = read(&root().join("testing/peer/requirements.txt"))?.trim().to_owned();
    let header = read(&prefix.join("include/zmq.h"))?;
    let (stamp, made_of) = (place.join("built"), format!("{wanted}\n{header}"));
    if fs::read_to_string(&stamp).is_ok_and(|before| before == made_of) {
        return Ok(());
    }
    let source = place.join("source");
    let _ = fs::remove_dir_all(&source);
    let download =
        ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pyzmq", "--no-build-isolation"];
    must(command(python, &download).arg(&wanted).arg("--dest").arg(&source))?;
    let archive = fs::read_dir(&source).ok().and_then(|mut files| files.next()?.ok()).map(|file| file.path());
    let archive = archive.ok_or("pip downloaded nothing")?;
    must(
        command("tar", &["--extract", "--strip-components=1", "--file"]).arg(archive).arg("-C").arg(&source),
    )?;
    must(
        command(
            python,
            &["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--force-reinstall"],
        )
        .arg(&source)
        .env("ZMQ_PREFIX", prefix)
        .env("ZMQ_DRAFT_API", "ON"),
    )?;
    fs::write(&stamp, made_of).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// Puts the tests where they find the package that was built: in the source folder they would find its source.
fn lay_out(place: &Path) -> Result<(), String> {
    let folder = place.join("tests");
    let _ = fs::remove_dir_all(&folder);
    must(command("cp", &["-r"]).arg(place.join("source/tests")).arg(&folder))?;
    must(command("cp", &[]).arg(place.join("source/pytest.ini")).arg(&folder))
}

/// Runs the tests, or those that are selected; answers which failed.
fn test(place: &Path, python: &Path, selected: &[&str]) -> Result<BTreeSet<String>, String> {
    let mut tests = command(python, &["-m", "pytest", "-q", "-rfE", "--tb=short", SECONDS_PER_TEST]);
    tests
        .args(["--ignore", IGNORED])
        .args(LEFT_OUT.iter().flat_map(|test| ["--deselect", test]))
        .args(["-p", "no:cacheprovider"])
        .args(selected);
    let mut running = tests
        .current_dir(place.join("tests"))
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{tests:?}: {error}"))?;
    let mut failed = BTreeSet::new();
    let mut told = false;
    for line in BufReader::new(running.stdout.take().ok_or("no output")?).lines().map_while(Result::ok) {
        println!("{line}");
        told |= line.contains(" passed") || line.contains(" failed");
        let name = ["FAILED ", "ERROR "].iter().find_map(|word| line.strip_prefix(word));
        if let Some(name) = name.filter(|name| name.contains("::")) {
            failed.insert(name.split(" - ").next().unwrap_or(name).to_owned());
        }
    }
    let ended = running.wait().map_err(|error| format!("pytest: {error}"))?;
    if told && (ended.success() || !failed.is_empty()) {
        Ok(failed)
    } else {
        Err(format!("pytest did not come to its end: {ended}"))
    }
}

/// What may fail, and why.
struct Excuses(Vec<(String, String)>);

impl Excuses {
    fn read() -> Result<Self, String> {
        let list = read(&root().join("testing/pyzmq/excused.txt"))?;
        let lines = list.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once(": "));
        Ok(Excuses(pairs.map(|(part, reason)| (part.to_owned(), reason.to_owned())).collect()))
    }

    fn reason(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(part, _)| name.starts_with(part)).map(|(_, reason)| reason.as_str())
    }

    fn lacking<'a>(&'a self, failed: &'a BTreeSet<String>) -> impl Iterator<Item = &'a str> {
        failed.iter().map(String::as_str).filter(|name| self.reason(name).is_none())
    }

    /// Whether all that failed is excused.
    fn judge(&self, failed: &BTreeSet<String>) -> Result<(), String> {
        for name in failed {
            match self.reason(name) {
                Some(reason) => println!("excused: {name}: {reason}"),
                None => println!("NOT EXCUSED: {name}"),
            }
        }
        let bad = self.lacking(failed).count();
        if bad == 0 { Ok(()) } else { Err(format!("{bad} tests of pyzmq fail on our library only")) }
    }
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}
