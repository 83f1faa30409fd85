//! A server of a pair, with its loop.

use super::{Change, Phase, Role, StarLink, StarOptions};
use crate::{Control, PatternError, lookout::Lookout};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use zeroxide::{Context, Message, Pull, RecvError, RecvErrorCause, Router, block_on};

/// Requests that are taken before the peer is listened to again.
const BURST: usize = 100;

/// What a server of a pair does. Only [`Service::request`] has to be said; the rest is told of if wanted.
///
/// ```
/// use zeroxide::{Message, Router};
/// use zeroxide_patterns::binary_star::Service;
/// struct Counter(u64);
/// impl Service for Counter {
///     fn request(&mut self, request: Message, router: &Router) {
///         self.0 += 1;
///         let _ = router.try_send(request); // back to who asked, envelope and all
///     }
///     fn active(&mut self) {
///         self.0 = 0; // what the other one had counted is not known here
///     }
/// }
/// ```
pub trait Service {
    /// A request, as a ROUTER receives it: who asks, the envelope, the body. Answers go to `router`, now or later.
    fn request(&mut self, request: Message, router: &Router);

    /// This server serves from now on.
    fn active(&mut self) {}

    /// This server serves no longer.
    fn passive(&mut self) {}

    /// The peer is silent and a client asks: may this server take over? The place to ask a third party, or to cut the peer
    /// off. It is asked again with the next request if it says no.
    fn may_take_over(&mut self) -> bool {
        true
    }
}

impl<F: FnMut(Message, &Router)> Service for F {
    fn request(&mut self, request: Message, router: &Router) {
        self(request, router);
    }
}

/// What a server of a pair has done.
///
/// ```
/// let statistics = zeroxide_patterns::binary_star::StarStatistics::default();
/// assert_eq!(statistics.lines().next(), Some(("accepted", 0)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct StarStatistics {
    /// Requests that were given to the service.
    pub accepted: u64,
    /// Requests that were dropped, since the other one serves.
    pub rejected: u64,
    /// How often it became active.
    pub promotions: u64,
    /// How often it became passive.
    pub demotions: u64,
    /// Messages of the peer that were no reports.
    pub malformed: u64,
}

impl StarStatistics {
    crate::figures::figures!(accepted, rejected, promotions, demotions, malformed);
}

/// One of two servers of which at most one serves: [`BinaryStar`](super::BinaryStar) with a ROUTER for clients.
///
/// Requests to a server that does not serve are read and dropped; [`StarClient`](super::StarClient) then asks the other
/// one. State is not copied: a server that takes over begins with its own.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct StarServer {
    link: StarLink,
    router: Router,
    orders: Pull,
    control: StarControl,
}

/// Ends a [`StarServer`] from another thread, has it hand over, and tells what it is. Copies do the same.
///
/// ```
/// use zeroxide::{Context, Message, Router};
/// use zeroxide_patterns::binary_star::{Phase, Role, StarOptions, StarServer};
/// let server = StarServer::new(&Context::new(), Role::Backup, StarOptions::default())?;
/// let control = server.control();
/// let running = std::thread::spawn(move || server.run(|_: Message, _: &Router| {}));
/// assert_eq!(control.phase(), Phase::Backup);
/// control.stop();
/// running.join().unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct StarControl {
    control: Control,
    shared: Arc<Shared>,
}

struct Shared {
    seen: Mutex<(Phase, StarStatistics)>,
    yields: AtomicBool,
    stops: AtomicBool,
}

