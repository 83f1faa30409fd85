use super::{Interest, Poller};
use crate::{Context, Pull};

#[test]
fn a_socket_that_is_closed_while_it_is_looked_at_is_not_reported() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let mut poller = Poller::new();
    poller.add(&pull, 0, Interest::READABLE);
    let mut ready = Vec::new();
    poller.look(&mut ready, |core, interest| {
        core.close();
        core.readiness(interest)
    });
    assert!(ready.is_empty() && poller.is_empty());
}
