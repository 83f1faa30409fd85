//! A consumer's rules on a DEALER, in a thread of its own, so that it beats while the application works.

use super::{ConsumerOptions, Taken, Taking};
use crate::{Control, PatternError};
use std::{
    collections::BTreeMap,
    future::{Future, ready},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use zeroxide::{
    Context, Dealer, Frame, Interest, Message, Poller, Pull, Push, RecvError, RecvErrorCause, block_on,
};

/// How long the last word to the source may take.
const LINGER: Duration = Duration::from_secs(1);

/// Takes items of a source. It may be shared between threads and tasks.
///
/// Dropped, it tells the source that what it has not done is for others.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct Consumer {
    items: Pull,
    desk: Arc<Desk>,
    thread: Option<JoinHandle<Result<(), PatternError>>>,
}

/// Something to do. Say when it is [`done`](Self::done): dropped before, it counts as failed, and it and what else this
/// consumer has is given again, to this one or others.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
#[must_use = "dropped, it has failed"]
pub struct Item {
    body: Message,
    life: u64,
    number: u64,
    /// None when it was said to be done.
    desk: Option<Arc<Desk>>,
}

/// Where items are handed back.
#[derive(Debug)]
struct Desk {
    bell: Control,
    /// The session that counts; what waits from an earlier one is for others.
    life: AtomicU64,
    returned: Mutex<Returned>,
    duplicates: AtomicU64,
}

#[derive(Debug, Default)]
struct Returned {
    done: Vec<(u64, u64)>,
    failed: Vec<u64>,
    /// What the application works on, and since when.
    at_work: BTreeMap<(u64, u64), Instant>,
    stop: bool,
}

impl Consumer {
    /// A consumer of the source at this endpoint, which need not be there yet.
    ///
    /// # Errors
    /// [`PatternError::Endpoint`] if that is no endpoint, [`PatternError::Socket`] or [`PatternError::Thread`] if there is no
    /// room for its sockets or its thread.
    pub fn new(context: &Context, endpoint: &str, options: ConsumerOptions) -> Result<Self, PatternError> {
        Self::with(context, endpoint, options, |_| Ok(()))
    }

