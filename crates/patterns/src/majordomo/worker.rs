//! The worker: offers a service, stays registered, and comes back.
//!
//! ```text
//!  new socket, READY --> wait --REQUEST--> work --REPLY--> wait ...
//!        ^                |  broker silent, or DISCONNECT
//!        '---- pause -----'  (to the next broker; after a DISCONNECT at once, to the same)
//! ```
//! Heartbeats go out by themselves ([`pulse`](super::pulse)), while it waits and while it works.

use super::{
    Version,
    command::{self, Order, Share, WorkerWord},
    dial::Dial,
    held::Held,
    pulse::Pulse,
};
use crate::{
    Control, PatternError,
    clock::{Woken, received_or},
    delay::Delay,
};
use std::{
    future::{Future, pending},
    sync::Arc,
    time::{Duration, Instant},
};
use zeroxide::{Context, Dealer, Frame, Message, Pull, RecvError, RecvErrorCause, block_on};

/// How long what a worker says last may take to leave.
const GOODBYE: Duration = Duration::from_secs(1);

/// How a [`Worker`] serves.
///
/// ```
/// use std::time::Duration;
/// use zeroxide_patterns::majordomo::WorkerOptions;
/// let options = WorkerOptions { longest_request: Some(Duration::from_secs(600)), ..WorkerOptions::default() };
/// assert_eq!(options.heartbeat, Duration::from_millis(2500));
/// ```
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// The version of MDP. 0.1; partial answers need 0.2.
    pub version: Version,
    /// How often the broker is told that the worker lives, unless something else was said. 2.5 s; as the broker's.
    pub heartbeat: Duration,
    /// After so many heartbeats without a word the broker is gone. 3.
    pub liveness: u32,
    /// The pause before the first reconnect, doubled for each further one, a quarter more or less at random. 2.5 s.
    pub pause: Duration,
    /// The longest pause. 32 s.
    pub longest_pause: Duration,
    /// A worker that works at one request for longer is stuck: it beats no more, and the broker lets go of it. 60 s;
    /// `None`: never.
    pub longest_request: Option<Duration>,
    /// How many requests the broker may give it ahead, so that the next ones are there when one is answered. 1, as MDP has
    /// it. More spares a worker the way to the broker and back after each short request, and only a broker of Zeroxide
    /// understands it; it costs fairness, since what waits behind a long request could be with another worker, and if this
    /// one is lost all that it had count as tried. Answers may then be held back for a millisecond, to go out together.
    pub window: u16,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            version: Version::default(),
            heartbeat: Duration::from_millis(2500),
            liveness: 3,
            pause: Duration::from_millis(2500),
            longest_pause: Duration::from_secs(32),
            longest_request: Some(Duration::from_secs(60)),
            window: 1,
        }
    }
}

/// Offers one service at one broker at a time, and works at one request at a time.
///
/// - It is registered as soon as its broker is there, and again whenever that was restarted, or silent for
///   [`liveness`](WorkerOptions::liveness) heartbeats; of several brokers it then takes the next.
/// - The broker hears of it while it waits and while it works, for [`WorkerOptions::longest_request`].
/// - An answer to a broker that was restarted meanwhile is dropped by that; whoever asked asks again.
/// - Dropped or told to stop it says goodbye; its broker gives what it had not answered to another.
///
/// [`serve`](Self::serve) is for most; [`recv`](Self::recv) and [`reply`](Self::reply) are for loops of one's own. For a
/// running example see [the module](super).
#[derive(Debug)]
pub struct Worker {
    dial: Dial,
    service: Frame,
    options: WorkerOptions,
    pulse: Pulse,
    /// None while it pauses.
    dealer: Option<Arc<Dealer>>,
    /// Answers that are not sent yet, of a worker with a window.
    held: Option<Held>,
    /// When the next socket may be opened, if it pauses.
    resume: Option<Instant>,
    /// The broker has taken it in: it has said something else than DISCONNECT.
    settled: bool,
    /// The broker is gone if it says nothing until then.
    silent_until: Instant,
    delay: Delay,
    /// Whom the answer is for.
    client: Option<Frame>,
    control: Control,
    orders: Pull,
    stopped: bool,
}

/// Where the parts of an answer are sent before the final one; see [`Worker::serve_in_parts`] and, for an example,
/// [`Parts`](super::Parts).
#[derive(Debug)]
pub struct PartSender<'a>(&'a mut Worker);

