//! A proxy: moves messages between two sockets for as long as it is told to.
//!
//! ```text
//!            front.recv --> capture --> back.send
//!   front <==================================> back          control: pause, resume, terminate, statistics
//!            front.send <-- capture <-- back.recv
//! ```
//! Nothing is received that cannot be sent on: what does not fit stays in the queue it came in, and its sender feels it.

mod way;

use crate::{
    blocking::Signals,
    error::ProxyError,
    poller::Interest,
    rest,
    socket::{Handle, core::Core},
    sync::Waiters,
    wait::wait_any,
};
use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU64, Ordering::*},
};
use way::{Held, Way, ends};
use zeroxide_proto::{Message, SocketType};

/// Moves messages between `front` and `back`, both ways, until the context is shut down or one of them is closed.
///
/// As [`Proxy::run`], without capture and control.
///
/// ```
/// use zeroxide::{Context, ProxyError, Pull, Push, proxy};
/// let context = Context::new();
/// let (front, back) = (Pull::new(&context)?, Push::new(&context)?);
/// let (work, workers) = (front.bind("inproc://work")?, back.bind("inproc://workers")?);
/// let streamer = std::thread::spawn(move || proxy(&front, &back));
///
/// let (source, worker) = (Push::new(&context)?, Pull::new(&context)?);
/// source.connect(&work)?;
/// worker.connect(&workers)?;
/// source.send("passed on")?;
/// assert_eq!(worker.recv()?, "passed on".into());
/// context.terminate();
/// assert_eq!(streamer.join().unwrap(), Err(ProxyError::Terminated));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`Proxy::run`].
pub fn proxy(front: &Handle, back: &Handle) -> Result<(), ProxyError> {
    Proxy::new(front, back).run()
}

/// Moves messages between two sockets: a queue (ROUTER and DEALER), a forwarder (XSUB and XPUB), a streamer (PULL and
/// PUSH).
///
/// - Nothing is received that cannot be sent on, so nothing is lost in between, and a slow side is felt by the senders
///   on the other. (A publishing side drops for its slow subscribers, as it always does.)
/// - Neither direction can starve the other: each moves at most 1000 messages at a time.
/// - Front and back may be one socket: what it receives is sent on by it.
/// - Other threads should not use the sockets while the proxy runs.
///
/// ```
/// use zeroxide::{Context, Dealer, Proxy, Rep, Req, Router};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let context = Context::new();
/// let (front, back) = (Router::new(&context)?, Dealer::new(&context)?);
/// let (clients, workers) = (front.bind("tcp://127.0.0.1:*")?, back.bind("inproc://workers")?);
/// let proxy = Proxy::new(&front, &back);
/// let control = proxy.controller();
/// std::thread::scope(|scope| {
///     let broker = scope.spawn(|| proxy.run());
///
///     let (client, worker) = (Req::new(&context)?, Rep::new(&context)?);
///     client.connect(&clients)?;
///     worker.connect(&workers)?;
///     client.send("question")?;
///     worker.recv()?;
///     worker.send("answer")?;
///     assert_eq!(client.recv()?, "answer".into());
///
///     assert_eq!(control.statistics().front_received.messages, 1);
///     control.terminate();
///     assert!(broker.join().is_ok_and(|ended| ended.is_ok()));
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy<'a> {
    front: &'a Handle,
    back: &'a Handle,
    capture: Option<&'a Handle>,
    control: Option<&'a Handle>,
    shared: Arc<Shared>,
    signals: Signals,
}

/// Steers a [`Proxy`] from any thread. It outlives the proxy without harm.
///
/// ```
/// use zeroxide::{Context, Proxy, Pull, Push};
/// let context = Context::new();
/// let (front, back) = (Pull::new(&context)?, Push::new(&context)?);
/// let proxy = Proxy::new(&front, &back);
/// let control = proxy.controller();
/// std::thread::scope(|scope| {
///     let running = scope.spawn(|| proxy.run());
///     control.pause();
///     control.resume();
///     control.terminate();
///     assert_eq!(running.join().unwrap(), Ok(()));
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProxyControl(Arc<Shared>);

/// How much a proxy has moved.
///
/// ```
/// use zeroxide::{Context, Moved, Proxy, ProxyStatistics, Router, Dealer};
/// let context = Context::new();
/// let (front, back) = (Router::new(&context)?, Dealer::new(&context)?);
/// let control = Proxy::new(&front, &back).controller();
/// let ProxyStatistics { front_received, back_sent, .. } = control.statistics();
/// let held = front_received.messages - back_sent.messages;
/// assert_eq!(held, 0, "what came in went out");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct ProxyStatistics {
    /// Received from the front.
    pub front_received: Moved,
    /// Sent to the front.
    pub front_sent: Moved,
    /// Received from the back.
    pub back_received: Moved,
    /// Sent to the back.
    pub back_sent: Moved,
}

