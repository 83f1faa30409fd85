//! A coordinator's rules on a PUB, which is the application's, and a ROUTER.

use super::{Gathering, GatheringStatistics, Late};
use crate::{PatternError, clock::within};
use std::time::{Duration, Instant};
use zeroxide::{Context, Frame, Message, Pub, RecvError, RecvErrorCause, Router};

/// How often nodes are called, and when they are not there.
///
/// ```
/// use zeroxide_patterns::coordination::{CoordinatorOptions, Late};
/// let options = CoordinatorOptions { late: Late::Admitted, ..CoordinatorOptions::default() };
/// assert_eq!(options.every.as_millis(), 100);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CoordinatorOptions {
    /// How often nodes are called; each answers each call. 100 ms.
    pub every: Duration,
    /// A node that has been silent for so long is not there. 1 s.
    pub silence: Duration,
    /// What becomes of nodes that come after the GO. They are refused.
    pub late: Late,
    /// How many nodes there may be. 100,000.
    pub nodes: usize,
}

impl Default for CoordinatorOptions {
    fn default() -> Self {
        Self {
            every: Duration::from_millis(100),
            silence: Duration::from_secs(1),
            late: Late::default(),
            nodes: 100_000,
        }
    }
}

/// Who was there at the GO, or when time was over.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Gathered {
    /// Whether as many were there as were wanted: then the GO was given.
    pub is_complete: bool,
    /// Who was there.
    pub nodes: Vec<Frame>,
}

/// Has a publisher begin when all its subscribers hear it. See [the module](super) for a running example.
#[derive(Debug)]
pub struct Coordinator {
    desk: Router,
    rules: Gathering,
    options: CoordinatorOptions,
    next_call: Instant,
}

impl Coordinator {
    /// A coordinator that calls on this topic, and is bound nowhere yet. What is published otherwise should not begin as
    /// the topic does.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its socket.
    pub fn new(
        context: &Context,
        topic: impl Into<Frame>,
        options: CoordinatorOptions,
    ) -> Result<Self, PatternError> {
        let desk = Router::new(context)?;
        desk.set_router_handover(true)?;
        let mut epoch = [0; 16];
        // Without chance the process and its clock tell two coordinators apart.
        if getrandom::fill(&mut epoch).is_err() {
            epoch = Instant::now().elapsed().as_nanos().to_be_bytes();
        }
        let rules = Gathering::new(topic, epoch.to_vec(), options.silence, options.nodes, options.late);
        Ok(Self { desk, rules, options, next_call: Instant::now() })
    }

    /// Binds an endpoint for nodes, and says where. Several may be bound.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.desk.bind(endpoint)?)
    }

    /// The socket that nodes connect to: for options, and to make it secure.
    pub fn socket(&self) -> &Router {
        &self.desk
    }

    /// Calls until so many nodes are there, and then gives the GO; or until the time is over. May be called again then.
    ///
    /// # Errors
    /// [`PatternError`] if the context has ended.
    pub fn gather(
        &mut self,
        publisher: &Pub,
        wanted: usize,
        timeout: Duration,
    ) -> Result<Gathered, PatternError> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(gathered) = self.look(publisher, wanted, deadline)? {
                return Ok(gathered);
            }
            let left = self.next_call.min(deadline).saturating_duration_since(Instant::now());
            match self.desk.recv_timeout(left) {
                Ok(message) => self.hear(message),
                Err(error) => over(error)?,
            }
        }
    }

    /// As [`gather`](Self::gather), in a task. Cancelled, it has not given the GO, and may be called again.
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub async fn gather_async(
        &mut self,
        publisher: &Pub,
        wanted: usize,
        timeout: Duration,
    ) -> Result<Gathered, PatternError> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(gathered) = self.look(publisher, wanted, deadline)? {
                return Ok(gathered);
            }
            if let Some(message) = within(Some(self.next_call.min(deadline)), self.desk.recv_async()).await {
                self.hear(message?);
            }
        }
    }

    /// Gives the GO, whoever is there.
    ///
    /// # Errors
    /// [`PatternError::Send`] if the context has ended.
    pub fn go(&mut self, publisher: &Pub) -> Result<(), PatternError> {
        Ok(publisher.send(self.rules.go())?)
    }

    /// Tells nodes that come now that they are late. Costs little when there is nothing to do: to be called now and then
    /// while publishing.
    ///
    /// # Errors
    /// [`PatternError`] if the context has ended.
    pub fn attend(&mut self, publisher: &Pub) -> Result<(), PatternError> {
        self.call(publisher, Instant::now())?;
        loop {
            match self.desk.try_recv() {
                Ok(message) => self.hear(message),
                Err(error) => return over(error),
            }
        }
    }

    /// What it has heard.
    pub fn statistics(&self) -> GatheringStatistics {
        self.rules.statistics()
    }

    /// Looks whether that was it; otherwise calls, if it is time.
    fn look(
        &mut self,
        publisher: &Pub,
        wanted: usize,
        deadline: Instant,
    ) -> Result<Option<Gathered>, PatternError> {
        let now = Instant::now();
        let is_complete = self.rules.present(now) >= wanted;
        if is_complete {
            publisher.send(self.rules.go())?;
        }
        if is_complete || now >= deadline {
            return Ok(Some(Gathered { is_complete, nodes: self.rules.names(now) }));
        }
        self.call(publisher, now)?;
        Ok(None)
    }

    fn call(&mut self, publisher: &Pub, now: Instant) -> Result<(), PatternError> {
        if now >= self.next_call {
            self.next_call = now + self.options.every;
            publisher.send(self.rules.call())?;
        }
        Ok(())
    }

    fn hear(&mut self, message: Message) {
        if let Some(answer) = self.rules.heard(message, Instant::now()) {
            // Who is gone does not hear it, and who is not answers the next call.
            let _ = self.desk.try_send(answer);
        }
    }
}

/// Nothing came in time: that is no error.
pub(super) fn over(error: RecvError) -> Result<(), PatternError> {
    match error.cause {
        RecvErrorCause::TimedOut | RecvErrorCause::WouldBlock => Ok(()),
        _ => Err(error.into()),
    }
}
