use super::{super::rig::*, *};

fn subscribe(rig: &mut Rig, peer: u32, topic: &str) -> Vec<Effect> {
    rig.upstream(peer, Upstream::Subscribe(topic.as_bytes()))
}

fn cancel(rig: &mut Rig, peer: u32, topic: &str) -> Vec<Effect> {
    rig.upstream(peer, Upstream::Cancel(topic.as_bytes()))
}

fn publisher(kind: SocketType, peers: u32, set: impl FnOnce(&mut Options)) -> Rig {
    let mut rig = Rig::with(kind, set);
    (0..peers).for_each(|peer| drop(rig.attach(peer)));
    rig
}

#[test]
fn a_message_goes_to_whoever_subscribed_to_a_prefix_of_its_first_frame() {
    let mut publish = publisher(SocketType::Pub, 4, |_| {});
    assert_eq!(subscribe(&mut publish, 0, "a"), [], "a PUB reports nothing");
    subscribe(&mut publish, 1, "ab");
    subscribe(&mut publish, 1, "a");
    subscribe(&mut publish, 2, "");
    assert_eq!(publish.send(["abc", "text"]), Ok(Sent::Each(vec![0, 1, 2], 0)));
    assert_eq!(publish.send(["x", "abc"]), Ok(Sent::Each(vec![2], 0)));
    assert_eq!(publish.machine.subscribers(b"ab"), 3);
    assert_eq!(publish.machine.topics_count(), 3);
    assert_eq!(publish.machine.may_receive(), Err(Refusal::NotSupported));
}

#[test]
fn publishing_never_waits_and_says_what_is_lost() {
    let mut publish = publisher(SocketType::Pub, 0, |_| {});
    assert_eq!(publish.send("a"), Ok(Sent::Dropped(Loss::NoPeer)));
    publish.attach(0);
    publish.attach(1);
    assert_eq!(publish.send("a"), Ok(Sent::Dropped(Loss::Unsubscribed)));
    subscribe(&mut publish, 0, "");
    subscribe(&mut publish, 1, "");
    publish.full.0 = vec![1];
    assert_eq!(publish.send("a"), Ok(Sent::Each(vec![0], 1)));
    publish.full.0 = vec![0, 1];
    assert_eq!(publish.send("a"), Ok(Sent::Each(vec![], 2)));
}

#[test]
fn without_drops_all_get_a_message_or_none() {
    let mut publish = publisher(SocketType::Pub, 2, |options| options.xpub_nodrop = true);
    assert_eq!(publish.send("nobody asked"), Ok(Sent::Dropped(Loss::Unsubscribed)));
    subscribe(&mut publish, 0, "");
    subscribe(&mut publish, 1, "a");
    publish.full.0 = vec![1];
    assert_eq!(publish.send("a"), Err(Refusal::WouldBlock));
    assert_eq!(publish.send("b"), Ok(Sent::Each(vec![0], 0)), "who is not concerned does not hold it up");
}

#[test]
fn an_old_subscriber_that_cannot_speak_gets_everything() {
    let mut publish = publisher(SocketType::Xpub, 0, |_| {});
    let facts = Facts { speaks_subscriptions: false, ..Facts::default() };
    assert_eq!(publish.attach_as(0, facts), Ok(vec![]));
    assert_eq!(publish.send("a"), Ok(Sent::Each(vec![0], 0)));
    assert_eq!(publish.detach(0), []);
}

#[test]
fn subscriptions_come_as_commands_or_as_messages() {
    let mut publish = publisher(SocketType::Xpub, 1, |_| {});
    assert_eq!(publish.upstream(0, Upstream::Message("\x01a".into())), [deliver(0, "\x01a")]);
    assert_eq!(publish.send("a"), Ok(Sent::Each(vec![0], 0)));
    assert_eq!(publish.upstream(0, Upstream::Message("\x00a".into())), [deliver(0, "\x00a")]);
    let mixed = Message::from(["user", "\x01b", "text", "\x01c"]);
    let effects = publish.upstream(0, Upstream::Message(mixed.clone()));
    let own = deliver(0, ["user", "text"]);
    assert_eq!(effects, [deliver(0, "\x01b"), deliver(0, "\x01c"), own]);
    publish.configure(|options| options.only_first_subscribe = true);
    assert_eq!(publish.upstream(0, Upstream::Message(mixed.clone())), [deliver(0, mixed)]);
}

#[test]
fn a_publisher_that_does_not_receive_counts_what_users_send_it() {
    let mut publish = publisher(SocketType::Pub, 1, |_| {});
    let effects = publish.upstream(0, Upstream::Message("user".into()));
    assert_eq!(effects, [Effect::Lost(Loss::BadEnvelope, 1)]);
}

