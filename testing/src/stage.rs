//! Runs programs side by side and listens to what they print.

use std::{
    env,
    fmt::Debug,
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{Process, heard::Heard};

/// A program that runs at the same time as the others. `P` is how the play calls it.
#[derive(Debug)]
pub struct Part<P> {
    program: P,
    /// `*` is a TCP endpoint yet to be found, `%0` the first that was, `@name` an ipc endpoint, `@` what those begin with.
    arguments: &'static [&'static str],
    copies: usize,
    /// Whether it comes to an end by itself.
    ends: bool,
    /// A line that each copy prints before the next one starts; empty if that need not wait.
    before: &'static str,
    /// Lines, in which `*` is anything, and how often at least each copy prints them.
    says: &'static [(&'static str, usize)],
    /// A line that no copy prints.
    never: &'static str,
}

/// A program that is stopped when all has been said.
pub const fn runs<P>(
    program: P,
    arguments: &'static [&'static str],
    says: &'static [(&'static str, usize)],
) -> Part<P> {
    Part { program, arguments, copies: 1, ends: false, before: "", says, never: "" }
}

/// A program that ends well by itself.
pub const fn ends<P>(
    program: P,
    arguments: &'static [&'static str],
    says: &'static [(&'static str, usize)],
) -> Part<P> {
    Part { program, arguments, copies: 1, ends: true, before: "", says, never: "" }
}

impl<P: Copy> Part<P> {
    /// So many of it.
    #[must_use]
    pub const fn times(self, copies: usize) -> Self {
        Self { copies, ..self }
    }

    /// It has told where it is bound, be that a TCP endpoint or another, before the next one starts: for clients that
    /// have little patience.
    #[must_use]
    pub const fn first(self) -> Self {
        self.before_others("bound *")
    }

    /// It has printed this before the next one starts: what happens may depend on who comes first.
    #[must_use]
    pub const fn before_others(self, wording: &'static str) -> Self {
        Self { before: wording, ..self }
    }

    /// It does not print this.
    #[must_use]
    pub const fn never(self, wording: &'static str) -> Self {
        Self { never: wording, ..self }
    }

    /// Which program it is.
    pub const fn program(&self) -> P {
        self.program
    }
}

/// Where a line has to be as a wording says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wording {
    /// From its beginning to its end.
    Whole,
    /// Somewhere in it.
    Within,
}

/// A play: how its programs are started, and how what they say is compared.
///
/// ```
/// use std::process::Command;
/// use zeroxide_testing::stage::{Stage, Wording, ends};
///
/// let stage = Stage::new(Wording::Whole, |program: &&str| Command::new(program));
/// stage.perform(&[ends("echo", &["hello"], &[("h*o", 1)]).times(2), ends("true", &[], &[]).never("*")]);
/// ```
#[derive(Debug)]
pub struct Stage<S> {
    wording: Wording,
    start: S,
}

impl<S> Stage<S> {
    /// `start` makes a command of a program; its arguments are added, and so are the pipes.
    pub const fn new(wording: Wording, start: S) -> Self {
        Self { wording, start }
    }

    /// Starts the parts in their order, each when those before it are bound, and waits until all is as it should be.
    ///
    /// # Panics
    /// When it does not become so.
    pub fn perform<P: Debug>(&self, parts: &[Part<P>])
    where
        S: Fn(&P) -> Command,
    {
        let place = Place::new();
        let mut running = Vec::new();
        let mut bound = Vec::new();
        for part in parts {
            for _ in 0..part.copies {
                let arguments = part.arguments.iter().map(|word| place.argument(word, &bound));
                let wildcards = part.arguments.iter().filter(|word| **word == "*").count();
                let one = Running::start(part, (self.start)(&part.program).args(arguments));
                if wildcards > 0 {
                    bound.extend(one.bound(wildcards));
                }
                if !part.before.is_empty() {
                    one.has_said(self.wording, part.before, 1);
                }
                running.push(one);
            }
        }
        for one in &mut running {
            one.satisfy(self.wording);
        }
    }
}

/// Where the ipc endpoints of a play are. A short path: a socket's address has 107 octets.
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

/// A copy of a part, on stage.
struct Running<'a, P> {
    part: &'a Part<P>,
    process: Process,
    heard: Arc<Heard>,
}

impl<'a, P: Debug> Running<'a, P> {
    fn start(part: &'a Part<P>, command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Process::start(command).unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // The Enter key, for programs that wait for it.
        let _ = process.child().stdin.take().unwrap().write_all(b"\n");
        let heard = Heard::listen(process.child());
        Self { part, process, heard }
    }

    /// The first TCP endpoints that the program told.
    fn bound(&self, count: usize) -> Vec<String> {
        let told = |lines: &[String]| -> Vec<String> {
            let endpoints = lines.iter().filter_map(|line| line.strip_prefix("bound "));
            endpoints.filter(|endpoint| endpoint.starts_with("tcp:")).take(count).map(str::to_owned).collect()
        };
        assert!(
            self.heard.wait(|lines, _| told(lines).len() == count),
            "{:?} does not bind: {}",
            self.part.program,
            self.heard.last()
        );
        told(&self.heard.lines())
    }

    /// Waits until the program has printed this so often.
    fn has_said(&self, wording: Wording, wanted: &str, times: usize) {
        let (name, heard) = (&self.part.program, &self.heard);
        let said = |lines: &[String]| lines.iter().filter(|line| wording.fits(line, wanted)).count() >= times;
        assert!(
            heard.wait(|lines, _| said(lines)),
            "{name:?} does not say {wanted:?} {times} times:\n{}",
            heard.last()
        );
    }

    fn satisfy(&mut self, wording: Wording) {
        for (wanted, times) in self.part.says {
            self.has_said(wording, wanted, *times);
        }
        let (name, heard) = (&self.part.program, &self.heard);
        if self.part.ends {
            assert!(heard.wait(|_, are_all| are_all), "{name:?} does not end:\n{}", heard.last());
            let status = self.process.wait();
            assert!(status.success(), "{name:?}: {status}\n{}", heard.last());
        }
        let never = self.part.never;
        let said = !never.is_empty() && heard.lines().iter().any(|line| wording.fits(line, never));
        assert!(!said, "{name:?} says {never:?}:\n{}", heard.last());
    }
}

impl Wording {
    fn fits(self, line: &str, wanted: &str) -> bool {
        match self {
            Self::Whole => matches(line, wanted),
            Self::Within => matches(line, &format!("*{wanted}*")),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_anything_and_the_rest_is_itself() {
        for (line, wording, is_whole, is_within) in [
            ("hello", "hello", true, true),
            ("hello", "ell", false, true),
            ("hello", "h*o", true, true),
            ("hello", "*l*", true, true),
            ("hello", "e*l", false, true),
            ("hello", "o*h", false, false),
            ("", "", true, true),
        ] {
            assert_eq!(Wording::Whole.fits(line, wording), is_whole, "{wording} is {line}");
            assert_eq!(Wording::Within.fits(line, wording), is_within, "{wording} is in {line}");
        }
    }
}
