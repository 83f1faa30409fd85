//! What the poller watches for: the single place that changes it.

use super::*;

/// What the kernel tells the I/O thread about this connection.
#[derive(Default)]
pub(super) struct Watch {
    pub(super) stream: Option<Arc<Stream>>,
    pub(super) write: bool,
    /// Reading waits for the application to make room.
    pub(super) paused: bool,
    /// A thread that waits in a receive call watches instead of the I/O thread.
    pub(super) claimed: bool,
}

impl Wire {
    /// A waiting thread watches for this connection from now on: the stream to watch. While reading is paused there is
    /// nothing to claim, for only the I/O thread will hear when it may go on.
    pub(crate) fn claim(&self) -> Option<Arc<Stream>> {
        self.watch(|watch| watch.claimed = !watch.paused);
        let watch = self.interest.lock();
        if watch.claimed { watch.stream.clone() } else { None }
    }

    /// The I/O thread watches again.
    pub(crate) fn unclaim(&self) {
        self.watch(|watch| watch.claimed = false);
    }

    /// A sender that found the queue full watches for room in the kernel instead of the I/O thread from now on: the stream
    /// to watch. `None` if nobody has to watch, or another sender does.
    pub(crate) fn claim_writing(&self) -> Option<Arc<Stream>> {
        let mut claimed = false;
        self.watch(|watch| claimed = std::mem::take(&mut watch.write));
        if claimed { self.interest.lock().stream.clone() } else { None }
    }

    /// The I/O thread watches for room again, if that is still to be waited for.
    pub(crate) fn unclaim_writing(&self) {
        // Whoever sets this flag anew watches for room afterwards, so at worst it is watched for in vain.
        if self.blocked.load(Relaxed) {
            self.watch(|watch| watch.write = true);
        }
    }

    /// Changes what the poller watches for, with a system call only if that really changes.
    pub(super) fn watch(&self, change: impl FnOnce(&mut Watch)) {
        let mut watch = self.interest.lock();
        let before = watch.interest();
        change(&mut watch);
        let after = watch.interest();
        if before != after
            && let Some(stream) = &watch.stream
        {
            // With nothing to watch for, the stream leaves the poller: a hang-up would be reported all the same, again
            // and again.
            self.change_interest(stream, before, after);
        }
    }

    /// Tells the poller. A connection that it has no room for would never be heard of again: that one is ended, and whoever
    /// made it makes another.
    pub(super) fn change_interest(&self, stream: &Stream, before: Interest, after: Interest) {
        if self.io.poller.change(stream, self.session.0, before, after).is_err() {
            let _ = stream.shutdown();
            self.io.command(Command::Broken(self.session));
        }
    }
}

impl Watch {
    pub(super) fn interest(&self) -> Interest {
        Interest::new(!self.paused && !self.claimed, self.write)
    }
}
