//! What [`Once`](super::Once) remembers beyond the life of its process: in a store of Titanic's.
//!
//! ```text
//! asked      accepted and started, together and durable       only then worked at
//! answered   its answer, durable                              only then told
//! in between the process dies: started and never answered     nobody knows, and it is not begun again
//! ```

use super::once::{Doubt, Key};
use crate::{
    PatternError,
    clock::sleep_until,
    titanic::{
        Operation, Outcome, RequestNumber, Store,
        committer::{self, Desk},
    },
};
use std::{
    sync::{Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use zeroxide::{Frame, block_on};

/// How often what is too old is looked for.
const SWEEP: Duration = Duration::from_secs(60);
/// While another process works at the same request: this at first, then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Journal {
    desk: Option<Desk>,
    thread: Option<JoinHandle<()>>,
    lifetime: Duration,
    swept: Mutex<Instant>,
}

/// What the journal says of a request.
#[derive(Debug)]
pub(super) enum Begun {
    /// It is to be worked at, by whoever asked.
    Now,
    /// It was answered, with this.
    Before(Vec<Frame>),
}

impl Journal {
    pub(super) fn new(store: impl Store, lifetime: Duration) -> Result<Self, PatternError> {
        let (desk, thread) = committer::open(store)?;
        Ok(Self { desk: Some(desk), thread: Some(thread), lifetime, swept: Mutex::new(Instant::now()) })
    }

    /// Whether it is to be worked at. One process of all that have the journal is told so, once.
    pub(super) fn begin(&self, key: Key) -> Result<Begun, Doubt> {
        let (desk, number) = (self.desk()?, number_of(key));
        let (service, body) = (Frame::from("once"), Vec::new());
        let mut asked =
            vec![Operation::Accept { number, service, body, once: true }, Operation::Start { number }];
        asked.extend(self.sweep());
        match desk.apply_all(asked).as_deref() {
            Ok([Outcome::Done, Outcome::Done, ..]) => Ok(Begun::Now),
            Ok([Outcome::Done, ..]) => self.already(number),
            Ok(_) => Err(Doubt::NotBegun),
            Err(_) => {
                // The store may believe that it is worked at.
                let _ = desk.apply(Operation::Release { number, after: Duration::ZERO });
                Err(Doubt::NotBegun)
            }
        }
    }

    /// It was begun before, here or elsewhere.
    fn already(&self, number: RequestNumber) -> Result<Begun, Doubt> {
        let (desk, begin, mut pause) = (self.desk()?, Instant::now(), FIRST_PAUSE);
        loop {
            match desk.apply(Operation::Look { number }) {
                Ok(Outcome::Answer(answer)) => return Ok(Begun::Before(answer)),
                Ok(Outcome::Pending) if begin.elapsed() < self.lifetime => {}
                _ => return Err(Doubt::Unknown),
            }
            block_on(sleep_until(Instant::now() + pause));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// It was worked at. If this cannot be written, the answer is true all the same; after a death nobody will know it.
    pub(super) fn finish(&self, key: Key, answer: Vec<Frame>) {
        let finish = Operation::Finish { number: number_of(key), answer };
        let _ = self.desk().map(|desk| desk.apply(finish));
    }

    /// The work broke off.
    pub(super) fn fail(&self, key: Key) {
        let _ = self.desk().map(|desk| desk.apply(Operation::Fail { number: number_of(key) }));
    }

    fn sweep(&self) -> Option<Operation> {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        let due = swept.elapsed() >= SWEEP.min(self.lifetime);
        if due {
            *swept = Instant::now();
        }
        due.then_some(Operation::Sweep { lifetime: self.lifetime })
    }

    fn desk(&self) -> Result<&Desk, Doubt> {
        self.desk.as_ref().ok_or(Doubt::NotBegun)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // The store is closed when this returns: another process may open it.
        self.desk = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The name of a client is chance already; the numbers of one client are spread from there over all that there are.
fn number_of((client, number): Key) -> RequestNumber {
    const SPREAD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
    RequestNumber(u128::from_be_bytes(client).wrapping_add(u128::from(number).wrapping_mul(SPREAD)))
}
