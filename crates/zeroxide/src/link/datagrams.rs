//! The link of a peer that is a UDP socket: whole datagrams, written by whoever sends, read by the I/O thread.
//!
//! As with [`Wire`](super::Wire) the *writer token* (`transmit`) is taken by whoever has something to write, and its holder
//! looks again after releasing it. What the kernel does not take now waits here, and the I/O thread goes on with it.

use super::Drained;
use crate::{
    io::shared::{Command, IoShared, SessionKey},
    peer::{Cargo, Peer},
    sync::Mutex,
};
use std::{
    io::{self, ErrorKind, IoSlice},
    net::SocketAddr,
    sync::Arc,
};
use zeroxide_net::{Interest, UdpSocket, Unsent};
use zeroxide_proto::{Batch, Loss, Message, SocketType, wire::datagram};

/// Datagrams written before others get their turn.
const WRITES_PER_TURN: usize = 256;
/// Datagrams read before others get their turn.
const READS_PER_TURN: usize = 64;
/// No datagram is longer.
const LONGEST: usize = 65_536;

/// A UDP socket under a peer.
pub(crate) struct Datagrams {
    io: Arc<IoShared>,
    session: SessionKey,
    /// Where everything goes (RADIO); the messages of a DGRAM say it themselves.
    target: Option<SocketAddr>,
    /// The longest body that is taken.
    longest: Option<u64>,
    transmit: Mutex<Transmit>,
    interest: Mutex<Watch>,
}

struct Transmit {
    socket: Option<Arc<UdpSocket>>,
    /// Taken from the outbox, not counted by its limit any more.
    taken: Batch,
    /// The kernel had no room for it.
    next: Option<Message>,
    blocked: bool,
}

#[derive(Default)]
struct Watch {
    socket: Option<Arc<UdpSocket>>,
    read: bool,
    write: bool,
}

impl Datagrams {
    pub(crate) fn new(
        io: Arc<IoShared>,
        session: SessionKey,
        socket: UdpSocket,
        target: Option<SocketAddr>,
        longest: Option<u64>,
    ) -> Self {
        let socket = Some(Arc::new(socket));
        let watch = Watch { socket: socket.clone(), ..Watch::default() };
        let transmit = Transmit { socket, taken: Batch::new(), next: None, blocked: false };
        Self { io, session, target, longest, transmit: Mutex::new(transmit), interest: Mutex::new(watch) }
    }

    /// Called after messages were appended to the outbox: writes them, as far as the kernel takes them now.
    pub(crate) fn kick(&self, peer: &Peer) {
        if self.write_out(peer) == Drained::Again {
            self.io.command(Command::Flush(self.session));
        }
    }

    /// Writes until the outbox is empty or the kernel takes no more, if nobody else is at it.
    pub(crate) fn write_out(&self, peer: &Peer) -> Drained {
        loop {
            let Some(mut transmit) = self.transmit.try_take() else { return Drained::Empty };
            let outcome = self.drain(&mut transmit, peer);
            drop(transmit);
            match outcome {
                Drained::Empty if !peer.outbox.is_empty() => {}
                Drained::Blocked => {
                    // Without room in the poller the next send tries again.
                    if self.watch(|watch| watch.write = true).is_err() {
                        self.transmit.take().blocked = false;
                    }
                    return outcome;
                }
                _ => return outcome,
            }
        }
    }

    /// The kernel has room again (called by the I/O thread).
    pub(crate) fn writable(&self, peer: &Peer) -> Drained {
        let _ = self.watch(|watch| watch.write = false);
        self.transmit.take().blocked = false;
        self.write_out(peer)
    }

    /// Whether messages wait that could still go out.
    pub(crate) fn has_unsent(&self, peer: &Peer) -> bool {
        let transmit = self.transmit.take();
        transmit.next.is_some() || !transmit.taken.is_empty() || !peer.outbox.is_empty()
    }

