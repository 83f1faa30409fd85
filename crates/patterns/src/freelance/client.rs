//! The client of RFC 10: a ROUTER that addresses its servers by their endpoints.

use super::pulse::Pulse;
use crate::{
    CallError, PatternError,
    request::{Act, Calls, Outcome, Reply, RequestOptions, RequestStatistics, Requester, Wires},
};
use std::time::{Duration, Instant};
use zeroxide::{Context, Frame, Interest, Message, Poller, RecvErrorCause, Router};

/// When servers are asked, and when they count as dead.
///
/// ```
/// use zeroxide_patterns::freelance::FreelanceOptions;
/// assert!(FreelanceOptions::default().timeout < FreelanceOptions::default().deadline);
/// ```
#[derive(Clone, Debug)]
pub struct FreelanceOptions {
    /// How long one server may take before the next is asked. 800 ms.
    pub timeout: Duration,
    /// How long a request may take altogether. 3 s.
    pub deadline: Duration,
    /// When a try has waited so long, another server is asked as well, and the first answer counts. Never.
    pub hedge: Option<Duration>,
    /// A server that has been silent so long is pinged. 2 s.
    pub ping: Duration,
    /// And one that has been silent so long is asked last. 6 s.
    pub lifetime: Duration,
    /// How many requests may be under way at once; further ones fail at once. 1,000.
    pub window: usize,
}

impl Default for FreelanceOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(800),
            deadline: Duration::from_secs(3),
            hedge: None,
            ping: Duration::from_secs(2),
            lifetime: Duration::from_secs(6),
            window: 1_000,
        }
    }
}

/// A client of equal servers, with any number of requests under way at once. It may be shared between threads and tasks.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct FreelanceClient(Requester);

impl FreelanceClient {
    /// A client of the servers at these endpoints, which need not be there yet. Each has to call itself by its endpoint,
    /// as [`FreelanceServer`](super::FreelanceServer) does.
    ///
    /// # Errors
    /// As [`Requester::new`].
    pub fn new(
        context: &Context,
        endpoints: &[impl AsRef<str>],
        options: FreelanceOptions,
    ) -> Result<Self, PatternError> {
        let wires = Servers::new(context, endpoints, &options)?;
        let options = RequestOptions {
            timeout: options.timeout,
            // The deadline ends it.
            tries: u32::MAX,
            deadline: Some(options.deadline),
            hedge: options.hedge,
            window: options.window,
            ..RequestOptions::default()
        };
        Ok(Self(Requester::with(context, wires, endpoints.len(), options)?))
    }

    /// Asks.
    pub fn request(&self, body: impl Into<Message>) -> Reply {
        self.0.request(body)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`CallError::NoAnswer`] at the deadline, or when the context has ended.
    pub fn call(&self, body: impl Into<Message>) -> Result<Message, CallError> {
        self.0.call(body)
    }

    /// What has become of its requests.
    pub fn statistics(&self) -> RequestStatistics {
        self.0.statistics()
    }
}

/// The connections to all servers.
#[derive(Debug)]
struct Servers {
    router: Router,
    servers: Vec<Server>,
}

#[derive(Debug)]
struct Server {
    name: Frame,
    pulse: Pulse,
}

impl Servers {
    fn new(
        context: &Context,
        endpoints: &[impl AsRef<str>],
        options: &FreelanceOptions,
    ) -> Result<Self, PatternError> {
        if endpoints.is_empty() {
            return Err(PatternError::NoEndpoint);
        }
        let (router, now) = (Router::new(context)?, Instant::now());
        // Whoever goes waits for no answer, and what is queued for a server that is not there is of no use.
        router.set_linger(Some(Duration::ZERO));
        let connect = |endpoint: &str| {
            // So that it can be asked before it has been heard.
            router.set_connect_routing_id(endpoint)?;
            router.connect(endpoint)?;
            let pulse = Pulse::new(options.ping, options.lifetime, now);
            Ok(Server { name: Frame::from(endpoint), pulse })
        };
        let servers = endpoints.iter().map(|endpoint| connect(endpoint.as_ref()));
        let servers = servers.collect::<Result<_, PatternError>>()?;
        Ok(Self { router, servers })
    }

    fn hear(&mut self, mut message: Message, calls: &mut Calls, acts: &mut Vec<Act>) {
        let now = Instant::now();
        let Some(name) = message.pop_front() else { return };
        let Some(index) = self.servers.iter().position(|server| server.name == name) else { return };
        if let Some(server) = self.servers.get_mut(index) {
            server.pulse.heard(now);
        }
        calls.trust(index);
        let mut frames = message.into_frames().into_iter();
        let control = frames.next();
        let number = control.as_ref().and_then(|control| control.as_str()?.parse().ok());
        match number {
            Some(number) => calls.answer(index, number, frames.collect(), now, acts),
            None if control.is_some_and(|control| control[..] == *b"PONG") => {}
            None => calls.stray(),
        }
    }
}

impl Wires for Servers {
    fn watch(&self, poller: &mut Poller<'_>, first_token: usize) {
        poller.add(&self.router, first_token, Interest::READABLE);
    }

    fn take_in(&mut self, calls: &mut Calls, acts: &mut Vec<Act>) -> bool {
        loop {
            match self.router.try_recv() {
                Ok(message) => self.hear(message, calls, acts),
                Err(error) => return error.cause != RecvErrorCause::Terminated,
            }
        }
    }

    fn act(&mut self, acts: &mut Vec<Act>, done: &mut dyn FnMut(u32, Outcome)) -> Result<(), PatternError> {
        for act in acts.drain(..) {
            match act {
                Act::Send { server, number, body } => {
                    let Some(server) = self.servers.get(server) else { continue };
                    let head = [server.name.clone(), Frame::from(number.to_string())];
                    // No room is as no answer.
                    let _ = self.router.try_send(head.into_iter().chain(body).collect::<Message>());
                }
                // What was sent is on its way, and its answer will be stray.
                Act::Forget { .. } | Act::Renew { .. } => {}
                Act::Done { number, outcome } => done(number, outcome),
            }
        }
        Ok(())
    }

    fn tick(&mut self, now: Instant, calls: &mut Calls) {
        for (index, server) in self.servers.iter_mut().enumerate() {
            let due = server.pulse.tick(now);
            if due.ping {
                let _ = self.router.try_send([server.name.clone(), Frame::from("PING")]);
            }
            if due.died {
                calls.distrust(index);
            }
        }
    }

    fn next_tick(&self) -> Option<Instant> {
        self.servers.iter().map(|server| server.pulse.next_tick()).min()
    }
}
