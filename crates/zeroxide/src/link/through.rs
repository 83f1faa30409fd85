//! Writing a large body straight from the caller's memory.
//!
//! A copy of a megabyte costs about as much as handing it to the kernel, and a queue full of them costs memory that no
//! cache holds. So the sender stays with its message while the kernel takes it, as long as that goes on without a pause
//! worth mentioning. Only what would make it wait is copied and queued as everything else is.
//!
//! Where all is encrypted, the sender encrypts it from where it is and writes that: the two sides of a connection then work
//! at the same time on what is still in their caches, which no queue of large messages allows.

use super::*;
use zeroxide_net::{PollFd, PollFlags, wait_fds};
use zeroxide_proto::reuse;

/// How long a sender waits for the kernel to take more before it copies. Once it waited in vain, nobody waits again until
/// the connection has moved on.
const PAUSE: Duration = Duration::from_millis(5);
/// How long one that could queue its message waits instead. A reader that lets so much time pass is not one that keeps up, and whoever
/// sends to it wants to go on.
pub(crate) const MOMENT: Duration = Duration::from_micros(500);
/// How long it stays with one message in all: the I/O thread may want the writer token.
const STAY: Duration = Duration::from_millis(40);
/// How often it tries to get rid of what others queue before.
const ROUNDS: usize = 16;

impl Wire {
    /// Writes a message of one frame behind an envelope from where it is, if what was queued before it is out and the peer
    /// takes batches as they are, or encrypted. What the kernel does not take is copied when it pauses, or when the caller's `patience`
    /// is over, of which `None` is without end. False if the message was left alone.
    pub(crate) fn write_through(
        &self,
        peer: &Peer,
        envelope: &[Frame],
        body: &[u8],
        patience: Option<Duration>,
    ) -> bool {
        let Some(mut transmit) = self.transmit.try_take() else { return false };
        let Some((stream, encoder)) = &transmit.attached else { return false };
        if !encoder.is_passthrough() && !encoder.is_sealing() {
            return false;
        }
        let stream = stream.clone();
        let until = clock::now() + patience.map_or(STAY, |patience| patience.min(STAY));
        let goes_on =
            || clock::now() < until && !self.stalled.load(Relaxed) && self.takes_more(&stream, PAUSE);
        let taken = self.is_vacant(&mut transmit, peer, goes_on);
        if taken {
            // Not before: the order in which frames are encrypted is that in which they are written.
            let encoder = transmit.attached.as_mut().map(|(_, encoder)| encoder);
            match encoder.and_then(|encoder| encoder.seal_lent(envelope, body)) {
                Some(sealed) => self.write_sealed(&mut transmit, sealed, envelope, body, goes_on),
                None => self.write_borrowed(&mut transmit, &stream, envelope, body, goes_on),
            }
        }
        self.last_write.store(self.age().as_nanos() as u64, Relaxed);
        drop(transmit);
        if self.blocked.load(Relaxed) {
            self.watch(|watch| watch.write = true);
        } else if taken {
            // What others queued meanwhile.
            self.write_or_report(peer);
        }
        taken
    }

    /// Writes what is before a message; whether nothing is left of it.
    fn is_vacant(&self, transmit: &mut Transmit, peer: &Peer, goes_on: impl Fn() -> bool) -> bool {
        for _ in 0..ROUNDS {
            let vacant = transmit.pending() == 0
                && transmit.unsent.is_empty()
                && transmit.receipt.is_none()
                && !self.has_control.load(Acquire)
                && peer.outbox.is_empty();
            if vacant {
                return true;
            }
            if self.blocked.load(Relaxed) && !goes_on() {
                return false;
            }
            match self.drain(transmit, peer) {
                Drained::Empty | Drained::Again => {}
                Drained::Blocked if goes_on() => {}
                Drained::Blocked | Drained::Detached | Drained::Broken => return false,
            }
        }
        false
    }

    fn write_borrowed(
        &self,
        transmit: &mut Transmit,
        stream: &Stream,
        envelope: &[Frame],
        body: &[u8],
        goes_on: impl Fn() -> bool,
    ) {
        let mut head = Batch::new();
        head.push_before(envelope, body.len());
        let (front, mut written) = (head.size(), 0);
        let whole = front + body.len();
        while written < whole {
            let outcome = if written < front {
                // Nothing of so short a head is ever left unwritten but all.
                let slices: Vec<_> = head.segments().map(IoSlice::new).chain([IoSlice::new(body)]).collect();
                stream.write_vectored(&slices)
            } else {
                stream.write_vectored(&[IoSlice::new(body.get(written - front..).unwrap_or_default())])
            };
            match outcome {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock && goes_on() => {}
                // Any other error shows again where it is dealt with.
                Err(_) => break,
            }
            if written > 0 && written < front {
                break;
            }
        }
        if written < whole {
            transmit.control.clear();
            transmit.wire = connection::Wire::from(copied(envelope, body));
            transmit.written = written;
        }
        self.blocked.store(written < whole, Relaxed);
    }

