//! PUB and SUB (RFC 29): everybody gets what they asked for, and the publisher never waits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use zeroxide::*;

fn subscriber(context: &Context, topics: &[&str]) -> Sub {
    let subscriber = Sub::new(context).unwrap();
    topics.iter().for_each(|topic| subscriber.subscribe(topic).unwrap());
    subscriber
}

#[test]
fn a_subscriber_gets_what_begins_with_a_topic_it_asked_for() {
    for endpoint in everywhere() {
        let context = Context::new();
        let publisher = Pub::new(&context).unwrap();
        let at = publisher.bind(&endpoint).unwrap();
        let weather = subscriber(&context, &["weather.", "traffic"]);
        let all = subscriber(&context, &[""]);
        let none = subscriber(&context, &[]);
        for subscriber in [&weather, &all, &none] {
            join_at(&publisher, subscriber, &at);
        }
        assert!(publisher.wait_for_subscribers("weather.berlin", 2, LONG));
        assert!(publisher.wait_for_subscribers("traffic", 2, LONG));
        for topic in ["weather.berlin", "weather", "traffic jam", "news", "", "weather."] {
            publisher.send([topic, "body"]).unwrap();
            assert_eq!(all.get(), Message::from([topic, "body"]));
        }
        for topic in ["weather.berlin", "traffic jam", "weather."] {
            assert_eq!(weather.get(), Message::from([topic, "body"]));
        }
        assert!(weather.has_nothing() && none.has_nothing());
    }
}

#[test]
fn whoever_asks_whom_a_message_is_from_gets_the_same_in_the_same_order() {
    for endpoint in everywhere() {
        let context = Context::new();
        let publishers = [(); 2].map(|()| Pub::new(&context).unwrap());
        let weather = subscriber(&context, &["weather"]);
        for (name, publisher) in ["north", "south"].into_iter().zip(&publishers) {
            publisher.set_metadata([("X-region", name)]).unwrap();
            let endpoint = if endpoint.starts_with("inproc") { &inproc() } else { &endpoint };
            let at = publisher.bind(endpoint).unwrap();
            join_at(publisher, &weather, &at);
            assert!(publisher.wait_for_subscribers("weather", 1, LONG));
        }
        for (name, publisher) in ["north", "south"].into_iter().zip(&publishers) {
            for count in 0..100 {
                publisher.send(["news", "of nothing"]).unwrap();
                publisher.send(format!("weather {count}")).unwrap();
                publisher.send(["weather in parts", name]).unwrap();
            }
            for count in 0..100 {
                let (message, origin) = weather.recv_from_timeout(LONG).unwrap();
                assert_eq!(message, format!("weather {count}").into());
                assert_eq!(origin.property("X-region"), Some(name.as_bytes()));
                if count % 2 == 0 {
                    assert_eq!(weather.get(), ["weather in parts", name].into());
                    continue;
                }
                let (message, origin) = weather.recv_from_timeout(LONG).unwrap();
                assert_eq!(message, ["weather in parts", name].into());
                assert_eq!(origin.property("X-region"), Some(name.as_bytes()));
            }
        }
        assert!(weather.has_nothing());
    }
}

#[test]
fn what_is_published_after_the_wait_for_subscribers_is_not_lost() {
    for endpoint in everywhere() {
        for _ in 0..rounds(10) {
            let context = Context::new();
            let publisher = Pub::new(&context).unwrap();
            publisher.set_send_high_water_mark(None).unwrap();
            let at = publisher.bind(&endpoint).unwrap();
            let subscribers: Vec<_> = (0..3)
                .map(|_| {
                    let subscriber = subscriber(&context, &["a", "b"]);
                    subscriber.set_receive_high_water_mark(None).unwrap();
                    subscriber.connect(&at).unwrap();
                    std::thread::spawn(move || {
                        for count in 0..500 {
                            assert_eq!(
                                subscriber.get(),
                                Message::from(["b".into(), number(count)[0].clone()])
                            );
                        }
                    })
                })
                .collect();
            assert!(publisher.wait_for_subscribers("b", 3, LONG));
            for count in 0..500 {
                publisher.send(["b".into(), number(count)[0].clone()]).unwrap();
            }
            subscribers.into_iter().for_each(|subscriber| subscriber.join().unwrap());
            assert_eq!(publisher.statistics().lost_in_all(), 0);
        }
    }
}

