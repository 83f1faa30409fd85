//! Services that must not do the same thing twice, though they are asked twice: whoever asks stamps the request, and the
//! service remembers its answers by the stamps.
//!
//! ```text
//! request   CLIENT(16 octets) NUMBER(8, big-endian) body..
//! answer    CLIENT            NUMBER                body..
//! ```

use super::journal::{Begun, Journal};
use crate::{PatternError, titanic::Store};
use std::{
    collections::{HashMap, VecDeque},
    error::Error,
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use zeroxide::{Frame, Message};

pub(super) type Key = ([u8; 16], u64);

/// A client's name, by chance, and the number of its next request.
#[derive(Debug)]
pub(super) struct Stamp {
    client: [u8; 16],
    next: u64,
}

impl Stamp {
    /// How many frames a stamp has.
    pub(super) const FRAMES: usize = 2;

    pub(super) fn new() -> Self {
        let mut client = [0; 16];
        // Without chance the time has to do: it is not the same for two.
        if getrandom::fill(&mut client).is_err() {
            #[expect(clippy::disallowed_methods, reason = "only a number that others do not have")]
            let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            client = time.map_or([0; 16], |time| time.as_nanos().to_be_bytes());
        }
        Self { client, next: 0 }
    }

    pub(super) fn take(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn frames(&self, number: u64) -> [Frame; Self::FRAMES] {
        [Frame::from(&self.client), Frame::from(&number.to_be_bytes())]
    }

    /// Which of our requests an answer is for.
    pub(super) fn number_of(&self, answer: &[Frame]) -> Option<u64> {
        key_of(answer).filter(|(client, _)| *client == self.client).map(|(_, number)| number)
    }
}

fn key_of(frames: &[Frame]) -> Option<Key> {
    let [client, number, ..] = frames else { return None };
    Some((client[..].try_into().ok()?, u64::from_be_bytes(number[..].try_into().ok()?)))
}

/// How much a [`Once`] remembers.
///
/// ```
/// use zeroxide_patterns::majordomo::{Once, OnceOptions};
/// let once = Once::new(OnceOptions { answers: 1_000_000, ..OnceOptions::default() });
/// assert_eq!(once.len(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct OnceOptions {
    /// How many answers at most; the oldest is forgotten first. 100,000.
    pub answers: usize,
    /// For how long; it should be longer than anybody goes on asking. 10 min.
    pub lifetime: Duration,
}

impl Default for OnceOptions {
    fn default() -> Self {
        Self { answers: 100_000, lifetime: Duration::from_secs(600) }
    }
}

/// Remembers what was answered to whom, so that a request that comes twice is worked at once.
///
/// - The same request again gets the same answer, octet by octet, without any work.
/// - While it is being worked at, the same request waits for that answer. Copies share what they remember, so several
///   workers of a process can use one.
/// - What is remembered is bounded in number and time ([`OnceOptions`]).
///
/// Of [`Once::new`] it is gone when the process ends: a request whose worker is killed between its work and its answer is
/// worked at again by another process. If the work panics the request is forgotten, and may be worked at again.
///
/// [`Once::durable`] writes to a store before the work begins, and before its answer is told. A request whose worker is
/// killed in between is not worked at again, whoever asks: nobody knows how far it came, and that is the answer. So it is if
/// the work panics. With a store that several processes share, they are one service.
///
/// Requests come from [`Client::call_once`](super::Client::call_once) or a [`Pipeline`](super::Pipeline) that stamps.
///
/// ```
/// use zeroxide::Context;
/// use zeroxide_patterns::majordomo::{
///     BrokerOptions, BrokerServer, Client, ClientOptions, Once, OnceOptions, Worker, WorkerOptions,
/// };
/// let context = Context::new();
/// let broker = BrokerServer::new(&context, BrokerOptions::default())?;
/// let endpoint = broker.bind("inproc://debits")?;
/// std::thread::spawn(move || broker.run());
/// let mut worker = Worker::new(&context, &[&endpoint], "debit", WorkerOptions::default())?;
/// let (once, mut balance) = (Once::new(OnceOptions::default()), 100);
/// std::thread::spawn(move || worker.serve(|request| once.answer(request, |amount| {
///     balance -= amount.to_string().parse::<i32>().unwrap_or(0);
///     balance.to_string()
/// })));
///
/// let mut client = Client::new(&context, &[&endpoint], ClientOptions::default())?;
/// assert_eq!(client.call_once("debit", "10")?, "90".into());
/// assert_eq!(client.call_once("debit", "10")?, "80".into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Once(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: OnceOptions,
    memory: Mutex<Memory>,
    answered: Condvar,
    journal: Option<Journal>,
}

