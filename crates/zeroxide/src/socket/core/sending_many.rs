//! Sending many messages at once: all are queued first, then each connection is told once.

use super::*;
use sending::{Todo, kick, send_cause};
use zeroxide_pipe::Rejected;

/// So many messages are queued at most before connections are told of them.
const AT_ONCE: usize = 256;

/// Who was sent something and has not been told yet.
#[derive(Default)]
struct Untold {
    peers: Vec<Arc<Peer>>,
    messages: usize,
}

impl Core {
    /// Sends messages as [`Core::try_send`] does each, until one is refused; says which.
    pub(crate) fn try_send_many(&self, messages: &mut dyn Iterator<Item = Message>) -> Result<(), SendError> {
        let mut untold = Untold::default();
        let mut done = Ok(());
        while done.is_ok()
            && let Some(message) = messages.next()
        {
            done = self.try_send_untold(message, &mut untold);
        }
        untold.tell();
        done
    }

    fn try_send_untold(&self, mut message: Message, untold: &mut Untold) -> Result<(), SendError> {
        if !self.sends_to_one() || self.conflate.load(Relaxed) {
            return self.try_send(message);
        }
        let failed = |cause, message| Err(SendError { socket: self.kind, cause, message });
        let mut guard = self.rules.lock();
        let rules = &mut *guard;
        if let Some(cause) = self.send_refusal() {
            return failed(cause, message);
        }
        match rules.machine.route(&mut message, &rules.peers, &mut rules.targets) {
            Ok(Route::One { peer, envelope }) => {
                let Some(peer) = rules.peers.get(peer) else {
                    self.counters.lost(Loss::Unroutable, 1);
                    return Ok(());
                };
                let pushed = match self.try_push(peer, envelope, &message) {
                    Err(Rejected::Full) => return failed(SendErrorCause::WouldBlock, message),
                    pushed => pushed,
                };
                let told = self.pushed(peer, pushed).then(|| peer.clone());
                // Those who drop what has no room are not made to by messages that nobody has been told of.
                let is_full = !peer.outbox.has_room();
                drop(guard);
                if let Some(peer) = told {
                    untold.add(peer);
                }
                if is_full || untold.messages >= AT_ONCE {
                    untold.tell();
                }
                Ok(())
            }
            Ok(route) => {
                let mut todo = Todo::default();
                self.send_to_many(route, &message, &rules.targets, &rules.peers, &mut todo);
                drop(guard);
                todo.finish(self);
                Ok(())
            }
            Err(refusal) => failed(send_cause(refusal), message),
        }
    }

    /// Whether each message goes to one peer, and nothing else hangs on it. Those of the other types are sent one by one.
    fn sends_to_one(&self) -> bool {
        use SocketType::{Client, Dealer, Pair, Peer, Push, Router, Scatter, Server};
        matches!(self.kind, Client | Dealer | Pair | Peer | Push | Router | Scatter | Server)
    }
}

impl Untold {
    fn add(&mut self, peer: Arc<Peer>) {
        self.messages += 1;
        if !self.peers.last().is_some_and(|last| Arc::ptr_eq(last, &peer)) {
            self.peers.push(peer);
        }
    }

    fn tell(&mut self) {
        self.messages = 0;
        self.peers.sort_unstable_by_key(Arc::as_ptr);
        self.peers.dedup_by(|one, other| Arc::ptr_eq(one, other));
        for peer in self.peers.drain(..) {
            match &peer.link {
                // What one call of many has gathered is worth a system call.
                Link::Wire(wire) if !wire.is_looked_after(true) => wire.write_or_report(&peer),
                _ => kick(&peer),
            }
        }
    }
}
