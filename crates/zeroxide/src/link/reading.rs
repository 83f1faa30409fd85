//! The reading half: from the kernel to the inbox, as far as there is room.

use super::*;

/// More room than this is that of a large body.
const ROOM_FOR_MANY: usize = 72 * 1024;
/// How much of a large body is read at once over tcp. The kernel takes nothing in while it copies, and gives back what it has copied
/// when that is done: a peer that waits for either goes on sooner. A body of 1 MiB is through in five sixths of the time. A unix socket
/// gives back as it copies, and is read without pieces: a third faster.
const PIECE: usize = 32 * 1024;
/// The same for large bodies that one read could bring. In shorter pieces, since the kernel has acknowledged nothing of
/// a piece before it is copied.
const SHORT_PIECE: usize = 16 * 1024;

pub(super) struct Receive {
    pub(super) stream: Arc<Stream>,
    pub(super) decoder: Decoder,
    /// Read, but there was no room: waits for the inbox.
    pub(super) overflow: Option<Batch>,
    /// The peer broke the protocol: nothing more is read.
    pub(super) violation: Option<ProtocolError>,
    /// Others than the I/O thread may read. Before that somebody may come who was told of the connection before this one.
    pub(super) is_open: bool,
}

/// How a turn of reading ended.
#[derive(Debug)]
pub(crate) enum ReadOutcome {
    /// Nothing more is there now.
    Drained,
    /// More may be there; others get their turn first.
    Again,
    /// The inbox is full.
    Paused,
    /// No connection is attached.
    Detached,
    /// The peer closed.
    End,
    /// The operating system reports an error.
    Failed(ErrorKind),
    /// The peer broke the protocol.
    Violation(ProtocolError),
}

impl Wire {
    /// Reads what is there, in up to `turns` system calls, and hands it on.
    pub(crate) fn read(&self, peer: &Peer, scratch: &mut Vec<u8>, turns: usize) -> ReadOutcome {
        self.read_with(self.receive.take(), peer, scratch, turns)
    }

    /// As [`Wire::read`], if nobody else is at it. It may be this very thread: whoever is woken by what is read here may come
    /// back from within the wake, and look for more.
    pub(crate) fn read_in_passing(&self, peer: &Peer, scratch: &mut Vec<u8>, turns: usize) -> ReadOutcome {
        match self.receive.try_take() {
            Some(guard) => self.read_with(guard, peer, scratch, turns),
            None => ReadOutcome::Drained,
        }
    }

    /// Reads once in a nest. Where it has ended, the I/O thread sees to that; where more may be there, because somebody else is
    /// reading, or more came than was read, or the peer has said its `last`, the nest is to tell again. True if something came.
    pub(crate) fn read_for_another(&self, peer: &Peer, scratch: &mut Vec<u8>, last: bool) -> bool {
        let before = self.received();
        let outcome = match self.receive.try_take() {
            Some(guard) => self.read_with(guard, peer, scratch, 1),
            None => ReadOutcome::Again,
        };
        match outcome {
            ReadOutcome::Drained if last => self.ask_nest_again(),
            ReadOutcome::Again => self.ask_nest_again(),
            ReadOutcome::Drained | ReadOutcome::Paused | ReadOutcome::Detached => {}
            ReadOutcome::End | ReadOutcome::Failed(_) | ReadOutcome::Violation(_) => {
                self.unclaim();
                self.io.command(Command::Broken(self.session));
            }
        }
        self.received() != before
    }

