//! Who comes late gets what is kept, once, and nobody else does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use zeroxide::{Context, Message, Pub, Sub};
use zeroxide_patterns::{
    PatternError,
    lvc::{CacheControl, CacheOptions, LastValueCache},
};

const PATIENCE: Duration = Duration::from_secs(120);

struct Cache {
    context: Context,
    publisher: Pub,
    back: String,
    control: CacheControl,
    thread: JoinHandle<Result<(), PatternError>>,
}

impl Cache {
    /// With a thousand topics, as in the Guide.
    fn filled() -> Self {
        let context = Context::new();
        let cache = LastValueCache::new(&context, CacheOptions::default()).unwrap();
        let (front, back) =
            (cache.bind_front("tcp://127.0.0.1:*").unwrap(), cache.bind_back("tcp://127.0.0.1:*").unwrap());
        let control = cache.control();
        let thread = thread::spawn(move || cache.run());
        let publisher = Pub::new(&context).unwrap();
        publisher.set_send_high_water_mark(None).unwrap();
        publisher.connect(&front).unwrap();
        assert!(publisher.wait_for_subscribers("", 1, PATIENCE));
        for number in 0..1000 {
            publisher.send([format!("{number:03}").as_str(), "Save Roger"]).unwrap();
        }
        let cache = Self { context, publisher, back, control, thread };
        cache.until(|| cache.control.statistics().topics == 1000);
        cache
    }

    fn until(&self, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < deadline, "{:?}", self.control);
            thread::yield_now();
        }
    }

    fn subscriber(&self, topic: &str) -> Sub {
        let subscriber = Sub::new(&self.context).unwrap();
        subscriber.set_receive_high_water_mark(None).unwrap();
        subscriber.subscribe(topic).unwrap();
        subscriber.connect(&self.back).unwrap();
        subscriber
    }

    fn end(self) {
        self.control.stop();
        self.thread.join().unwrap().unwrap();
    }
}

fn next(subscriber: &Sub) -> Message {
    subscriber.recv_timeout(PATIENCE).unwrap()
}

#[test]
fn each_late_subscriber_gets_the_last_value_once_and_early_ones_do_not_get_it_again() {
    let cache = Cache::filled();
    let saved = Message::from(["042", "Save Roger"]);
    let subscribers: Vec<Sub> = (0..10)
        .map(|_| {
            let subscriber = cache.subscriber("042");
            assert_eq!(next(&subscriber), saved);
            subscriber
        })
        .collect();
    cache.publisher.send(["042", "Off with his head!"]).unwrap();
    for subscriber in &subscribers {
        assert_eq!(next(subscriber), Message::from(["042", "Off with his head!"]), "and nothing in between");
    }
    assert_eq!(next(&cache.subscriber("042")), Message::from(["042", "Off with his head!"]));
    // It tells its figures when it has nothing else to do.
    cache.until(|| cache.control.statistics().replayed == 11);
    cache.end();
}

#[test]
fn a_subscription_gets_all_topics_that_begin_with_it() {
    let cache = Cache::filled();
    let early = cache.subscriber("04");
    for number in 40..50 {
        assert_eq!(next(&early)[0], format!("{number:03}").as_str());
    }
    let all = cache.subscriber("");
    for number in 0..1000 {
        assert_eq!(next(&all)[0], format!("{number:03}").as_str());
    }
    cache.publisher.send(["041", "a", "b", "c"]).unwrap();
    for subscriber in [&early, &all] {
        assert_eq!(next(subscriber), Message::from(["041", "a", "b", "c"]));
    }
    cache.end();
}

#[test]
fn who_unsubscribes_gets_nothing_and_who_subscribes_again_gets_it_again() {
    let cache = Cache::filled();
    let subscriber = cache.subscriber("007");
    subscriber.subscribe("008").unwrap();
    let mut first = [next(&subscriber), next(&subscriber)];
    first.sort_by_key(|message| message[0].to_vec());
    assert_eq!((&first[0][0], &first[1][0]), (&"007".into(), &"008".into()));
    subscriber.unsubscribe("007").unwrap();
    // In the order of the connection: when the next subscription is answered, the cancellation was heard.
    subscriber.subscribe("009").unwrap();
    assert_eq!(next(&subscriber)[0], "009");
    cache.publisher.send(["007", "nobody hears it"]).unwrap();
    cache.publisher.send(["008", "heard"]).unwrap();
    assert_eq!(next(&subscriber), Message::from(["008", "heard"]));
    subscriber.subscribe("007").unwrap();
    assert_eq!(next(&subscriber), Message::from(["007", "nobody hears it"]));
    cache.end();
}
