//! What a program prints, line by line.

use std::{
    io::{BufRead, BufReader, Read},
    process::Child,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

/// How long a program may take for the next line. Long, for machines with much else to do; below the deadline of a test.
const PATIENCE: Duration = Duration::from_secs(150);

/// The lines that a program has printed so far. A thread of its own reads them, so that waiting for one has a deadline
/// and a program never waits for its reader.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    lines: Mutex<Lines>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    printed: Vec<String>,
    /// Whether these are all: the program has ended, or closed its side.
    are_all: bool,
}

impl Heard {
    /// Listens to the stdout of a child, and to its stderr, where these are pipes. What is said on stderr is marked.
    pub(crate) fn listen(child: &mut Child) -> Arc<Self> {
        let heard = Arc::new(Self::default());
        let (listener, complaints) = (heard.clone(), heard.clone());
        let stderr = child.stderr.take();
        let errors = thread::spawn(move || complaints.read(stderr, "(error) "));
        let stdout = child.stdout.take();
        thread::spawn(move || {
            listener.read(stdout, "");
            let _ = errors.join();
            listener.lock().are_all = true;
            listener.news.notify_all();
        });
        heard
    }

    fn read(&self, pipe: Option<impl Read>, mark: &str) {
        let Some(pipe) = pipe else { return };
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            self.lock().printed.push(format!("{mark}{line}"));
            self.news.notify_all();
        }
    }

    /// Waits until the lines, and whether they are all, are as wanted; answers whether they came to be.
    pub(crate) fn wait(&self, wanted: impl Fn(&[String], bool) -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lock();
        while !wanted(&lines.printed, lines.are_all) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || lines.are_all {
                return false;
            }
            lines = self.news.wait_timeout(lines, left).unwrap().0;
        }
        true
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().printed.clone()
    }

    /// The last of them, for the text of a failure.
    pub(crate) fn last(&self) -> String {
        let lines = self.lines();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap()
    }
}
