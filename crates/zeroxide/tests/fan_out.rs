//! One message for many subscribers: what goes to the same ones as the message before is written once for all of them, and
//! handed over together with what follows. Nobody can tell: not by the order, not by a count, not by waiting.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::{thread, time::Duration};
use zeroxide::*;

const MANY: usize = 5;

fn subscriber(context: &Context, at: &str, topics: &[&str]) -> Sub {
    let subscriber = Sub::new(context).unwrap();
    subscriber.set_receive_high_water_mark(None).unwrap();
    topics.iter().for_each(|topic| subscriber.subscribe(topic).unwrap());
    subscriber.connect(at).unwrap();
    subscriber
}

/// A publisher that drops nothing.
fn publisher(context: &Context, endpoint: &str) -> (Pub, String) {
    let publisher = Pub::new(context).unwrap();
    publisher.set_send_high_water_mark(None).unwrap();
    let at = publisher.bind(endpoint).unwrap();
    (publisher, at)
}

#[test]
fn a_message_to_the_same_subscribers_as_the_one_before_needs_no_third() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (publisher, at) = publisher(&context, &endpoint);
        let subscribers: Vec<_> = (0..MANY).map(|_| subscriber(&context, &at, &["a"])).collect();
        assert!(publisher.wait_for_subscribers("a", MANY, LONG));
        for count in 0..rounds(50) {
            publisher.send(["a".to_owned(), count.to_string()]).unwrap();
            for subscriber in &subscribers {
                assert_eq!(subscriber.get(), Message::from(["a".to_owned(), count.to_string()]));
            }
        }
    }
}

#[test]
fn order_holds_where_messages_for_all_for_some_and_for_one_follow_on_each_other() {
    const MESSAGES: usize = 3000;
    // Who of them asked for what.
    let asked: [&[&str]; MANY] = [&["a", "b", "c"], &["a", "b"], &["a", "b"], &["a"], &["a", "d"]];
    // Runs of different lengths, so that each kind of change occurs.
    let topic = |count: usize| match count % 37 {
        0..=14 => "a",
        15..=17 => "b",
        18 => "c",
        19..=24 => "b",
        25 => "d",
        26 => "nobody",
        _ => "a",
    };
    let body = |count: usize| vec![count as u8; if count.is_multiple_of(101) { 20_000 } else { 40 }];
    for endpoint in everywhere() {
        let context = Context::new();
        let (publisher, at) = publisher(&context, &endpoint);
        let subscribers = asked.map(|topics| subscriber(&context, &at, topics));
        for (topic, count) in [("a", 5), ("b", 3), ("c", 1), ("d", 1)] {
            assert!(publisher.wait_for_subscribers(topic, count, LONG));
        }
        thread::scope(|scope| {
            for (subscriber, topics) in subscribers.iter().zip(asked) {
                scope.spawn(move || {
                    for count in (0..MESSAGES).filter(|count| topics.contains(&topic(*count))) {
                        let message = subscriber.get();
                        assert_eq!(&message.frames()[0][..], topic(count).as_bytes());
                        assert_eq!(&message.frames()[1][..], count.to_string().as_bytes());
                        assert_eq!(&message.frames()[2][..], body(count));
                    }
                });
            }
            for count in 0..MESSAGES {
                let frames = [topic(count).into(), count.to_string().into(), Frame::from(body(count))];
                publisher.send(frames).unwrap();
            }
        });
    }
}

#[test]
fn what_was_published_before_a_close_arrives_at_all_of_them() {
    for endpoint in everywhere() {
        for messages in [1, 2, 3, 500] {
            let context = Context::new();
            let (publisher, at) = publisher(&context, &endpoint);
            let subscribers: Vec<_> = (0..MANY).map(|_| subscriber(&context, &at, &["a"])).collect();
            assert!(publisher.wait_for_subscribers("a", MANY, LONG));
            (0..messages).for_each(|count| publisher.send(format!("a{count}")).unwrap());
            drop(publisher);
            for subscriber in &subscribers {
                (0..messages).for_each(|count| assert_eq!(subscriber.text(), format!("a{count}")));
            }
        }
    }
}