#[test]
fn subscriptions_are_counted_and_the_last_cancellation_ends_them() {
    for endpoint in everywhere() {
        let context = Context::new();
        let publisher = Pub::new(&context).unwrap();
        let subscriber = subscriber(&context, &["a", "a", "marker"]);
        join(&publisher, &subscriber, &endpoint);
        assert!(publisher.wait_for_subscribers("marker", 1, LONG));
        subscriber.unsubscribe("a").unwrap();
        subscriber.unsubscribe("never subscribed").unwrap();
        publisher.send("a, still").unwrap();
        assert_eq!(subscriber.text(), "a, still");
        subscriber.unsubscribe("a").unwrap();
        eventually(|| publisher.subscribers("a") == 0);
        publisher.send("a, no more").unwrap();
        publisher.send("marker").unwrap();
        assert_eq!(subscriber.text(), "marker");
        subscriber.subscribe("a").unwrap();
        assert!(publisher.wait_for_subscribers("a", 1, LONG));
        publisher.send("a, again").unwrap();
        assert_eq!(subscriber.text(), "a, again");
    }
}

#[test]
fn a_cancelled_topic_is_filtered_although_it_was_sent_before() {
    for endpoint in everywhere() {
        let context = Context::new();
        let publisher = Pub::new(&context).unwrap();
        let subscriber = subscriber(&context, &["a", "b"]);
        join(&publisher, &subscriber, &endpoint);
        assert!(publisher.wait_for_subscribers("a", 1, LONG) && publisher.wait_for_subscribers("b", 1, LONG));
        publisher.send("a").unwrap();
        publisher.send("b").unwrap();
        eventually(|| subscriber.peers()[0].queued_in == 2);
        subscriber.unsubscribe("a").unwrap();
        assert_eq!(subscriber.text(), "b");
        assert_eq!(subscriber.statistics().lost_to(Loss::Unsubscribed), 1);
    }
}

#[test]
fn a_publisher_without_subscribers_drops_and_counts() {
    let context = Context::new();
    let publisher = Pub::new(&context).unwrap();
    publisher.bind("tcp://127.0.0.1:*").unwrap();
    for _ in 0..10 {
        publisher.try_send("to nobody").unwrap();
    }
    assert_eq!(publisher.statistics().lost_to(Loss::NoPeer), 10);
}

#[test]
fn the_publisher_may_connect_and_the_subscriber_bind() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (publisher, subscriber) = (Pub::new(&context).unwrap(), subscriber(&context, &["a"]));
        join(&subscriber, &publisher, &endpoint);
        assert!(publisher.wait_for_subscribers("a", 1, LONG));
        publisher.send("a").unwrap();
        assert_eq!(subscriber.text(), "a");
        subscriber.subscribe("b").unwrap();
        assert!(publisher.wait_for_subscribers("b", 1, LONG));
        publisher.send("b").unwrap();
        assert_eq!(subscriber.text(), "b");
    }
}

#[test]
fn a_subscriber_of_many_publishers_hears_them_all_in_turn() {
    for endpoint in everywhere() {
        let context = Context::new();
        let subscriber = subscriber(&context, &[""]);
        let at = subscriber.bind(&endpoint).unwrap();
        let publishers = [(); 3].map(|()| {
            let publisher = Pub::new(&context).unwrap();
            publisher.connect(&at).unwrap();
            assert!(publisher.wait_for_subscribers("", 1, LONG));
            publisher
        });
        for count in 0..300 {
            publishers[count % 3].send(number(count as u32)).unwrap();
        }
        let mut next = [0, 1, 2];
        for _ in 0..300 {
            let number = as_number(&subscriber.get());
            assert_eq!(number, std::mem::replace(&mut next[number as usize % 3], number + 3));
        }
    }
}

#[test]
fn disconnecting_ends_the_subscription_and_the_flow() {
    for endpoint in everywhere() {
        let context = Context::new();
        let publisher = Pub::new(&context).unwrap();
        let subscriber = subscriber(&context, &["a"]);
        let at = join(&publisher, &subscriber, &endpoint);
        for _ in 0..20 {
            assert!(publisher.wait_for_subscribers("a", 1, LONG));
            publisher.send("a").unwrap();
            assert_eq!(subscriber.text(), "a");
            subscriber.disconnect(&at).unwrap();
            eventually(|| publisher.subscribers("a") == 0);
            publisher.send("a, missed").unwrap();
            wait_for_connections(&subscriber, 0);
            assert!(subscriber.has_nothing());
            subscriber.connect(&at).unwrap();
        }
    }
}

