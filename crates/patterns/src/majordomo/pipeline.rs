//! A client with many questions at once.
//!
//! MDP numbers nothing, and several workers answer in any order. So each request bears a number of its own, which comes
//! back with the answer:
//!
//! ```text
//!            0.1                                         0.2
//! envelope   NUMBER "" MDPC01 SERVICE body..             NUMBER "" MDPC02 1 SERVICE body..
//! stamp      "" MDPC01 SERVICE CLIENT NUMBER body..      MDPC02 1 SERVICE CLIENT NUMBER body..
//! ```
//! A broker of Zeroxide returns envelopes (as a REP does to a REQ that numbers its requests), whatever the worker; a
//! service behind [`Once`](super::Once) returns stamps, whatever the broker.

use super::{
    Version,
    command::{self, Share},
    dial::Dial,
    once::Stamp,
    outstanding::Outstanding,
};
use crate::{
    CallError, PatternError,
    clock::{sleep_until, within},
    delay::Delay,
};
use std::time::{Duration, Instant};
use zeroxide::{Context, Dealer, Frame, Message, RecvError, SendErrorCause, block_on};

/// How a [`Pipeline`] asks.
///
/// ```
/// use zeroxide_patterns::majordomo::PipelineOptions;
/// let options = PipelineOptions { window: 100, stamped: true, ..PipelineOptions::default() };
/// assert_eq!(options.tries, 3);
/// ```
#[derive(Clone, Debug)]
pub struct PipelineOptions {
    /// The version of MDP. 0.1.
    pub version: Version,
    /// How long each answer, or the next part of one, is waited for. 2.5 s.
    pub timeout: Duration,
    /// How often a request is sent at most. 3.
    pub tries: u32,
    /// How many requests may be without an answer. 1,000.
    pub window: usize,
    /// Requests bear stamps, for services behind [`Once`](super::Once), instead of envelopes, which only brokers of
    /// Zeroxide return. False.
    pub stamped: bool,
    /// The pause before a new socket is opened to a broker that did not answer, or to the next, doubled each time, a
    /// quarter more or less at random. 100 ms.
    pub pause: Duration,
    /// The longest pause. 5 s.
    pub longest_pause: Duration,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        Self {
            version: Version::default(),
            timeout: Duration::from_millis(2500),
            tries: 3,
            window: 1_000,
            stamped: false,
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
        }
    }
}

/// Which request of a [`Pipeline`], in the order of asking. See there for an example.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(u64);

/// What came of a request of a [`Pipeline`]. See there for an example.
#[derive(Debug)]
pub struct Answer {
    /// Which request.
    pub ticket: Ticket,
    /// The answer, or a part of it; or why there is none.
    pub body: Result<Message, CallError>,
    /// No more parts of it follow. Always true of 0.1.
    pub is_last: bool,
}

/// Asks many things at once of a broker, or of several that stand in for each other.
///
/// - Each request is answered exactly once, by its answer or by an error, in any order. Answers that come twice or too
///   late are dropped.
/// - A request that is not answered in time is sent again. If nothing at all came meanwhile the broker is given up: all
///   requests are sent again, by a new socket, to the next endpoint. So a service may do something twice; where that does
///   harm see [`Once`](super::Once).
/// - No more than [`PipelineOptions::window`] requests are without an answer: then [`send`](Self::send) refuses.
///
/// ```
/// use zeroxide::Context;
/// use zeroxide_patterns::majordomo::{BrokerOptions, BrokerServer, Pipeline, PipelineOptions, Worker, WorkerOptions};
/// let context = Context::new();
/// let broker = BrokerServer::new(&context, BrokerOptions::default())?;
/// let endpoint = broker.bind("inproc://pipeline")?;
/// std::thread::spawn(move || broker.run());
/// let mut worker = Worker::new(&context, &[&endpoint], "double", WorkerOptions::default())?;
/// std::thread::spawn(move || worker.serve(|request| format!("{request}{request}")));
///
/// let mut pipeline = Pipeline::new(&context, &[&endpoint], PipelineOptions::default())?;
/// let (one, two) = (pipeline.send("double", "1")?, pipeline.send("double", "2")?);
/// while let Some(answer) = pipeline.recv() {
///     let expected = if answer.ticket == one { "11" } else { "22" };
///     assert_eq!(answer.body?, expected.into());
/// }
/// assert!(one < two);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Pipeline {
    dial: Dial,
    options: PipelineOptions,
    stamp: Stamp,
    table: Outstanding,
    /// None while it pauses.
    dealer: Option<Dealer>,
    resume: Instant,
    heard: Instant,
    delay: Delay,
}

impl Pipeline {
    /// A client of these brokers, of which it asks the first as long as that answers. Nothing is sent yet.
    ///
    /// # Errors
    /// As [`Client::new`](super::Client::new).
    pub fn new(
        context: &Context,
        endpoints: &[impl AsRef<str>],
        options: PipelineOptions,
    ) -> Result<Self, PatternError> {
        let mut pipeline = Self {
            dial: Dial::new(context, endpoints)?,
            stamp: Stamp::new(),
            table: Outstanding::new(options.timeout),
            dealer: None,
            resume: Instant::now(),
            heard: Instant::now(),
            delay: Delay::new(options.pause, options.longest_pause),
            options,
        };
        pipeline.open()?;
        Ok(pipeline)
    }

    /// How many requests have no answer yet.
    pub fn outstanding(&self) -> usize {
        self.table.len()
    }