#[test]
fn every_message_to_a_subscriber_that_is_full_is_counted_and_no_other() {
    const MESSAGES: usize = 20_000;
    for endpoint in over_wires() {
        for mark in [1, 7, 1000] {
            let context = Context::new();
            let publisher = Pub::new(&context).unwrap();
            publisher.set_send_high_water_mark(Some(mark)).unwrap();
            let at = publisher.bind(endpoint).unwrap();
            let subscribers: Vec<_> = (0..MANY).map(|_| subscriber(&context, &at, &["a", "end"])).collect();
            assert!(publisher.wait_for_subscribers("a", MANY, LONG));
            let seen: usize = thread::scope(|scope| {
                let counting: Vec<_> = subscribers
                    .iter()
                    .map(|subscriber| {
                        scope.spawn(move || {
                            let (mut seen, mut last) = (0, None);
                            loop {
                                let text = subscriber.text();
                                let Some(number) = text.strip_prefix('a') else { return seen };
                                let number: usize = number.parse().unwrap();
                                assert!(last.is_none_or(|last| last < number), "{number} after {last:?}");
                                (seen, last) = (seen + 1, Some(number));
                            }
                        })
                    })
                    .collect();
                (0..MESSAGES).for_each(|count| publisher.send(format!("a{count}")).unwrap());
                let lost = publisher.statistics().lost_to(Loss::HighWaterMark) as usize;
                // The end may be lost to one that is full, too.
                while !counting.iter().all(thread::ScopedJoinHandle::is_finished) {
                    publisher.send("end").unwrap();
                    thread::yield_now();
                }
                lost + counting.into_iter().map(|seen| seen.join().unwrap()).sum::<usize>()
            });
            assert_eq!(seen, MESSAGES * MANY, "received and counted as lost, {endpoint}, mark {mark}");
        }
    }
}

#[test]
fn queues_of_subscribers_that_do_not_read_hold_no_more_than_the_mark() {
    let context = Context::new();
    let publisher = Pub::new(&context).unwrap();
    publisher.set_send_high_water_mark(Some(10)).unwrap();
    publisher.set_linger(Some(Duration::ZERO));
    let at = publisher.bind("tcp://127.0.0.1:*").unwrap();
    let idle: Vec<_> = (0..MANY)
        .map(|_| {
            let peer = Sub::new(&context).unwrap();
            peer.set_receive_high_water_mark(Some(1)).unwrap();
            peer.subscribe("").unwrap();
            peer.connect(&at).unwrap();
            peer
        })
        .collect();
    assert!(publisher.wait_for_subscribers("", MANY, LONG));
    let body = vec![7; 4000];
    let full = || publisher.peers().iter().all(|peer| peer.queued_out == 10);
    while !full() {
        publisher.send(&body).unwrap();
        assert!(publisher.peers().iter().all(|peer| peer.queued_out <= 10));
    }
    drop(idle);
}

#[test]
fn who_comes_and_who_goes_gets_each_message_of_its_time_once() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (publisher, at) = publisher(&context, endpoint);
        let steady: Vec<_> = (0..MANY).map(|_| subscriber(&context, &at, &["a"])).collect();
        assert!(publisher.wait_for_subscribers("a", MANY, LONG));
        let mut count = 0;
        let publish = |count: &mut usize| {
            for _ in 0..20 {
                publisher.send(format!("a{count}")).unwrap();
                *count += 1;
            }
        };
        for _ in 0..rounds(10) {
            publish(&mut count);
            let guest = subscriber(&context, &at, &["a"]);
            assert!(publisher.wait_for_subscribers("a", MANY + 1, LONG));
            let first = count;
            publish(&mut count);
            (first..count).for_each(|count| assert_eq!(guest.text(), format!("a{count}")));
            publish(&mut count);
            drop(guest);
            publish(&mut count);
            eventually(|| publisher.connected() == MANY);
        }
        for subscriber in &steady {
            (0..count).for_each(|count| assert_eq!(subscriber.text(), format!("a{count}")));
        }
    }
}

#[test]
fn an_option_that_is_set_between_messages_neither_holds_nor_loses_any() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (publisher, at) = publisher(&context, endpoint);
        let subscribers: Vec<_> = (0..MANY).map(|_| subscriber(&context, &at, &[""])).collect();
        assert!(publisher.wait_for_subscribers("", MANY, LONG));
        let sent = rounds(300);
        for count in 0..sent {
            for part in 0..3 {
                publisher.send(number(count as u32 * 3 + part)).unwrap();
            }
            publisher.set_xpub_nodrop(count % 2 == 0).unwrap();
        }
        for subscriber in &subscribers {
            let came: Vec<u32> = (0..sent * 3).map(|_| as_number(&subscriber.get())).collect();
            assert!(came.iter().copied().eq(0..sent as u32 * 3));
        }
    }
}
