//! What adds and removes peers while a broker runs, ends it, and tells of it.

use super::PeeringStatistics;
use crate::{Control, PatternError};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use zeroxide::{Context, Frame, Pull, Router, Sub};

/// The way to a peer: a ROUTER to ask it, and a SUB to hear its state.
///
/// Made by [`PeeringControl::peer`]; see [the module](super) for a running example.
#[derive(Debug)]
pub struct Peer {
    pub(super) name: Frame,
    pub(super) cloud: Router,
    pub(super) state: Sub,
}

impl Peer {
    fn new(context: &Context, own: &Frame, name: Frame) -> Result<Self, PatternError> {
        let (cloud, state) = (Router::new(context)?, Sub::new(context)?);
        cloud.set_routing_id(own.clone())?;
        // What cannot be sent goes elsewhere. A peer that is there under another name than this is not there.
        cloud.set_router_mandatory(true)?;
        // What a peer has not taken when it goes is answered by nobody.
        cloud.set_linger(Some(std::time::Duration::ZERO));
        state.subscribe(&name[..])?;
        Ok(Self { name, cloud, state })
    }

    /// The name.
    pub fn name(&self) -> &Frame {
        &self.name
    }

    /// The socket that asks it, and that which hears its state: for options, and to make them secure.
    pub fn sockets(&self) -> (&Router, &Sub) {
        (&self.cloud, &self.state)
    }

    /// Connects to where it takes requests of peers, and to where it tells its state. It need not be there yet.
    ///
    /// # Errors
    /// As [`Handle::connect`](zeroxide::Handle::connect).
    pub fn connect(&self, cloud: &str, state: &str) -> Result<(), PatternError> {
        self.cloud.connect(cloud)?;
        Ok(self.state.connect(state)?)
    }
}

/// Adds and removes peers, ends the broker, and tells what it has done, from any thread. Copies do the same.
///
/// See [the module](super) for a running example.
#[derive(Clone)]
pub struct PeeringControl {
    context: Context,
    name: Frame,
    bell: Control,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    orders: Orders,
    statistics: PeeringStatistics,
}

/// What the broker is asked; it takes it all at once.
#[derive(Debug, Default)]
pub(super) struct Orders {
    pub(super) changes: Vec<Change>,
    pub(super) stop: bool,
}

#[derive(Debug)]
pub(super) enum Change {
    Add(Box<Peer>),
    Remove(Frame),
}

impl PeeringControl {
    pub(super) fn new(context: &Context, name: Frame) -> Result<(Self, Pull), PatternError> {
        let (bell, rings) = Control::new(context)?;
        Ok((Self { context: context.clone(), name, bell, shared: Arc::default() }, rings))
    }

    /// The way to a peer of that name, which is connected nowhere yet.
    ///
    /// # Errors
    /// [`PatternError::Option`] if the own name cannot be a routing id (1 to 255 octets, the first not zero),
    /// [`PatternError::Socket`] if the context has no room.
    pub fn peer(&self, name: impl Into<Frame>) -> Result<Peer, PatternError> {
        Peer::new(&self.context, &self.name, name.into())
    }

    /// Adds a peer, or takes it in place of an earlier one of that name.
    pub fn add(&self, peer: Peer) {
        self.lock().orders.changes.push(Change::Add(Box::new(peer)));
        self.bell.stop();
    }

    /// Removes a peer: what it has is lost, or goes elsewhere.
    pub fn remove(&self, name: impl Into<Frame>) {
        self.lock().orders.changes.push(Change::Remove(name.into()));
        self.bell.stop();
    }

    /// Ends the broker: those at work are waited for, as long as
    /// [`drain`](crate::balance::BalancerOptions::drain) says.
    pub fn stop(&self) {
        self.lock().orders.stop = true;
        self.bell.stop();
    }

    /// What the broker had done when it last waited.
    pub fn statistics(&self) -> PeeringStatistics {
        self.lock().statistics.clone()
    }

    pub(super) fn orders(&self) -> Orders {
        std::mem::take(&mut self.lock().orders)
    }

    /// Has the figures written that others are told.
    pub(super) fn tell(&self, write: impl FnOnce(&mut PeeringStatistics)) {
        write(&mut self.lock().statistics);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Figures and orders are whole, whoever panicked.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for PeeringControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeeringControl").field("name", &self.name).finish_non_exhaustive()
    }
}