    /// Asks, and does not wait. The answer is among those that [`recv`](Self::recv) gives.
    ///
    /// # Errors
    /// [`CallError::Full`] if too many requests have no answer yet; [`CallError::Pattern`] if the context was shut down.
    pub fn send(&mut self, service: impl AsRef<[u8]>, body: impl Into<Message>) -> Result<Ticket, CallError> {
        if self.table.len() >= self.options.window {
            return Err(CallError::Full);
        }
        let now = Instant::now();
        if self.table.len() == 0 {
            // So far there was nothing to hear.
            self.heard = now;
        }
        let number = self.stamp.take();
        self.table.add(number, Frame::from(service.as_ref()), body.into(), now);
        self.put_out(number, now)?;
        Ok(Ticket(number))
    }

    /// The next answer, of whichever request; none if no request is without one.
    pub fn recv(&mut self) -> Option<Answer> {
        // What is there already needs nobody who waits for it.
        while let Some(received) = self.dealer.as_ref().map(Dealer::try_recv) {
            match received {
                Ok(message) => match self.hear(message) {
                    Some(answer) => return Some(answer),
                    None => continue,
                },
                Err(_) => break,
            }
        }
        block_on(self.recv_async())
    }

    /// As [`Pipeline::recv`], without blocking a thread, on any executor.
    ///
    /// # Cancel safety
    /// Dropping it loses no answer.
    pub async fn recv_async(&mut self) -> Option<Answer> {
        while self.table.len() > 0 {
            let deadline = self.table.deadline();
            let answer = match &self.dealer {
                None => {
                    sleep_until(self.resume).await;
                    self.ask_anew()
                }
                Some(dealer) => match within(deadline, dealer.recv_async()).await {
                    None => self.mind_the_late(),
                    Some(Ok(message)) => self.hear(message),
                    Some(Err(error)) => self.fail(error),
                },
            };
            if answer.is_some() {
                return answer;
            }
        }
        None
    }

    fn hear(&mut self, message: Message) -> Option<Answer> {
        self.heard = Instant::now();
        let command::Answer { way, share, mut body, .. } =
            command::answer(self.options.version, message).ok()?;
        let number = if self.options.stamped {
            let number = self.stamp.number_of(&body)?;
            body.drain(..Stamp::FRAMES);
            number
        } else {
            match &way[..] {
                [number] => u64::from_be_bytes(number[..].try_into().ok()?),
                _ => return None,
            }
        };
        let is_last = share == Share::Final;
        let known =
            if is_last { self.table.end(number).is_some() } else { self.table.go_on(number, self.heard) };
        if !known {
            return None;
        }
        self.delay.reset();
        Some(Answer { ticket: Ticket(number), body: Ok(Message::from(body)), is_last })
    }

    /// The context was shut down: every request ends so, one after the other.
    fn fail(&mut self, error: RecvError) -> Option<Answer> {
        let number = self.table.any()?;
        self.end(number, error.into())
    }

    fn end(&mut self, number: u64, error: CallError) -> Option<Answer> {
        self.table.end(number)?;
        Some(Answer { ticket: Ticket(number), body: Err(error), is_last: true })
    }

    /// One whose time is over is given up or asked again: by itself if others were answered, else with all others.
    fn mind_the_late(&mut self) -> Option<Answer> {
        let now = Instant::now();
        let (number, request) = self.table.late(now)?;
        let (tries, began) = (request.tries, request.began);
        if began {
            return self.end(number, CallError::Broken);
        }
        if tries >= self.options.tries {
            return self.end(number, CallError::NoAnswer { tries, timeout: self.options.timeout });
        }
        if now < self.heard + self.options.timeout {
            return self.put_out(number, now).err().and_then(|error| self.end(number, error));
        }
        self.dealer = None;
        self.dial.next();
        self.resume = now + self.delay.take();
        None
    }

    /// A new socket, and all requests by it; an answer that had begun is not begun anew.
    fn ask_anew(&mut self) -> Option<Answer> {
        let failed = self.open().err().map(CallError::from);
        let now = Instant::now();
        self.heard = now;
        if let Some(error) = failed {
            return self.end(self.table.any()?, error);
        }
        for number in self.table.recall(now) {
            // What cannot be sent is late in time.
            let _ = self.put_out(number, now);
        }
        None
    }

    fn open(&mut self) -> Result<(), PatternError> {
        let dealer = self.dial.dealer()?;
        // Nothing is sent that has no room: each request once, and once again.
        let room = self.options.window.saturating_mul(2);
        dealer.set_send_high_water_mark(Some(room))?;
        dealer.set_receive_high_water_mark(Some(room))?;
        self.dealer = Some(dealer);
        Ok(())
    }

    fn put_out(&mut self, number: u64, now: Instant) -> Result<(), CallError> {
        let Some(dealer) = &self.dealer else { return Ok(()) };
        let Some(request) = self.table.send(number, now) else { return Ok(()) };
        let message = if self.options.stamped {
            let stamp = self.stamp.frames(number);
            command::request(self.options.version, None, &request.service, &stamp, &request.body)
        } else {
            let number = Frame::from(&number.to_be_bytes());
            command::request(self.options.version, Some(number), &request.service, &[], &request.body)
        };
        match dealer.try_send(message) {
            Err(error) if error.cause != SendErrorCause::WouldBlock => Err(error.into()),
            // No room, since the broker is away: it is late in time, and sent again.
            _ => Ok(()),
        }
    }
}