#[test]
fn an_xpub_reports_the_first_and_the_last_of_a_topic() {
    let mut xpub = publisher(SocketType::Xpub, 2, |_| {});
    assert_eq!(subscribe(&mut xpub, 0, "a"), [deliver(0, "\x01a")]);
    assert_eq!(subscribe(&mut xpub, 0, "a"), []);
    assert_eq!(subscribe(&mut xpub, 1, "a"), []);
    assert_eq!(cancel(&mut xpub, 0, "a"), [], "and with it all copies, as libzmq's SUB means it");
    assert_eq!(xpub.send("a"), Ok(Sent::Each(vec![1], 0)));
    assert_eq!(cancel(&mut xpub, 0, "a"), []);
    assert_eq!(cancel(&mut xpub, 1, "a"), [deliver(1, "\x00a")]);
    assert_eq!(cancel(&mut xpub, 1, "a"), []);
    xpub.machine.configure(&Options { as_in_libzmq: true, ..Options::default() });
    assert_eq!(cancel(&mut xpub, 1, "a"), [deliver(1, "\x00a")]);
}

#[test]
fn a_peer_that_cancels_each_copy_is_counted() {
    let mut xpub = publisher(SocketType::Xpub, 0, |_| {});
    xpub.attach_as(0, Facts { cancels_each_copy: true, ..Facts::default() }).unwrap();
    subscribe(&mut xpub, 0, "a");
    subscribe(&mut xpub, 0, "a");
    assert_eq!(cancel(&mut xpub, 0, "a"), []);
    assert_eq!(xpub.send("a"), Ok(Sent::Each(vec![0], 0)));
    assert_eq!(cancel(&mut xpub, 0, "a"), [deliver(0, "\x00a")]);
    assert_eq!(xpub.send("a"), Ok(Sent::Dropped(Loss::Unsubscribed)));
}

#[test]
fn a_verbose_xpub_reports_every_subscription_a_verboser_one_every_cancellation_too() {
    for verboser in [false, true] {
        let mut xpub = publisher(SocketType::Xpub, 2, |options| {
            (options.xpub_verbose, options.xpub_verboser) = (!verboser, verboser);
        });
        for peer in [0, 0, 1] {
            assert_eq!(subscribe(&mut xpub, peer, "a"), [deliver(peer, "\x01a")]);
        }
        let early = if verboser { vec![deliver(0, "\x00a")] } else { vec![] };
        assert_eq!(cancel(&mut xpub, 0, "a"), early);
        assert_eq!(cancel(&mut xpub, 1, "a"), [deliver(1, "\x00a")]);
    }
}

#[test]
fn with_a_lost_connection_its_subscriptions_go_and_are_reported() {
    for verboser in [false, true] {
        let mut xpub = publisher(SocketType::Xpub, 2, |options| options.xpub_verboser = verboser);
        subscribe(&mut xpub, 0, "shared");
        subscribe(&mut xpub, 0, "own");
        subscribe(&mut xpub, 1, "shared");
        let mut gone = vec![deliver(0, "\x00own")];
        if verboser {
            gone.insert(0, deliver(0, "\x00shared"));
        }
        assert_eq!(xpub.suspend(0), gone);
        assert_eq!(xpub.detach(0), []);
        assert_eq!(xpub.send("shared"), Ok(Sent::Each(vec![1], 0)));
        assert_eq!(xpub.detach(1), [deliver(1, "\x00shared")]);
        assert_eq!(subscribe(&mut xpub, 1, "late"), [], "who is gone subscribes to nothing");
    }
}

#[test]
fn a_welcome_is_sent_on_each_connection() {
    let welcome = |options: &mut Options| options.xpub_welcome_message = Some("welcome".into());
    let mut xpub = publisher(SocketType::Xpub, 0, welcome);
    assert_eq!(xpub.attach(0), [greet(0, "welcome")]);
    assert_eq!(xpub.attach_as(1, dialled()), Ok(vec![]));
    assert_eq!(xpub.reattach(1), [greet(1, "welcome")]);
}

#[test]
fn inverted_matching_sends_to_whoever_did_not_subscribe() {
    let mut publish = publisher(SocketType::Pub, 3, |options| options.invert_matching = true);
    subscribe(&mut publish, 0, "a");
    subscribe(&mut publish, 1, "b");
    assert_eq!(publish.send("a"), Ok(Sent::Each(vec![1, 2], 0)));
    assert_eq!(publish.machine.subscribers(b"a"), 2);
}

#[test]
fn in_manual_mode_the_application_decides_what_a_peer_is_subscribed_to() {
    let mut xpub = publisher(SocketType::Xpub, 2, |options| options.xpub_manual = true);
    assert_eq!(subscribe(&mut xpub, 0, "A"), [deliver(0, "\x01A")]);
    assert_eq!(subscribe(&mut xpub, 1, "A"), [deliver(1, "\x01A")], "each is reported");
    assert_eq!(xpub.send("A"), Ok(Sent::Dropped(Loss::Unsubscribed)));
    xpub.subscribe("nobody was received from");
    xpub.receive(0, "\x01A").unwrap();
    xpub.subscribe("XA");
    xpub.receive(1, "\x01A").unwrap();
    xpub.receive(0, "user message").unwrap();
    xpub.subscribe("XB");
    assert_eq!(xpub.send("XA"), Ok(Sent::Each(vec![0], 0)));
    assert_eq!(xpub.send("XB"), Ok(Sent::Each(vec![1], 0)));
    assert_eq!(cancel(&mut xpub, 0, "A"), [deliver(0, "\x00A")]);
    xpub.receive(0, "\x00A").unwrap();
    xpub.unsubscribe("XA");
    assert_eq!(xpub.send("XA"), Ok(Sent::Dropped(Loss::Unsubscribed)));
}

