//! Last value cache: subscribers that come late get the last message of each topic at once.
//!
//! ```text
//!  publishers --->  SUB  [ topic -> last message ]  XPUB  ---> subscribers
//!                         subscription "weather."  --->  all that is kept of it, to that subscriber alone
//! ```
//!
//! The topic is the first frame; the message is kept whole, however many frames it has. Other than the Guide's, a
//! subscription gets all that begins with its topic, nobody else gets it again, and what is kept has bounds.
//!
//! ```
//! use std::time::Duration;
//! use zeroxide::{Context, Message, Pub, Sub};
//! use zeroxide_patterns::lvc::{CacheOptions, LastValueCache};
//!
//! let context = Context::new();
//! let cache = LastValueCache::new(&context, CacheOptions::default())?;
//! let (front, back) = (cache.bind_front("tcp://127.0.0.1:*")?, cache.bind_back("tcp://127.0.0.1:*")?);
//! let control = cache.control();
//! let running = std::thread::spawn(move || cache.run());
//!
//! let publisher = Pub::new(&context)?;
//! publisher.connect(&front)?;
//! assert!(publisher.wait_for_subscribers("", 1, Duration::from_secs(30)));
//! publisher.send(["weather.rain", "none"])?;
//! while control.statistics().topics == 0 {
//!     std::thread::yield_now(); // until it is kept
//! }
//!
//! let late = Sub::new(&context)?;
//! late.subscribe("weather.")?;
//! late.connect(&back)?;
//! assert_eq!(late.recv()?, Message::from(["weather.rain", "none"]));
//!
//! control.stop();
//! running.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{PatternError, ServerControl, lookout::Lookout, server_control::take_in};
use std::{
    collections::BTreeMap,
    ops::Bound,
    time::{Duration, Instant},
};
use zeroxide::{Context, Message, Pull, Sub, Xpub, block_on};

/// How much is kept, and for how long.
///
/// ```
/// use zeroxide_patterns::lvc::CacheOptions;
/// let options = CacheOptions { topics: 1_000, ..CacheOptions::default() };
/// assert_eq!(options.lifetime, None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CacheOptions {
    /// How many topics are kept; beyond that the one that has been silent longest is forgotten. 100,000.
    pub topics: usize,
    /// How many octets are kept; beyond that as well. 1 GiB.
    pub octets: usize,
    /// How long a message is kept; for ever unless told otherwise.
    pub lifetime: Option<Duration>,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self { topics: 100_000, octets: 1 << 30, lifetime: None }
    }
}

/// What a cache has done, and what it holds.
///
/// ```
/// let statistics = zeroxide_patterns::lvc::CacheStatistics::default();
/// assert_eq!(statistics.lines().next(), Some(("published", 0)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct CacheStatistics {
    /// Messages that were passed on.
    pub published: u64,
    /// Messages that new subscribers were given.
    pub replayed: u64,
    /// Messages that were forgotten for want of room.
    pub evicted: u64,
    /// Subscriptions that came.
    pub subscriptions: u64,
    /// Topics that are kept now.
    pub topics: usize,
    /// Octets that are kept now.
    pub octets: usize,
}

impl CacheStatistics {
    crate::figures::figures!(published, replayed, evicted, subscriptions, topics, octets);
}

#[derive(Debug)]
struct Kept {
    message: Message,
    since: Instant,
    /// Its place among all, by the time of the last message.
    place: u64,
}

/// The last message of each topic: no sockets, no clock.
///
/// ```
/// use std::time::Instant;
/// use zeroxide::Message;
/// use zeroxide_patterns::lvc::{CacheOptions, LastValues};
/// let (mut values, now) = (LastValues::new(CacheOptions::default()), Instant::now());
/// values.keep(Message::from(["rain", "much"]), now);
/// values.keep(Message::from(["rain", "little"]), now);
/// assert_eq!(values.beginning_with(b"ra", now).collect::<Vec<_>>(), [&Message::from(["rain", "little"])]);
/// ```
#[derive(Debug)]
pub struct LastValues {
    options: CacheOptions,
    kept: BTreeMap<Box<[u8]>, Kept>,
    by_place: BTreeMap<u64, Box<[u8]>>,
    next_place: u64,
    octets: usize,
    evicted: u64,
}

impl LastValues {
    /// Nothing yet.
    pub fn new(options: CacheOptions) -> Self {
        Self {
            options,
            kept: BTreeMap::new(),
            by_place: BTreeMap::new(),
            next_place: 0,
            octets: 0,
            evicted: 0,
        }
    }

