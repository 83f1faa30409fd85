//! Runs programs side by side and listens to what they print.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A program that runs at the same time as the others.
pub(crate) struct Part {
    program: &'static str,
    /// `*` is a TCP endpoint yet to be found, `%0` the first that was, `@name` an ipc endpoint, `@` what those begin with.
    arguments: &'static [&'static str],
    copies: usize,
    /// Whether it comes to an end by itself.
    ends: bool,
    /// Lines, in which `*` is anything, and how often at least each copy prints them.
    says: &'static [(&'static str, usize)],
    /// A line that no copy prints.
    never: &'static str,
}

/// A program that is stopped when all has been said.
pub(crate) const fn runs(
    program: &'static str,
    arguments: &'static [&'static str],
    says: &'static [(&'static str, usize)],
) -> Part {
    Part { program, arguments, copies: 1, ends: false, says, never: "" }
}

/// A program that ends well by itself.
pub(crate) const fn ends(
    program: &'static str,
    arguments: &'static [&'static str],
    says: &'static [(&'static str, usize)],
) -> Part {
    Part { program, arguments, copies: 1, ends: true, says, never: "" }
}

impl Part {
    /// So many of it.
    pub(crate) const fn times(mut self, copies: usize) -> Self {
        self.copies = copies;
        self
    }

    /// It does not print this.
    pub(crate) const fn never(mut self, wording: &'static str) -> Self {
        self.never = wording;
        self
    }

    pub(crate) fn plays(&self, program: &str) -> bool {
        self.program == program
    }
}

/// Long, for machines with much else to do; below the deadline of a test.
const PATIENCE: Duration = Duration::from_secs(150);

/// Starts the parts in their order, each when those before it are bound, and waits until all is as it should be.
pub(crate) fn perform(parts: &'static [Part]) {
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
        let folder = env::temp_dir().join(format!("zg-{}-{number}", std::process::id()));
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
    part: &'static Part,
    child: Child,
    heard: Arc<Heard>,
}

/// What a program has printed, and whether that is all.
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
    fn start(part: &'static Part, arguments: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guide"));
        command.arg(part.program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let heard = Arc::new(Heard::default());
        let listener = heard.clone();
        let stdout = child.stdout.take().unwrap();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                listener.lines.lock().unwrap().0.push(line);
                listener.news.notify_all();
            }
            listener.lines.lock().unwrap().1 = true;
            listener.news.notify_all();
        });
        Self { part, child, heard }
    }

    fn satisfy(&mut self) {
        let name = self.part.program;
        for (wording, times) in self.part.says {
            let said = |lines: &[String]| lines.iter().filter(|line| matches(line, wording)).count();
            let enough = self.heard.wait(|lines, _| said(lines) >= *times);
            assert!(enough, "{name} does not say {wording:?} {times} times:\n{}", self.heard.all());
        }
        if self.part.ends {
            assert!(self.heard.wait(|_, over| over), "{name} does not end:\n{}", self.heard.all());
            let status = self.child.wait().unwrap();
            assert!(status.success(), "{name}: {status}\n{}", self.heard.all());
        }
        let never = self.part.never;
        if !never.is_empty() {
            let said = self.heard.lines.lock().unwrap().0.iter().any(|line| matches(line, never));
            assert!(!said, "{name} says {never:?}:\n{}", self.heard.all());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a line is the pieces of a wording with anything in the place of its stars.
fn matches(line: &str, wording: &str) -> bool {
    let Some((first, rest)) = wording.split_once('*') else { return line == wording };
    let Some(mut line) = line.strip_prefix(first) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return line.ends_with(piece);
        }
        let Some((_, behind)) = line.split_once(piece) else { return false };
        line = behind;
    }
    true
}