#[test]
fn a_hundred_thousand_topics_are_restored_when_the_publisher_returns() {
    let (_path, endpoints) = not_yet_bound();
    for at in &endpoints[..2] {
        let context = Context::new();
        let subscriber = Sub::new(&context).unwrap();
        for topic in 0..100_000u32 {
            subscriber.subscribe(topic.to_be_bytes()).unwrap();
        }
        subscriber.connect(at).unwrap();
        for _ in 0..3 {
            let publisher = Pub::new(&context).unwrap();
            publisher.bind(at).unwrap();
            assert!(publisher.wait_for_subscribers(99_999u32.to_be_bytes(), 1, LONG));
            for topic in (0..100_000u32).step_by(9_999) {
                assert!(publisher.wait_for_subscribers(topic.to_be_bytes(), 1, LONG));
                publisher.send(number(topic)).unwrap();
                assert_eq!(as_number(&subscriber.get()), topic);
            }
            publisher.send(number(100_000)).unwrap();
            drop(publisher);
            wait_for_connections(&subscriber, 0);
        }
    }
}

#[test]
fn inverted_matching_sends_what_was_not_asked_for() {
    for endpoint in everywhere() {
        let context = Context::new();
        let publisher = Pub::new(&context).unwrap();
        publisher.set_invert_matching(true).unwrap();
        let (one, none) = (subscriber(&context, &["A"]), subscriber(&context, &[]));
        for subscriber in [&one, &none] {
            subscriber.set_invert_matching(true).unwrap();
        }
        let at = join(&publisher, &one, &endpoint);
        join_at(&publisher, &none, &at);
        eventually(|| publisher.subscribers("A") == 1);
        for message in ["A", "BB", "AC", "D"] {
            publisher.send(message).unwrap();
        }
        assert_eq!([one.text(), one.text()], ["BB", "D"]);
        assert_eq!([(); 4].map(|()| none.text()), ["A", "BB", "AC", "D"]);
        assert!(one.has_nothing());
    }
}

#[test]
fn a_slow_subscriber_does_not_hold_the_others_up() {
    let context = Context::new();
    let publisher = Pub::new(&context).unwrap();
    let at = publisher.bind("tcp://127.0.0.1:*").unwrap();
    // Shakes hands, subscribes to everything, and reads no more.
    let mut slow = raw(&at, Kind::Sub, b"");
    slow.send(&octets::subscribe(b""));
    let fast = subscriber(&context, &[""]);
    fast.connect(&at).unwrap();
    assert!(publisher.wait_for_subscribers("", 2, LONG));
    let body = vec![0; 20_000];
    for count in 0..5_000 {
        publisher.send([number(count)[0].clone(), body.as_slice().into()]).unwrap();
        assert_eq!(as_number(&fast.get()), count);
    }
    assert!(publisher.statistics().lost_to(Loss::HighWaterMark) > 0);
}

#[test]
fn two_threads_that_change_one_topic_leave_both_sides_of_one_mind() {
    for endpoint in everywhere() {
        let context = Context::new();
        let publisher = Pub::new(&context).unwrap();
        let subscriber = subscriber(&context, &["marker"]);
        join(&publisher, &subscriber, &endpoint);
        for _ in 0..rounds(200) {
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        for _ in 0..10 {
                            subscriber.subscribe("topic").unwrap();
                            subscriber.unsubscribe("topic").unwrap();
                        }
                        subscriber.subscribe("topic").unwrap();
                    });
                }
            });
            // Behind all that the threads have told.
            subscriber.subscribe("behind").unwrap();
            assert!(publisher.wait_for_subscribers("behind", 1, LONG));
            assert_eq!(publisher.subscribers("topic"), 1, "{endpoint}");
            subscriber.unsubscribe("topic").unwrap();
            subscriber.unsubscribe("topic").unwrap();
            subscriber.unsubscribe("behind").unwrap();
            eventually(|| publisher.subscribers("behind") == 0);
            assert_eq!(publisher.subscribers("topic"), 0, "{endpoint}");
        }
    }
}