    fn read_with(
        &self,
        mut guard: MutexGuard<'_, Option<Receive>>,
        peer: &Peer,
        scratch: &mut Vec<u8>,
        turns: usize,
    ) -> ReadOutcome {
        let Some(core) = peer.core.upgrade() else { return ReadOutcome::Detached };
        let Some(receive) = guard.as_mut().filter(|receive| receive.is_open) else {
            return ReadOutcome::Detached;
        };
        for _ in 0..turns {
            if let Some(obstacle) = self.obstacle(receive, &core, peer) {
                return obstacle;
            }
            if must_wait(peer) {
                drop(guard);
                return self.pause(peer);
            }
            let (amid_large, is_ipc) = (receive.decoder.is_amid_large(), receive.stream.is_ipc());
            let target = receive.decoder.target(scratch);
            let room = match target.capacity() - target.len() {
                room if is_ipc => room,
                room if room > ROOM_FOR_MANY => room.min(PIECE),
                room if amid_large => room.min(SHORT_PIECE),
                room => room,
            };
            let answer = if room < target.capacity() - target.len() {
                receive.stream.read_piece(target, room)
            } else {
                receive.stream.read(target)
            };
            let count = match answer {
                Ok(0) => return ReadOutcome::End,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return ReadOutcome::Drained,
                Err(error) => return ReadOutcome::Failed(error.kind()),
            };
            self.advance(receive, &core, peer, scratch, count);
            // Not left to the next call: only the kernel would ask for that, and it knows of neither.
            if let Some(obstacle) = self.obstacle(receive, &core, peer) {
                return obstacle;
            }
            if count < room {
                return ReadOutcome::Drained;
            }
        }
        ReadOutcome::Again
    }

    /// Why nothing more is to be read now: there is no room for what was read, or the peer broke the protocol.
    fn obstacle(&self, receive: &mut Receive, core: &Arc<Core>, peer: &Peer) -> Option<ReadOutcome> {
        if !self.deliver_overflow(receive, core, peer) {
            return Some(ReadOutcome::Paused);
        }
        receive.violation.map(ReadOutcome::Violation)
    }

    /// Hands on what found no room before. If there still is none, reading pauses, and the answer is no.
    fn deliver_overflow(&self, receive: &mut Receive, core: &Arc<Core>, peer: &Peer) -> bool {
        while let Some(batch) = receive.overflow.take() {
            if let Err(batch) = core.arrived(peer, batch) {
                receive.overflow = Some(batch);
                if matches!(self.pause(peer), ReadOutcome::Paused) {
                    return false;
                }
            }
        }
        true
    }

    /// Takes octets that were read before the connection was attached. From now on others may read it, too.
    pub(crate) fn feed(&self, peer: &Peer, octets: &[u8], scratch: &mut Vec<u8>) -> ReadOutcome {
        let mut guard = self.receive.take();
        let Some(receive) = guard.as_mut() else { return ReadOutcome::Detached };
        receive.is_open = true;
        let Some(core) = peer.core.upgrade() else { return ReadOutcome::Detached };
        if !octets.is_empty() {
            receive.decoder.target(scratch).extend_from_slice(octets);
            self.advance(receive, &core, peer, scratch, octets.len());
        }
        // What came since, the poller tells of.
        self.obstacle(receive, &core, peer).unwrap_or(ReadOutcome::Drained)
    }

    /// Hands on what has just been read.
    fn advance(
        &self,
        receive: &mut Receive,
        core: &Arc<Core>,
        peer: &Peer,
        scratch: &mut Vec<u8>,
        count: usize,
    ) {
        self.received.store(self.received.load(Relaxed) + count as u64, Relaxed);
        let mut arrivals = Arrivals { core, peer, wire: self, overflow: None };
        receive.violation = receive.decoder.advance(scratch, &mut arrivals).err();
        receive.overflow = arrivals.overflow;
    }

    fn pause(&self, peer: &Peer) -> ReadOutcome {
        self.watch(|watch| (watch.paused, watch.claimed) = (true, false));
        if !must_wait(peer) {
            // The application made room between the refusal and the pause; its resume came too early.
            self.watch(|watch| watch.paused = false);
            return ReadOutcome::Again;
        }
        ReadOutcome::Paused
    }

    /// Whether reading waits for the application to make room.
    pub(crate) fn is_paused(&self) -> bool {
        self.interest.lock().paused
    }

    /// The application has made room in the inbox: the I/O thread reads again. Says whether reading was paused.
    pub(crate) fn resume(&self) -> bool {
        let mut paused = false;
        self.watch(|watch| paused = std::mem::take(&mut watch.paused));
        if paused {
            self.ask_read();
        }
        paused
    }

    /// The application has made room in the inbox, and will read itself.
    pub(crate) fn unpause(&self) {
        self.watch(|watch| watch.claimed |= std::mem::take(&mut watch.paused));
    }

    /// Asks the I/O thread for a read. What had been read before a pause is in no kernel buffer: readiness alone would
    /// not bring it.
    pub(crate) fn ask_read(&self) {
        self.io.command(Command::Read(self.session()));
    }
}

