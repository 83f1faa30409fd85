//! The load balancer's rules on two ROUTERs.

use super::{Balancer, BalancerOptions, BalancerStatistics, Outgoing};
use crate::{PatternError, ServerControl, lookout::Lookout, server_control::take_in};
use std::time::{Duration, Instant};
use zeroxide::{Context, Pull, Router, block_on};

/// A load balancing broker: [`Balancer`] between a ROUTER for clients and one for workers.
///
/// What a client or worker does not take is dropped when its queue is full: nobody else waits for it. A client that
/// comes again under its own name takes the place of its earlier connection.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct BalancerServer {
    front: Router,
    back: Router,
    orders: Pull,
    control: ServerControl<BalancerStatistics>,
    rules: Balancer,
}

impl BalancerServer {
    /// A broker that is bound nowhere yet.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(context: &Context, options: BalancerOptions) -> Result<Self, PatternError> {
        let (control, orders) = ServerControl::new(context)?;
        let (front, back) = (Router::new(context)?, Router::new(context)?);
        front.set_router_handover(true)?;
        back.set_router_handover(true)?;
        Ok(Self { front, back, orders, control, rules: Balancer::new(options, Instant::now()) })
    }

    /// Binds an endpoint for clients, and says where. Several may be bound.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind_front(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.front.bind(endpoint)?)
    }

    /// Binds an endpoint for workers, and says where. Several may be bound.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind_back(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.back.bind(endpoint)?)
    }

    /// The socket that clients connect to: for options, and to make it secure.
    pub fn front(&self) -> &Router {
        &self.front
    }

    /// The socket that workers connect to.
    pub fn back(&self) -> &Router {
        &self.back
    }

    /// What ends it, and tells of it, while it runs in another thread.
    pub fn control(&self) -> ServerControl<BalancerStatistics> {
        self.control.clone()
    }

    /// Serves until it is told to stop or the context ends. Told to stop, it takes no more requests, and waits for the
    /// answers of workers that are at work, for [`BalancerOptions::drain`] at most.
    ///
    /// # Errors
    /// [`PatternError::Poll`] if the sockets cannot be waited for.
    pub fn run(self) -> Result<(), PatternError> {
        block_on(self.run_async())
    }

    /// As [`BalancerServer::run`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`BalancerServer::run`].
    ///
    /// # Cancel safety
    /// If it is dropped the broker is gone as if it had been killed: its endpoints are free, and what it had received and
    /// not passed on is lost. Clients ask again; paranoid workers notice, and look for the next broker there.
    pub async fn run_async(mut self) -> Result<(), PatternError> {
        let drain = self.rules.drain().min(LONGEST_DRAIN);
        let mut lookout = Lookout::new([&*self.orders, &self.back, &self.front]);
        let mut out = Vec::new();
        let mut stop_at: Option<Instant> = None;
        loop {
            let due = self.rules.next_tick();
            lookout.wait(Some(stop_at.map_or(due, |stop_at| stop_at.min(due)))).await?;
            // Looked at first: what came before the order to stop is still handled.
            let stops = self.orders.try_recv().is_ok() && stop_at.is_none();
            let (now, rules) = (Instant::now(), &mut self.rules);
            // Workers first: whoever is free may take what clients bring.
            let mut open =
                take_in(|| self.back.try_recv(), |message| rules.from_worker(message, now, &mut out));
            if stop_at.is_none() {
                open &=
                    take_in(|| self.front.try_recv(), |message| rules.from_client(message, now, &mut out));
            }
            rules.tick(now, &mut out);
            put_out(&self.front, &self.back, &mut out);
            let statistics = self.rules.statistics();
            self.control.tell(statistics);
            if stops {
                stop_at = Some(now + drain);
                lookout.forget(FRONT);
            }
            // Nobody at work means that nobody is free for what waits either.
            let ends = stop_at.is_some_and(|stop_at| statistics.working == 0 || now >= stop_at);
            if ends || !open {
                return Ok(());
            }
        }
    }
}

/// The place of the front among the sockets that are looked at.
const FRONT: usize = 2;

/// So that it can be added to any time.
const LONGEST_DRAIN: Duration = Duration::from_secs(365 * 24 * 3600);

fn put_out(front: &Router, back: &Router, out: &mut Vec<Outgoing>) {
    for message in out.drain(..) {
        // To nobody, or to somebody who does not read: the ROUTER counts it, and nobody else waits for it.
        let _ = match message {
            Outgoing::ToClient(message) => front.try_send(message),
            Outgoing::ToWorker(message) => back.try_send(message),
        };
    }
}
