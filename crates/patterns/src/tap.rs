//! Espresso: a tap on a pub-sub connection, which shows what passes in both directions and never holds it up.
//!
//! ```text
//!  publishers <---> XSUB  [ Tap ]  XPUB <---> subscribers
//!                           |
//!                           +--> Listener: what passed, and in which direction
//! ```
//!
//! A listener that does not read loses what is beyond its queue, and the loss is counted; traffic goes on. Subscriptions
//! are shown as `01 topic` and `00 topic`, whichever version of the protocol the peers speak.
//!
//! ```
//! use std::time::Duration;
//! use zeroxide::{Context, Message, Pub, Sub};
//! use zeroxide_patterns::tap::{Direction, Tap, TapOptions};
//!
//! let context = Context::new();
//! let (tap, listener) = Tap::new(&context, TapOptions::default())?;
//! let (front, back) = (tap.bind_front("tcp://127.0.0.1:*")?, tap.bind_back("tcp://127.0.0.1:*")?);
//! let control = tap.control();
//! let running = std::thread::spawn(move || tap.run());
//!
//! let (publisher, subscriber) = (Pub::new(&context)?, Sub::new(&context)?);
//! publisher.connect(&front)?;
//! subscriber.connect(&back)?;
//! subscriber.subscribe("A")?;
//! assert!(publisher.wait_for_subscribers("A", 1, Duration::from_secs(30)));
//! publisher.send("A-001")?;
//! assert_eq!(subscriber.recv()?, "A-001".into());
//!
//! let subscription = listener.recv()?;
//! assert_eq!((subscription.direction, subscription.to_string().as_str()), (Direction::Up, "> [002] 0141"));
//! assert_eq!(listener.recv()?.to_string(), "< [005] A-001");
//!
//! control.stop();
//! running.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{Control, PatternError, lookout::Lookout, server_control::take_in};
use std::{
    fmt::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use zeroxide::{Context, Handle, Message, Pull, Push, RecvError, Xpub, Xsub, block_on};

/// The way of a message.
///
/// ```
/// use zeroxide_patterns::tap::Direction;
/// assert_ne!(Direction::Up, Direction::Down);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From publishers to subscribers.
    Down,
    /// From subscribers to publishers: mostly subscriptions.
    Up,
}

/// What a tap shows, and how much of it waits to be looked at.
///
/// ```
/// use zeroxide_patterns::tap::{Direction, TapOptions};
/// let options = TapOptions { only: Some(Direction::Up), ..TapOptions::default() };
/// assert!(options.shows(Direction::Up, b"\x01weather"));
/// assert!(!options.shows(Direction::Down, b"weather"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TapOptions {
    /// One direction only. Both.
    pub only: Option<Direction>,
    /// Only messages whose topic, and subscriptions whose topic, begins so. All.
    pub topic: Vec<u8>,
    /// How many messages wait for the listener; beyond that they are counted as missed. 10,000.
    pub queue: usize,
}

impl Default for TapOptions {
    fn default() -> Self {
        Self { only: None, topic: Vec::new(), queue: 10_000 }
    }
}

impl TapOptions {
    /// Whether a message that begins with this frame is shown.
    pub fn shows(&self, direction: Direction, first: &[u8]) -> bool {
        let topic = match (direction, first) {
            (Direction::Up, [0 | 1, topic @ ..]) => topic,
            _ => first,
        };
        self.only.is_none_or(|only| only == direction) && topic.starts_with(&self.topic)
    }
}

/// A message that passed. It is printed as the Guide's programs do, a line for each frame.
///
/// ```
/// use zeroxide::Message;
/// use zeroxide_patterns::tap::{Direction, Seen};
/// let seen = Seen { direction: Direction::Down, message: Message::from([&b"text"[..], &[0, 255]]) };
/// assert_eq!(seen.to_string(), "< [004] text\n< [002] 00FF");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Which way it went.
    pub direction: Direction,
    /// All of it.
    pub message: Message,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.direction == Direction::Down { '<' } else { '>' };
        for (number, frame) in self.message.frames().iter().enumerate() {
            if number > 0 {
                f.write_char('\n')?;
            }
            write!(f, "{sign} [{:03}] ", frame.len())?;
            match frame.as_str().filter(|text| !text.chars().any(char::is_control)) {
                Some(text) => f.write_str(text)?,
                None => frame.iter().try_for_each(|octet| write!(f, "{octet:02X}"))?,
            }
        }
        Ok(())
    }
}

/// Passes publications and subscriptions on, and shows them. See [the module](self) for a running example.
#[derive(Debug)]
pub struct Tap {
    options: TapOptions,
    front: Xsub,
    back: Xpub,
    shown: Push,
    orders: Pull,
    control: TapControl,
}

/// Where a [`Tap`] shows what passes.
#[derive(Debug)]
pub struct Listener(Pull);

/// Ends a [`Tap`] from another thread, and tells what it has done. Copies do the same.
#[derive(Clone)]
pub struct TapControl {
    control: Control,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    down: AtomicU64,
    up: AtomicU64,
    missed: AtomicU64,
}

