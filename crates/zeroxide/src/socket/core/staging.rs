//! One message for many: what goes to the same peers as the message before is written once, and handed to each of them
//! together with what follows.
//!
//! ```text
//!   send  -> same peers as before?  -> stage   one copy, whatever their number; the I/O thread is asked once
//!         -> other peers            -> outboxes of the former, then of these
//!   stage -> outboxes: when it is full or a peer may be, before anything else is queued for a peer, before a peer leaves,
//!            and when the I/O thread comes to it: what was sent while that was busy goes out together
//! ```
//! A lock, a look at cold memory and a wake-up for each message and each of a hundred peers cost far more than its octets.
//! The high-water marks stay exact: when the stage is begun, the peer with the least room says how much fits.

use super::*;
use crate::{io::shared::Command, payload::Fill};

/// What is on its way to the outboxes of several peers. Guarded by the rules' lock, which each push to them takes.
#[derive(Default)]
pub(super) struct Stage {
    batch: Batch,
    /// Whom the batch is for; without a batch, whom the last message was for that went to more than a few.
    targets: Vec<PeerId>,
    /// For so many more messages each of their outboxes has room.
    room: usize,
    /// The I/O thread was asked to see to it, and has not come yet.
    asked: bool,
}

/// From so many octets on the sender hands over itself. They stay in the nearest cache while they are copied for each.
const MOST: usize = 16 * 1024;

impl Core {
    /// Takes a message for several peers onto the stage, if they are the same again. Otherwise what is there has been handed
    /// over when this returns.
    pub(super) fn stage(
        &self,
        stage: &mut Stage,
        peers: &Directory,
        targets: &[PeerId],
        message: &impl Fill,
        kicks: &mut Vec<Arc<Peer>>,
    ) -> bool {
        if targets.len() <= sending::FEW || stage.targets != targets || self.conflate.load(Relaxed) {
            self.hand_over(stage, peers, kicks);
            if targets.len() > sending::FEW {
                stage.targets.clear();
                stage.targets.extend_from_slice(targets);
            }
            return false;
        }
        if stage.batch.is_empty() && !self.begin_stage(stage, peers) {
            return false;
        }
        message.fill(&[], &mut stage.batch);
        stage.room -= 1;
        if stage.room == 0 || stage.batch.size() >= MOST {
            self.hand_over(stage, peers, kicks);
        }
        true
    }

    /// Finds out how much fits, and asks the I/O thread to come. Only connections wait for that.
    fn begin_stage(&self, stage: &mut Stage, peers: &Directory) -> bool {
        let targets = || stage.targets.iter().filter_map(|target| peers.get(*target));
        let Some(io) = targets().next().and_then(|peer| peer.wire()).map(|wire| wire.io()) else {
            return false;
        };
        if !targets().all(|peer| peer.wire().is_some()) {
            return false;
        }
        stage.room = targets().map(|peer| peer.outbox.room()).min().unwrap_or(0);
        if stage.room == 0 {
            return false;
        }
        let Some(core) = targets().next().map(|peer| peer.core.clone()) else { return false };
        if !std::mem::replace(&mut stage.asked, true) {
            io.command(Command::HandOver(core));
        }
        true
    }

    /// Hands what is on the stage to the outboxes. `kicks` are those whose links are to be told, when the rules are unlocked.
    pub(super) fn hand_over(&self, stage: &mut Stage, peers: &Directory, kicks: &mut Vec<Arc<Peer>>) {
        if stage.batch.is_empty() {
            return;
        }
        for peer in stage.targets.iter().filter_map(|target| peers.get(*target)) {
            match peer.outbox.push_with(|cargo| cargo.push_all(&stage.batch)) {
                // Whoever is at the high-water mark is written for: that makes room.
                Ok(pushed) => {
                    if self.needs_kick(peer, pushed.dormant, pushed.sealed || !peer.outbox.has_room()) {
                        kicks.push(peer.clone());
                    }
                }
                Err(_) => self.counters.lost(Loss::Disconnected, stage.batch.messages()),
            }
        }
        stage.batch.clear();
    }

    /// Hands over what is on the stage: the I/O thread comes for it, or somebody wants to know what is queued.
    pub(crate) fn clear_stage(&self) {
        let mut todo = sending::Todo::default();
        let mut guard = self.rules.lock();
        let Rules { stage, peers, .. } = &mut *guard;
        stage.asked = false;
        self.hand_over(stage, peers, &mut todo.kicks);
        drop(guard);
        todo.finish(self);
    }
}
