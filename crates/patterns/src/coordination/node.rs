//! A node's rules on a SUB, which is the application's, and a DEALER.

use super::{Joined, Joining, Step, coordinator::over};
use crate::{
    PatternError,
    clock::{first, within},
};
use std::{
    error::Error,
    fmt,
    time::{Duration, Instant},
};
use zeroxide::{Context, Dealer, Frame, Interest, Message, Poller, Sub};

/// How often a coordinator that has said go is asked whether that was meant for this node.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// A node has not joined.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::{Context, Sub};
/// use zeroxide_patterns::coordination::{JoinError, Node};
/// let context = Context::new();
/// let subscriber = Sub::new(&context)?;
/// let mut node = Node::new(&context, "inproc://nobody", "node 1")?;
/// let failure = node.join(&subscriber, "join", Duration::from_millis(10)).unwrap_err();
/// assert!(matches!(failure, JoinError::TimedOut { heard: false, .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// The GO did not come in time.
    TimedOut {
        /// Whether a call was heard: if not, nobody publishes, or the topic is another.
        heard: bool,
        /// Whether the coordinator has answered: if so, it waits for others.
        accepted: bool,
    },
    /// It came after the GO, and the coordinator refuses such nodes.
    Late,
    /// The coordinator has as many nodes as it may have.
    Full,
    /// A socket failed, or the context has ended.
    Pattern(PatternError),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut { heard: false, .. } => "no call was heard in time",
            Self::TimedOut { accepted: false, .. } => "the coordinator has not answered in time",
            Self::TimedOut { .. } => "the coordinator has not said go in time: it waits for others",
            Self::Late => "it is too late to join",
            Self::Full => "the coordinator has no room",
            Self::Pattern(error) => return error.fmt(f),
        })
    }
}

impl Error for JoinError {}

impl<E: Into<PatternError>> From<E> for JoinError {
    fn from(error: E) -> Self {
        Self::Pattern(error.into())
    }
}

/// Has a subscriber begin with all others. See [the module](super) for a running example.
#[derive(Debug)]
pub struct Node {
    desk: Dealer,
    name: Frame,
}

impl Node {
    /// A node of that name, which should be no other's, of the coordinator there.
    ///
    /// # Errors
    /// [`PatternError::Endpoint`] if that is no endpoint, [`PatternError::Socket`] if the context has no room.
    pub fn new(context: &Context, desk: &str, name: impl Into<Frame>) -> Result<Self, PatternError> {
        let node = Self { desk: Dealer::new(context)?, name: name.into() };
        // What it says to a coordinator that is not there is of no use to the next one.
        node.desk.set_linger(Some(Duration::ZERO));
        node.desk.set_immediate(true)?;
        node.desk.connect(desk)?;
        Ok(node)
    }

    /// The socket that talks to the coordinator: for options.
    pub fn socket(&self) -> &Dealer {
        &self.desk
    }

    /// Waits until the coordinator says go. The subscriber should have its subscriptions by now: messages that it gets
    /// before the GO are dropped, since the publisher has not begun. Its subscription to the topic ends with this.
    ///
    /// # Errors
    /// [`JoinError::TimedOut`], [`JoinError::Late`] or [`JoinError::Full`] say how far it came.
    pub fn join(&mut self, subscriber: &Sub, topic: &str, timeout: Duration) -> Result<Joined, JoinError> {
        let deadline = Instant::now() + timeout;
        subscriber.subscribe(topic)?;
        let mut joining = Joining::new(topic, self.name.clone());
        let mut poller = Poller::new();
        poller.add(subscriber, 0, Interest::READABLE);
        poller.add(&self.desk, 1, Interest::READABLE);
        let mut ready = Vec::new();
        let outcome = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let step = if let Some(question) = joining.asks() {
                self.say(question);
                self.listen(&mut joining, left.min(AGAIN_AFTER))?
            } else {
                poller.wait_into(&mut ready, Some(left)).map_err(PatternError::from)?;
                match self.listen(&mut joining, Duration::ZERO)? {
                    Step::Wait => match subscriber.try_recv() {
                        Ok(message) => joining.from_publisher(&message),
                        Err(error) => over(error).map(|()| Step::Wait)?,
                    },
                    step => step,
                }
            };
            if let Some(outcome) = self.take(step) {
                break outcome;
            }
            if left.is_zero() {
                break Err(timed_out(&joining));
            }
        };
        subscriber.unsubscribe(topic)?;
        outcome
    }

    /// As [`join`](Self::join), in a task. Cancelled, the subscription to the topic stays.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub async fn join_async(
        &mut self,
        subscriber: &Sub,
        topic: &str,
        timeout: Duration,
    ) -> Result<Joined, JoinError> {
        let deadline = Instant::now() + timeout;
        subscriber.subscribe(topic)?;
        let mut joining = Joining::new(topic, self.name.clone());
        let outcome = loop {
            let now = Instant::now();
            if now >= deadline {
                break Err(timed_out(&joining));
            }
            let step = if let Some(question) = joining.asks() {
                self.say(question);
                let again = deadline.min(now + AGAIN_AFTER);
                match within(Some(again), self.desk.recv_async()).await {
                    None => Step::Wait,
                    Some(message) => joining.from_coordinator(&message?),
                }
            } else {
                let either = first(self.desk.recv_async(), subscriber.recv_async());
                match within(Some(deadline), either).await {
                    None => Step::Wait,
                    Some(Ok(message)) => joining.from_coordinator(&message?),
                    Some(Err(message)) => joining.from_publisher(&message?),
                }
            };
            if let Some(outcome) = self.take(step) {
                break outcome;
            }
        };
        subscriber.unsubscribe(topic)?;
        outcome
    }

    /// What the coordinator says within this time.
    fn listen(&self, joining: &mut Joining, timeout: Duration) -> Result<Step, PatternError> {
        match self.desk.recv_timeout(timeout) {
            Ok(message) => Ok(joining.from_coordinator(&message)),
            Err(error) => over(error).map(|()| Step::Wait),
        }
    }

    fn take(&self, step: Step) -> Option<Result<Joined, JoinError>> {
        match step {
            Step::Wait => None,
            Step::Say(message) => {
                self.say(message);
                None
            }
            Step::Joined(joined) => Some(Ok(joined)),
            Step::Late => Some(Err(JoinError::Late)),
            Step::Full => Some(Err(JoinError::Full)),
        }
    }

    fn say(&self, message: Message) {
        // If nobody is there the next call is answered.
        let _ = self.desk.try_send(message);
    }
}

fn timed_out(joining: &Joining) -> JoinError {
    let (heard, accepted) = joining.progress();
    JoinError::TimedOut { heard, accepted }
}