impl Tap {
    /// A tap that is bound nowhere yet, and its listener.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(context: &Context, options: TapOptions) -> Result<(Self, Listener), PatternError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let (control, orders) = Control::new(context)?;
        let (shown, listener) = (Push::new(context)?, Pull::new(context)?);
        // Within a process the limits of both sides are one queue.
        shown.set_send_high_water_mark(Some(1))?;
        listener.set_receive_high_water_mark(Some(options.queue))?;
        let place = format!("inproc://zeroxide-patterns-tap-{}", NUMBER.fetch_add(1, Relaxed));
        listener.bind(&place)?;
        shown.connect(&place)?;
        let control = TapControl { control, counts: Arc::default() };
        let (front, back) = (Xsub::new(context)?, Xpub::new(context)?);
        Ok((Self { options, front, back, shown, orders, control }, Listener(listener)))
    }

    /// Binds an endpoint for publishers, and says where.
    ///
    /// # Errors
    /// As [`Handle::bind`].
    pub fn bind_front(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.front.bind(endpoint)?)
    }

    /// Binds an endpoint for subscribers, and says where.
    ///
    /// # Errors
    /// As [`Handle::bind`].
    pub fn bind_back(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.back.bind(endpoint)?)
    }

    /// Connects to a publisher that is bound.
    ///
    /// # Errors
    /// As [`Handle::connect`].
    pub fn connect_front(&self, endpoint: &str) -> Result<(), PatternError> {
        Ok(self.front.connect(endpoint)?)
    }

    /// The socket for publishers and that for subscribers: for options, and to make them secure.
    pub fn sockets(&self) -> (&Xsub, &Xpub) {
        (&self.front, &self.back)
    }

    /// What ends it, and tells of it, while it runs in another thread.
    pub fn control(&self) -> TapControl {
        self.control.clone()
    }

    /// Passes everything on, until it is told to stop or the context ends.
    ///
    /// # Errors
    /// [`PatternError::Poll`] if the sockets cannot be waited for.
    pub fn run(self) -> Result<(), PatternError> {
        block_on(self.run_async())
    }

    /// As [`Tap::run`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`Tap::run`].
    ///
    /// # Cancel safety
    /// If it is dropped the tap is gone, and so is the way between publishers and subscribers: its endpoints are free.
    pub async fn run_async(self) -> Result<(), PatternError> {
        let mut lookout = Lookout::new([&*self.orders, &self.front, &self.back]);
        while self.orders.try_recv().is_err() {
            lookout.wait(None).await?;
            // A subscriber whose queue is full loses it, as without a tap; what goes up has no limit to meet.
            let up = |message| {
                self.show(Direction::Up, &message);
                let _ = self.front.try_send(message);
            };
            let down = |message| {
                self.show(Direction::Down, &message);
                let _ = self.back.try_send(message);
            };
            if !take_in(|| self.back.try_recv(), up) || !take_in(|| self.front.try_recv(), down) {
                break;
            }
        }
        Ok(())
    }

    fn show(&self, direction: Direction, message: &Message) {
        let counts = &self.control.counts;
        let (passed, sign) = match direction {
            Direction::Down => (&counts.down, "<"),
            Direction::Up => (&counts.up, ">"),
        };
        passed.fetch_add(1, Relaxed);
        let first = message.frames().first().map_or(&[][..], |frame| &frame[..]);
        if !self.options.shows(direction, first) {
            return;
        }
        let mut shown = message.clone();
        shown.push_front(sign);
        if self.shown.try_send(shown).is_err() {
            counts.missed.fetch_add(1, Relaxed);
        }
    }
}

impl Listener {
    /// Waits for what passes next.
    ///
    /// # Errors
    /// As [`Pull::recv`]: the context was shut down.
    pub fn recv(&self) -> Result<Seen, RecvError> {
        self.0.recv().map(seen)
    }

    /// Waits for what passes next, for so long.
    ///
    /// # Errors
    /// As [`Pull::recv_timeout`]: nothing passed, or the context was shut down.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Seen, RecvError> {
        self.0.recv_timeout(timeout).map(seen)
    }

    /// Waits for what passes next, in a task. Nothing is lost if the task is cancelled.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_async(&self) -> Result<Seen, RecvError> {
        self.0.recv_async().await.map(seen)
    }

    /// To wait for it beside other sockets.
    pub fn socket(&self) -> &Handle {
        &self.0
    }
}

fn seen(mut message: Message) -> Seen {
    let sign = message.pop_front();
    let is_up = sign.is_some_and(|sign| &sign[..] == b">");
    Seen { direction: if is_up { Direction::Up } else { Direction::Down }, message }
}

impl TapControl {
    /// Ends the tap.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// How many messages went that way.
    pub fn passed(&self, direction: Direction) -> u64 {
        match direction {
            Direction::Down => self.counts.down.load(Relaxed),
            Direction::Up => self.counts.up.load(Relaxed),
        }
    }

    /// How many messages the listener had no room for.
    pub fn missed(&self) -> u64 {
        self.counts.missed.load(Relaxed)
    }
}