/// A count of messages and their octets.
///
/// ```
/// use zeroxide::Moved;
/// let moved = Moved { messages: 3, octets: 1200 };
/// let mean = moved.octets.checked_div(moved.messages);
/// assert_eq!(mean, Some(400));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Moved {
    /// Messages, however many frames they had.
    pub messages: u64,
    /// Octets of all their frames.
    pub octets: u64,
}

#[derive(Default, Debug)]
struct Shared {
    state: AtomicU8,
    changed: Waiters,
    counts: [[AtomicU64; 2]; 4],
}

const RUNNING: u8 = 0;
const PAUSED: u8 = 1;
const TERMINATED: u8 = 2;

const FRONT_RECEIVED: usize = 0;
const FRONT_SENT: usize = 1;
const BACK_RECEIVED: usize = 2;
const BACK_SENT: usize = 3;

impl<'a> Proxy<'a> {
    /// A proxy between two sockets; nothing moves before [`run`](Self::run).
    pub fn new(front: &'a Handle, back: &'a Handle) -> Self {
        Self { front, back, capture: None, control: None, shared: Arc::default(), signals: Signals::Ignored }
    }

    /// Sends a copy of everything that passes, either way, to this socket: PUB, PUSH, DEALER or PAIR. Nothing passes
    /// while it cannot take its copy, so use a PUB for a capture that must not hold up anything.
    pub fn capture(mut self, capture: &'a Handle) -> Self {
        self.capture = Some(capture);
        self
    }

    /// Obeys the words that come in at this socket (PAIR, SUB, PULL, REP): `PAUSE`, `RESUME`, `TERMINATE`, and
    /// `STATISTICS`, which is answered with 8 frames of a 64-bit number in the machine's own order each: messages and octets
    /// received from the front, sent to the front, received from the back, sent to the back. A REP answers the other
    /// words with an empty message. Unknown words do nothing. The same as `zmq_proxy_steerable`.
    pub fn control(mut self, control: &'a Handle) -> Self {
        self.control = Some(control);
        self
    }

    /// A signal handler that runs while the proxy waits ends [`run`](Self::run) with [`ProxyError::Interrupted`], as in
    /// libzmq; it can be run again. Otherwise it goes on.
    pub fn interruptible(mut self, interruptible: bool) -> Self {
        self.signals = if interruptible { Signals::End } else { Signals::Ignored };
        self
    }

    /// Steers this proxy from another thread.
    pub fn controller(&self) -> ProxyControl {
        ProxyControl(self.shared.clone())
    }

    /// Moves messages until told to stop; this is all that the calling thread does meanwhile.
    ///
    /// What a side refuses although it has room, as a ROUTER with
    /// [`set_router_mandatory`](Handle::set_router_mandatory) does for an unknown peer, is dropped and counted at that socket.
    ///
    /// # Errors
    /// [`ProxyError::Terminated`] when the context is shut down, the others at once. Being told to
    /// terminate is no error.
    pub fn run(&self) -> Result<(), ProxyError> {
        let (front, back) = (&*self.front.core, &*self.back.core);
        let capture = self.capture.map(|capture| &*capture.core);
        let control = self.control.map(|control| &*control.core);
        self.refuse_misfits()?;
        let way = |from: &'a Core, to: &'a Core, received, sent| {
            let exists = from.kind.receives() && to.kind.sends();
            let held = Held::default();
            exists.then_some(Way { from, to, capture, shared: &self.shared, received, sent, held })
        };
        let forth = way(front, back, FRONT_RECEIVED, BACK_SENT);
        // With one socket for both sides there is one way.
        let back_too = !std::ptr::eq(front, back);
        let other = if back_too { way(back, front, BACK_RECEIVED, FRONT_SENT) } else { None };
        let mut ways: Vec<Way<'_>> = forth.into_iter().chain(other).collect();
        let events = [Some(front), Some(back), capture].into_iter().flatten();
        let events = events.flat_map(|core| [&core.readable, &core.writable]);
        let events = events.chain(control.map(|control| &control.readable)).chain([&self.shared.changed]);
        loop {
            rest::rest();
            if let Some(control) = control {
                self.obey(control)?;
            }
            let told = self.shared.state.load(Acquire);
            let mut moved = false;
            match told {
                TERMINATED => return ways.iter_mut().try_for_each(Way::finish),
                PAUSED => {}
                _ => {
                    for way in &mut ways {
                        moved |= way.burst()?;
                    }
                }
            }
            if moved {
                continue;
            }
            let waited = wait_any(self.signals, events.clone(), None, || {
                let steered = self.shared.state.load(Acquire) != told;
                let spoken_to = control.is_some_and(|control| control.readiness(Interest::READABLE).receive);
                let ready = told == RUNNING && ways.iter_mut().any(Way::is_ready);
                (steered || spoken_to || ready).then_some(())
            });
            if waited.is_err() {
                ways.iter_mut().try_for_each(Way::finish)?;
                return Err(ProxyError::Interrupted);
            }
        }
    }

