//! What a part of a workload stands on: its context and sockets, its cues, and how long things took.

use super::workload::{Transport, Workload};
use crate::{
    exit::Failure,
    line::{Facts, Line},
};
use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};
use std::{
    fs,
    sync::{Arc, Mutex, PoisonError, mpsc::Receiver},
    time::{Duration, Instant},
};
use zeroxide::{Context, Socket, SocketType};

/// One part of a workload: a process, or a thread of one.
pub(super) struct Stage<'a> {
    pub(super) workload: Workload,
    /// Messages to send, of all senders together.
    pub(super) count: u64,
    /// Where the part before listens. The part that is given nothing binds.
    pub(super) endpoints: &'a [String],
    /// Where to bind, one for each listening socket.
    pub(super) places: &'a [String],
    context: Context,
    say: &'a (dyn Fn(Line) + Sync),
    cues: &'a Receiver<()>,
    /// Sockets stay open until the end, so that nothing that was sent is cut off.
    sockets: Mutex<Vec<Arc<Socket>>>,
}

/// Whom a stage listens to, and to whom it speaks.
pub(super) struct Cues<'a> {
    pub(super) say: &'a (dyn Fn(Line) + Sync),
    pub(super) cues: &'a Receiver<()>,
}

/// How long connections and subscriptions may take. The whole run has its own limit.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

impl<'a> Stage<'a> {
    pub(super) fn new(
        workload: Workload,
        count: u64,
        (endpoints, places): (&'a [String], &'a [String]),
        context: Context,
        Cues { say, cues }: Cues<'a>,
    ) -> Self {
        Self { workload, count, endpoints, places, context, say, cues, sockets: Mutex::default() }
    }

    pub(super) fn context(&self) -> Context {
        self.context.clone()
    }

    /// A socket with default options.
    pub(super) fn socket(&self, kind: SocketType) -> Result<Arc<Socket>, Failure> {
        let socket = Arc::new(Socket::new(&self.context, kind)?);
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).push(socket.clone());
        Ok(socket)
    }

    /// Binds to the place with this number; gives what others connect to.
    pub(super) fn bind(&self, socket: &Socket, place: usize) -> Result<String, Failure> {
        let place = self.places.get(place).ok_or_else(|| Failure::Failed("no place to bind".to_owned()))?;
        Ok(socket.bind(place)?)
    }

    /// Connects to an endpoint of the part before, and waits until that has succeeded.
    pub(super) fn connect(&self, socket: &Socket, endpoint: Option<&String>) -> Result<(), Failure> {
        let endpoint = endpoint.ok_or_else(|| Failure::Failed("nowhere to connect".to_owned()))?;
        socket.connect(endpoint)?;
        if socket.wait_connected(1, PATIENCE) {
            Ok(())
        } else {
            Err(Failure::Failed(format!("no connection to {endpoint}")))
        }
    }

    /// Waits until a publisher has this many subscribers of a topic.
    pub(super) fn wait_for_subscribers(
        &self,
        publisher: &Socket,
        topic: &[u8],
        count: usize,
    ) -> Result<(), Failure> {
        if publisher.wait_for_subscribers(topic, count, PATIENCE) {
            Ok(())
        } else {
            Err(Failure::Failed("the subscriptions did not arrive".to_owned()))
        }
    }

    /// Says that all is prepared, and waits for the word to begin.
    pub(super) fn ready(&self, endpoints: &[String]) -> Result<(), Failure> {
        (self.say)(Line::Ready(endpoints.to_vec()));
        self.cue()
    }

    /// Waits for the next word.
    pub(super) fn cue(&self) -> Result<(), Failure> {
        self.cues.recv().map_err(|_| Failure::Terminated)
    }

    /// Tells what came of it, and keeps the sockets until nobody listens any more.
    pub(super) fn end(&self, outcome: Result<Facts, Failure>) {
        (self.say)(match outcome {
            Ok(facts) => Line::Done(facts),
            Err(failure) => Line::Failed(failure.text().unwrap_or_default()),
        });
        while self.cues.recv().is_ok() {}
    }
}

/// Real time and the processor's, from here to the asking.
pub(super) struct Clock {
    began: Instant,
    cpu: Duration,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu() }
    }

    /// Adds what was taken until now.
    pub(super) fn read(&self, facts: Facts) -> Facts {
        facts.with("nanoseconds", self.nanoseconds()).with("cpu", self.cpu())
    }

    pub(super) fn nanoseconds(&self) -> u64 {
        nanoseconds(self.began.elapsed())
    }

    /// Nanoseconds of the processors, all threads together.
    pub(super) fn cpu(&self) -> u64 {
        nanoseconds(cpu().saturating_sub(self.cpu))
    }
}

pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// What this process has used so far.
fn cpu() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

/// Resident memory of this process in octets, where the system tells.
pub(super) fn resident() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Many connections need more files than a process has by default.
pub(super) fn raise_file_limit(workload: &Workload) -> Result<(), Failure> {
    let limit = getrlimit(Resource::Nofile);
    // A connection each, and both ends of it within one process; some for the rest.
    let ends = if workload.transport == Transport::Inproc { 0 } else { 2 };
    let needed = workload.peers() as u64 * ends + 64;
    match limit.maximum {
        Some(most) if most < needed => {
            return Err(Failure::Failed(format!(
                "{workload} needs {needed} open files, and this system allows {most} (ulimit -Hn)"
            )));
        }
        _ => {}
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).map_err(|error| Failure::Failed(format!("open files: {error}")))
}
