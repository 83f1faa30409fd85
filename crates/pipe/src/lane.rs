//! A bounded hand-over of batches: producers append to the open batch, the consumer takes a batch by a swap.
//!
//! ```text
//! push_with  ->  [ tail ]  -- size over the bound -->  [ sealed | sealed | sealed ]  ->  take
//!                    '------------ nothing sealed: tail and the spare change places ------>
//! ```
//!
//! Everything is under one short mutex, so what the two sides tell each other cannot be lost between them:
//!
//! - `dormant`: a take that finds nothing says so in the critical section in which it looked. The next push either
//!   was before (and is found) or is after (and is told to wake the consumer).
//! - `starved`: set in the critical section in which the lane becomes full, before anyone can be refused. The credit
//!   that brings it down to half the limit clears it and is told to wake the producers. Half, because a wake-up for
//!   every single message would cost more than the message.

use crate::{
    answers::{Credit, Drained, Pushed, Rejected, Replaced},
    sync::{AtomicBool, Mutex, Ordering, lock},
};
use std::{collections::VecDeque, hint::cold_path, mem};

/// What a lane carries: messages in a run, of which it knows number and size, nothing else.
/// The default is an empty batch, best without memory.
///
/// ```
/// use zeroxide_pipe::Carry;
///
/// /// Lines of text, each a message.
/// #[derive(Default)]
/// struct Lines {
///     text: String,
///     count: usize,
/// }
///
/// impl Carry for Lines {
///     fn messages(&self) -> usize {
///         self.count
///     }
///     fn size(&self) -> usize {
///         self.text.len()
///     }
///     fn clear(&mut self) {
///         self.text.clear();
///         self.count = 0;
///     }
/// }
/// ```
pub trait Carry: Default {
    /// Whole messages in it.
    fn messages(&self) -> usize;
    /// Octets in it; what a consumer should not get too many of at once.
    fn size(&self) -> usize;
    /// Forgets everything but keeps the memory (or gives some back, if it is far too much).
    fn clear(&mut self);
    /// Called of an empty one that will be filled after `full`, by the same producers: it may get memory for as much.
    fn follow(&mut self, _full: &Self) {}
}

/// A queue from many threads to one consumer, bounded in messages, in which messages travel in batches.
///
/// - Order: messages come out in the order in which they went in.
/// - Bound: with the limit N exactly N messages are accepted before the first [`Lane::credit`]; a whole batch may
///   overshoot. Credit is given for messages that were really taken out, not when their batch was. Where it is given
///   [in lots](Lane::give_credit_in_lots), room comes back when a lot is full.
/// - Wake-ups: nothing here waits or wakes. A push says when the consumer is to be woken ([`Pushed::dormant`]), a
///   credit says when the producers are ([`Credit::resume`]); each says so once, and never too few times.
/// - Close: a push is either before it and will be taken, or refused.
///
/// ```
/// use zeroxide_pipe::{Carry, Lane, Rejected};
///
/// #[derive(Default)]
/// struct Words(Vec<&'static str>);
/// impl Carry for Words {
///     fn messages(&self) -> usize { self.0.len() }
///     fn size(&self) -> usize { self.0.iter().map(|word| word.len()).sum() }
///     fn clear(&mut self) { self.0.clear() }
/// }
///
/// let lane = Lane::<Words>::new(Some(2));
/// assert!(lane.push_with(|batch| batch.0.push("first")).is_ok_and(|pushed| pushed.dormant));
/// assert!(lane.push_with(|batch| batch.0.push("second")).is_ok_and(|pushed| !pushed.dormant));
/// assert_eq!(lane.push_with(|batch| batch.0.push("third")), Err(Rejected::Full));
///
/// let mut batch = Words::default();
/// assert!(lane.take_into(&mut batch));
/// assert_eq!(batch.0, ["first", "second"]);
/// assert!(lane.credit(1).resume);
/// ```
#[derive(Debug)]
pub struct Lane<B> {
    /// Mirror of `State::room`, written under the lock.
    room: AtomicBool,
    state: Mutex<State<B>>,
}

#[derive(Debug)]
struct State<B> {
    /// The open batch, newest of all.
    tail: B,
    /// Full batches, oldest first. They are older than all in `tail`.
    sealed: VecDeque<B>,
    /// Memory for the next tails.
    spares: Vec<B>,
    limit: Option<usize>,
    /// Messages in `tail` and `sealed`.
    queued: usize,
    /// Messages pushed and not credited.
    used: usize,
    /// Of these, credited and held back until they are half of the limit, where credit comes in lots.
    owed: usize,
    lots: bool,
    /// The consumer has found nothing since the last push. So it is before the first take.
    dormant: bool,
    /// The lane was full, and no credit has said `resume` since.
    starved: bool,
    /// Neither full nor closed.
    room: bool,
    closed: bool,
}