impl fmt::Debug for TapControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TapControl").field("counts", &self.counts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{thread, time::Instant};
    use zeroxide::{Pub, Sub};

    const PATIENCE: Duration = Duration::from_secs(120);

    /// A publisher and a subscriber with a tap between them.
    fn tapped(options: TapOptions, play: impl FnOnce(&Pub, Sub, &Listener, &TapControl)) {
        let context = Context::new();
        let (tap, listener) = Tap::new(&context, options).unwrap();
        tap.sockets().0.set_receive_high_water_mark(None).unwrap();
        tap.sockets().1.set_send_high_water_mark(None).unwrap();
        let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
        publisher.set_send_high_water_mark(None).unwrap();
        subscriber.set_receive_high_water_mark(None).unwrap();
        tap.connect_front(&publisher.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
        subscriber.connect(&tap.bind_back("tcp://127.0.0.1:*").unwrap()).unwrap();
        let control = tap.control();
        let running = thread::spawn(move || tap.run());
        play(&publisher, subscriber, &listener, &control);
        control.stop();
        running.join().unwrap().unwrap();
    }

    #[test]
    fn the_trace_is_that_of_the_guide() {
        tapped(TapOptions::default(), |publisher, subscriber, listener, _| {
            subscriber.subscribe("A").unwrap();
            subscriber.subscribe("B").unwrap();
            for topic in ["A", "B"] {
                assert!(publisher.wait_for_subscribers(topic, 1, PATIENCE));
            }
            for number in 0..5 {
                // The others are dropped by the publisher itself: nobody asked for them.
                publisher.send(format!("C-{number:05}")).unwrap();
                publisher.send(format!("{}-{number:05}", ["A", "B"][number % 2])).unwrap();
            }
            for _ in 0..5 {
                subscriber.recv_timeout(PATIENCE).unwrap();
            }
            let back = subscriber.last_endpoint();
            drop(subscriber);
            let trace: Vec<_> =
                (0..9).map(|_| listener.recv_timeout(PATIENCE).unwrap().to_string()).collect();
            assert_eq!(trace[..2], ["> [002] 0141", "> [002] 0142"]);
            assert_eq!(trace[2..4], ["< [007] A-00000", "< [007] B-00001"]);
            assert_eq!(trace[6], "< [007] A-00004");
            let mut ends = [&trace[7][..], &trace[8][..]];
            ends.sort_unstable();
            assert_eq!(ends, ["> [002] 0041", "> [002] 0042"]);
            let deadline = Instant::now() + PATIENCE;
            while publisher.subscribers("A") > 0 {
                assert!(Instant::now() < deadline);
                thread::yield_now();
            }
            publisher.send("A-00006").unwrap();
            let other = Sub::new(&publisher.context()).unwrap();
            other.connect(&back).unwrap();
            other.subscribe("Z").unwrap();
            assert_eq!(
                listener.recv_timeout(PATIENCE).unwrap().to_string(),
                "> [002] 015A",
                "and nothing else"
            );
        });
    }

    #[test]
    fn a_listener_that_stands_still_holds_up_nothing_and_is_told_what_it_missed() {
        let options = TapOptions { queue: 100, ..TapOptions::default() };
        tapped(options, |publisher, subscriber, listener, control| {
            subscriber.subscribe("").unwrap();
            assert!(publisher.wait_for_subscribers("", 1, PATIENCE));
            for number in 0..20_000 {
                publisher.send(number.to_string()).unwrap();
            }
            for number in 0..20_000 {
                assert_eq!(subscriber.recv_timeout(PATIENCE).unwrap(), number.to_string().into());
            }
            let shown = std::iter::from_fn(|| listener.recv_timeout(Duration::ZERO).ok()).count() as u64;
            assert_eq!((control.passed(Direction::Down), control.passed(Direction::Up)), (20_000, 1));
            assert_eq!(shown + control.missed(), 20_001);
            assert!(control.missed() > 10_000, "{control:?}");
        });
    }

    #[test]
    fn only_what_was_asked_for_is_shown() {
        let options =
            TapOptions { only: Some(Direction::Down), topic: b"A".to_vec(), ..TapOptions::default() };
        tapped(options, |publisher, subscriber, listener, control| {
            subscriber.subscribe("").unwrap();
            assert!(publisher.wait_for_subscribers("", 1, PATIENCE));
            for topic in ["B", "A", "C"] {
                publisher.send([topic, "body"]).unwrap();
            }
            for _ in 0..3 {
                subscriber.recv_timeout(PATIENCE).unwrap();
            }
            assert_eq!(listener.recv_timeout(PATIENCE).unwrap().to_string(), "< [001] A\n< [004] body");
            let deadline = Instant::now() + PATIENCE;
            while control.passed(Direction::Down) < 3 {
                assert!(Instant::now() < deadline);
                thread::yield_now();
            }
            assert!(listener.recv_timeout(Duration::ZERO).is_err());
            assert_eq!(control.missed(), 0);
        });
    }
}
