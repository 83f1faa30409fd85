//! Black Box: a feed that is too fast for one thread is read by one and worked on by several, in order for each key.
//!
//! ```text
//!  publishers ---> Reader (SUB)  --- shard of the key ---> PULL 0 ---> worker 0
//!                  only reads, never works             +-> PULL 1 ---> worker 1
//! ```
//!
//! Messages of one key come to one worker in the order in which one publisher sent them, as long as each publisher has one
//! reader. If one thread cannot even read the feed, several readers (each with its own publishers or topics) feed the
//! same workers; each runs in a thread of the caller's, who pins it to a core if that helps.
//!
//! Not for what must not be lost: a subscriber that lags loses messages at the publisher's limit whatever happens here.
//!
//! ```
//! use std::time::Duration;
//! use zeroxide::{Context, Message, Pub};
//! use zeroxide_patterns::black_box::{BlackBox, BlackBoxOptions, shard_of};
//!
//! let context = Context::new();
//! let (black_box, workers) = BlackBox::new(&context, BlackBoxOptions { shards: 2, ..BlackBoxOptions::default() })?;
//! let publisher = Pub::new(&context)?;
//! let feed = publisher.bind("tcp://127.0.0.1:*")?;
//! let reader = black_box.reader(&context)?;
//! reader.socket().subscribe("")?;
//! reader.socket().connect(&feed)?;
//! let control = reader.control();
//! let reading = std::thread::spawn(move || reader.run());
//!
//! assert!(publisher.wait_for_subscribers("", 1, Duration::from_secs(30)));
//! publisher.send(["EUR", "1.08"])?;
//! assert_eq!(workers[shard_of(b"EUR", 2)].recv()?, Message::from(["EUR", "1.08"]));
//!
//! control.stop();
//! reading.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{
    Control, PatternError,
    clock::first,
    lookout::Lookout,
    server_control::{BURST, is_over},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use zeroxide::{Context, Message, Pull, Push, SendErrorCause, Sub, block_on};

/// What of a message tells where it belongs.
///
/// ```
/// use zeroxide::Message;
/// use zeroxide_patterns::black_box::Key;
/// let message = Message::from(["EUR.spot", "1.08"]);
/// assert_eq!(Key::FirstFrame.of(&message), b"EUR.spot");
/// assert_eq!(Key::UpTo(b'.').of(&message), b"EUR");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Key {
    /// The first frame.
    #[default]
    FirstFrame,
    /// The first frame up to the first of this octet; all of it if there is none.
    UpTo(u8),
}

impl Key {
    /// The key of a message.
    pub fn of(self, message: &Message) -> &[u8] {
        let first: &[u8] = message.frames().first().map_or(&[], |frame| &frame[..]);
        match self {
            Self::FirstFrame => first,
            Self::UpTo(end) => first.split(|&octet| octet == end).next().unwrap_or(first),
        }
    }
}

/// What happens to a message whose worker has no room for it.
///
/// ```
/// use zeroxide_patterns::black_box::{BlackBoxOptions, Overflow};
/// assert_eq!(BlackBoxOptions::default().overflow, Overflow::Drop);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overflow {
    /// It is dropped and counted: one slow worker does not hold up the others.
    Drop,
    /// The reader waits: then it is the publisher that drops, for all workers alike, and counts.
    Wait,
}

/// How a feed is spread.
///
/// ```
/// use zeroxide_patterns::black_box::{BlackBoxOptions, Key};
/// let options = BlackBoxOptions { shards: 8, key: Key::UpTo(b'.'), ..BlackBoxOptions::default() };
/// assert_eq!(options.queue, 100_000);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BlackBoxOptions {
    /// How many workers there are; at least one. As many as the machine has cores.
    pub shards: usize,
    /// What tells where a message belongs. The first frame.
    pub key: Key,
    /// How many messages wait for one worker. 100,000.
    pub queue: usize,
    /// What happens beyond that. They are dropped.
    pub overflow: Overflow,
}

impl Default for BlackBoxOptions {
    fn default() -> Self {
        let shards = std::thread::available_parallelism().map_or(1, usize::from);
        Self { shards, key: Key::default(), queue: 100_000, overflow: Overflow::Drop }
    }
}

/// The shard of a key, of so many: the same on every machine and in every version. 0 if there are none.
///
/// ```
/// use zeroxide_patterns::black_box::shard_of;
/// assert_eq!(shard_of(b"any key", 1), 0);
/// assert!(shard_of(b"any key", 7) < 7);
/// ```
pub fn shard_of(key: &[u8], shards: usize) -> usize {
    // FNV-1a, 64 bits; its upper half is what is spread well.
    let hash = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    });
    let scaled = u128::from(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)) * shards as u128;
    usize::try_from(scaled >> 64).unwrap_or(0)
}