impl<B: Carry> Lane<B> {
    /// An empty lane for at most `limit` messages. Its consumer counts as dormant: the first push says so.
    pub fn new(limit: Option<usize>) -> Self {
        let mut state = State {
            tail: B::default(),
            sealed: VecDeque::new(),
            spares: Vec::new(),
            limit,
            queued: 0,
            used: 0,
            owed: 0,
            lots: false,
            dormant: true,
            starved: false,
            room: true,
            closed: false,
        };
        state.room = state.has_room();
        state.starved = !state.room;
        Self { room: AtomicBool::new(state.room), state: Mutex::new(state) }
    }

    /// Changes the limit for pushes from now on. What is in the lane stays, over the limit or not.
    pub fn set_limit(&self, limit: Option<usize>) -> Credit {
        let mut state = lock(&self.state);
        state.limit = limit;
        // A lot may be smaller now.
        self.settle_credit(&mut state, 0)
    }

    /// From now on room comes back in lots of half the limit, the odd one rounded up: what is credited beyond them is held
    /// back until the next is full. So there is never less than half of the room for whoever finds the lane empty.
    pub fn give_credit_in_lots(&self) {
        lock(&self.state).lots = true;
    }

    /// Runs `fill`, which appends one message to the open batch, if there is room.
    ///
    /// `fill` runs under the lock: it copies octets and does nothing else. Should it panic, what it half wrote stays.
    ///
    /// # Errors
    /// [`Rejected`]; `fill` was not called then.
    #[inline(always)]
    pub fn push_with(&self, fill: impl FnOnce(&mut B)) -> Result<Pushed, Rejected> {
        let mut state = lock(&self.state);
        if let Err(rejected) = state.admit() {
            cold_path();
            return Err(rejected);
        }
        let (before, size_before) = (state.tail.messages(), state.tail.size());
        fill(&mut state.tail);
        let added = state.tail.messages().saturating_sub(before);
        let size = state.tail.size();
        // Another like this one would not fit any more.
        let sealed = size + size.saturating_sub(size_before) > SEALED_AT;
        if sealed {
            cold_path();
            state.seal_and_go_on();
        }
        Ok(Pushed { sealed, ..self.pushed(&mut state, added) })
    }

    /// Takes over a whole batch if there is room for one message at least; it may overshoot the limit.
    ///
    /// # Errors
    /// [`Rejected`] and the batch.
    pub fn push_batch(&self, mut batch: B) -> Result<Pushed, (B, Rejected)> {
        self.push_from(&mut batch).map_err(|rejected| (batch, rejected))
    }

    /// [`Lane::push_batch`] that leaves an empty batch in place of the one it takes over, often one with memory.
    ///
    /// # Errors
    /// [`Rejected`]; the batch is as it was then.
    pub fn push_from(&self, batch: &mut B) -> Result<Pushed, Rejected> {
        let mut state = lock(&self.state);
        state.admit()?;
        let added = batch.messages();
        if !is_vacant(&state.tail) {
            state.seal();
        }
        mem::swap(&mut state.tail, batch);
        if state.tail.size() >= SEALED_AT {
            state.seal();
        }
        Ok(self.pushed(&mut state, added))
    }

