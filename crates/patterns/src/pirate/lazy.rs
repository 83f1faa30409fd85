//! The Lazy Pirate: a client that asks again, and asks others.

use crate::{
    CallError, PatternError,
    lookout::Lookout,
    request::{Act, Calls, Lines, Outcome, RequestOptions, RequestStatistics, Wires as _},
};
use std::time::Instant;
use zeroxide::{Context, Message, block_on};

/// A client that asks one of several equal servers, and asks again until it is answered or gives up.
///
/// - An answer belongs to the request that was asked: late answers to earlier ones are dropped.
/// - Tries, their time and the deadline of all are [`RequestOptions`]; 2.5 s and three tries unless told otherwise.
/// - The server that answered last is asked first: one that is dead costs only the first request a timeout.
///
/// A request may be done more than once, since nobody can tell a lost request from a lost answer.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::{Context, Rep};
/// use zeroxide_patterns::{CallError, pirate::LazyPirate, request::RequestOptions};
/// let context = Context::new();
/// let server = Rep::new(&context)?;
/// let endpoint = server.bind("tcp://127.0.0.1:*")?;
/// let serving = std::thread::spawn(move || {
///     server.send(server.recv()?)?;
///     Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// });
/// let mut client = LazyPirate::new(&context, &[&endpoint], RequestOptions::default())?;
/// assert_eq!(client.call("1")?, "1".into());
/// assert!(serving.join().is_ok_and(|served| served.is_ok()));
///
/// // Nobody is there any more.
/// let options = RequestOptions { timeout: Duration::from_millis(10), tries: 2, ..RequestOptions::default() };
/// let mut client = LazyPirate::new(&context, &[&endpoint], options)?;
/// assert!(matches!(client.call("2"), Err(CallError::NoAnswer { tries: 2, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LazyPirate {
    options: RequestOptions,
    lines: Lines,
    calls: Calls,
    /// The request that was begun last.
    number: Option<u32>,
}

impl LazyPirate {
    /// A client of the servers at these endpoints, which need not be there yet.
    ///
    /// # Errors
    /// [`PatternError::NoEndpoint`] without one, [`PatternError::Endpoint`] if one makes no sense, [`PatternError::Socket`]
    /// without room for its sockets.
    pub fn new(context: &Context, endpoints: &[&str], options: RequestOptions) -> Result<Self, PatternError> {
        let lines = Lines::new(context, endpoints, options.form)?;
        let calls = Calls::new(options.clone(), endpoints.len());
        Ok(Self { options, lines, calls, number: None })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`CallError::NoAnswer`] when the last try or the deadline is over; [`CallError::Pattern`] if the context has ended.
    pub fn call(&mut self, body: impl Into<Message>) -> Result<Message, CallError> {
        block_on(self.call_async(body))
    }

    /// As [`LazyPirate::call`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`LazyPirate::call`].
    ///
    /// # Cancel safety
    /// If it is dropped its request may have been sent; it is not asked again, and an answer to it is dropped by the next
    /// call.
    pub async fn call_async(&mut self, body: impl Into<Message>) -> Result<Message, CallError> {
        let (mut acts, mut outcome) = (Vec::new(), None);
        let now = Instant::now();
        if let Some(dropped) = self.number.take() {
            // If it was dropped nobody waits for it any more; if it has ended, nothing is known of it.
            self.calls.cancel(dropped, now, &mut acts);
        }
        self.number = self.calls.begin(body.into().into_frames(), now, &mut acts);
        if self.number.is_none() {
            return Err(CallError::NoAnswer { tries: 0, timeout: self.options.timeout });
        }
        loop {
            self.act(&mut acts, &mut outcome)?;
            match outcome.take() {
                Some(Outcome::Answer(message)) => return Ok(message),
                Some(Outcome::NoAnswer { tries }) => {
                    return Err(CallError::NoAnswer { tries, timeout: self.options.timeout });
                }
                None => {}
            }
            let mut lookout = Lookout::default();
            self.lines.watch(lookout.poller(), 0);
            lookout.wait(self.calls.next_tick()).await?;
            if !self.lines.take_in(&mut self.calls, &mut acts) {
                return Err(CallError::NoAnswer { tries: 0, timeout: self.options.timeout });
            }
            self.calls.tick(Instant::now(), &mut acts);
        }
    }

    /// What has become of its requests.
    pub fn statistics(&self) -> RequestStatistics {
        self.calls.statistics()
    }

    fn act(&mut self, acts: &mut Vec<Act>, outcome: &mut Option<Outcome>) -> Result<(), PatternError> {
        // There is one request at a time.
        self.lines.act(acts, &mut |_, came| *outcome = Some(came))
    }
}
