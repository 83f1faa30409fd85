//! Runs programs side by side and listens to what they print.

use super::c_program::{compiler, here, library_folder, scratch, succeed, with_library};
use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Programs that run at the same time.
pub(crate) struct Part {
    /// The program's folder in `tests/seed`, or `python`, and its name.
    program: [&'static str; 2],
    /// `*` is a TCP endpoint yet to be found, `%0` the first that was, `@name` an ipc endpoint, `@` what those begin with.
    arguments: &'static [&'static str],
    copies: usize,
    /// Whether it comes to an end by itself.
    ends: bool,
    /// Lines, in which `*` is anything, and how often at least each copy prints them.
    says: &'static [(&'static str, usize)],
}

/// A program that is stopped when all has been said.
pub(crate) const fn runs(
    program: [&'static str; 2],
    arguments: &'static [&'static str],
    says: &'static [(&'static str, usize)],
) -> Part {
    Part { program, arguments, copies: 1, ends: false, says }
}

/// A program that ends well by itself.
pub(crate) const fn ends(
    program: [&'static str; 2],
    arguments: &'static [&'static str],
    says: &'static [(&'static str, usize)],
) -> Part {
    Part { program, arguments, copies: 1, ends: true, says }
}

impl Part {
    /// So many of it.
    pub(crate) const fn times(mut self, copies: usize) -> Self {
        self.copies = copies;
        self
    }
}

/// Long, for machines with much else to do; below the deadline of a test.
const PATIENCE: Duration = Duration::from_secs(150);

/// Starts the parts in their order, each when those before it are bound, and waits until all is as it should be.
pub(crate) fn perform(parts: &[Part]) {
    let place = Place::new();
    let mut running = Vec::new();
    let mut bound = Vec::new();
    for part in parts {
        for _ in 0..part.copies {
            let arguments: Vec<String> =
                part.arguments.iter().map(|word| place.argument(word, &bound)).collect();
            let wildcards = part.arguments.iter().filter(|word| **word == "*").count();
            let one = Running::start(part, &arguments);
            if wildcards > 0 {
                bound.extend(one.heard.bound(wildcards));
            }
            running.push(one);
        }
    }
    running.iter_mut().for_each(Running::satisfy);
}

/// Where the ipc endpoints of a test are. A short path: a socket's address has 107 octets.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        // Tests are threads of one process, or processes of their own: it depends on who runs them.
        static PLACES: AtomicUsize = AtomicUsize::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("zs-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn argument(&self, word: &str, bound: &[String]) -> String {
        if word == "*" {
            return "tcp://127.0.0.1:*".to_owned();
        }
        if let Some(name) = word.strip_prefix('@') {
            return format!("ipc://{}/{name}", self.0.display());
        }
        word.strip_prefix('%')
            .map_or_else(|| word.to_owned(), |index| bound[index.parse::<usize>().unwrap()].clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Running {
    says: &'static [(&'static str, usize)],
    ends: bool,
    name: String,
    child: Child,
    heard: Arc<Heard>,
}

/// What a program has printed.
#[derive(Default)]
struct Heard {
    lines: Mutex<(Vec<String>, bool)>,
    news: Condvar,
}

impl Heard {
    /// Waits until the lines, and whether they are all, are as wanted; answers whether they came to be.
    fn wait(&self, wanted: impl Fn(&[String], bool) -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lines.lock().unwrap();
        while !wanted(&lines.0, lines.1) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || lines.1 {
                return false;
            }
            lines = self.news.wait_timeout(lines, left).unwrap().0;
        }
        true
    }

    /// The first TCP endpoints that the program told.
    fn bound(&self, count: usize) -> Vec<String> {
        let told = |lines: &[String]| -> Vec<String> {
            let endpoints = lines.iter().filter_map(|line| line.strip_prefix("bound "));
            endpoints.filter(|endpoint| endpoint.starts_with("tcp:")).take(count).map(str::to_owned).collect()
        };
        assert!(self.wait(|lines, _| told(lines).len() == count), "it does not bind: {}", self.all());
        told(&self.lines.lock().unwrap().0)
    }

    fn all(&self) -> String {
        let lines = self.lines.lock().unwrap();
        lines.0[lines.0.len().saturating_sub(40)..].join("\n")
    }
}

