//! A pirate worker on a DEALER.

use super::worker_rules::{Rules, Turn};
use crate::{Control, Envelope, PatternError, balance::Dialect, lookout::Lookout};
use std::{
    future::{Future, ready},
    time::{Duration, Instant},
};
use zeroxide::{Context, Dealer, Frame, Handle, Message, Pull, RecvError, RecvErrorCause, block_on};

/// How a [`PirateWorker`] speaks, and when it gives its queue up.
///
/// ```
/// use zeroxide_patterns::pirate::PirateOptions;
/// // It takes four requests before it has answered the first.
/// let options = PirateOptions { capacity: 4, ..PirateOptions::default() };
/// assert_eq!(options.liveness, 3);
/// ```
#[derive(Clone, Debug)]
pub struct PirateOptions {
    /// What its queue understands. Paranoid.
    pub dialect: Dialect,
    /// How often it says that it lives. 1 s; the queue beats as often. Simple workers do not.
    pub heartbeat: Duration,
    /// After so many heartbeats without a word the queue is given up, and looked for anew. 3.
    pub liveness: u32,
    /// How many requests it takes at once. 1; more is told in a longer READY, which queues of the Guide take for a reply to
    /// nobody.
    pub capacity: u16,
    /// How long it waits before it looks for its queue again: at first 1 s, then twice as long each time.
    pub reconnect_first: Duration,
    /// And no longer than this. 32 s.
    pub reconnect_most: Duration,
}

impl Default for PirateOptions {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            heartbeat: Duration::from_secs(1),
            liveness: 3,
            capacity: 1,
            reconnect_first: Duration::from_secs(1),
            reconnect_most: Duration::from_secs(32),
        }
    }
}

/// A request, and who is to be answered. One that is dropped unanswered keeps its worker from getting the next.
///
/// See [`PirateWorker`] for an example.
#[derive(Debug)]
#[must_use = "the queue waits for an answer"]
pub struct PirateRequest {
    envelope: Envelope,
    body: Message,
}

impl PirateRequest {
    /// What is asked.
    pub fn body(&self) -> &Message {
        &self.body
    }
}

/// A worker behind a load balancing queue: of the Paranoid Pirate Protocol, or of the Guide's simpler brokers.
///
/// A paranoid worker that hears nothing of its queue throws its socket away and looks for the queue anew, for ever, and
/// less often each time. While its program works it neither beats nor listens: a queue must not take that for death.
///
/// ```
/// use zeroxide::{Context, Router};
/// use zeroxide_patterns::pirate::{PirateOptions, PirateWorker};
/// let context = Context::new();
/// let queue = Router::new(&context)?;
/// let mut worker = PirateWorker::new(&context, &queue.bind("tcp://127.0.0.1:*")?, PirateOptions::default())?;
/// let control = worker.control();
/// let working = std::thread::spawn(move || {
///     while let Some(request) = worker.recv()? {
///         worker.reply(request, "World")?;
///     }
///     Ok::<(), zeroxide_patterns::PatternError>(())
/// });
///
/// let ready = queue.recv()?;
/// assert_eq!(ready[1..], ["\x01"]);
/// queue.send([&ready[0][..], b"client", b"", b"Hello"])?;
/// assert_eq!(queue.recv()?[1..], ["client", "", "World"]);
/// control.stop();
/// working.join().unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PirateWorker {
    context: Context,
    endpoint: String,
    dealer: Option<Dealer>,
    orders: Pull,
    control: Control,
    simple: bool,
    rules: Rules,
}

impl PirateWorker {
    /// A worker of the queue at this endpoint, which need not be there yet.
    ///
    /// # Errors
    /// [`PatternError::Socket`] without room for its sockets, [`PatternError::Endpoint`] if the endpoint makes no sense.
    pub fn new(context: &Context, endpoint: &str, options: PirateOptions) -> Result<Self, PatternError> {
        let (control, orders) = Control::new(context)?;
        let simple = options.dialect == Dialect::Simple;
        let mut worker = Self {
            context: context.clone(),
            endpoint: endpoint.to_owned(),
            dealer: None,
            orders,
            control,
            simple,
            rules: Rules::new(options, Instant::now()),
        };
        worker.connect()?;
        Ok(worker)
    }