    fn write_sealed(
        &self,
        transmit: &mut Transmit,
        sealed: connection::Wire,
        envelope: &[Frame],
        body: &[u8],
        goes_on: impl Fn() -> bool,
    ) {
        transmit.control.clear();
        transmit.written = 0;
        let spare = std::mem::replace(&mut transmit.wire, sealed);
        while transmit.pending() > 0 {
            match transmit.write() {
                Ok(()) => {}
                Err(ErrorKind::WouldBlock) if goes_on() => {}
                // Any other error shows again where it is dealt with.
                Err(_) => break,
            }
        }
        let left = transmit.pending() > 0;
        if left {
            transmit.wire.keep(copied(envelope, body));
        } else {
            drop(std::mem::replace(&mut transmit.wire, spare).into_memory());
            transmit.written = transmit.wire.size();
        }
        self.blocked.store(left, Relaxed);
    }

    /// The kernel took no more, and much is queued: writes as soon as it takes more, if that is without a pause. What a sender
    /// queues ahead of a reader that keeps up goes cold before it is written, and gains nobody anything. A reader that
    /// does not keep up is waited for once; then all is queued, up to the high-water mark.
    pub(crate) fn keep_up(&self, peer: &Peer) {
        if self.stalled.load(Relaxed) {
            return;
        }
        let Some(stream) = self.claim_writing() else { return };
        if self.takes_more(&stream, MOMENT) {
            self.writable_or_report(peer);
        } else {
            self.unclaim_writing();
        }
    }

    /// Waits for the kernel to take more, in place of the I/O thread. Whoever calls has seen that nobody did so in vain.
    fn takes_more(&self, stream: &Stream, patience: Duration) -> bool {
        self.watch(|watch| watch.write = false);
        let mut fds = [PollFd::new(stream, PollFlags::OUT)];
        let more = matches!(wait_fds(&mut fds, Some(patience)), Ok(1..));
        self.stalled.store(!more, Relaxed);
        more
    }
}

/// What was lent, to be kept.
fn copied(envelope: &[Frame], body: &[u8]) -> Batch {
    let mut batch = Batch::new();
    batch.push_message(envelope, &Message::from(reuse::copy(body)));
    batch
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::peer::Link;
    use std::sync::Weak;
    use zeroxide_pipe::Lane;
    use zeroxide_proto::PeerId;

    /// A peer over one end of a pair of streams.
    pub(in crate::link) fn peer(stream: &Arc<Stream>) -> Peer {
        let io = IoShared::new().unwrap();
        let key = io.new_key();
        io.poller.add(&**stream, key.0, Interest::READ).unwrap();
        let wire = Wire::new(io, key);
        wire.begin(stream, Encoder::raw(), Vec::new());
        wire.open(stream);
        Peer {
            id: PeerId(0),
            core: Weak::new(),
            outbox: Arc::new(Lane::new(None)),
            inbox: Arc::new(Lane::new(None)),
            link: Link::Wire(Box::new(wire)),
            up: AtomicBool::new(true),
            origin: Mutex::default(),
        }
    }

    /// Sends until the kernel takes no more.
    fn fill(peer: &Peer) {
        let wire = peer.wire().unwrap();
        while !wire.blocked.load(Relaxed) {
            let _ = peer.outbox.push_with(|cargo| cargo.push_frame(&[7; 20_000], false)).unwrap();
            wire.write_or_report(peer);
        }
        let _ = peer.outbox.push_with(|cargo| cargo.push_frame(&[8; 20_000], false)).unwrap();
        assert!(wire.interest.lock().write);
    }

    /// Reads all that the kernel has; the last octet of it.
    fn read_all(stream: &Stream) -> u8 {
        let mut octets = Vec::with_capacity(4 * 1024 * 1024);
        while stream.read(&mut octets).is_ok() {}
        octets[octets.len() - 1]
    }

    #[test]
    fn a_sender_that_is_ahead_writes_when_the_kernel_takes_more() {
        let (near, far) = Stream::pair().unwrap();
        let peer = peer(&Arc::new(near));
        let wire = peer.wire().unwrap();
        fill(&peer);
        assert_eq!(read_all(&far), 7);
        wire.keep_up(&peer);
        assert!(wire.is_drained(&peer));
        assert!(!wire.blocked.load(Relaxed) && !wire.interest.lock().write);
        assert_eq!(read_all(&far), 8, "what was queued");
    }

    #[test]
    fn a_reader_that_stands_still_is_waited_for_once() {
        let (near, far) = Stream::pair().unwrap();
        let peer = peer(&Arc::new(near));
        let wire = peer.wire().unwrap();
        fill(&peer);
        wire.keep_up(&peer);
        assert!(wire.stalled.load(Relaxed) && wire.blocked.load(Relaxed));
        assert!(wire.interest.lock().write, "the I/O thread waits for room");
        // There is room, but it is for the I/O thread to find.
        assert_eq!(read_all(&far), 7);
        wire.keep_up(&peer);
        assert!(!wire.is_drained(&peer));
        assert_eq!(wire.writable(&peer), Drained::Empty);
        // It goes on, so it is waited for again.
        fill(&peer);
        read_all(&far);
        wire.keep_up(&peer);
        assert!(wire.is_drained(&peer));
    }
}