impl Worker {
    /// A worker for a service, which connects to the first of these brokers and registers there.
    ///
    /// # Errors
    /// [`PatternError::NoEndpoint`] if none is given, [`PatternError::Endpoint`] for what is no endpoint,
    /// [`PatternError::Service`] for a name of no octets or more than 255,
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(
        context: &Context,
        endpoints: &[impl AsRef<str>],
        service: impl AsRef<[u8]>,
        options: WorkerOptions,
    ) -> Result<Self, PatternError> {
        let service = service.as_ref();
        if !command::is_name(service) {
            return Err(PatternError::Service);
        }
        let (control, orders) = Control::new(context)?;
        let mut worker = Self {
            dial: Dial::new(context, endpoints)?,
            service: Frame::from(service),
            pulse: Pulse::new(options.version, options.heartbeat, options.longest_request),
            dealer: None,
            held: None,
            resume: None,
            settled: false,
            silent_until: Instant::now(),
            delay: Delay::new(options.pause, options.longest_pause),
            client: None,
            options,
            control,
            orders,
            stopped: false,
        };
        worker.register()?;
        Ok(worker)
    }

    /// What ends it from another thread: the request it works at is answered, then it leaves.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Answers requests until it is told to stop or the context is shut down.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for a new socket after a broker was lost.
    pub fn serve<R: Into<Message>>(
        &mut self,
        mut answer: impl FnMut(&Message) -> R,
    ) -> Result<(), PatternError> {
        while let Some(request) = self.recv()? {
            self.reply(answer(&request))?;
        }
        Ok(())
    }

