//! Kill signalling: workers of a pipeline are told to end, and answer that they have.
//!
//! ```text
//!  Controller  PUB  ---- [ "DRAIN" | "KILL" ] ---->  SUB   Worker   DRAIN: finish what has come, then end
//!              PULL <--- [ "READY" | "DONE", name ]  PUSH           KILL: end at once
//! ```
//!
//! The order is repeated until every known worker has answered, so a worker that subscribes late hears it as well; after
//! a deadline those that have not ended are told to end at once. To the Guide's workers, which end at any message of the
//! controller, both orders are the same.
//!
//! Draining loses no task, provided that the source has sent all it wants to send and the workers themselves go on: a
//! worker ends when no task has come for a while (`quiet`). What is queued for a worker that is killed is lost.
//!
//! ```
//! use std::time::Duration;
//! use zeroxide::{Context, Pull, Push};
//! use zeroxide_patterns::kill::{Controller, StopOptions, Worker};
//!
//! let context = Context::new();
//! let mut controller = Controller::new(&context)?;
//! let orders = controller.bind_orders("tcp://127.0.0.1:*")?;
//! let answers = controller.bind_answers("tcp://127.0.0.1:*")?;
//! let source = Push::new(&context)?;
//! let tasks = source.bind("tcp://127.0.0.1:*")?;
//!
//! let worker = Worker::new(&context, &orders, &answers, "worker 1")?;
//! let work = Pull::new(&context)?;
//! work.connect(&tasks)?;
//! let working = std::thread::spawn(move || {
//!     let mut done = 0;
//!     worker.run(&work, Duration::from_secs(2), |_task| done += 1).map(|_| done)
//! });
//! assert!(controller.wait_ready(1, Duration::from_secs(30))?);
//! for task in 0..100 {
//!     source.send(task.to_string())?;
//! }
//! let report = controller.stop(StopOptions { drain: Duration::from_secs(60), ..StopOptions::default() })?;
//! assert!(report.is_complete());
//! assert_eq!(working.join().unwrap()?, 100);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{PatternError, clock::within, lookout::Lookout};
use std::{
    collections::BTreeMap,
    future::{Future, ready},
    time::{Duration, Instant},
};
use zeroxide::{Context, Frame, Handle, Message, Pub, Pull, Push, RecvError, RecvErrorCause, Sub, block_on};

const DRAIN: &str = "DRAIN";
const KILL: &str = "KILL";
const READY: &str = "READY";
const DONE: &str = "DONE";

/// Tasks that a worker takes before it looks whether it has to end.
const BURST: usize = 100;

/// What a worker is told to do.
///
/// ```
/// use zeroxide::Message;
/// use zeroxide_patterns::kill::Order;
/// assert_eq!(Order::read(&Message::from("DRAIN")), Order::Drain);
/// assert_eq!(Order::read(&Message::from("whatever a controller of the Guide's says")), Order::Kill);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Order {
    /// Go on.
    Work,
    /// Finish what has come, then end.
    Drain,
    /// End at once.
    Kill,
}

impl Order {
    /// What a message of the controller says.
    pub fn read(message: &Message) -> Self {
        if message.body() == DRAIN.as_bytes() { Self::Drain } else { Self::Kill }
    }
}

/// How long a controller waits for its workers.
///
/// ```
/// use std::time::Duration;
/// use zeroxide_patterns::kill::StopOptions;
/// let at_once = StopOptions { drain: Duration::ZERO, ..StopOptions::default() };
/// assert_eq!(at_once.kill.as_secs(), 5);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopOptions {
    /// How long they have for what has come; zero tells them to end at once. 30 s.
    pub drain: Duration,
    /// After that, how long they have to end at once. 5 s.
    pub kill: Duration,
    /// How often the order is repeated. 100 ms.
    pub every: Duration,
}

impl Default for StopOptions {
    fn default() -> Self {
        Self {
            drain: Duration::from_secs(30),
            kill: Duration::from_secs(5),
            every: Duration::from_millis(100),
        }
    }
}

/// How the workers ended.
///
/// ```
/// use zeroxide_patterns::kill::Report;
/// assert!(Report::default().is_complete(), "there were none");
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Those that finished what had come.
    pub drained: Vec<Frame>,
    /// Those that ended only when they were told to end at once.
    pub killed: Vec<Frame>,
    /// Those that have not answered: dead, or stuck.
    pub missing: Vec<Frame>,
}

impl Report {
    /// Whether every known worker has ended.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }
}

