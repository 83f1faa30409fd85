//! The writing half: who writes, and how much at once.

use super::*;

#[derive(Default)]
pub(super) struct Transmit {
    pub(super) attached: Option<(Arc<Stream>, Encoder)>,
    /// What is being written: taken from the outbox, not counted by its limit any more.
    pub(super) wire: connection::Wire,
    /// What the handshake has still to say; it goes out with what is written first.
    pub(super) first: Vec<u8>,
    /// What control says; it goes out before `wire`.
    pub(super) control: Vec<u8>,
    /// Octets of `control` followed by `wire` that are out.
    pub(super) written: usize,
    /// Messages that the last connection did not take whole.
    pub(super) unsent: Batch,
    pub(super) received_before: u64,
    /// The receipt that has come when `control` is written.
    pub(super) receipt: Option<u64>,
}

/// How a turn of writing ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Drained {
    /// Everything is out.
    Empty,
    /// The kernel takes no more now.
    Blocked,
    /// There is more; others get their turn first.
    Again,
    /// There is no connection.
    Detached,
    /// The connection is broken.
    Broken,
}

impl Wire {
    /// Called after messages were appended to the outbox. Writes at once on an idle connection, and on a busy one that
    /// has as much as one system call takes; otherwise sees to it that the I/O thread will write.
    #[inline]
    pub(crate) fn kick(&self, peer: &Peer) {
        if self.scheduled.load(Relaxed) {
            self.write_or_report(peer);
        } else {
            self.kick_idle(peer);
        }
    }

    /// Whether a kick has nothing to do; `sealed` if the outbox has as much as one system call takes.
    ///
    /// The loads may be relaxed. Both flags fall before their writer looks into the outbox, whose lock orders that look
    /// and the push that was before this call: the look finds the message, or this call finds the flags down.
    #[inline]
    pub(crate) fn is_looked_after(&self, sealed: bool) -> bool {
        self.blocked.load(Relaxed) || (!sealed && self.scheduled.load(Relaxed))
    }

    /// Whether the I/O thread was asked to write.
    #[inline]
    pub(crate) fn is_scheduled(&self) -> bool {
        self.scheduled.load(Relaxed)
    }

    fn kick_idle(&self, peer: &Peer) {
        let Some(mut transmit) = self.transmit.try_take() else { return };
        if transmit.attached.is_none() || self.blocked.load(Relaxed) {
            return;
        }
        let received = self.received.load(Relaxed);
        let burst = self.quiet_for() < BURST && received == transmit.received_before;
        if burst {
            drop(transmit);
            return self.schedule();
        }
        transmit.received_before = received;
        self.report(self.write_holding(transmit, peer));
    }

    /// As [`Wire::write_out`], for threads of the application: what is more than a turn, or the end of the connection,
    /// is left to the I/O thread.
    pub(crate) fn write_or_report(&self, peer: &Peer) {
        self.report(self.write_out(peer));
    }

    fn report(&self, drained: Drained) {
        match drained {
            Drained::Broken => self.io.command(Command::Broken(self.session)),
            Drained::Again => self.schedule(),
            Drained::Empty | Drained::Blocked | Drained::Detached => {}
        }
    }

    pub(super) fn age(&self) -> Duration {
        clock::now().saturating_duration_since(self.born)
    }

    /// Time since anyone wrote.
    pub(crate) fn quiet_for(&self) -> Duration {
        self.age().saturating_sub(Duration::from_nanos(self.last_write.load(Relaxed)))
    }

    /// Asks the I/O thread to drain the outbox.
    pub(crate) fn schedule(&self) {
        if !self.scheduled.swap(true, AcqRel) {
            self.io.command(Command::Flush(self.session()));
        }
    }

    /// The I/O thread begins the drain it was asked for.
    pub(crate) fn begin_flush(&self) {
        self.scheduled.store(false, Release);
    }

