//! The Lazy Pirate: a client that asks again, and asks others.

use crate::{
    CallError, PatternError,
    request::{Act, Calls, Lines, Outcome, RequestOptions, RequestStatistics, Wires as _},
};
use std::time::Instant;
use zeroxide::{Context, Message, Poller};

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
        Ok(Self { options, lines, calls })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`CallError::NoAnswer`] when the last try or the deadline is over; [`CallError::Pattern`] if the context has ended.
    pub fn call(&mut self, body: impl Into<Message>) -> Result<Message, CallError> {
        let (mut acts, mut ready, mut outcome) = (Vec::new(), Vec::new(), None);
        self.calls.begin(body.into().into_frames(), Instant::now(), &mut acts);
        loop {
            self.act(&mut acts, &mut outcome)?;
            match outcome.take() {
                Some(Outcome::Answer(message)) => return Ok(message),
                Some(Outcome::NoAnswer { tries }) => {
                    return Err(CallError::NoAnswer { tries, timeout: self.options.timeout });
                }
                None => {}
            }
            let mut poller = Poller::new();
            self.lines.watch(&mut poller, 0);
            let wait = self.calls.next_tick().map(|at| at.saturating_duration_since(Instant::now()));
            poller.wait_into(&mut ready, wait)?;
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