    /// As [`new`](Self::new), with options set on its socket before it connects: to make it secure, for example.
    ///
    /// # Errors
    /// As [`new`](Self::new), and what `prepare` gives.
    pub fn with(
        context: &Context,
        endpoint: &str,
        options: ConsumerOptions,
        prepare: impl FnOnce(&Dealer) -> Result<(), PatternError>,
    ) -> Result<Self, PatternError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("inproc://zeroxide-patterns-consumer-{}", NUMBER.fetch_add(1, Relaxed));
        let (bell, rings) = Control::new(context)?;
        let (hands, items) = (Push::new(context)?, Pull::new(context)?);
        // Bounded by the window.
        hands.set_send_high_water_mark(None)?;
        items.set_receive_high_water_mark(None)?;
        items.bind(&name)?;
        hands.connect(&name)?;
        let dealer = Dealer::new(context)?;
        dealer.set_linger(Some(LINGER));
        // To a source that is not there only the last words are of use.
        dealer.set_send_high_water_mark(Some(10))?;
        // A source that is cut off is noticed by the transport, and looked for again.
        dealer.set_heartbeat_interval(Some(options.beat))?;
        dealer.set_heartbeat_timeout(Some(3 * options.beat))?;
        prepare(&dealer)?;
        dealer.connect(endpoint)?;
        let desk = Arc::new(Desk {
            bell,
            life: AtomicU64::new(0),
            returned: Mutex::default(),
            duplicates: AtomicU64::new(0),
        });
        let rules = Taking::new(options.window, options.beat, Instant::now());
        let agent =
            Agent { dealer, rings, hands, desk: Arc::clone(&desk), rules, longest: options.longest_item };
        let thread =
            std::thread::Builder::new().name("zeroxide-consumer".to_owned()).spawn(move || agent.run());
        Ok(Self { items, desk, thread: Some(thread.map_err(PatternError::Thread)?) })
    }

    /// Waits for the next item; none if the source has told that all is done.
    ///
    /// # Errors
    /// [`RecvError`] if the context has ended.
    pub fn recv(&self) -> Result<Option<Item>, RecvError> {
        loop {
            if let Some(taken) = self.take(self.items.recv()?) {
                return Ok(taken);
            }
        }
    }

    /// As [`recv`](Self::recv), for so long.
    ///
    /// # Errors
    /// [`RecvError`] if nothing came in that time, or the context has ended.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Option<Item>, RecvError> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if let Some(taken) = self.take(self.items.recv_timeout(left)?) {
                return Ok(taken);
            }
        }
    }

    /// As [`recv`](Self::recv), in a task. Nothing is lost if it is cancelled.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_async(&self) -> Result<Option<Item>, RecvError> {
        loop {
            if let Some(taken) = self.take(self.items.recv_async().await?) {
                return Ok(taken);
            }
        }
    }

    /// Works on items until the source has told that all is done, and returns how many it did.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn run(&self, mut work: impl FnMut(Message)) -> Result<u64, RecvError> {
        block_on(self.run_async(|body| {
            work(body);
            ready(())
        }))
    }

    /// As [`run`](Self::run), in a task.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    /// If it is dropped while it works at an item, that one has failed, as one that is dropped: it is given again.
    pub async fn run_async<F: Future<Output = ()>>(
        &self,
        mut work: impl FnMut(Message) -> F,
    ) -> Result<u64, RecvError> {
        let mut count = 0;
        while let Some(mut item) = self.recv_async().await? {
            work(std::mem::take(&mut item.body)).await;
            item.done();
            count += 1;
        }
        Ok(count)
    }

    /// How many items came again, or too early, and were dropped for it.
    pub fn duplicates(&self) -> u64 {
        self.desk.duplicates.load(Relaxed)
    }

    /// What the thread handed over: an item, the end, or nothing that still counts.
    #[expect(clippy::option_option, reason = "nothing that counts, the end, an item")]
    fn take(&self, mut message: Message) -> Option<Option<Item>> {
        let (Some(life), Some(number)) = (octets(message.pop_front()), octets(message.pop_front())) else {
            // For whoever else waits, too.
            self.desk.bell.stop();
            return Some(None);
        };
        if life != self.desk.life.load(Relaxed) {
            return None;
        }
        self.desk.lock().at_work.insert((life, number), Instant::now());
        Some(Some(Item { body: message, life, number, desk: Some(Arc::clone(&self.desk)) }))
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.desk.lock().stop = true;
        self.desk.bell.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Item {
    /// What is to be done.
    pub fn body(&self) -> &Message {
        &self.body
    }

    /// It is done, and will not be given again.
    pub fn done(mut self) {
        if let Some(desk) = self.desk.take() {
            let mut returned = desk.lock();
            returned.at_work.remove(&(self.life, self.number));
            returned.done.push((self.life, self.number));
            drop(returned);
            desk.bell.stop();
        }
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        if let Some(desk) = self.desk.take() {
            let mut returned = desk.lock();
            returned.at_work.remove(&(self.life, self.number));
            returned.failed.push(self.life);
            drop(returned);
            desk.bell.stop();
        }
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Returned> {
        // Lists are whole, whoever panicked.
        self.returned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Agent {
    dealer: Dealer,
    rings: Pull,
    hands: Push,
    desk: Arc<Desk>,
    rules: Taking,
    longest: Duration,
}

impl Agent {
    fn run(mut self) -> Result<(), PatternError> {
        let mut poller = Poller::new();
        poller.add(&self.dealer, 0, Interest::READABLE);
        poller.add(&self.rings, 1, Interest::READABLE);
        let (mut ready, mut ended) = (Vec::new(), false);
        loop {
            while self.rings.try_recv().is_ok() {}
            let now = Instant::now();
            let (stops, is_stuck) = {
                let mut returned = self.desk.lock();
                for (life, number) in std::mem::take(&mut returned.done) {
                    self.rules.finish(life, number);
                }
                let failed = std::mem::take(&mut returned.failed).contains(&self.rules.life());
                let stops = returned.stop;
                if (failed || stops)
                    && let Some(bye) = self.rules.leave(now)
                {
                    let _ = self.dealer.try_send(bye);
                }
                let stuck = returned.at_work.values().any(|since| now >= *since + self.longest);
                (stops, stuck)
            };
            self.desk.life.store(self.rules.life(), Relaxed);
            if stops {
                return Ok(());
            }
            loop {
                match self.dealer.try_recv() {
                    Ok(message) => match self.rules.from_source(message) {
                        Taken::Item { life, number, mut body } => {
                            // Before it can be received: it counts.
                            self.desk.life.store(life, Relaxed);
                            body.push_front(Frame::copy_from(&number.to_be_bytes()));
                            body.push_front(Frame::copy_from(&life.to_be_bytes()));
                            self.hands.send(body)?;
                        }
                        Taken::End => ended = true,
                        Taken::Nothing => {}
                    },
                    Err(error) => match error.cause {
                        RecvErrorCause::WouldBlock => break,
                        _ => return Err(error.into()),
                    },
                }
            }
            self.desk.duplicates.store(self.rules.duplicates(), Relaxed);
            if ended {
                // One for each ring, so that all who wait hear of it in turn.
                let _ = self.hands.try_send("");
            } else if !is_stuck && let Some(credit) = self.rules.credit(now) {
                // Without room the source does not read, and the next beat says the same.
                let _ = self.dealer.try_send(credit);
            }
            let beat = (!ended && !is_stuck)
                .then(|| self.rules.next_beat().saturating_duration_since(Instant::now()));
            poller.wait_into(&mut ready, beat)?;
        }
    }
}

fn octets(frame: Option<Frame>) -> Option<u64> {
    <[u8; 8]>::try_from(&frame?[..]).ok().map(u64::from_be_bytes)
}
