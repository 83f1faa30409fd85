//! ZAP handlers in the process, at `inproc://zeromq.zap.01`: what they are asked, and what becomes of their answers.

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

const HANDLER: &str = "inproc://zeromq.zap.01";

/// What can be told apart in a question: domain, address, identity, mechanism, credentials.
fn asked(question: &Message) -> Vec<Vec<u8>> {
    assert_eq!(question[0], Frame::from("1.0"));
    question.frames()[2..].iter().map(|frame| frame.to_vec()).collect()
}

/// An answer to a question, with this status.
fn answer(question: &Message, status: &str, user: &str, metadata: &[u8]) -> Message {
    Message::from_frames(
        [b"1.0", &question[1][..], status.as_bytes(), b"text", user.as_bytes(), metadata].map(<[u8]>::to_vec),
    )
}

#[track_caller]
fn failure(events: &Monitor) -> HandshakeFailure {
    match events.wait_for(LONG, |event| matches!(event, Event::HandshakeFailed { .. })) {
        Some(Event::HandshakeFailed { failure, .. }) => failure,
        other => panic!("no handshake failed: {other:?}"),
    }
}

/// A server that asks the handler, and a client of it.
struct Pair {
    server: Router,
    client: Dealer,
    at_server: Monitor,
    at_client: Monitor,
    client_key: PublicKey,
}

fn meet(context: &Context, mechanism: Mechanism) -> Pair {
    let (server, client) = (Router::new(context).unwrap(), Dealer::new(context).unwrap());
    let (server_keys, client_keys) = (curve_keypair().unwrap(), curve_keypair().unwrap());
    server.set_zap_domain("global").unwrap();
    client.set_routing_id("joe").unwrap();
    match mechanism {
        Mechanism::Curve => {
            server.set_curve_server(&server_keys).unwrap();
            client.set_curve_client(server_keys.public, &client_keys).unwrap();
        }
        Mechanism::Plain => {
            server.set_plain_server().unwrap();
            client.set_plain_client("admin", "secret").unwrap();
        }
        _ => {}
    }
    let (at_server, at_client) = (server.monitor(), client.monitor());
    client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    Pair { server, client, at_server, at_client, client_key: client_keys.public }
}

const MECHANISMS: [Mechanism; 3] = [Mechanism::Null, Mechanism::Plain, Mechanism::Curve];

#[test]
fn a_handler_is_asked_as_the_specification_says_and_its_answer_is_on_every_message() {
    for mechanism in MECHANISMS {
        let context = Context::new();
        let handler = Rep::new(&context).unwrap();
        handler.bind(HANDLER).unwrap();
        let pair = meet(&context, mechanism);
        let question = handler.get();
        let mut expected = vec![b"global".to_vec(), b"127.0.0.1".to_vec(), vec![], mechanism.name().into()];
        match mechanism {
            Mechanism::Curve => {
                expected[2] = b"joe".to_vec();
                expected.push(pair.client_key.as_bytes().to_vec());
            }
            Mechanism::Plain => expected.extend([b"admin".to_vec(), b"secret".to_vec()]),
            _ => {}
        }
        assert_eq!(asked(&question), expected);
        handler.send(answer(&question, "200", "the joe", b"\x05Hello\0\0\0\x05World")).unwrap();
        pair.client.send("hi").unwrap();
        for text in ["hi", "again"] {
            assert!(pair.server.wait_readable(Some(LONG)));
            let (message, origin) = pair.server.try_recv_from().unwrap();
            assert_eq!(message, Message::from(["joe", text]));
            assert_eq!(origin.user_id(), Some("the joe"));
            assert_eq!(origin.property("Hello"), Some(&b"World"[..]));
            assert_eq!(origin.property("User-Id"), Some(&b"the joe"[..]));
            assert_eq!(origin.property("Routing-Id"), Some(&b"joe"[..]));
            assert_eq!(origin.granted().collect::<Vec<_>>(), [("Hello", &b"World"[..])]);
            pair.client.send("again").unwrap();
        }
    }
}

#[test]
fn the_statuses_are_told_to_both_sides_as_libzmq_does() {
    for mechanism in MECHANISMS {
        for (status, code, told) in [("300", 300, false), ("400", 400, true), ("500", 500, true)] {
            let context = Context::new();
            let handler = Rep::new(&context).unwrap();
            handler.bind(HANDLER).unwrap();
            let pair = meet(&context, mechanism);
            let question = handler.get();
            handler.send(answer(&question, status, "", b"")).unwrap();
            assert_eq!(failure(&pair.at_server), HandshakeFailure::Authentication(code));
            let expected =
                if told { HandshakeFailure::Authentication(code) } else { HandshakeFailure::Connection };
            assert_eq!(failure(&pair.at_client), expected, "{mechanism} {status}");
            assert_eq!(pair.server.connected(), 0);
        }
    }
}

