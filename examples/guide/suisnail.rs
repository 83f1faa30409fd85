//! Suicidal Snail: a subscriber that is too slow notices by the age of what it gets, and ends.
//!
//! Shows: suisnail; C193.

use crate::zhelpers::{Outcome, PATIENCE, Words, work};
use std::{thread, time::Duration};
use zeroxide::{Context, Pub, Sub};
use zeroxide_patterns::snail::{GuardOptions, LatencyGuard, Verdict, read_stamp, stamp};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let (publisher, subscriber) = (Pub::new(&context)?, Sub::new(&context)?);
    subscriber.connect(&publisher.bind("tcp://127.0.0.1:*")?)?;
    if !subscriber.subscribe_confirmed("", PATIENCE)? {
        return Err("the publisher is not there".into());
    }
    thread::spawn(move || {
        while publisher.send(stamp("news", "")).is_ok() {
            work(1);
        }
    });
    let mut guard =
        LatencyGuard::new(GuardOptions { max_delay: Duration::from_millis(100), ..GuardOptions::default() });
    loop {
        let message = subscriber.recv()?;
        if let Verdict::TooLate(age) = guard.arrived(read_stamp(&message).ok_or("no stamp")?) {
            println!("E: subscriber cannot keep up, aborting: {} ms late", age.as_millis());
            return Ok(());
        }
        work(20); // slower than the publisher
    }
}