/// Where workers of shards are found. See [the module](self) for a running example.
#[derive(Clone, Debug)]
pub struct BlackBox {
    options: BlackBoxOptions,
    shards: Vec<String>,
}

/// Reads a feed and hands it to the workers.
#[derive(Debug)]
pub struct Reader {
    options: BlackBoxOptions,
    feed: Sub,
    shards: Vec<Push>,
    orders: Pull,
    control: ReaderControl,
}

/// Ends a [`Reader`] from another thread, and tells what it has done. Copies do the same.
#[derive(Clone)]
pub struct ReaderControl {
    control: Control,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    passed: AtomicU64,
    dropped: AtomicU64,
}

impl BlackBox {
    /// The sockets of the workers, and where readers find them, within this context.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(context: &Context, options: BlackBoxOptions) -> Result<(Self, Vec<Pull>), PatternError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Relaxed);
        let options = BlackBoxOptions { shards: options.shards.max(1), ..options };
        let (mut shards, mut workers) = (Vec::new(), Vec::new());
        for shard in 0..options.shards {
            let worker = Pull::new(context)?;
            worker.set_receive_high_water_mark(Some(options.queue))?;
            shards.push(worker.bind(&format!("inproc://zeroxide-patterns-shard-{number}-{shard}"))?);
            workers.push(worker);
        }
        Ok((Self { options, shards }, workers))
    }

    /// A reader that feeds the workers; it subscribes to nothing and is connected nowhere yet.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its sockets, [`PatternError::Endpoint`] if it is not
    /// the context of the workers.
    pub fn reader(&self, context: &Context) -> Result<Reader, PatternError> {
        let (control, orders) = Control::new(context)?;
        let (feed, mut shards) = (Sub::new(context)?, Vec::new());
        for endpoint in &self.shards {
            let shard = Push::new(context)?;
            // Within a process the limits of both sides are one queue.
            shard.set_send_high_water_mark(Some(1))?;
            shard.connect(endpoint)?;
            shards.push(shard);
        }
        let control = ReaderControl { control, counts: Arc::default() };
        Ok(Reader { options: self.options, feed, shards, orders, control })
    }
}

impl Reader {
    /// The socket that reads: to connect, to subscribe, for options, and to make it secure.
    pub fn socket(&self) -> &Sub {
        &self.feed
    }

    /// What ends it, and tells of it, while it runs in another thread.
    pub fn control(&self) -> ReaderControl {
        self.control.clone()
    }

    /// Reads and hands over, until it is told to stop or the context ends.
    ///
    /// # Errors
    /// [`PatternError::Poll`] if the sockets cannot be waited for.
    pub fn run(self) -> Result<(), PatternError> {
        block_on(self.run_async())
    }

    /// As [`Reader::run`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`Reader::run`].
    ///
    /// # Cancel safety
    /// If it is dropped the reader is gone, with what it had read and not handed over: one message at most, and what waited
    /// in its socket. What workers have been given they keep.
    pub async fn run_async(self) -> Result<(), PatternError> {
        let mut lookout = Lookout::new([&*self.orders, &self.feed]);
        while self.orders.try_recv().is_err() {
            lookout.wait(None).await?;
            if !self.burst().await {
                break;
            }
        }
        Ok(())
    }

    /// False if it has to end.
    async fn burst(&self) -> bool {
        for _ in 0..BURST {
            let message = match self.feed.try_recv() {
                Ok(message) => message,
                Err(error) => return !is_over(&error),
            };
            let shard = shard_of(self.options.key.of(&message), self.shards.len());
            let Some(shard) = self.shards.get(shard) else { return false };
            let Some(passed) = self.hand_over(shard, message).await else { return false };
            if passed {
                self.control.counts.passed.fetch_add(1, Relaxed);
            } else {
                self.control.counts.dropped.fetch_add(1, Relaxed);
            }
        }
        true
    }

    /// Whether the worker has it; none if the order to stop came before there was room.
    async fn hand_over(&self, shard: &Push, message: Message) -> Option<bool> {
        match shard.try_send(message) {
            Err(full)
                if full.cause == SendErrorCause::WouldBlock && self.options.overflow == Overflow::Wait =>
            {
                let sent =
                    first(shard.send_async(full.into_message()), self.orders.recv_async()).await.ok()?;
                Some(sent.is_ok())
            }
            sent => Some(sent.is_ok()),
        }
    }
}