#[test]
fn r17_answers_that_make_no_sense_let_nobody_in() {
    type Break = fn(&Message) -> Message;
    let broken: [(Break, u32); 6] = [
        (|question| answer(question, "201", "", b""), 0x2000_0004),
        (|question| answer(question, "200", "", b"\x05Hel"), 0x2000_0005),
        (
            |question| {
                Message::from_frames(
                    answer(question, "200", "", b"").frames()[..5].iter().map(|f| f.to_vec()),
                )
            },
            0x2000_0001,
        ),
        (|_| answer(&Message::from(["1.0", "another"]), "200", "", b""), 0x2000_0002),
        (
            |question| {
                let good = answer(question, "200", "", b"");
                Message::from_frames(
                    good.frames()
                        .iter()
                        .enumerate()
                        .map(|(at, frame)| if at == 0 { b"1.1".to_vec() } else { frame.to_vec() }),
                )
            },
            0x2000_0003,
        ),
        (|_| Message::from("?"), 0x2000_0001),
    ];
    for mechanism in MECHANISMS {
        for (break_it, code) in broken {
            let context = Context::new();
            let handler = Rep::new(&context).unwrap();
            handler.bind(HANDLER).unwrap();
            let pair = meet(&context, mechanism);
            let question = handler.get();
            handler.send(break_it(&question)).unwrap();
            assert_eq!(failure(&pair.at_server), HandshakeFailure::Protocol(code));
            assert_eq!(pair.server.connected(), 0);
        }
    }
}

#[test]
fn a_peer_that_leaves_while_the_handler_thinks_is_noticed() {
    for mechanism in MECHANISMS {
        let context = Context::new();
        let handler = Rep::new(&context).unwrap();
        handler.bind(HANDLER).unwrap();
        let pair = meet(&context, mechanism);
        let _question = handler.get();
        drop((pair.client, pair.at_client));
        assert_eq!(failure(&pair.at_server), HandshakeFailure::Connection);
    }
}

#[test]
fn a_handler_that_goes_away_without_an_answer_lets_nobody_in() {
    let context = Context::new();
    let handler = Rep::new(&context).unwrap();
    handler.bind(HANDLER).unwrap();
    let pair = meet(&context, Mechanism::Curve);
    let _question = handler.get();
    drop(handler);
    assert_eq!(failure(&pair.at_server), HandshakeFailure::Connection);
    // Another one takes its place; the client comes again by itself.
    let handler = Rep::new(&context).unwrap();
    handler.bind(HANDLER).unwrap();
    let question = handler.get();
    handler.send(answer(&question, "200", "", b"")).unwrap();
    assert!(pair.client.wait_connected(1, LONG));
}

#[test]
fn a_router_may_answer_many_questions_in_any_order() {
    const CLIENTS: usize = 30;
    let context = Context::new();
    let handler = Router::new(&context).unwrap();
    handler.bind(HANDLER).unwrap();
    let pairs: Vec<_> = (0..CLIENTS).map(|_| meet(&context, Mechanism::Plain)).collect();
    let mut questions: Vec<_> = (0..CLIENTS).map(|_| handler.get()).collect();
    let mut ids: Vec<_> = questions.iter().map(|question| question[3].to_vec()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), CLIENTS, "each question has a number of its own");
    while let Some(question) = questions.pop() {
        let frames = [&question[0], &question[1], &question[2], &question[3]].map(|frame| frame.to_vec());
        let rest = [&b"200"[..], b"", b"joe", b""].map(<[u8]>::to_vec);
        handler.send(Message::from_frames(frames.into_iter().chain(rest))).unwrap();
    }
    for pair in &pairs {
        assert!(pair.client.wait_connected(1, LONG));
    }
}

#[test]
fn an_authenticator_of_the_socket_or_the_context_is_asked_before_a_handler() {
    let context = Context::new();
    let handler = Rep::new(&context).unwrap();
    handler.bind(HANDLER).unwrap();
    context.set_authenticator(|applicant: &Applicant| {
        assert_eq!((&*applicant.domain, &*applicant.address), ("global", "127.0.0.1"));
        Ok(Grant { user_id: "of the context".to_owned(), ..Grant::default() })
    });
    for mechanism in MECHANISMS {
        let pair = meet(&context, mechanism);
        pair.client.send("hi").unwrap();
        assert!(pair.server.wait_readable(Some(LONG)));
        assert_eq!(pair.server.try_recv_from().unwrap().1.user_id(), Some("of the context"));
    }
    assert!(handler.has_nothing());
}

#[test]
fn as_libzmq_the_servers_own_name_is_in_the_question() {
    let context = Context::new();
    let handler = Rep::new(&context).unwrap();
    handler.bind(HANDLER).unwrap();
    let (server, client) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
    server.set_routing_id("IDENT").unwrap();
    server.set_plain_server().unwrap();
    server.change_options(|options| options.security.admission = Admission::AsLibzmq);
    client.set_plain_client("admin", "secret").unwrap();
    client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    assert_eq!(asked(&handler.get())[2], b"IDENT");
}

#[test]
fn over_ipc_the_address_says_who_the_peer_is_to_the_system() {
    let context = Context::new();
    let handler = Rep::new(&context).unwrap();
    handler.bind(HANDLER).unwrap();
    let (server, client) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
    server.set_zap_domain("local").unwrap();
    client.connect(&server.bind("ipc://*").unwrap()).unwrap();
    let address = asked(&handler.get())[1].clone();
    let address = String::from_utf8(address).unwrap();
    assert!(address.ends_with(&format!(":{}", std::process::id())), "{address}");
}