    /// Throws away all that is queued and appends what `fill` does: only the newest stays. The limit is no matter.
    ///
    /// # Errors
    /// [`Rejected::Closed`]; nothing was thrown away and `fill` was not called then.
    pub fn replace_with(&self, fill: impl FnOnce(&mut B)) -> Result<Replaced, Rejected> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(Rejected::Closed);
        }
        let replaced = mem::take(&mut state.queued);
        state.used = state.used.saturating_sub(replaced);
        // Bodies may be freed by foreign code, so they are dropped after the lock is.
        let sealed = mem::take(&mut state.sealed);
        let fresh = state.spares.pop().unwrap_or_default();
        let mut thrown = mem::replace(&mut state.tail, fresh);
        fill(&mut state.tail);
        let added = state.tail.messages();
        let Pushed { dormant, .. } = self.pushed(&mut state, added);
        drop(state);
        drop(sealed);
        thrown.clear();
        let dropped_unlocked = lock(&self.state).keep(thrown);
        drop(dropped_unlocked);
        Ok(Replaced { dormant, replaced })
    }

    /// As [`Lane::push_with`], but the limit is no matter: for the few messages that rules owe, not for traffic.
    ///
    /// # Errors
    /// [`Rejected::Closed`]; `fill` was not called then.
    pub fn push_beyond_limit(&self, fill: impl FnOnce(&mut B)) -> Result<Pushed, Rejected> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(Rejected::Closed);
        }
        let before = state.tail.messages();
        fill(&mut state.tail);
        let added = state.tail.messages().saturating_sub(before);
        Ok(self.pushed(&mut state, added))
    }

    /// Whether a push would be accepted. Costs one relaxed load.
    ///
    /// Exact for the only producer when it says yes. A no may be out of date, so it is no reason to sleep, unless the
    /// producer has registered in an [`EventCount`](crate::EventCount) before it asked and whoever gets
    /// [`Credit::resume`] calls [`notify_fenced`](crate::EventCount::notify_fenced).
    #[inline]
    pub fn has_room(&self) -> bool {
        self.room.load(Ordering::Relaxed)
    }

    /// For how many messages there is room: exact for the only producer. A closed lane refuses all the same.
    pub fn room(&self) -> usize {
        let state = lock(&self.state);
        state.limit.map_or(usize::MAX, |limit| limit.saturating_sub(state.used))
    }

    /// Takes the oldest batch in exchange for an empty one, whose memory is used again. `false` if there is nothing:
    /// `batch` is empty then, and the next push will say that the consumer is dormant.
    ///
    /// What is still in `batch` is forgotten; there should be nothing.
    #[inline]
    pub fn take_into(&self, batch: &mut B) -> bool {
        self.exchange(batch, 0).0
    }

    /// [`Lane::credit`] and [`Lane::take_into`] at once: for a consumer whose batch is used up, one meeting with the
    /// producers instead of two.
    #[inline]
    pub fn exchange(&self, batch: &mut B, credit: usize) -> (bool, Credit) {
        debug_assert_eq!(batch.messages(), 0, "messages that were not taken out would be lost");
        batch.clear();
        let mut state = lock(&self.state);
        let credit =
            if credit > 0 { self.settle_credit(&mut state, credit) } else { Credit { resume: false } };
        let (found, dropped_unlocked) = state.hand_out(batch);
        drop(state);
        drop(dropped_unlocked);
        (found, credit)
    }

    /// As [`Lane::take_into`], for a consumer that is done with messages when it has them: gives their room back at once.
    ///
    /// ```
    /// # use zeroxide_pipe::{Carry, Lane};
    /// # #[derive(Default)]
    /// # struct Texts(Vec<String>);
    /// # impl Carry for Texts {
    /// #     fn messages(&self) -> usize { self.0.len() }
    /// #     fn size(&self) -> usize { self.0.len() }
    /// #     fn clear(&mut self) { self.0.clear() }
    /// # }
    /// let lane = Lane::<Texts>::new(Some(1));
    /// lane.push_with(|texts| texts.0.push("one".to_owned()))?;
    /// let mut taken = Texts::default();
    /// assert!(lane.take_away(&mut taken).0 && lane.has_room());
    /// # Ok::<(), zeroxide_pipe::Rejected>(())
    /// ```
    #[inline]
    pub fn take_away(&self, batch: &mut B) -> (bool, Credit) {
        debug_assert_eq!(batch.messages(), 0, "messages that were not taken out would be lost");
        batch.clear();
        let mut state = lock(&self.state);
        let (found, dropped_unlocked) = state.hand_out(batch);
        let credit = self.settle_credit(&mut state, batch.messages());
        drop(state);
        drop(dropped_unlocked);
        (found, credit)
    }

    /// [`Lane::take_into`] by value. A spare that was not needed is dropped: who cares for its memory uses the other.
    pub fn take(&self, mut spare: B) -> Option<B> {
        self.take_into(&mut spare).then_some(spare)
    }

    /// Gives back the room of `count` messages that the consumer has really taken out.
    #[inline]
    pub fn credit(&self, count: usize) -> Credit {
        self.settle_credit(&mut lock(&self.state), count)
    }

    #[inline]
    fn settle_credit(&self, state: &mut State<B>, count: usize) -> Credit {
        state.owed += count;
        debug_assert!(state.owed <= state.used - state.queued, "credit for messages that were not taken");
        let due = state.owed - state.held_back();
        state.owed -= due;
        state.used = state.used.saturating_sub(due);
        self.settle(state);
        Credit { resume: state.resume() }
    }

    /// Refuses pushes from now on; what is queued can still be taken. Notify both sides after this.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        self.settle(&mut state);
        let dropped_unlocked = mem::take(&mut state.spares);
        drop(state);
        drop(dropped_unlocked);
    }

    /// Whether the lane was closed.
    pub fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    /// Full batches in the lane.
    pub fn full_batches(&self) -> usize {
        lock(&self.state).sealed.len()
    }

    /// Octets of the batch that grows.
    pub fn open_size(&self) -> usize {
        lock(&self.state).tail.size()
    }

    /// Messages in the lane.
    pub fn len(&self) -> usize {
        lock(&self.state).queued
    }

    /// Whether a take would find nothing. Exact, for [`Token::run`](crate::Token::run) relies on it.
    pub fn is_empty(&self) -> bool {
        let state = lock(&self.state);
        state.sealed.is_empty() && is_vacant(&state.tail)
    }

    /// Takes out everything at once and gives back its room: what was lost when a connection ends.
    /// The consumer counts as dormant after this.
    pub fn drain(&self) -> Drained<B> {
        let mut state = lock(&self.state);
        let mut batches = Vec::from(mem::take(&mut state.sealed));
        if !is_vacant(&state.tail) {
            batches.push(mem::take(&mut state.tail));
        }
        let messages = mem::take(&mut state.queued);
        state.used = state.used.saturating_sub(messages);
        state.dormant = true;
        self.settle(&mut state);
        Drained { batches, messages, resume: state.resume() }
    }

    #[inline]
    fn pushed(&self, state: &mut State<B>, added: usize) -> Pushed {
        state.queued += added;
        state.used += added;
        self.settle(state);
        let something = !state.sealed.is_empty() || !is_vacant(&state.tail);
        Pushed { dormant: something && mem::take(&mut state.dormant), queued: state.queued, sealed: false }
    }

    /// Works out again whether there is room, after anything it depends on has changed.
    #[inline]
    fn settle(&self, state: &mut State<B>) {
        let room = state.has_room();
        state.starved |= !room;
        if room != state.room {
            state.room = room;
            self.room.store(room, Ordering::Relaxed);
        }
    }
}

