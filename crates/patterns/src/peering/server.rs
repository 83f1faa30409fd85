//! The rules of peering on sockets.

use super::{
    Outgoing, Peer, Peering, PeeringControl, PeeringOptions,
    control::{Change, Orders},
};
use crate::{PatternError, lookout::Lookout, server_control::take_in};
use std::time::{Duration, Instant};
use zeroxide::{Context, Frame, Handle, Pub, Pull, Router, block_on};

/// A peering broker: [`Peering`] between clients, workers and peers.
///
/// What somebody does not take is dropped when its queue is full: nobody else waits for it.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct PeeringServer {
    sockets: Sockets,
    peers: Vec<Peer>,
    bell: Pull,
    control: PeeringControl,
    rules: Peering,
}

#[derive(Debug)]
struct Sockets {
    clients: Router,
    workers: Router,
    cloud: Router,
    state: Pub,
}

impl PeeringServer {
    /// A broker of that name, which is bound nowhere yet. Its peers have to know it by this name.
    ///
    /// # Errors
    /// [`PatternError::Option`] if the name is not one of 1 to 255 octets of which the first is not zero,
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(
        context: &Context,
        name: impl Into<Frame>,
        options: PeeringOptions,
    ) -> Result<Self, PatternError> {
        let name = name.into();
        let (control, bell) = PeeringControl::new(context, name.clone())?;
        let router = || {
            let router = Router::new(context)?;
            router.set_router_handover(true)?;
            Ok::<_, PatternError>(router)
        };
        let (clients, workers, cloud) = (router()?, router()?, router()?);
        cloud.set_routing_id(name.clone())?;
        let state = Pub::new(context)?;
        // Without chance numbers are still right within one life of the broker.
        let session = getrandom::u64().unwrap_or_default();
        let rules = Peering::new(name, options, session, Instant::now());
        let sockets = Sockets { clients, workers, cloud, state };
        Ok(Self { sockets, peers: Vec::new(), bell, control, rules })
    }