/// A request that was not worked at.
///
/// ```
/// use zeroxide_patterns::majordomo::Doubt;
/// assert_eq!(Doubt::Unknown.to_string(), "500 unknown");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Doubt {
    /// It has no stamp.
    NoStamp,
    /// Nothing was done: there is no room to remember it, or the store is not there. It may be asked again.
    NotBegun,
    /// Somebody began to work at it and never ended: nobody knows whether it was done.
    Unknown,
}

#[derive(Debug, Default)]
struct Memory {
    /// None: it is being worked at.
    answers: HashMap<Key, Option<Message>>,
    /// Those that were answered, in this order.
    order: VecDeque<(Instant, Key)>,
}

/// Takes a request off the list again if its work does not end well.
struct AtWork<'a> {
    shared: &'a Shared,
    key: Option<Key>,
    begun: bool,
}

impl Once {
    /// Remembers nothing yet.
    pub fn new(options: OnceOptions) -> Self {
        Self::with(options, None)
    }

    /// Remembers what this store does, and beyond the life of this process. The store is for this service alone: of a file
    /// of its own, or a schema of its own in a database. What it has no room for is not worked at.
    ///
    /// ```
    /// use zeroxide_patterns::{majordomo::{Once, OnceOptions}, titanic::{FileStore, StoreLimits}};
    /// # let path = std::env::temp_dir().join(format!("once-example-{}.redb", std::process::id()));
    /// let once = Once::durable(OnceOptions::default(), FileStore::open(&path, StoreLimits::default())?)?;
    /// assert!(once.is_empty());
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PatternError::Thread`] without room for the thread that has the store.
    pub fn durable(options: OnceOptions, store: impl Store) -> Result<Self, PatternError> {
        let journal = Journal::new(store, options.lifetime)?;
        Ok(Self::with(options, Some(journal)))
    }

    fn with(options: OnceOptions, journal: Option<Journal>) -> Self {
        Self(Arc::new(Shared { options, memory: Mutex::default(), answered: Condvar::new(), journal }))
    }

    /// How many answers it has in memory.
    pub fn len(&self) -> usize {
        self.0.lock().order.len()
    }

    /// Whether it has none in memory.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The answer to a stamped request: by `work`, which gets the request without its stamp, or as it was. What cannot be
    /// worked at is answered with the words of the [`Doubt`], behind the stamp if there is one: `400`, `500 not begun`,
    /// `500 unknown`.
    pub fn answer<R: Into<Message>>(&self, request: &Message, work: impl FnOnce(&Message) -> R) -> Message {
        self.try_answer(request, work).unwrap_or_else(|doubt| {
            let stamp = request.frames().iter().take(if doubt == Doubt::NoStamp { 0 } else { Stamp::FRAMES });
            stamp.cloned().chain([Frame::from(doubt.to_string())]).collect()
        })
    }

    /// As [`Once::answer`], for services with words of their own for what cannot be worked at.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn try_answer<R: Into<Message>>(
        &self,
        request: &Message,
        work: impl FnOnce(&Message) -> R,
    ) -> Result<Message, Doubt> {
        self.answer_at(Instant::now(), request, work)
    }

    fn answer_at<R: Into<Message>>(
        &self,
        now: Instant,
        request: &Message,
        work: impl FnOnce(&Message) -> R,
    ) -> Result<Message, Doubt> {
        let frames = request.frames();
        let key = key_of(frames).ok_or(Doubt::NoStamp)?;
        if let Some(answer) = self.0.remembered(key, now) {
            return Ok(answer);
        }
        // From here on others wait for this one.
        let mut at_work = AtWork { shared: &self.0, key: Some(key), begun: false };
        let stamp = || frames.iter().take(Stamp::FRAMES).cloned();
        let before = match self.0.journal.as_ref().map(|journal| journal.begin(key)).transpose()? {
            Some(Begun::Before(answer)) => Some(answer),
            Some(Begun::Now) | None => None,
        };
        at_work.begun = before.is_none();
        let answer = before.unwrap_or_else(|| {
            let body = Message::from_frames(frames.iter().skip(Stamp::FRAMES).cloned());
            let answer = work(&body).into().into_frames();
            if let Some(journal) = &self.0.journal {
                journal.finish(key, answer.clone());
            }
            answer
        });
        let answer: Message = stamp().chain(answer).collect();
        at_work.key = None;
        self.0.remember(key, answer.clone(), now);
        Ok(answer)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer, waiting for it if somebody works at it; none if the caller has to.
    fn remembered(&self, key: Key, now: Instant) -> Option<Message> {
        let mut memory = self.lock();
        memory.forget(&self.options, now);
        loop {
            match memory.answers.get(&key) {
                Some(Some(answer)) => return Some(answer.clone()),
                Some(None) => memory = self.answered.wait(memory).unwrap_or_else(PoisonError::into_inner),
                None => {
                    memory.answers.insert(key, None);
                    return None;
                }
            }
        }
    }

    fn remember(&self, key: Key, answer: Message, now: Instant) {
        let mut memory = self.lock();
        memory.answers.insert(key, Some(answer));
        memory.order.push_back((now, key));
        memory.forget(&self.options, now);
        self.answered.notify_all();
    }
}

impl Memory {
    fn forget(&mut self, options: &OnceOptions, now: Instant) {
        while let Some(&(since, key)) = self.order.front() {
            if self.order.len() <= options.answers && now < since + options.lifetime {
                return;
            }
            self.order.pop_front();
            self.answers.remove(&key);
        }
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        if let Some(journal) = self.shared.journal.as_ref().filter(|_| self.begun) {
            journal.fail(key);
        }
        self.shared.lock().answers.remove(&key);
        self.shared.answered.notify_all();
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoStamp => "400",
            Self::NotBegun => "500 not begun",
            Self::Unknown => "500 unknown",
        })
    }
}

impl Error for Doubt {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::{
            atomic::{AtomicU32, Ordering::SeqCst},
            mpsc,
        },
        thread,
    };

    fn stamped(stamp: &mut Stamp, body: &str) -> Message {
        let number = stamp.take();
        Message::from_frames(stamp.frames(number).into_iter().chain([Frame::from(body)]))
    }

    #[test]
    fn the_same_request_is_worked_at_once_and_answered_alike() {
        let (once, mut stamp, mut count) = (Once::new(OnceOptions::default()), Stamp::new(), 0);
        let request = stamped(&mut stamp, "add");
        let mut ask = |request: &Message| {
            once.answer(request, |body| {
                count += 1;
                format!("{body} {count}")
            })
        };
        let first = ask(&request);
        assert_eq!(first.iter().skip(2).cloned().collect::<Vec<_>>(), [Frame::from("add 1")]);
        assert_eq!(ask(&request), first);
        assert_ne!(ask(&stamped(&mut stamp, "add")), first, "another number, another request");
        assert_eq!(ask(&"no stamp".into()), "400".into());
        assert_eq!(count, 2);
    }

    #[test]
    fn memory_is_bounded_in_number_and_time() {
        let options = OnceOptions { answers: 3, lifetime: Duration::from_secs(10) };
        let (once, mut stamp, now) = (Once::new(options), Stamp::new(), Instant::now());
        let requests: Vec<_> = (0..5).map(|_| stamped(&mut stamp, "x")).collect();
        for request in &requests {
            once.answer_at(now, request, |_| "done").unwrap();
        }
        assert_eq!(once.len(), 3);
        let mut again = false;
        once.answer_at(now, &requests[4], |_| {
            again = true;
            "?"
        })
        .unwrap();
        assert!(!again, "the youngest are remembered");
        once.answer_at(now + Duration::from_secs(11), &requests[0], |_| "done").unwrap();
        assert_eq!(once.len(), 1, "the others are too old");
    }

    #[test]
    fn whoever_asks_while_it_is_worked_at_waits_for_that_answer() {
        let (once, mut stamp, count) = (Once::new(OnceOptions::default()), Stamp::new(), AtomicU32::new(0));
        let request = stamped(&mut stamp, "x");
        let (begun, begins) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let ends = Mutex::new(ends);
        thread::scope(|scope| {
            let working = scope.spawn(|| {
                once.answer(&request, |_| {
                    begun.send(()).unwrap();
                    ends.lock().unwrap().recv().unwrap();
                    count.fetch_add(1, SeqCst);
                    "done"
                })
            });
            begins.recv().unwrap();
            let waiting = scope.spawn(|| {
                once.answer(&request, |_| {
                    count.fetch_add(1, SeqCst);
                    "twice"
                })
            });
            end.send(()).unwrap();
            assert_eq!(working.join().unwrap(), waiting.join().unwrap());
        });
        assert_eq!(count.into_inner(), 1);
    }

    #[test]
    fn work_that_panics_may_be_done_again() {
        let (once, mut stamp) = (Once::new(OnceOptions::default()), Stamp::new());
        let request = stamped(&mut stamp, "x");
        let panicking = || once.answer(&request, |_| -> Message { panic!("on purpose") });
        assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
        assert_eq!(once.answer(&request, |_| "well").len(), 3);
    }
}