/// Whether reading has to wait for the application. After a close it has not: what comes is dropped, but PINGs are
/// answered and the peer's end is seen while the last messages go out.
fn must_wait(peer: &Peer) -> bool {
    !peer.inbox.has_room() && !peer.inbox.is_closed()
}

/// Where the decoder's findings go.
struct Arrivals<'a> {
    core: &'a Arc<Core>,
    peer: &'a Peer,
    wire: &'a Wire,
    overflow: Option<Batch>,
}

impl Sink for Arrivals<'_> {
    fn messages(&mut self, batch: Batch) {
        match &mut self.overflow {
            Some(overflow) => overflow.append(batch),
            None => self.overflow = self.core.arrived(self.peer, batch).err(),
        }
    }

    fn command(&mut self, command: WireCommand<'_>) {
        match command {
            WireCommand::Ping { ttl, context } => {
                if self.wire.pongs_waiting() < PONGS_QUEUED_MAX {
                    self.wire.control(Control::Pong(context.to_vec()));
                }
                self.wire.io.command(Command::Pinged(self.wire.session(), ttl));
            }
            WireCommand::Pong(context) => {
                // An empty context answers a heartbeat.
                if let Ok(number) = context.try_into() {
                    self.wire.note_receipt(u64::from_be_bytes(number), self.peer);
                }
            }
            WireCommand::Subscribe(topic) => self.core.subscription(self.peer, topic, true),
            WireCommand::Cancel(topic) => self.core.subscription(self.peer, topic, false),
            WireCommand::Join(group) => self.core.upstream(self.peer, Upstream::Join(group)),
            WireCommand::Leave(group) => self.core.upstream(self.peer, Upstream::Leave(group)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Pull, Push, blocking::Signals};

    /// A connection, and its peer on the receiving side. The I/O thread tells of it first, and then takes in what came with the
    /// handshake and opens it: it has done so.
    fn connected() -> (Push, Pull, Arc<Peer>) {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        push.connect(&pull.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
        assert!(pull.wait_connected(1, Duration::from_secs(60)));
        let peer = pull.core.peers().swap_remove(0);
        let wire = peer.wire().unwrap();
        let deadline = Instant::now() + Duration::from_secs(120);
        while wire.interest.lock().stream.is_none() {
            assert!(Instant::now() < deadline, "it was never opened");
            std::thread::yield_now();
        }
        (push, pull, peer)
    }

    #[test]
    fn nobody_reads_a_connection_before_what_came_with_its_handshake_is_taken_in() {
        let (_push, pull, peer) = connected();
        let wire = peer.wire().unwrap();
        // Another stream takes the place of the first, of which somebody has been told that it can be read.
        let (near, far) = Stream::pair().unwrap();
        wire.attach(&Arc::new(near), Decoder::raw());
        far.write(b"second").unwrap();
        let mut scratch = Vec::new();
        assert!(!wire.read_for_another(&peer, &mut scratch, false));
        assert!(matches!(wire.read(&peer, &mut scratch, 1), ReadOutcome::Detached));
        wire.feed(&peer, b"first", &mut scratch);
        assert!(wire.read_for_another(&peer, &mut scratch, false));
        assert_eq!(pull.recv().unwrap(), "first".into());
        assert_eq!(pull.recv().unwrap(), "second".into());
    }

    #[test]
    fn what_a_nest_could_not_read_it_tells_of_again() {
        let (push, pull, peer) = connected();
        let wire = peer.wire().unwrap();
        let nest = pull.core.enter_nest_and_stay().unwrap();
        let mut desk = nest.enter().unwrap();
        let soon = || Some(Instant::now() + Duration::from_secs(60));
        // Somebody else is at the connection.
        let busy = wire.receive.take();
        push.send("there").unwrap();
        for _ in 0..3 {
            assert!(nest.wait(&mut desk, Signals::Ignored, soon()).unwrap());
            assert!(!nest.read(&mut desk));
        }
        drop(busy);
        assert!(nest.wait(&mut desk, Signals::Ignored, soon()).unwrap());
        assert!(nest.read(&mut desk));
        nest.leave(desk);
        assert_eq!(pull.try_recv().unwrap(), "there".into());
    }
}