    /// Keeps a message instead of what was kept of its topic, its first frame.
    pub fn keep(&mut self, message: Message, now: Instant) {
        let Some(topic) = message.frames().first().map(|topic| Box::<[u8]>::from(&topic[..])) else { return };
        self.forget(&topic);
        self.octets += message.octets();
        let place = self.next_place;
        self.next_place += 1;
        self.by_place.insert(place, topic.clone());
        self.kept.insert(topic, Kept { message, since: now, place });
        while self.kept.len() > self.options.topics || self.octets > self.options.octets {
            let Some((_, oldest)) = self.by_place.first_key_value() else { break };
            let oldest = oldest.clone();
            self.forget(&oldest);
            self.evicted += 1;
        }
    }

    /// What is kept of all topics that begin so, in order.
    pub fn beginning_with<'a>(
        &'a self,
        topic: &'a [u8],
        now: Instant,
    ) -> impl Iterator<Item = &'a Message> + 'a {
        let rest = self.kept.range::<[u8], _>((Bound::Included(topic), Bound::Unbounded));
        let theirs = rest.take_while(move |(known, _)| known.starts_with(topic)).map(|(_, kept)| kept);
        let is_old =
            move |kept: &&Kept| self.options.lifetime.is_some_and(|lifetime| now >= kept.since + lifetime);
        theirs.filter(move |kept| !is_old(kept)).map(|kept| &kept.message)
    }

    /// Forgets what is too old. To be called now and then.
    pub fn expire(&mut self, now: Instant) {
        let Some(lifetime) = self.options.lifetime else { return };
        while let Some(topic) = self.by_place.values().next()
            && self.kept.get(topic).is_some_and(|kept| now >= kept.since + lifetime)
        {
            let topic = topic.clone();
            self.forget(&topic);
        }
    }

    /// How many topics it keeps.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether it keeps none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    fn forget(&mut self, topic: &[u8]) {
        if let Some(kept) = self.kept.remove(topic) {
            self.by_place.remove(&kept.place);
            self.octets -= kept.message.octets();
        }
    }
}

/// [`LastValues`] between publishers and subscribers. See [the module](self) for a running example.
#[derive(Debug)]
pub struct LastValueCache {
    front: Sub,
    back: Xpub,
    orders: Pull,
    control: CacheControl,
    values: LastValues,
}

/// Ends a [`LastValueCache`] from another thread, and tells what it has done. Copies do the same.
///
/// ```
/// use zeroxide::Context;
/// use zeroxide_patterns::lvc::{CacheOptions, LastValueCache};
/// let cache = LastValueCache::new(&Context::new(), CacheOptions::default())?;
/// let control = cache.control();
/// let running = std::thread::spawn(move || cache.run());
/// control.stop();
/// running.join().unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type CacheControl = ServerControl<CacheStatistics>;