impl StarServer {
    /// A server that is neither bound nor connected yet.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(context: &Context, role: Role, options: StarOptions) -> Result<Self, PatternError> {
        let (control, orders) = Control::new(context)?;
        let link = StarLink::new(context, role, options)?;
        let shared = Shared {
            seen: Mutex::new((link.star().phase(), StarStatistics::default())),
            yields: AtomicBool::new(false),
            stops: AtomicBool::new(false),
        };
        let control = StarControl { control, shared: Arc::new(shared) };
        Ok(Self { link, router: Router::new(context)?, orders, control })
    }

    /// Binds an endpoint for clients, and says where.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.router.bind(endpoint)?)
    }

    /// The link to the peer: to be bound and connected.
    pub fn link(&self) -> &StarLink {
        &self.link
    }

    /// The socket that clients connect to: for options, and to make it secure.
    pub fn socket(&self) -> &Router {
        &self.router
    }

    /// What ends it, and tells of it, while it runs in another thread.
    pub fn control(&self) -> StarControl {
        self.control.clone()
    }

    /// Serves whenever it is active, until it is told to stop or the context ends.
    ///
    /// # Errors
    /// [`PatternError::Star`] if the two servers cannot be a pair, [`PatternError::Poll`] if the sockets cannot be waited
    /// for.
    pub fn run(self, service: impl Service) -> Result<(), PatternError> {
        block_on(self.run_async(service))
    }

    /// As [`StarServer::run`], without blocking a thread, on any executor. The service is called in the task: what takes
    /// long is better handed to another, which answers by the ROUTER of its own.
    ///
    /// # Errors
    /// As [`StarServer::run`].
    ///
    /// # Cancel safety
    /// If it is dropped the server is gone as if it had been killed: its endpoints are free, the service is dropped with it,
    /// and the peer takes over when it has been silent for [`peer_timeout`](StarOptions::peer_timeout) and a client asks.
    pub async fn run_async(mut self, mut service: impl Service) -> Result<(), PatternError> {
        let mut lookout = Lookout::new([&*self.orders, &self.router]);
        self.link.watch(lookout.poller(), 2);
        let mut counts = StarStatistics::default();
        loop {
            lookout.wait(Some(self.link.wakes_at())).await?;
            while self.orders.try_recv().is_ok() {}
            if self.control.shared.stops.load(Relaxed) {
                return Ok(());
            }
            let change = match self.link.turn() {
                Err(PatternError::Receive(RecvError { cause: RecvErrorCause::Terminated, .. })) => {
                    return Ok(());
                }
                turned => turned?,
            };
            tell(change, &mut service, &mut counts);
            if self.control.shared.yields.swap(false, Relaxed) {
                tell(self.link.yield_to_peer(), &mut service, &mut counts);
            }
            self.requests(&mut service, &mut counts);
            counts.malformed = self.link.malformed();
            *self.control.seen() = (self.link.star().phase(), counts);
        }
    }

    fn requests(&mut self, service: &mut impl Service, counts: &mut StarStatistics) {
        for _ in 0..BURST {
            let Ok(request) = self.router.try_recv() else { return };
            let (accepted, change) = self.link.client_asks(|| service.may_take_over());
            tell(change, service, counts);
            if accepted {
                counts.accepted += 1;
                service.request(request, &self.router);
            } else {
                counts.rejected += 1;
            }
        }
    }
}

fn tell(change: Option<Change>, service: &mut impl Service, counts: &mut StarStatistics) {
    match change {
        Some(Change::Active) => {
            counts.promotions += 1;
            service.active();
        }
        Some(Change::Passive) => {
            counts.demotions += 1;
            service.passive();
        }
        None => {}
    }
}

impl StarControl {
    /// Ends the server. If it was active, the other one takes over when a client asks it.
    pub fn stop(&self) {
        self.shared.stops.store(true, Relaxed);
        self.control.stop();
    }

    /// Has an active server hand over to its peer, if that is alive: for planned work on this one.
    pub fn yield_to_peer(&self) {
        self.shared.yields.store(true, Relaxed);
        self.control.stop();
    }

    /// What the server was when it last waited.
    pub fn phase(&self) -> Phase {
        self.seen().0
    }

    /// What the server had done when it last waited.
    pub fn statistics(&self) -> StarStatistics {
        self.seen().1
    }

    /// Figures are whole, whoever panicked.
    fn seen(&self) -> std::sync::MutexGuard<'_, (Phase, StarStatistics)> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for StarControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, statistics) = *self.seen();
        f.debug_struct("StarControl")
            .field("phase", &phase)
            .field("statistics", &statistics)
            .finish_non_exhaustive()
    }
}