    /// Writes until the outbox is empty or the kernel takes no more, if nobody else is at it.
    pub(crate) fn write_out(&self, peer: &Peer) -> Drained {
        match self.transmit.try_take() {
            Some(transmit) => self.write_holding(transmit, peer),
            None => Drained::Empty,
        }
    }

    /// As [`Wire::write_out`], for whoever holds the token. It looks for more when it has let go of it, as it must, and not
    /// before.
    fn write_holding<'a>(&'a self, mut transmit: MutexGuard<'a, Transmit>, peer: &Peer) -> Drained {
        for _ in 0..WRITES_PER_TURN {
            let outcome = self.drain_until(&mut transmit, peer, Transmit::is_spent);
            self.last_write.store(self.age().as_nanos() as u64, Relaxed);
            drop(transmit);
            match outcome {
                Drained::Empty if !peer.outbox.is_empty() || self.has_control.load(Acquire) => {}
                Drained::Blocked => {
                    self.watch(|watch| watch.write = true);
                    return outcome;
                }
                _ => return outcome,
            }
            match self.transmit.try_take() {
                Some(again) => transmit = again,
                None => return Drained::Empty,
            }
        }
        Drained::Again
    }

    /// The kernel has room again (called by the I/O thread).
    pub(crate) fn writable(&self, peer: &Peer) -> Drained {
        self.stalled.store(false, Relaxed);
        self.watch(|watch| watch.write = false);
        {
            let _token = self.transmit.take();
            self.blocked.store(false, Relaxed);
        }
        self.write_out(peer)
    }

    /// As [`Wire::writable`], for threads of the application.
    pub(crate) fn writable_or_report(&self, peer: &Peer) {
        self.report(self.writable(peer));
    }

    /// For a sender that polls: writes, even if the kernel took no more the last time. The poller watches a blocked
    /// connection all the same, so nothing depends on this call, and the poller tells of its end.
    pub(crate) fn write_again(&self, peer: &Peer) {
        if !self.blocked.load(Relaxed) {
            return self.write_or_report(peer);
        }
        if let Some(_token) = self.transmit.try_take() {
            self.blocked.store(false, Relaxed);
        }
        if self.write_out(peer) == Drained::Again {
            self.schedule();
        }
    }

    /// Whether a write now would have something to write, and the kernel takes it as far as is known.
    pub(crate) fn has_to_write(&self, peer: &Peer) -> bool {
        !self.blocked.load(Relaxed) && (!peer.outbox.is_empty() || self.has_control.load(Acquire))
    }

    /// Whether all that was sent has been handed to the kernel.
    pub(crate) fn is_drained(&self, peer: &Peer) -> bool {
        let transmit = self.transmit.take();
        transmit.pending() == 0
            && transmit.unsent.is_empty()
            && peer.outbox.is_empty()
            && !self.has_control.load(Acquire)
    }

    pub(super) fn drain(&self, transmit: &mut Transmit, peer: &Peer) -> Drained {
        self.drain_until(transmit, peer, |_| false)
    }

    /// As [`Wire::drain`], or until after a write it `is_enough`.
    fn drain_until(
        &self,
        transmit: &mut Transmit,
        peer: &Peer,
        is_enough: impl Fn(&Transmit) -> bool,
    ) -> Drained {
        for _ in 0..WRITES_PER_TURN {
            if transmit.attached.is_none() {
                return Drained::Detached;
            }
            if transmit.in_hand() == 0 && !self.refill(transmit, peer) {
                return Drained::Empty;
            }
            match transmit.write() {
                Ok(()) if is_enough(transmit) => return Drained::Empty,
                Ok(()) => {}
                Err(ErrorKind::WouldBlock) => {
                    self.blocked.store(true, Relaxed);
                    return Drained::Blocked;
                }
                Err(_) => {
                    self.blocked.store(true, Relaxed);
                    return Drained::Broken;
                }
            }
        }
        Drained::Again
    }

    /// Takes the next octets to write: what control has to say, and a batch of messages.
    fn refill(&self, transmit: &mut Transmit, peer: &Peer) -> bool {
        transmit.written = 0;
        transmit.control.clear();
        if let Some(number) = transmit.receipt.take() {
            self.note_receipt(number, peer);
        }
        let Some((_, encoder)) = &mut transmit.attached else { return false };
        transmit.control.append(&mut transmit.first);
        let mut cargo = Cargo(std::mem::take(&mut transmit.wire).into_memory());
        let (said, room) = if self.keeps_order {
            self.take_in_order(&mut transmit.unsent, peer, &mut cargo)
        } else {
            let said = match self.has_control.swap(false, AcqRel) {
                true => std::mem::take(&mut *self.control.lock()),
                false => VecDeque::new(),
            };
            (said, take_messages(&mut transmit.unsent, peer, &mut cargo))
        };
        if room {
            tell_senders(peer);
        }
        for control in said {
            let before = transmit.control.len();
            control.encode(encoder, &mut transmit.control);
            if let Control::Receipt { number, .. } = control
                && transmit.control.len() == before
            {
                transmit.receipt = Some(number);
            }
        }
        transmit.wire = encoder.encode(cargo.0);
        if transmit.pending() > 0 {
            return true;
        }
        // Nothing was to be said to a peer without PINGs: all that was before it is out.
        if let Some(number) = transmit.receipt.take() {
            self.note_receipt(number, peer);
        }
        false
    }
}

