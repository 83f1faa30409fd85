//! Messages that are held back for a moment, so that several short ones go out by one write.
//!
//! Whoever holds some sends them when there is nothing else at hand. If it does not come to that, since it works at
//! something long, the clock does so after [`LONGEST`].

use crate::clock::wake_at;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Wake, Waker},
    time::{Duration, Instant},
};
use zeroxide::{Dealer, Message};

/// No message is held for longer.
const LONGEST: Duration = Duration::from_millis(1);

/// No more are held.
const MOST: usize = 64;

/// What one socket is to send.
#[derive(Clone)]
pub(super) struct Held(Arc<Shelf>);

struct Shelf {
    dealer: Arc<Dealer>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    messages: Vec<Message>,
    /// The clock will look.
    watched: bool,
}

/// What the clock wakes; it does not keep the messages alive.
struct Look(Weak<Shelf>);

impl Held {
    pub(super) fn new(dealer: Arc<Dealer>) -> Self {
        Self(Arc::new(Shelf { dealer, state: Mutex::default() }))
    }

    /// Holds a message; it is out within [`LONGEST`], unless there is no room for it.
    pub(super) fn add(&self, message: Message) {
        let mut state = self.0.lock();
        state.messages.push(message);
        if state.messages.len() >= MOST {
            self.0.send(&mut state);
        } else if !state.watched {
            state.watched = true;
            let due = Waker::from(Arc::new(Look(Arc::downgrade(&self.0))));
            if !wake_at(Instant::now() + LONGEST, due) {
                self.0.send(&mut state);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().messages.is_empty()
    }

    /// Sends what is held; what found no room is given back.
    pub(super) fn send(&self) -> Vec<Message> {
        let mut state = self.0.lock();
        self.0.send(&mut state);
        std::mem::take(&mut state.messages)
    }
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What finds no room stays.
    fn send(&self, state: &mut State) {
        let mut messages = std::mem::take(&mut state.messages).into_iter();
        if let Err(refused) = self.dealer.try_send_many(&mut messages) {
            state.messages.push(refused.message);
            state.messages.extend(messages);
        }
    }
}

impl Wake for Look {
    fn wake(self: Arc<Self>) {
        if let Some(shelf) = self.0.upgrade() {
            let mut state = shelf.lock();
            state.watched = false;
            shelf.send(&mut state);
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("messages", &self.0.lock().messages.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroxide::{Context, Router};

    #[test]
    fn what_is_held_goes_out_in_order_by_the_clock_or_when_there_is_much() {
        let context = Context::new();
        let (router, dealer) = (Router::new(&context).unwrap(), Dealer::new(&context).unwrap());
        dealer.connect(&router.bind("inproc://held").unwrap()).unwrap();
        let held = Held::new(Arc::new(dealer));
        let next = || router.recv_timeout(Duration::from_secs(60)).unwrap()[1].to_vec();
        held.add("1".into());
        assert_eq!(next(), b"1", "nobody asked for it to be sent");
        for number in 0..1000 {
            held.add(number.to_string().into());
        }
        assert!(held.send().is_empty() && held.is_empty());
        for number in 0..1000 {
            assert_eq!(next(), number.to_string().into_bytes());
        }
    }

    #[test]
    fn what_finds_no_room_is_given_back_in_order() {
        let context = Context::new();
        let dealer = Dealer::new(&context).unwrap();
        dealer.set_send_high_water_mark(Some(1)).unwrap();
        dealer.connect("inproc://nobody").unwrap();
        let held = Held::new(Arc::new(dealer));
        ["a", "b", "c"].into_iter().for_each(|body| held.add(body.into()));
        assert_eq!(held.send(), ["b".into(), "c".into()] as [Message; 2]);
    }
}