    fn drain(&self, transmit: &mut Transmit, peer: &Peer) -> Drained {
        let Some(core) = peer.core.upgrade() else { return Drained::Detached };
        let Some(socket) = transmit.socket.clone() else { return Drained::Detached };
        if transmit.blocked {
            return Drained::Blocked;
        }
        for _ in 0..WRITES_PER_TURN {
            let message = match transmit.next.take().or_else(|| transmit.taken.pop()) {
                Some(message) => message,
                None => {
                    let mut cargo = Cargo(std::mem::take(&mut transmit.taken));
                    let found = peer.outbox.take_into(&mut cargo);
                    transmit.taken = cargo.0;
                    if !found {
                        return Drained::Empty;
                    }
                    let _ = peer.outbox.credit(transmit.taken.messages());
                    core.writable.notify_fenced();
                    continue;
                }
            };
            match self.send(&socket, &message) {
                Ok(()) => {}
                Err(Unsent::WouldBlock) => {
                    transmit.next = Some(message);
                    transmit.blocked = true;
                    return Drained::Blocked;
                }
                Err(Unsent::TooLong) => core.counters.lost(Loss::Oversized, 1),
                Err(Unsent::NoRoom) => core.counters.lost(Loss::HighWaterMark, 1),
                Err(Unsent::Undeliverable(_)) => core.counters.lost(Loss::Unroutable, 1),
            }
        }
        Drained::Again
    }

    /// Sends one message: group and body to the one target, or address and body.
    fn send(&self, socket: &UdpSocket, message: &Message) -> Result<(), Unsent> {
        let none = || Unsent::Undeliverable(ErrorKind::InvalidInput.into());
        let [first, body] = message.frames() else { return Err(none()) };
        match self.target {
            Some(target) => {
                let mut head = Vec::with_capacity(first.len() + 1);
                datagram::write_group(first, &mut head);
                socket.send_to(&[IoSlice::new(&head), IoSlice::new(body)], target)
            }
            None => {
                let to = datagram::parse_address(first).ok_or_else(none)?;
                socket.send_to(&[IoSlice::new(body)], to)
            }
        }
    }

    /// The I/O thread hears of what comes from now on, if the poller has room for it.
    pub(crate) fn begin_reading(&self) -> io::Result<()> {
        self.watch(|watch| watch.read = true)
    }

    /// Reads what has come. Whatever finds no room is lost: a sender of datagrams does not wait.
    pub(crate) fn read(&self, peer: &Peer, scratch: &mut Vec<u8>) {
        let Some(core) = peer.core.upgrade() else { return };
        let Some(socket) = self.interest.lock().socket.clone() else { return };
        let mut dormant = false;
        for _ in 0..READS_PER_TURN {
            scratch.clear();
            scratch.reserve_exact(LONGEST);
            let from = match socket.receive_from(scratch) {
                Ok(from) => from,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // Tells of a datagram that was sent before; the next call goes on.
                Err(_) => continue,
            };
            let text;
            let parts = if core.kind == SocketType::Dgram {
                text = from.to_string();
                Some((text.as_bytes(), &scratch[..]))
            } else {
                datagram::parse_group(scratch)
            };
            match parts {
                Some((_, body)) if self.longest.is_some_and(|longest| body.len() as u64 > longest) => {
                    core.counters.lost(Loss::Oversized, 1);
                }
                Some((first, body)) => dormant |= core.datagram(peer, first, body),
                None => core.counters.lost(Loss::BadEnvelope, 1), // R13
            }
        }
        if dormant {
            core.activate(peer.id);
        }
    }

    /// Takes the socket away and closes it; returns how many messages had been taken and are lost.
    pub(crate) fn close(&self) -> usize {
        let _ = self.watch(|watch| (watch.read, watch.write) = (false, false));
        self.interest.lock().socket = None;
        let mut transmit = self.transmit.take();
        transmit.socket = None;
        let left = std::mem::take(&mut transmit.taken).messages();
        left + usize::from(transmit.next.take().is_some())
    }

    /// Changes what the poller watches for, with a system call only if that really changes.
    fn watch(&self, change: impl FnOnce(&mut Watch)) -> io::Result<()> {
        let mut watch = self.interest.lock();
        let (before_read, before_write) = (watch.read, watch.write);
        let before = Interest::new(before_read, before_write);
        change(&mut watch);
        let after = Interest::new(watch.read, watch.write);
        let Some(socket) = watch.socket.as_ref().filter(|_| before != after) else { return Ok(()) };
        let done = self.io.poller.change(&**socket, self.session.0, before, after);
        if done.is_err() {
            (watch.read, watch.write) = (before_read, before_write);
        }
        done
    }
}