impl Transmit {
    /// Octets that are still to be written of what was taken.
    fn in_hand(&self) -> usize {
        self.control.len() + self.wire.size() - self.written
    }

    /// Whether what was taken is out, and may stay here until more is taken.
    fn is_spent(&self) -> bool {
        self.in_hand() == 0 && self.unsent.is_empty() && self.receipt.is_none() && self.wire.may_stay()
    }

    /// Octets that are still to be written, with what goes out before anything is taken.
    pub(super) fn pending(&self) -> usize {
        self.first.len() + self.in_hand()
    }

    /// One system call.
    pub(super) fn write(&mut self) -> Result<(), ErrorKind> {
        let Some((stream, _)) = &self.attached else { return Err(ErrorKind::NotConnected) };
        let mut slices = [IoSlice::new(&[]); SEGMENTS];
        let mut used = 0;
        let mut skip = self.written;
        let runs = std::iter::once(&self.control[..]).chain(self.wire.segments());
        for run in runs {
            if skip >= run.len() {
                skip -= run.len();
                continue;
            }
            let Some(slot) = slices.get_mut(used) else { break };
            *slot = IoSlice::new(run.get(skip..).unwrap_or_default());
            skip = 0;
            used += 1;
        }
        let slices = slices.get(..used).unwrap_or_default();
        self.written += stream.write_vectored(slices).map_err(|error| error.kind())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Dealer};
    use rustix::io::Errno;
    use zeroxide_net::fault::{Call, Fault};

    #[test]
    fn what_was_sent_before_the_connection_goes_out_with_the_end_of_the_handshake() {
        let dealer = Dealer::new(&Context::new()).unwrap();
        let (near, far) = Stream::pair().unwrap();
        dealer.connect("ipc://@nobody-is-there").unwrap();
        dealer.send("early").unwrap();
        let peers = dealer.core.peers();
        let wire = peers[0].wire().unwrap();
        wire.begin(&Arc::new(near), Encoder::raw(), b"ready ".to_vec());
        assert!(!wire.is_drained(&peers[0]));
        let fault = Fault::in_thread(Call::Write, 2, Errno::PIPE);
        assert!(matches!(wire.write_out(&peers[0]), Drained::Empty));
        assert!(!fault.has_struck(), "one write for both");
        assert!(wire.is_drained(&peers[0]));
        let mut received = Vec::with_capacity(64);
        far.read(&mut received).unwrap();
        assert!(received.starts_with(b"ready ") && received.ends_with(b"early"));
    }
}
