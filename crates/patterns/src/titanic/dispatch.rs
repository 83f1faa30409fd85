//! Handing stored requests to their services: as a client of the broker, several at once.

use super::{Job, Operation, Outcome, RequestNumber, TitanicOptions, committer::Desk, server::Counters};
use crate::{
    PatternError,
    majordomo::{Client, ClientOptions},
};
use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use zeroxide::{Context, Frame, Message};

/// How long a request that got no answer waits at most before it is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What dispatchers share.
#[derive(Debug, Default)]
pub(super) struct Board {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Counts what was accepted: who saw this number before it found nothing has missed nothing.
    accepted: u64,
    stop: bool,
    /// Services nobody serves, and until when that is believed.
    absent: HashMap<Frame, Instant>,
}

impl Board {
    /// Something was accepted.
    pub(super) fn accepted(&self) {
        self.lock().accepted += 1;
        self.news.notify_one();
    }

    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.news.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was accepted so far and who is absent; nothing if it is time to stop.
    fn look(&self) -> Option<(u64, Vec<Frame>)> {
        let (mut state, now) = (self.lock(), Instant::now());
        state.absent.retain(|_, until| *until > now);
        (!state.stop).then(|| (state.accepted, state.absent.keys().cloned().collect()))
    }

    /// Until more was accepted than that, or the time is over.
    fn wait(&self, seen: u64, most: Duration) {
        let same = |state: &mut State| state.accepted == seen && !state.stop;
        drop(self.news.wait_timeout_while(self.lock(), most, same));
    }

    fn is_absent(&self, service: Frame, until: Instant) {
        self.lock().absent.insert(service, until);
    }
}

pub(super) struct Dispatcher {
    client: Client,
    /// Asks who is there; it has less patience.
    scout: Client,
    desk: Desk,
    board: Arc<Board>,
    counters: Arc<Counters>,
    tick: Duration,
    attempts: u32,
}

impl Dispatcher {
    pub(super) fn new(
        context: &Context,
        brokers: &[impl AsRef<str>],
        options: &TitanicOptions,
        desk: Desk,
        board: Arc<Board>,
        counters: Arc<Counters>,
    ) -> Result<Self, PatternError> {
        let asking = |timeout| ClientOptions { timeout, tries: 1, ..ClientOptions::default() };
        Ok(Self {
            client: Client::new(context, brokers, asking(options.service_timeout))?,
            scout: Client::new(context, brokers, asking(options.tick))?,
            desk,
            board,
            counters,
            tick: options.tick,
            attempts: options.attempts,
        })
    }

    /// Hands out what is due until it is told to stop.
    pub(super) fn run(mut self) {
        while let Some((seen, without)) = self.board.look() {
            match self.desk.apply(Operation::Claim { without }) {
                Ok(Outcome::Claimed(job)) => self.hand_out(job),
                Ok(_) | Err(_) => self.board.wait(seen, self.tick),
            }
        }
    }

    fn hand_out(&mut self, job: Job) {
        let Job { number, service, body, once, attempts } = job;
        if !matches!(self.scout.is_served(&service), Ok(true)) {
            self.board.is_absent(service, Instant::now() + self.tick);
            return self.put(Operation::Release { number, after: Duration::ZERO });
        }
        // Durable, if it must not be handed out again.
        match self.desk.apply(Operation::Start { number }) {
            Ok(Outcome::Done) => {}
            // It was closed, or somebody else has it.
            Ok(_) => return,
            // The store may believe that it is under way; here it is known that it is not.
            Err(_) => return self.put(Operation::Release { number, after: self.tick }),
        }
        self.counters.handed_out.fetch_add(1, Relaxed);
        match self.client.call(&service, Message::from(body)) {
            Ok(answer) => {
                self.counters.answered.fetch_add(1, Relaxed);
                self.put(Operation::Finish { number, answer: answer.into_frames() });
            }
            Err(_) => self.no_answer(number, once, attempts + 1),
        }
    }

    fn no_answer(&self, number: RequestNumber, once: bool, attempts: u32) {
        if once || attempts >= self.attempts {
            self.counters.failed.fetch_add(1, Relaxed);
            return self.put(Operation::Fail { number });
        }
        let after = self.tick.saturating_mul(1 << attempts.min(10)).min(LONGEST_PAUSE);
        self.put(Operation::Release { number, after });
    }

    /// Until it is written, or it is time to stop: what it knows would be lost otherwise.
    fn put(&self, operation: Operation) {
        while self.desk.apply(operation.clone()).is_err() {
            let Some((seen, _)) = self.board.look() else { return };
            self.board.wait(seen, self.tick);
        }
    }
}