impl ReaderControl {
    /// Ends the reader.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// How many messages workers were given.
    pub fn passed(&self) -> u64 {
        self.counts.passed.load(Relaxed)
    }

    /// How many messages had no room at their worker's.
    pub fn dropped(&self) -> u64 {
        self.counts.dropped.load(Relaxed)
    }
}

impl fmt::Debug for ReaderControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReaderControl").field("counts", &self.counts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        thread,
        time::{Duration, Instant},
    };
    use zeroxide::Pub;

    const PATIENCE: Duration = Duration::from_secs(120);

    /// Publishes messages of 16 keys to two shards and says what the reader did with them.
    fn feed<K>(options: BlackBoxOptions, count: u64, work: impl FnOnce(&ReaderControl, Vec<Pull>) -> K) {
        let context = Context::new();
        let (black_box, workers) = BlackBox::new(&context, options).unwrap();
        let reader = black_box.reader(&context).unwrap();
        reader.socket().set_receive_high_water_mark(None).unwrap();
        reader.socket().subscribe("").unwrap();
        let publisher = Pub::new(&context).unwrap();
        publisher.set_send_high_water_mark(None).unwrap();
        reader.socket().connect(&publisher.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
        let control = reader.control();
        let reading = thread::spawn(move || reader.run());
        assert!(publisher.wait_for_subscribers("", 1, PATIENCE));
        for number in 0..count {
            publisher.send([format!("key{:02}", number % 16), number.to_string()]).unwrap();
        }
        let kept = work(&control, workers);
        control.stop();
        reading.join().unwrap().unwrap();
        drop(kept);
    }

    fn receive_all(worker: &Pull, count: u64) {
        let mut last = [None; 16];
        for _ in 0..count {
            let message = worker.recv_timeout(PATIENCE).unwrap();
            let key: usize = message[0].as_str().unwrap()[3..].parse().unwrap();
            let number: u64 = message[1].as_str().unwrap().parse().unwrap();
            assert!(last[key].replace(number) < Some(number), "a key's messages come in order");
        }
    }

    fn of_shard(shard: usize, count: u64) -> u64 {
        let theirs = (0..16).filter(|key| shard_of(format!("key{key:02}").as_bytes(), 2) == shard);
        theirs.count() as u64 * count / 16
    }

    #[test]
    fn each_key_has_one_worker_and_its_order() {
        for overflow in [Overflow::Wait, Overflow::Drop] {
            let queue = if overflow == Overflow::Wait { 10 } else { 100_000 };
            let options = BlackBoxOptions { shards: 2, queue, overflow, ..BlackBoxOptions::default() };
            feed(options, 16_000, |control, workers| {
                let working = workers.into_iter().enumerate().map(|(shard, worker)| {
                    thread::spawn(move || receive_all(&worker, of_shard(shard, 16_000)))
                });
                for worker in working.collect::<Vec<_>>() {
                    worker.join().unwrap();
                }
                assert_eq!(control.dropped(), 0);
            });
        }
    }

    #[test]
    fn a_worker_that_stands_still_loses_its_own_and_holds_up_nobody() {
        let options = BlackBoxOptions { shards: 2, queue: 100, ..BlackBoxOptions::default() };
        feed(options, 16_000, |control, workers| {
            let deadline = Instant::now() + PATIENCE;
            while control.passed() + control.dropped() < 16_000 {
                assert!(Instant::now() < deadline, "{control:?}");
                thread::yield_now();
            }
            assert!(control.dropped() > 10_000, "{control:?}");
            workers
        });
    }

    #[test]
    fn a_reader_that_waits_for_its_worker_can_be_stopped() {
        let options =
            BlackBoxOptions { shards: 1, queue: 1, overflow: Overflow::Wait, ..BlackBoxOptions::default() };
        feed(options, 1_600, |control, workers| {
            let deadline = Instant::now() + PATIENCE;
            while control.passed() == 0 {
                assert!(Instant::now() < deadline, "{control:?}");
                thread::yield_now();
            }
            workers // they stay, and never read
        });
    }

    #[test]
    fn keys_are_spread_evenly_and_always_alike() {
        let mut counts = [0_usize; 8];
        for number in 0..8_000 {
            counts[shard_of(format!("symbol{number}").as_bytes(), 8)] += 1;
        }
        assert!(counts.iter().all(|&count| (800..1200).contains(&count)), "{counts:?}");
        assert_eq!(shard_of(b"", 0), 0);
        assert_eq!(Key::UpTo(b'.').of(&Message::from("plain")), b"plain");
    }
}