#[test]
fn in_manual_mode_a_peer_that_goes_cancels_what_it_asked_for_and_gets_nothing_more() {
    let mut xpub = publisher(SocketType::Xpub, 2, |options| options.xpub_manual = true);
    for peer in [0, 1] {
        subscribe(&mut xpub, peer, "A");
        xpub.receive(peer, "\x01A").unwrap();
        xpub.subscribe("B");
    }
    assert_eq!(xpub.detach(1), [deliver(1, "\x00A")], "though another still has it");
    xpub.receive(1, "\x00A").unwrap();
    xpub.subscribe("C");
    xpub.unsubscribe("B");
    assert_eq!(xpub.send("B"), Ok(Sent::Each(vec![0], 0)));
    assert_eq!(xpub.machine.topics_count(), 1);
}

#[test]
fn with_last_value_one_message_goes_to_the_last_subscriber_alone() {
    let mut xpub = publisher(SocketType::Xpub, 2, |options| options.xpub_manual_last_value = true);
    for peer in [0, 1] {
        subscribe(&mut xpub, peer, "A");
        xpub.receive(peer, "\x01A").unwrap();
        xpub.subscribe("A");
    }
    assert_eq!(xpub.send("A cached"), Ok(Sent::Each(vec![1], 0)));
    assert_eq!(xpub.send("A new"), Ok(Sent::Each(vec![0, 1], 0)));
}

#[test]
fn any_number_of_messages_go_to_the_last_subscriber_alone_until_that_is_taken_back() {
    let mut xpub = publisher(SocketType::Xpub, 2, |options| options.xpub_manual = true);
    for peer in [0, 1] {
        subscribe(&mut xpub, peer, "A");
        xpub.receive(peer, "\x01A").unwrap();
        xpub.subscribe("A");
    }
    xpub.configure(|options| options.xpub_to_last_subscriber = true);
    for _ in 0..3 {
        assert_eq!(xpub.send("A cached"), Ok(Sent::Each(vec![1], 0)));
    }
    xpub.configure(|options| options.xpub_to_last_subscriber = false);
    assert_eq!(xpub.send("A new"), Ok(Sent::Each(vec![0, 1], 0)));
}

#[test]
fn only_a_manual_xpub_is_subscribed_by_its_application() {
    let mut xpub = publisher(SocketType::Xpub, 1, |_| {});
    assert_eq!(xpub.machine.subscribe(b"a", &mut vec![]), Err(Refusal::NotSupported));
    assert_eq!(xpub.machine.unsubscribe(b"a", &mut vec![]), Err(Refusal::NotSupported));
    assert!(!xpub.machine.needs_accept());
    xpub.configure(|options| options.xpub_manual = true);
    assert!(xpub.machine.needs_accept());
}

#[test]
fn a_peer_that_subscribes_without_end_is_cut_off() {
    let mut publish = publisher(SocketType::Pub, 1, |options| options.max_subscriptions = Some(1000));
    for number in 0..1000_u32 {
        assert_eq!(publish.upstream(0, Upstream::Subscribe(&number.to_be_bytes())), []);
    }
    assert_eq!(subscribe(&mut publish, 0, "more"), cut_off(0, Limit::Subscriptions));
    publish.attach(1);
    let long = vec![7; OCTETS_PER_PEER as usize];
    assert_eq!(publish.upstream(1, Upstream::Subscribe(&long)), []);
    assert_eq!(subscribe(&mut publish, 1, "x"), cut_off(1, Limit::Subscriptions));
    publish.configure(|options| options.max_subscriptions = None);
    assert_eq!(subscribe(&mut publish, 1, "x"), [], "without bound");
}

#[test]
fn a_topic_of_the_greatest_length_is_taken_and_a_longer_one_is_not() {
    let mut publish = publisher(SocketType::Pub, 1, |options| options.max_topic_length = Some(5));
    assert_eq!(subscribe(&mut publish, 0, "12345"), []);
    assert_eq!(subscribe(&mut publish, 0, "123456"), cut_off(0, Limit::TopicLength));
    assert_eq!(publish.upstream(0, Upstream::Message("\x01123456".into())), cut_off(0, Limit::TopicLength));
    assert_eq!(publish.upstream(0, Upstream::Cancel(b"123456")), [], "there is nothing to cancel");
}

fn cut_off(peer: u32, limit: Limit) -> [Effect; 2] {
    [Effect::Limit(PeerId(peer), limit), Effect::Disconnect(PeerId(peer))]
}