/// Who works and who has ended: no sockets, no clock.
///
/// ```
/// use zeroxide::Message;
/// use zeroxide_patterns::kill::{Order, Roll};
/// let mut roll = Roll::default();
/// roll.heard(Message::from(["READY", "a"]), Order::Work);
/// roll.heard(Message::from(["DONE", "a"]), Order::Drain);
/// assert_eq!(roll.report().drained, [zeroxide::Frame::from("a")]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Roll {
    /// The order under which each ended; none if it has not.
    workers: BTreeMap<Box<[u8]>, Option<Order>>,
    malformed: u64,
}

impl Roll {
    /// Takes a worker's word, given while this was the order.
    pub fn heard(&mut self, message: Message, order: Order) {
        match message.frames() {
            // It may have been repeated; a name that begins anew is a new worker.
            [word, name] if &word[..] == READY.as_bytes() => drop(self.workers.insert(name[..].into(), None)),
            [word, name] if &word[..] == DONE.as_bytes() => {
                self.workers.entry(name[..].into()).or_default().get_or_insert(order);
            }
            _ => self.malformed += 1,
        }
    }

    /// How many have not ended.
    pub fn working(&self) -> usize {
        self.workers.values().filter(|ended| ended.is_none()).count()
    }

    /// How many messages were no worker's.
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    /// How they ended, as far as they did.
    pub fn report(&self) -> Report {
        let mut report = Report::default();
        for (name, ended) in &self.workers {
            let list = match ended {
                None => &mut report.missing,
                Some(Order::Kill) => &mut report.killed,
                Some(Order::Work | Order::Drain) => &mut report.drained,
            };
            list.push(Frame::copy_from(name));
        }
        report
    }
}

/// Tells workers to end. See [the module](self) for a running example.
#[derive(Debug)]
pub struct Controller {
    orders: Pub,
    answers: Pull,
    roll: Roll,
}

