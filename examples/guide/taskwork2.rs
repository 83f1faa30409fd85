//! Task worker, which ends when it is told to: it also listens to a controller.
//!
//! Shows: E2.23 E3.10; C157.

use crate::zhelpers::{Outcome, PATIENCE, Words, work};
use zeroxide::{Context, Interest, Poller, Pull, Push, Sub};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let controller = Sub::new(&context)?;
    controller.connect(words.text(2, "tcp://localhost:5559"))?;
    // The word to end must not be missed, so no task is taken before the publisher has the subscription.
    if !controller.subscribe_confirmed("", PATIENCE)? {
        return Err("the controller is not there".into());
    }
    let receiver = Pull::new(&context)?;
    receiver.connect(words.text(0, "tcp://localhost:5557"))?;
    let sender = Push::new(&context)?;
    sender.connect(words.text(1, "tcp://localhost:5558"))?;

    let mut poller = Poller::new();
    poller.add(&receiver, 0, Interest::READABLE);
    poller.add(&controller, 1, Interest::READABLE);
    loop {
        for ready in poller.wait(None)? {
            if ready.token == 1 {
                println!("told to end: {}", controller.recv()?);
                return Ok(());
            }
            work(receiver.recv()?.to_string().parse()?);
            println!(".");
            sender.send("")?;
        }
    }
}