impl Running {
    fn start(part: &Part, arguments: &[String]) -> Self {
        let [kind, name] = part.program;
        let mut command = if kind == "python" { python() } else { with_library(compiled(kind)) };
        let mut child = command
            .arg(name)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // The Enter key, for programs that wait for it.
        let _ = child.stdin.take().unwrap().write_all(b"\n");
        let heard = Arc::new(Heard::default());
        let listener = heard.clone();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let complaints = heard.clone();
        let errors = thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                complaints.lines.lock().unwrap().0.push(format!("(error) {line}"));
            }
        });
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                listener.lines.lock().unwrap().0.push(line);
                listener.news.notify_all();
            }
            let _ = errors.join();
            listener.lines.lock().unwrap().1 = true;
            listener.news.notify_all();
        });
        Self { says: part.says, ends: part.ends, name: format!("{kind} {name}"), child, heard }
    }

    fn satisfy(&mut self) {
        for (wording, times) in self.says {
            let said = |lines: &[String]| lines.iter().filter(|line| matches(line, wording)).count();
            let enough = self.heard.wait(|lines, _| said(lines) >= *times);
            assert!(enough, "{} does not say {wording:?} {times} times:\n{}", self.name, self.heard.all());
        }
        if self.ends {
            assert!(self.heard.wait(|_, over| over), "{} does not end:\n{}", self.name, self.heard.all());
            let status = self.child.wait().unwrap();
            assert!(status.success(), "{}: {status}\n{}", self.name, self.heard.all());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a line holds the pieces of a wording between its stars, in their order.
fn matches(line: &str, wording: &str) -> bool {
    let mut rest = line;
    wording.split('*').all(|piece| match rest.split_once(piece) {
        Some((_, behind)) => {
            rest = behind;
            true
        }
        None => false,
    })
}

/// The programs of a folder, compiled once for all tests: these run in processes of their own.
fn compiled(kind: &str) -> PathBuf {
    let mut sources = sources(&here().join("tests/seed").join(kind));
    let mut hash = DefaultHasher::new();
    let shared = [
        here().join("tests/seed"),
        here().join("include"),
        here().join("tests/c"),
        here().join("../../testing/seeds"),
    ];
    let headers = shared.iter().flat_map(|folder| self::sources(folder));
    for file in headers.filter(|file| file.extension().is_some_and(|end| end == "h")).chain(sources.clone()) {
        fs::read(file).unwrap().hash(&mut hash);
    }
    let program = scratch().join(format!("seed-{kind}-{:x}", hash.finish()));
    let lock = fs::File::create(scratch().join(format!("seed-{kind}.lock"))).unwrap();
    lock.lock().unwrap();
    if program.exists() {
        return program;
    }
    let made = program.with_extension("made");
    let mut command = compiler("cc");
    command.args(["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"]).arg(&made);
    if kind == "two" {
        command.args(["-include", "zmq2.h"]);
    }
    sources.retain(|file| file.extension().is_some_and(|end| end == "c"));
    succeed(command.args(&sources).arg("-L").arg(library_folder()).arg("-lzmq"));
    fs::rename(made, &program).unwrap();
    program
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files
}

/// The interpreter of the interop tests, whose pyzmq finds our library in the place of its own.
fn python() -> Command {
    let of_the_workspace = here().join("../../target/python/bin/python");
    let interpreter = env::var_os("ZEROXIDE_PYTHON").map_or(of_the_workspace, PathBuf::from);
    assert!(interpreter.exists(), "no Python at {}: run `cargo xtask python`", interpreter.display());
    let mut command = Command::new(interpreter);
    command.arg(here().join("tests/seed/python"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("LD_PRELOAD", library_folder().join("libzmq.so.5"));
    command
}