impl Controller {
    /// A controller that is bound nowhere yet.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(context: &Context) -> Result<Self, PatternError> {
        Ok(Self { orders: Pub::new(context)?, answers: Pull::new(context)?, roll: Roll::default() })
    }

    /// Binds an endpoint for orders, and says where.
    ///
    /// # Errors
    /// As [`Handle::bind`].
    pub fn bind_orders(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.orders.bind(endpoint)?)
    }

    /// Binds an endpoint for answers, and says where.
    ///
    /// # Errors
    /// As [`Handle::bind`].
    pub fn bind_answers(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.answers.bind(endpoint)?)
    }

    /// The socket of orders and that of answers: for options, and to make them secure.
    pub fn sockets(&self) -> (&Pub, &Pull) {
        (&self.orders, &self.answers)
    }

    /// Who works, as far as it has been heard.
    pub fn roll(&self) -> &Roll {
        &self.roll
    }

    /// Waits until so many workers have said that they are ready. False if they have not in that time.
    ///
    /// # Errors
    /// [`PatternError::Receive`] if the context was shut down.
    pub fn wait_ready(&mut self, count: usize, timeout: Duration) -> Result<bool, PatternError> {
        block_on(self.wait_ready_async(count, timeout))
    }

    /// As [`Controller::wait_ready`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`Controller::wait_ready`].
    ///
    /// # Cancel safety
    /// Who was heard before it was dropped stays known.
    pub async fn wait_ready_async(&mut self, count: usize, timeout: Duration) -> Result<bool, PatternError> {
        let deadline = Instant::now() + timeout;
        while self.roll.working() < count {
            if !self.hear(deadline, Order::Work).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells the workers to end, and waits until they have. Workers that were not heard before may answer as well, but
    /// only known ones are waited for.
    ///
    /// # Errors
    /// [`PatternError::Receive`] or [`PatternError::Send`] if the context was shut down.
    pub fn stop(&mut self, options: StopOptions) -> Result<Report, PatternError> {
        block_on(self.stop_async(options))
    }

    /// As [`Controller::stop`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`Controller::stop`].
    ///
    /// # Cancel safety
    /// Dropped, workers that have heard the order end, and nobody repeats it to the others; it can be called again.
    pub async fn stop_async(&mut self, options: StopOptions) -> Result<Report, PatternError> {
        for (order, word, time) in [(Order::Drain, DRAIN, options.drain), (Order::Kill, KILL, options.kill)] {
            let deadline = Instant::now() + time;
            while Instant::now() < deadline {
                self.orders.send_async(word).await?;
                let again = (Instant::now() + options.every).min(deadline);
                while self.hear(again, order).await? {}
                if self.roll.working() == 0 {
                    return Ok(self.roll.report());
                }
            }
        }
        Ok(self.roll.report())
    }

    /// Takes one answer. False if none came in time, or nobody is left to answer.
    async fn hear(&mut self, until: Instant, order: Order) -> Result<bool, PatternError> {
        if order != Order::Work && self.roll.working() == 0 {
            return Ok(false);
        }
        let Some(answer) = within(Some(until), self.answers.recv_async()).await else { return Ok(false) };
        self.roll.heard(answer?, order);
        Ok(true)
    }
}

/// What hears the controller in a worker.
#[derive(Debug)]
pub struct Worker {
    orders: Sub,
    answers: Push,
    name: Frame,
}

impl Worker {
    /// A worker of that name, which should be no other's; it says that it is ready.
    ///
    /// # Errors
    /// [`PatternError::Endpoint`] if an endpoint is none, [`PatternError::Socket`] if the context has no room.
    pub fn new(
        context: &Context,
        orders: &str,
        answers: &str,
        name: impl Into<Frame>,
    ) -> Result<Self, PatternError> {
        let worker = Self { orders: Sub::new(context)?, answers: Push::new(context)?, name: name.into() };
        worker.orders.subscribe("")?;
        worker.orders.connect(orders)?;
        worker.answers.connect(answers)?;
        worker.answers.send(Message::from_frames([READY.into(), worker.name.clone()]))?;
        Ok(worker)
    }

    /// The strongest order that has come by now.
    pub fn order(&self) -> Order {
        let orders = std::iter::from_fn(|| self.orders.try_recv().ok());
        orders.map(|message| Order::read(&message)).max().unwrap_or(Order::Work)
    }

    /// To wait for orders beside other sockets.
    pub fn socket(&self) -> &Handle {
        &self.orders
    }

    /// Says that it has ended.
    ///
    /// # Errors
    /// [`PatternError::Send`] if the context was shut down.
    pub fn done(self) -> Result<(), PatternError> {
        block_on(self.done_async())
    }

    /// As [`Worker::done`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`Worker::done`].
    ///
    /// # Cancel safety
    /// If it is dropped its controller may not have heard it.
    pub async fn done_async(self) -> Result<(), PatternError> {
        Ok(self.answers.send_async([DONE.into(), self.name.clone()]).await?)
    }

    /// Works on what comes until it is told to end, and then says that it has. While it drains, it ends when nothing has
    /// come for as long as `quiet`. Returns the order under which it ended.
    ///
    /// # Errors
    /// [`PatternError::Poll`] or [`PatternError::Receive`] if the sockets cannot be waited for or were closed.
    pub fn run(
        self,
        work: &Pull,
        quiet: Duration,
        mut task: impl FnMut(Message),
    ) -> Result<Order, PatternError> {
        block_on(self.run_async(work, quiet, |message| {
            task(message);
            ready(())
        }))
    }

    /// As [`Worker::run`], without blocking a thread, on any executor. One task is worked at after the other.
    ///
    /// # Errors
    /// As [`Worker::run`].
    ///
    /// # Cancel safety
    /// If it is dropped the worker is gone without a word: its controller waits for it until its time is over. The task it was
    /// at is dropped; what is queued stays in `work`.
    pub async fn run_async<F: Future<Output = ()>>(
        self,
        work: &Pull,
        quiet: Duration,
        mut task: impl FnMut(Message) -> F,
    ) -> Result<Order, PatternError> {
        let mut lookout = Lookout::new([&*self.orders, work]);
        let (mut order, mut last) = (Order::Work, Instant::now());
        loop {
            // Repeated orders wake it as well, so the quiet is measured from the last task.
            lookout.wait((order == Order::Drain).then(|| last + quiet)).await?;
            let before = order;
            order = order.max(self.order());
            if before == Order::Work && order == Order::Drain {
                last = Instant::now();
            }
            for _ in 0..BURST {
                if order == Order::Kill {
                    break;
                }
                match work.try_recv() {
                    Ok(message) => task(message).await,
                    Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }) => break,
                    Err(error) => return Err(error.into()),
                }
                last = Instant::now();
                order = order.max(self.order());
            }
            if order == Order::Kill || (order == Order::Drain && last.elapsed() >= quiet) {
                self.done_async().await?;
                return Ok(order);
            }
        }
    }
}

#[cfg(test)]
#[path = "kill_tests.rs"]
mod tests;
