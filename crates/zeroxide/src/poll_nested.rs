//! A poller of sockets that waits in a [nest](crate::nest): its thread reads for all of them, and the I/O thread sleeps.

use crate::{
    blocking::Signals,
    nest::Nest,
    poller::{Interest, PollError, Poller, Ready},
};
use std::{
    sync::{Arc, Weak},
    time::Instant,
};

/// Before its sockets enter a nest, a poller waits so many times. Each time again: they may have left it.
const WAITS: u8 = 4;

/// Where a poller stands with nests.
#[derive(Default)]
pub(crate) struct Nested {
    nest: Weak<Nest>,
    waits: u8,
}

impl Poller<'_> {
    /// Waits in the nest of its sockets. `None`: they are in none, or somebody else waits there.
    pub(crate) fn wait_nested(
        &mut self,
        ready: &mut Vec<Ready>,
        deadline: Option<Instant>,
    ) -> Option<Result<(), PollError>> {
        let nest = self.nest()?;
        nest.read_for_absent();
        self.look_beside(&nest, ready);
        if !ready.is_empty() {
            return Some(Ok(()));
        }
        let mut desk = nest.enter()?;
        let sockets = self.sockets.clone();
        let outcome = loop {
            let mut tickets = Vec::with_capacity(sockets.len());
            for (_, interest, core) in &sockets {
                let readable = interest.contains(Interest::READABLE).then_some(&core.readable);
                let writable = interest.contains(Interest::WRITABLE).then_some(&core.writable);
                let events = readable.into_iter().chain(writable);
                tickets.extend(events.map(|event| event.register(nest.waker())));
            }
            self.look_beside(&nest, ready);
            if !ready.is_empty() {
                break Some(Ok(()));
            }
            if self.is_empty() && deadline.is_none() {
                break Some(Err(PollError::Nothing));
            }
            let waited = nest.wait(&mut desk, Signals::Ignored, deadline);
            drop(tickets);
            match waited {
                Ok(true) => {
                    nest.read(&mut desk);
                }
                Ok(false) => {
                    self.look_beside(&nest, ready);
                    break Some(Ok(()));
                }
                // Out of memory, say: let the I/O thread do it.
                Err(_) => {
                    sockets.iter().for_each(|(_, _, core)| core.leave_nest());
                    break None;
                }
            }
        };
        nest.leave(desk);
        outcome
    }

    /// Where its sockets are, or go now.
    fn nest(&mut self) -> Option<Arc<Nest>> {
        let reads = self.sockets.iter().filter(|(_, interest, _)| interest.contains(Interest::READABLE));
        if let Some(nest) = self.nested.nest.upgrade()
            && reads.clone().any(|(_, _, core)| core.is_in(&nest))
        {
            return Some(nest);
        }
        self.nested.waits += 1;
        if self.nested.waits < WAITS {
            return None;
        }
        self.nested.waits = 0;
        let found = reads.fold(None, |found, (_, _, core)| core.enter_nest_and_stay().or(found))?;
        self.nested.nest = Arc::downgrade(&found);
        Some(found)
    }

    /// Adds the sockets that are ready; those of the nest stay in it.
    fn look_beside(&mut self, nest: &Arc<Nest>, ready: &mut Vec<Ready>) {
        self.look(ready, |core, interest| match core.is_in(nest) {
            true => core.readiness_so_far(interest),
            false => core.readiness(interest),
        });
    }
}