    /// What makes [`PirateWorker::recv`] return `None`, from another thread.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// The next request; `None` if it was told to stop or the context has ended.
    ///
    /// # Errors
    /// [`PatternError::Poll`] if its sockets cannot be waited for; otherwise as [`PirateWorker::new`].
    pub fn recv(&mut self) -> Result<Option<PirateRequest>, PatternError> {
        block_on(self.recv_async())
    }

    /// As [`PirateWorker::recv`], without blocking a thread, on any executor. It beats only while this is awaited.
    ///
    /// # Errors
    /// As [`PirateWorker::recv`].
    ///
    /// # Cancel safety
    /// Dropping it loses no request.
    pub async fn recv_async(&mut self) -> Result<Option<PirateRequest>, PatternError> {
        self.rules.worked(Instant::now());
        loop {
            if self.orders.try_recv().is_ok() {
                return Ok(None);
            }
            // What has come counts before the time that has passed: the process may have been stopped.
            match self.dealer.as_ref().map(Dealer::try_recv) {
                Some(Ok(message)) => {
                    if let Some((envelope, body)) = self.rules.hear(message, Instant::now()) {
                        return Ok(Some(PirateRequest { envelope, body: Message::from(body) }));
                    }
                    continue;
                }
                Some(Err(RecvError { cause: RecvErrorCause::Terminated, .. })) => return Ok(None),
                Some(Err(_)) | None => {}
            }
            let dealer = self.dealer.as_ref();
            let turn = self.rules.turn(Instant::now(), |beat| {
                // A queue that does not read is soon given up.
                let _ = dealer.map(|dealer| dealer.try_send(beat));
            });
            match turn {
                Turn::Leave => {
                    if let Some(dealer) = self.dealer.take() {
                        // What a queue that was given up has not taken is of no use to it later.
                        dealer.set_linger(Some(Duration::ZERO));
                    }
                }
                Turn::Connect => self.connect()?,
                Turn::Listen(until) => {
                    let orders: &Handle = &self.orders;
                    let dealer = self.dealer.as_deref();
                    Lookout::new([orders].into_iter().chain(dealer)).wait(until).await?;
                }
            }
        }
    }

    /// Answers.
    ///
    /// # Errors
    /// [`PatternError::Send`] if the context has ended. An answer that the queue has no room for is lost, as one on the way is.
    pub fn reply(&mut self, request: PirateRequest, body: impl Into<Message>) -> Result<(), PatternError> {
        let Some(dealer) = &self.dealer else { return Ok(()) };
        let mut message = request.envelope.seal(body.into().into_frames());
        if self.simple {
            message.push_front(Frame::EMPTY);
        }
        match dealer.try_send(message) {
            Err(error) if error.cause == zeroxide::SendErrorCause::Terminated => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Answers each request with what the function makes of it, until it is told to stop.
    ///
    /// # Errors
    /// As [`PirateWorker::recv`] and [`PirateWorker::reply`].
    pub fn serve(&mut self, mut work: impl FnMut(Message) -> Message) -> Result<(), PatternError> {
        block_on(self.serve_async(|request| ready(work(request))))
    }

    /// As [`PirateWorker::serve`], without blocking a thread, on any executor. As long as it works at a request it does not
    /// beat.
    ///
    /// # Errors
    /// As [`PirateWorker::serve`].
    ///
    /// # Cancel safety
    /// If it is dropped while it works at a request, that one is not answered; its queue gives it to another when it has
    /// waited for [`work_limit`](crate::balance::BalancerOptions::work_limit), if it may.
    pub async fn serve_async<F: Future<Output = Message>>(
        &mut self,
        mut work: impl FnMut(Message) -> F,
    ) -> Result<(), PatternError> {
        while let Some(PirateRequest { envelope, body }) = self.recv_async().await? {
            let answer = work(body).await;
            self.reply(PirateRequest { envelope, body: Message::default() }, answer)?;
        }
        Ok(())
    }

    fn connect(&mut self) -> Result<(), PatternError> {
        let dealer = Dealer::new(&self.context)?;
        dealer.connect(&self.endpoint)?;
        let _ = dealer.try_send(self.rules.connected(Instant::now()));
        self.dealer = Some(dealer);
        Ok(())
    }
}