impl LastValueCache {
    /// A cache that is bound nowhere yet.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(context: &Context, options: CacheOptions) -> Result<Self, PatternError> {
        let (control, orders) = ServerControl::new(context)?;
        let (front, back) = (Sub::new(context)?, Xpub::new(context)?);
        front.subscribe("")?;
        back.set_xpub_manual(true)?;
        // All that is kept has room in a new subscriber's queue.
        back.set_send_high_water_mark(Some(options.topics.saturating_add(10_000)))?;
        Ok(Self { front, back, orders, control, values: LastValues::new(options) })
    }

    /// Binds an endpoint for publishers, and says where.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind_front(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.front.bind(endpoint)?)
    }

    /// Binds an endpoint for subscribers, and says where.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind_back(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.back.bind(endpoint)?)
    }

    /// Connects to a publisher that is bound.
    ///
    /// # Errors
    /// As [`Handle::connect`](zeroxide::Handle::connect).
    pub fn connect_front(&self, endpoint: &str) -> Result<(), PatternError> {
        Ok(self.front.connect(endpoint)?)
    }

    /// The socket for publishers and that for subscribers: for options, and to make them secure.
    pub fn sockets(&self) -> (&Sub, &Xpub) {
        (&self.front, &self.back)
    }

    /// What ends it, and tells of it, while it runs in another thread.
    pub fn control(&self) -> CacheControl {
        self.control.clone()
    }

    /// Passes messages on and answers subscriptions, until it is told to stop or the context ends.
    ///
    /// # Errors
    /// [`PatternError::Poll`] if the sockets cannot be waited for.
    pub fn run(self) -> Result<(), PatternError> {
        block_on(self.run_async())
    }

    /// As [`LastValueCache::run`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`LastValueCache::run`].
    ///
    /// # Cancel safety
    /// If it is dropped the cache is gone: its endpoints are free, and what it kept is forgotten.
    pub async fn run_async(mut self) -> Result<(), PatternError> {
        let mut lookout = Lookout::new([&*self.orders, &self.front, &self.back]);
        let mut counts = CacheStatistics::default();
        let sweep = self.values.options.lifetime.map(|lifetime| lifetime.max(Duration::from_millis(10)));
        while self.orders.try_recv().is_err() {
            lookout.wait(sweep.and_then(|sweep| Instant::now().checked_add(sweep))).await?;
            if !self.subscriptions(&mut counts) || !self.publications(&mut counts) {
                return Ok(());
            }
            self.values.expire(Instant::now());
            (counts.topics, counts.octets) = (self.values.len(), self.values.octets);
            counts.evicted = self.values.evicted;
            self.control.tell(counts);
        }
        Ok(())
    }

    /// False if the context has ended.
    fn subscriptions(&self, counts: &mut CacheStatistics) -> bool {
        // What it cannot do any more is for a peer that is gone.
        let hear = |event: Message| match event.body() {
            [1, topic @ ..] => {
                let _ = self.back.manual_subscribe(topic);
                counts.subscriptions += 1;
                counts.replayed += self.replay(topic);
            }
            [0, topic @ ..] => drop(self.back.manual_unsubscribe(topic)),
            _ => {}
        };
        take_in(|| self.back.try_recv(), hear)
    }

    fn replay(&self, topic: &[u8]) -> u64 {
        self.back.send_only_to_last_subscriber(true);
        let sent = self
            .values
            .beginning_with(topic, Instant::now())
            .filter(|kept| self.back.try_send((*kept).clone()).is_ok());
        let count = sent.count() as u64;
        self.back.send_only_to_last_subscriber(false);
        count
    }

    fn publications(&mut self, counts: &mut CacheStatistics) -> bool {
        let Self { front, back, values, .. } = self;
        let hear = |message: Message| {
            counts.published += 1;
            // A subscriber whose queue is full loses it; the socket counts that.
            let _ = back.try_send(message.clone());
            values.keep(message, Instant::now());
        };
        take_in(|| front.try_recv(), hear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn kept(values: &LastValues, topic: &str, now: Instant) -> Vec<String> {
        let all = values.beginning_with(topic.as_bytes(), now);
        all.map(|message| format!("{}={}", message[0].as_str().unwrap(), message[1].as_str().unwrap()))
            .collect()
    }

    #[test]
    fn the_last_of_each_topic_is_kept_and_found_by_its_beginning() {
        let (mut values, now) = (LastValues::new(CacheOptions::default()), Instant::now());
        for (topic, value) in [("b", "1"), ("ab", "1"), ("a", "1"), ("ab", "2")] {
            values.keep(Message::from([topic, value]), now);
        }
        assert_eq!(kept(&values, "a", now), ["a=1", "ab=2"]);
        assert_eq!(kept(&values, "", now), ["a=1", "ab=2", "b=1"]);
        assert!(kept(&values, "abc", now).is_empty());
        assert_eq!(values.octets, 2 + 3 + 2);
    }

    #[test]
    fn beyond_its_bounds_the_topic_that_was_silent_longest_is_forgotten() {
        let options = CacheOptions { topics: 2, octets: 10, lifetime: None };
        let (mut values, now) = (LastValues::new(options), Instant::now());
        for (topic, value) in [("a", "1"), ("b", "1"), ("a", "2"), ("c", "1")] {
            values.keep(Message::from([topic, value]), now);
        }
        assert_eq!(kept(&values, "", now), ["a=2", "c=1"]);
        values.keep(Message::from(["d", "12345678"]), now);
        assert_eq!(kept(&values, "", now), ["d=12345678"]);
        values.keep(Message::from(["e", "much too long for it"]), now);
        assert!(values.is_empty(), "nothing has room beside it, nor has it");
        assert_eq!((values.evicted, values.octets), (5, 0));
    }

    #[test]
    fn what_is_too_old_is_not_shown_and_then_forgotten() {
        let options = CacheOptions { lifetime: Some(SECOND), ..CacheOptions::default() };
        let (mut values, now) = (LastValues::new(options), Instant::now());
        values.keep(Message::from(["a", "1"]), now);
        values.keep(Message::from(["b", "1"]), now + SECOND / 2);
        let moment = Duration::from_nanos(1);
        assert_eq!(kept(&values, "", now + SECOND - moment), ["a=1", "b=1"]);
        assert_eq!(kept(&values, "", now + SECOND), ["b=1"]);
        values.expire(now + SECOND);
        assert_eq!(values.len(), 1);
    }
}