    /// Binds an endpoint for clients, and says where. Several may be bound.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind_clients(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.sockets.clients.bind(endpoint)?)
    }

    /// Binds an endpoint for workers, and says where. Several may be bound.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind_workers(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.sockets.workers.bind(endpoint)?)
    }

    /// Binds an endpoint for requests of peers, and says where. Several may be bound.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind_cloud(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.sockets.cloud.bind(endpoint)?)
    }

    /// Binds an endpoint where peers hear the state, and says where. Several may be bound.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind_state(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.sockets.state.bind(endpoint)?)
    }

    /// The sockets for clients, workers and peers: for options, and to make them secure.
    pub fn routers(&self) -> [&Router; 3] {
        [&self.sockets.clients, &self.sockets.workers, &self.sockets.cloud]
    }

    /// The socket that tells the state.
    pub fn state(&self) -> &Pub {
        &self.sockets.state
    }

    /// What adds peers, ends the broker, and tells of it, before and while it runs in another thread.
    pub fn control(&self) -> PeeringControl {
        self.control.clone()
    }

    /// Serves until it is told to stop or the context ends. Told to stop, it takes no more requests, tells its peers so,
    /// and waits for the answers of workers and peers that are at work, for
    /// [`drain`](crate::balance::BalancerOptions::drain) at most.
    ///
    /// # Errors
    /// [`PatternError::Poll`] if the sockets cannot be waited for.
    pub fn run(self) -> Result<(), PatternError> {
        block_on(self.run_async())
    }

    /// As [`PeeringServer::run`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`PeeringServer::run`].
    ///
    /// # Cancel safety
    /// If it is dropped the broker is gone as if it had been killed: its endpoints are free, what it had received and not
    /// passed on is lost, and its peers ask it nothing more when they have heard nothing for their
    /// [`state_age`](PeeringOptions::state_age).
    pub async fn run_async(mut self) -> Result<(), PatternError> {
        let mut stop_at: Option<Instant> = None;
        let mut out = Vec::new();
        self.rules.tick(Instant::now(), &mut out);
        loop {
            let Some(orders) = self.serve(stop_at, &mut out).await? else { return Ok(()) };
            let now = Instant::now();
            for change in orders.changes {
                match change {
                    Change::Add(peer) => self.add(*peer, now, &mut out),
                    Change::Remove(name) => {
                        self.peers.retain(|known| known.name != name);
                        self.rules.remove_peer(&name, now, &mut out);
                    }
                }
            }
            if orders.stop && stop_at.is_none() {
                self.rules.close(now, &mut out);
                stop_at = Some(now + self.rules.drain().min(LONGEST_DRAIN));
            }
        }
    }

    fn add(&mut self, peer: Peer, now: Instant, out: &mut Vec<Outgoing>) {
        self.peers.retain(|known| known.name != peer.name);
        if self.rules.add_peer(&peer.name, now, out) {
            self.peers.push(peer);
        }
    }

    /// Serves until there are orders; none if that was the end.
    async fn serve(
        &mut self,
        stop_at: Option<Instant>,
        out: &mut Vec<Outgoing>,
    ) -> Result<Option<Orders>, PatternError> {
        let Self { sockets, peers, bell, control, rules } = self;
        let always: [&Handle; 2] = [bell, &sockets.workers];
        let of_peers = peers.iter().flat_map(|peer| -> [&Handle; 2] { [&peer.cloud, &peer.state] });
        let asking: [&Handle; 2] = [&sockets.clients, &sockets.cloud];
        let asking = asking.into_iter().filter(|_| stop_at.is_none());
        let mut lookout = Lookout::new(always.into_iter().chain(of_peers).chain(asking));
        loop {
            sockets.put_out(peers, rules, out);
            control.tell(|statistics| rules.statistics_into(statistics));
            // Nobody at work means that nobody is free for what waits either.
            if stop_at.is_some_and(|stop_at| rules.working() == 0 || Instant::now() >= stop_at) {
                return Ok(None);
            }
            let due = stop_at.map_or(rules.next_tick(), |stop_at| stop_at.min(rules.next_tick()));
            lookout.wait(Some(due)).await?;
            let now = Instant::now();
            // Looked at first: what came before the order is still handled.
            let rings = bell.try_recv().is_ok();
            // Workers and answers first: whoever is free may take what clients and peers bring.
            let mut open =
                take_in(|| sockets.workers.try_recv(), |message| rules.from_worker(message, now, out));
            for peer in &*peers {
                let answer = |message| rules.from_peer(&peer.name, message, now, out);
                open &= take_in(|| peer.cloud.try_recv(), answer);
                let state = |message| rules.from_state(&peer.name, &message, now, out);
                open &= take_in(|| peer.state.try_recv(), state);
            }
            if stop_at.is_none() {
                open &= take_in(|| sockets.cloud.try_recv(), |message| rules.from_asker(message, now, out));
                open &=
                    take_in(|| sockets.clients.try_recv(), |message| rules.from_client(message, now, out));
            }
            rules.tick(now, out);
            if !open {
                return Ok(None);
            }
            if rings {
                return Ok(Some(control.orders()));
            }
        }
    }
}

/// So that it can be added to any time.
const LONGEST_DRAIN: Duration = Duration::from_secs(365 * 24 * 3600);

impl Sockets {
    fn put_out(&self, peers: &[Peer], rules: &mut Peering, out: &mut Vec<Outgoing>) {
        while !out.is_empty() {
            for outgoing in std::mem::take(out) {
                // To nobody, or to somebody who does not read: the socket counts it, and nobody else waits for it.
                let _ = match outgoing {
                    Outgoing::ToClient(message) => self.clients.try_send(message),
                    Outgoing::ToWorker(message) => self.workers.try_send(message),
                    Outgoing::ToAsker(message) => self.cloud.try_send(message),
                    Outgoing::State(message) => self.state.try_send(message),
                    Outgoing::ToPeer { peer, number, message } => {
                        let peer = peers.iter().find(|known| known.name == peer);
                        if peer.is_none_or(|peer| peer.cloud.try_send(message).is_err()) {
                            rules.unsent(number, Instant::now(), out);
                        }
                        Ok(())
                    }
                };
            }
        }
    }
}
