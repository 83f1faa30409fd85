//! Request-reply broker: hands requests to workers and replies to clients, by hand. `msgqueue` does it in one call.
//!
//! A message is received and sent whole, so no loop over parts is needed.
//!
//! Shows: E0.7 E1.18 E1.32 E2.30 E3.16; C13 C19 C90.

use crate::zhelpers::{Outcome, Words, bind};
use zeroxide::{Context, Dealer, Interest, Poller, Router};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let frontend = Router::new(&context)?;
    bind(&frontend, words.text(0, "tcp://*:5559"))?;
    let backend = Dealer::new(&context)?;
    bind(&backend, words.text(1, "tcp://*:5560"))?;

    let mut poller = Poller::new();
    poller.add(&frontend, 0, Interest::READABLE);
    poller.add(&backend, 1, Interest::READABLE);
    loop {
        for ready in poller.wait(None)? {
            match ready.token {
                0 => backend.send(frontend.recv()?)?,
                _ => frontend.send(backend.recv()?)?,
            }
        }
    }
}
