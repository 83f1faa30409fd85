//! PUB and SUB: whoever comes back is told again what is wanted, and nothing else.

use super::*;

#[test]
fn a_sub_restores_its_thousand_topics_at_a_publisher_that_came_back() {
    restores_topics(|context| {
        let sub = Sub::new(context).unwrap();
        (0..1000).for_each(|topic| sub.subscribe(topic_of(topic)).unwrap());
        sub.into()
    });
}

#[test]
fn an_xsub_with_a_queue_of_one_restores_its_thousand_topics() {
    restores_topics(|context| {
        let xsub = Xsub::new(context).unwrap();
        xsub.set_send_high_water_mark(Some(1)).unwrap();
        (0..1000).for_each(|topic| xsub.send([b"\x01", topic_of(topic).as_bytes()].concat()).unwrap());
        xsub.into()
    });
}

fn topic_of(number: u64) -> String {
    format!("topic {number:04}.")
}

fn restores_topics(subscriber: fn(&Context) -> Socket) {
    let (peer, xpub, endpoint) = libzmq_bound(Kind::Xpub, TCP);
    let context = Context::new();
    let sub = subscriber(&context);
    let monitor = sub.monitor();
    sub.connect(&endpoint).unwrap();
    assert_eq!(subscriptions(&xpub), (0..1000).map(topic_of).collect::<Vec<_>>());

    peer.kill();
    disconnected(&monitor);
    let (_peer, xpub) = libzmq_bound_again(&endpoint, Kind::Xpub);
    assert_eq!(subscriptions(&xpub), (0..1000).map(topic_of).collect::<Vec<_>>());
    // No 1001st came: the next that the publisher hears of is this one.
    match sub.socket_type() {
        SocketType::Sub => sub.subscribe("last").unwrap(),
        _ => sub.send("\u{1}last").unwrap(),
    }
    assert_eq!(xpub.recv().unwrap(), [b"\x01last"]);
    xpub.send(&["topic 0007.news"]).unwrap();
    assert_eq!(sub.recv_timeout(LONG).unwrap(), "topic 0007.news".into());
}

/// A thousand subscriptions as an XPUB hears of them, sorted.
fn subscriptions(xpub: &RemoteSocket) -> Vec<String> {
    let mut topics: Vec<String> = (0..1000)
        .map(|_| {
            let heard = xpub.recv().unwrap().remove(0);
            assert_eq!(heard[0], 1, "a subscription");
            String::from_utf8(heard[1..].to_vec()).unwrap()
        })
        .collect();
    topics.sort();
    topics
}

#[test]
fn a_cancelled_topic_does_not_come_back_with_the_publisher() {
    let (peer, xpub, endpoint) = libzmq_bound(Kind::Xpub, TCP);
    let context = Context::new();
    let sub = Sub::new(&context).unwrap();
    let monitor = sub.monitor();
    for topic in ["a", "b", "b", "c"] {
        sub.subscribe(topic).unwrap();
    }
    sub.connect(&endpoint).unwrap();
    let mut heard = [(); 3].map(|()| xpub.recv().unwrap().remove(0));
    heard.sort();
    assert_eq!(heard, [b"\x01a", b"\x01b", b"\x01c"]);

    peer.kill();
    disconnected(&monitor);
    for topic in ["a", "b"] {
        sub.unsubscribe(topic).unwrap();
    }
    let (_peer, xpub) = libzmq_bound_again(&endpoint, Kind::Xpub);
    let mut heard = [(); 2].map(|()| xpub.recv().unwrap().remove(0));
    heard.sort();
    assert_eq!(heard, [b"\x01b", b"\x01c"], "one of the two copies of b is left, a is gone");
    sub.unsubscribe("b").unwrap();
    assert_eq!(xpub.recv().unwrap(), [b"\x00b"]);
}

#[test]
fn a_publisher_forgets_the_topics_of_a_subscriber_that_died() {
    let context = Context::new();
    let publisher = Xpub::new(&context).unwrap();
    let monitor = publisher.monitor();
    let endpoint = publisher.bind(TCP).unwrap();
    let (peer, sub) = libzmq_connected(Kind::Sub, &endpoint);
    sub.subscribe(b"old").unwrap();
    assert_eq!(publisher.recv_timeout(LONG).unwrap(), "\u{1}old".into());

    peer.kill();
    assert_eq!(publisher.recv_timeout(LONG).unwrap(), "\u{0}old".into());
    disconnected(&monitor);
    assert_eq!(publisher.subscribers("old"), 0);
    let (_peer, sub) = libzmq_connected(Kind::Sub, &endpoint);
    sub.subscribe(b"new").unwrap();
    assert_eq!(publisher.recv_timeout(LONG).unwrap(), "\u{1}new".into());
    publisher.send("old news").unwrap();
    publisher.send("new news").unwrap();
    assert_eq!(sub.recv().unwrap(), [b"new news"]);
}

#[test]
fn a_connected_pub_is_told_the_topics_again_by_a_sub_that_came_back() {
    let (peer, sub, endpoint) = libzmq_bound(Kind::Sub, TCP);
    sub.subscribe(b"a").unwrap();
    let context = Context::new();
    let publisher = Pub::new(&context).unwrap();
    let monitor = publisher.monitor();
    publisher.connect(&endpoint).unwrap();
    until_subscribed(&publisher, &sub, "a");
    publisher.send("a1").unwrap();
    assert_eq!(sub.recv().unwrap(), [b"a1"]);

    peer.kill();
    disconnected(&monitor);
    eventually(|| publisher.subscribers("a") == 0);
    let (_peer, sub) = libzmq_bound_again(&endpoint, Kind::Sub);
    sub.subscribe(b"b").unwrap();
    until_subscribed(&publisher, &sub, "b");
    assert_eq!(publisher.subscribers("a"), 0);
    publisher.send("b1").unwrap();
    assert_eq!(sub.recv().unwrap(), [b"b1"]);
}