    /// As [`Worker::serve`], for answers in parts (0.2): what is sent by the [`PartSender`] comes before what is
    /// returned. An error of `answer` ends it.
    ///
    /// # Errors
    /// As [`Worker::serve`], and what `answer` gives back.
    pub fn serve_in_parts(
        &mut self,
        mut answer: impl FnMut(&Message, &mut PartSender<'_>) -> Result<Message, PatternError>,
    ) -> Result<(), PatternError> {
        while let Some(request) = self.recv()? {
            let last = answer(&request, &mut PartSender(self))?;
            self.reply(last)?;
        }
        Ok(())
    }

    /// As [`Worker::serve`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`Worker::serve`].
    ///
    /// # Cancel safety
    /// If it is dropped while it works at a request, that one is not answered until the worker is dropped too: then its
    /// broker gives it to another.
    pub async fn serve_async<R: Into<Message>, F: Future<Output = R>>(
        &mut self,
        mut answer: impl FnMut(Message) -> F,
    ) -> Result<(), PatternError> {
        while let Some(request) = self.recv_async().await? {
            let reply = answer(request).await;
            self.reply(reply)?;
        }
        Ok(())
    }

    /// The next request; none if it was told to stop or the context is shut down. A request that was not answered
    /// before is given up: its client hears nothing of it.
    ///
    /// # Errors
    /// As [`Worker::serve`].
    pub fn recv(&mut self) -> Result<Option<Message>, PatternError> {
        block_on(self.recv_async())
    }

    /// As [`Worker::recv`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`Worker::serve`].
    ///
    /// # Cancel safety
    /// Dropping it loses no request.
    pub async fn recv_async(&mut self) -> Result<Option<Message>, PatternError> {
        if self.client.take().is_some() {
            // The broker takes this worker for busy until it has an answer: it is registered anew.
            self.depart();
        }
        self.pulse.waits();
        self.silent_until = Instant::now() + self.patience();
        // With requests given ahead it may never come to wait, and is to hear of its end nevertheless.
        self.stopped |= self.orders.try_recv().is_ok();
        while !self.stopped {
            let woken = self.wait().await;
            match woken {
                Woken::Stopped
                | Woken::Received(Err(RecvError { cause: RecvErrorCause::Terminated, .. })) => {
                    self.stopped = true;
                }
                Woken::TimeOver if self.dealer.is_none() => self.register()?,
                Woken::TimeOver => {
                    self.depart();
                    self.dial.next();
                    self.resume = Some(Instant::now() + self.delay.take());
                }
                Woken::Received(received) => {
                    self.silent_until = Instant::now() + self.patience();
                    match command::obey(self.options.version, received?) {
                        Ok(Order::Request { client, body }) => {
                            self.settle();
                            self.client = Some(client);
                            self.pulse.works();
                            return Ok(Some(Message::from(body)));
                        }
                        Ok(Order::Heartbeat) => self.settle(),
                        Ok(Order::Disconnect) => self.expelled(),
                        // Not a word of our version: it proves life, and nothing else.
                        Err(_) => {}
                    }
                }
            }
        }
        self.depart();
        Ok(None)
    }

    /// Answers the request that was received last; its final answer. Without one nothing is sent.
    ///
    /// # Errors
    /// None today; it never waits. The broker may be gone: then nobody gets the answer.
    pub fn reply(&mut self, body: impl Into<Message>) -> Result<(), PatternError> {
        let Some(client) = self.client.take() else { return Ok(()) };
        self.send_reply(Share::Final, client, body.into());
        Ok(())
    }

    /// Sends a part of the answer to the request that was received last (0.2); more follow, then [`Worker::reply`].
    ///
    /// # Errors
    /// [`PatternError::NoParts`] if the worker speaks 0.1.
    pub fn reply_part(&mut self, body: impl Into<Message>) -> Result<(), PatternError> {
        if self.options.version == Version::V1 {
            return Err(PatternError::NoParts);
        }
        let Some(client) = self.client.clone() else { return Ok(()) };
        self.send_reply(Share::Partial, client, body.into());
        Ok(())
    }

    fn send_reply(&mut self, share: Share, client: Frame, body: Message) {
        let reply = WorkerWord::Reply { share, client, body: body.into_frames() };
        if let (Some(held), Share::Final) = (&self.held, share) {
            held.add(command::word(self.options.version, reply));
        } else if let Some(dealer) = &self.dealer {
            // A part may find no room, if the broker reads slowly: then it waits, as long as the broker may be silent.
            let message = command::word(self.options.version, reply);
            if !Self::let_out(self.held.as_ref(), dealer, self.patience())
                || dealer.send_timeout(message, self.patience()).is_err()
            {
                // The answer has a hole now, or nobody there wants it.
                self.depart();
            }
        }
        self.pulse.said_something();
    }

    /// Sends the answers that are held; false if the broker does not take them.
    fn let_out(held: Option<&Held>, dealer: &Dealer, patience: Duration) -> bool {
        let left = held.map(Held::send).unwrap_or_default();
        left.into_iter().all(|message| dealer.send_timeout(message, patience).is_ok())
    }

    /// Until something comes, there is something to do, or it is told to stop.
    async fn wait(&mut self) -> Woken {
        if let (Some(held), Some(dealer)) = (&self.held, &self.dealer)
            && !held.is_empty()
        {
            match dealer.try_recv() {
                Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }) => {}
                received => return Woken::Received(received),
            }
            if !Self::let_out(Some(held), dealer, self.patience()) {
                self.depart();
            }
        }
        match &self.dealer {
            Some(dealer) => received_or(dealer.recv_async(), self.silent_until, &self.orders).await,
            None => received_or(pending(), self.resume.unwrap_or(self.silent_until), &self.orders).await,
        }
    }

    fn patience(&self) -> Duration {
        self.options.heartbeat * self.options.liveness
    }

    /// A new socket, by which it registers.
    fn register(&mut self) -> Result<(), PatternError> {
        let dealer = Arc::new(self.dial.dealer()?);
        dealer.set_linger(Some(GOODBYE));
        let ready = WorkerWord::Ready { service: self.service.clone(), window: self.options.window };
        dealer.try_send(command::word(self.options.version, ready))?;
        self.pulse.beats_by(Some(dealer.clone()));
        self.held = (self.options.window > 1).then(|| Held::new(dealer.clone()));
        self.dealer = Some(dealer);
        self.resume = None;
        self.silent_until = Instant::now() + self.patience();
        Ok(())
    }

    /// The broker has taken it in: the next failure is the first again.
    fn settle(&mut self) {
        self.settled = true;
        self.delay.reset();
    }

    /// Told to leave, it comes back at once, as a broker that was restarted expects; later if it was not even taken in.
    fn expelled(&mut self) {
        self.pulse.beats_by(None);
        (self.dealer, self.held) = (None, None);
        let pause = if std::mem::take(&mut self.settled) { Duration::ZERO } else { self.delay.take() };
        self.resume = Some(Instant::now() + pause);
    }

    /// Leaves its broker; registers again when it waits next.
    fn depart(&mut self) {
        self.pulse.beats_by(None);
        if let Some(dealer) = self.dealer.take() {
            // What is held goes before the goodbye, as long as there is room for both.
            let left = self.held.take().map(|held| held.send()).unwrap_or_default();
            let _ = dealer.try_send_many(left);
            let _ = dealer.try_send(command::word(self.options.version, WorkerWord::Disconnect));
            self.resume = Some(Instant::now());
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.depart();
    }
}

impl PartSender<'_> {
    /// Sends a part of the answer; more follow.
    ///
    /// # Errors
    /// As [`Worker::reply_part`].
    pub fn send(&mut self, body: impl Into<Message>) -> Result<(), PatternError> {
        self.0.reply_part(body)
    }
}