impl<B: Carry> State<B> {
    #[inline]
    fn admit(&self) -> Result<(), Rejected> {
        match self.room {
            true => Ok(()),
            false if self.closed => Err(Rejected::Closed),
            false => Err(Rejected::Full),
        }
    }

    #[inline]
    fn has_room(&self) -> bool {
        !self.closed && self.limit.is_none_or(|limit| self.used < limit)
    }

    /// What of the credit does not make up a lot.
    #[inline]
    fn held_back(&self) -> usize {
        match self.limit {
            Some(limit) if self.lots => self.owed % limit.div_ceil(2).max(1),
            _ => 0,
        }
    }

    /// The oldest batch for an empty one, if there is one; and memory to be dropped when this is unlocked.
    #[inline]
    fn hand_out(&mut self, batch: &mut B) -> (bool, Option<B>) {
        let Some(mut oldest) = self.sealed.pop_front() else {
            if is_vacant(&self.tail) {
                self.dormant = true;
                return (false, None);
            }
            mem::swap(&mut self.tail, batch);
            self.queued = 0;
            return (true, None);
        };
        self.queued -= oldest.messages();
        mem::swap(&mut oldest, batch);
        (true, self.keep(oldest))
    }

    fn resume(&mut self) -> bool {
        let resume = self.starved && self.room && self.limit.is_none_or(|limit| self.used <= limit / 2);
        self.starved &= !resume;
        resume
    }

    #[cold]
    fn seal_and_go_on(&mut self) {
        self.seal();
        if let Some(full) = self.sealed.back() {
            self.tail.follow(full);
        }
    }

    #[cold]
    fn seal(&mut self) {
        let fresh = self.spares.pop().unwrap_or_default();
        self.sealed.push_back(mem::replace(&mut self.tail, fresh));
    }

    /// Keeps an empty batch for its memory; what is too much comes back, to be dropped when the lane is unlocked. As many
    /// are kept as a consumer empties in one go that finds the lane full, or a producer would begin without memory again
    /// and again.
    fn keep(&mut self, empty: B) -> Option<B> {
        if self.spares.len() >= SPARES || self.closed {
            return Some(empty);
        }
        self.spares.push(empty);
        None
    }
}

/// Nothing to take; a batch may carry octets that are no message.
#[inline]
fn is_vacant<B: Carry>(batch: &B) -> bool {
    batch.messages() == 0 && batch.size() == 0
}

/// The size at which a batch is sealed and a new one begun: what one segment of the loopback interface carries, over IPv6.
/// The few octets by which 64 KiB are more would be a segment of their own, which costs a third of what the long one does.
const SEALED_AT: usize = if cfg!(loom) { 2 } else { 65_463 };

/// So many empty batches are kept at most.
const SPARES: usize = 3;
