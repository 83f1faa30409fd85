//! Time, chance and the waits of a context: what a simulation puts its own in place of.
//!
//! Everything that has a deadline and is not a wait itself asks this clock. It is monotonic: nobody who sets the date changes
//! what is due.

use crate::{
    context::ContextInner,
    io::shared::{Command, Gate},
    sync::Mutex,
};
use std::{
    hash::{BuildHasher, Hasher},
    sync::Arc,
    time::Instant,
};

/// Now.
#[cfg(not(feature = "simulation"))]
#[inline(always)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Now, or what a simulation on this thread calls so.
#[cfg(feature = "simulation")]
pub(crate) fn now() -> Instant {
    crate::simulation::now().unwrap_or_else(Instant::now)
}

impl ContextInner {
    /// Waits until nothing is open; says whether that came true in time. A simulated context is only given the turns that
    /// need no time, and an I/O thread none: it would wait for itself.
    pub(crate) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        #[cfg(feature = "simulation")]
        if let Some(simulation) = &self.simulation {
            simulation.settle();
            return self.shutdown.is_over();
        }
        if self.is_own_thread() {
            return self.shutdown.is_over();
        }
        self.shutdown.wait(deadline)
    }

    /// A number that nobody foresees, unless a simulation asks for that.
    pub(crate) fn random(&self) -> u64 {
        #[cfg(feature = "simulation")]
        if let Some(simulation) = &self.simulation {
            return simulation.random();
        }
        random()
    }

    /// Returns when the I/O threads have done all that they were told before.
    pub(crate) fn settle(&self) {
        let gates = Mutex::new(Vec::new());
        self.tell_all(|| {
            let gate = Arc::new(Gate::default());
            gates.lock().push(gate.clone());
            Command::Settled(gate)
        });
        let gates = std::mem::take(&mut *gates.lock());
        gates.iter().for_each(|gate| self.wait_at(gate));
    }

    /// Waits until an I/O thread has opened a gate.
    pub(crate) fn wait_at(&self, gate: &Gate) {
        #[cfg(feature = "simulation")]
        if let Some(simulation) = &self.simulation {
            return simulation.settle();
        }
        gate.wait();
    }
}

/// A number that differs from run to run, from the standard library's seeded hasher.
fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