    fn refuse_misfits(&self) -> Result<(), ProxyError> {
        let (front, back) = (self.front.core.kind, self.back.core.kind);
        let passes = |from: SocketType, to: SocketType| from.receives() && to.sends();
        if !passes(front, back) && !passes(back, front) {
            return Err(ProxyError::NoDirection(front, back));
        }
        match (self.capture.map(|socket| socket.core.kind), self.control.map(|socket| socket.core.kind)) {
            (Some(kind), _) if !kind.sends() => Err(ProxyError::CannotCapture(kind)),
            (_, Some(kind)) if !kind.receives() => Err(ProxyError::CannotControl(kind)),
            _ => Ok(()),
        }
    }

    /// Does what the control socket was sent.
    fn obey(&self, control: &Core) -> Result<(), ProxyError> {
        let word = match control.try_recv() {
            Ok(word) => word,
            Err(error) if ends(error.cause) => return Err(ProxyError::Terminated),
            Err(_) => return Ok(()),
        };
        let steer = ProxyControl(self.shared.clone());
        let mut answer = (control.kind == SocketType::Rep).then(Message::new);
        match word.body() {
            b"PAUSE" => steer.pause(),
            b"RESUME" => steer.resume(),
            b"TERMINATE" => steer.terminate(),
            b"STATISTICS" => answer = Some(steer.statistics().to_message()),
            _ => {}
        }
        if let Some(answer) = answer {
            // Who asked and went away does not hold up the proxy.
            let _ = control.try_send(answer);
        }
        Ok(())
    }
}

impl ProxyControl {
    /// Nothing is moved any more, until [`resume`](Self::resume): messages wait in their queues.
    pub fn pause(&self) {
        self.steer(PAUSED);
    }

    /// Messages are moved again.
    pub fn resume(&self) {
        self.steer(RUNNING);
    }

    /// [`Proxy::run`] returns. It cannot be resumed.
    pub fn terminate(&self) {
        self.steer(TERMINATED);
    }

    /// How much was moved so far.
    pub fn statistics(&self) -> ProxyStatistics {
        let [front_received, front_sent, back_received, back_sent] = &self.0.counts;
        let read = |[messages, octets]: &[AtomicU64; 2]| Moved {
            messages: messages.load(Relaxed),
            octets: octets.load(Relaxed),
        };
        ProxyStatistics {
            front_received: read(front_received),
            front_sent: read(front_sent),
            back_received: read(back_received),
            back_sent: read(back_sent),
        }
    }

    fn steer(&self, state: u8) {
        let _ = self.0.state.fetch_update(SeqCst, SeqCst, |now| (now != TERMINATED).then_some(state));
        self.0.changed.notify_fenced();
    }
}

impl ProxyStatistics {
    /// As the control socket of libzmq says it.
    fn to_message(self) -> Message {
        let sides = [self.front_received, self.front_sent, self.back_received, self.back_sent];
        let numbers = sides.into_iter().flat_map(|moved| [moved.messages, moved.octets]);
        numbers.map(|number| number.to_ne_bytes().to_vec()).collect()
    }
}

impl Shared {
    fn count(&self, which: usize, count: usize, size: usize) {
        if let Some([messages, octets]) = self.counts.get(which) {
            messages.fetch_add(count as u64, Relaxed);
            octets.fetch_add(size as u64, Relaxed);
        }
    }

    fn uncount(&self, which: usize, count: usize, size: usize) {
        if let Some([messages, octets]) = self.counts.get(which) {
            messages.fetch_sub(count as u64, Relaxed);
            octets.fetch_sub(size as u64, Relaxed);
        }
    }
}
