//! What the poller watches for: the single place that changes it.

use super::*;
use crate::nest::Nest;

/// What the kernel tells the I/O thread about this connection.
#[derive(Default)]
pub(super) struct Watch {
    pub(super) stream: Option<Arc<Stream>>,
    pub(super) write: bool,
    /// Reading waits for the application to make room.
    pub(super) paused: bool,
    /// A thread that waits in a receive call watches instead of the I/O thread.
    pub(super) claimed: bool,
    /// Whoever waits in there reads, and else the I/O thread by way of it.
    pub(super) nest: Option<Arc<Nest>>,
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
        self.leave_nest();
        self.watch(|watch| watch.claimed = false);
    }

    /// Whoever waits in this nest watches from now on. Nothing changes if there is no connection, or no room for it there.
    pub(crate) fn enter_nest(&self, nest: &Arc<Nest>, peer: &Arc<Peer>) {
        let mut watch = self.interest.lock();
        let Some(stream) = watch.stream.clone() else { return };
        if watch.nest.is_some() || !Arc::ptr_eq(&self.io, nest.io()) {
            return;
        }
        let before = watch.interest();
        watch.nest = Some(nest.clone());
        // Where both epolls hold it for a moment, the worst is a look for nothing.
        if nest.admit(peer, self.session, &stream, watch.in_nest()).is_err() {
            watch.nest = None;
            return;
        }
        self.change_interest(&stream, before, watch.interest());
    }

    /// Has the nest, which tells of each arrival once, tell again if there is something.
    pub(crate) fn ask_nest_again(&self) {
        let mut watch = self.interest.lock();
        if watch.in_nest() == Interest::NONE {
            return;
        }
        if let Watch { stream: Some(stream), nest: Some(nest), .. } = &*watch
            && nest.tell_again(self.session, stream).is_err()
        {
            let stream = stream.clone();
            nest.expel(self.session, &stream);
            watch.nest = None;
            self.change_interest(&stream, Interest::NONE, watch.interest());
        }
    }

    #[cfg(test)]
    pub(crate) fn is_in_nest(&self) -> bool {
        self.interest.lock().nest.is_some()
    }

    fn leave_nest(&self) {
        let mut watch = self.interest.lock();
        let before = watch.interest();
        let Some(nest) = watch.nest.take() else { return };
        if let Some(stream) = &watch.stream {
            nest.expel(self.session, stream);
            self.change_interest(stream, before, watch.interest());
        }
    }

    /// A sender that found the queue full watches for room in the kernel instead of the I/O thread from now on: the stream
    /// to watch. `None` if nobody has to watch, or another sender does.
    pub(crate) fn claim_writing(&self) -> Option<Arc<Stream>> {
        let mut taken = None;
        self.watch(|watch| {
            // Before the connection is open there is none to be had, and the wish has to stay for when it is.
            if watch.stream.is_some() && std::mem::take(&mut watch.write) {
                taken.clone_from(&watch.stream);
            }
        });
        taken
    }

    /// The I/O thread watches for room again, if that is still to be waited for.
    pub(crate) fn unclaim_writing(&self) {
        // Whoever sets this flag anew watches for room afterwards, so at worst it is watched for in vain.
        if self.blocked.load(Relaxed) {
            self.watch(|watch| watch.write = true);
        }
    }

    /// The connection is over, and the I/O thread takes it out of its poller.
    pub(super) fn forget_stream(&self) {
        let watch = std::mem::take(&mut *self.interest.lock());
        if let Watch { stream: Some(stream), nest: Some(nest), .. } = watch {
            nest.expel(self.session, &stream);
        }
    }

    /// Changes what the poller watches for, with a system call only if that really changes.
    pub(super) fn watch(&self, change: impl FnOnce(&mut Watch)) {
        let mut watch = self.interest.lock();
        let (before, in_nest) = (watch.interest(), watch.in_nest());
        change(&mut watch);
        let Watch { stream: Some(stream), nest, .. } = &*watch else { return };
        if let Some(nest) = nest
            && in_nest != watch.in_nest()
            && nest.change(self.session, stream, in_nest, watch.in_nest()).is_err()
        {
            nest.expel(self.session, stream);
            watch.nest = None;
        }
        if let Some(stream) = &watch.stream {
            self.change_interest(stream, before, watch.interest());
        }
    }

    /// Tells the poller, if there is something to tell. With nothing to watch for, the stream leaves the poller: a hang-up would
    /// be reported all the same, again and again. A connection that it has no room for would never be heard of again: that one
    /// is ended, and whoever made it makes another.
    pub(super) fn change_interest(&self, stream: &Stream, before: Interest, after: Interest) {
        if before == after {
            return;
        }
        if self.io.poller.change(stream, self.session.0, before, after).is_err() {
            let _ = stream.shutdown();
            self.io.command(Command::Broken(self.session));
        }
    }
}

impl Watch {
    pub(super) fn interest(&self) -> Interest {
        Interest::new(self.is_read() && self.nest.is_none(), self.write)
    }

    /// What the nest watches for.
    fn in_nest(&self) -> Interest {
        Interest::new(self.is_read() && self.nest.is_some(), false)
    }

    fn is_read(&self) -> bool {
        !self.paused && !self.claimed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_room_before_the_connection_is_open_takes_nothing_away() {
        let io = IoShared::new().unwrap();
        let key = io.new_key();
        let wire = Wire::new(io.clone(), key);
        let (stream, _other) = Stream::pair().unwrap();
        let stream = Arc::new(stream);
        io.poller.add(&*stream, key.0, Interest::READ).unwrap();
        // The kernel took no more of what was written first.
        wire.watch(|watch| watch.write = true);
        assert!(wire.claim_writing().is_none());
        wire.open(&stream);
        assert!(wire.interest.lock().write, "the I/O thread watches for room");
        assert!(wire.claim_writing().is_some(), "and now a sender may do so in its place");
        assert!(wire.claim_writing().is_none());
    }
}
