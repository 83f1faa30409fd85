//! PLAIN, CURVE and ZAP against libzmq: every legal socket pair, each side the server, each side refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

#[path = "../common/mod.rs"]
mod common;
mod zap;

use common::*;
use std::time::Duration;
use zeroxide::*;
use zeroxide_testing::{
    PythonPeer, RemoteSocket,
    interop::{End, run_with},
    matrix::{Binder, Case, EXCHANGES, Shape, Transport},
};

fn keys() -> Keypair {
    curve_keypair().unwrap()
}

/// Makes libzmq's socket a CURVE server.
fn serve_curve(socket: &RemoteSocket, keys: &Keypair) {
    socket.set_int("CURVE_SERVER", 1).unwrap();
    socket.set_bytes("CURVE_SECRETKEY", keys.secret.as_bytes()).unwrap();
}

/// Makes libzmq's socket a CURVE client.
fn enter_curve(socket: &RemoteSocket, server: &PublicKey, keys: &Keypair) {
    socket.set_bytes("CURVE_SERVERKEY", server.to_z85().as_bytes()).unwrap();
    socket.set_bytes("CURVE_PUBLICKEY", keys.public.as_bytes()).unwrap();
    socket.set_bytes("CURVE_SECRETKEY", keys.secret.as_bytes()).unwrap();
}

/// Makes libzmq's socket a PLAIN client.
fn enter_plain(socket: &RemoteSocket, user: &str, password: &str) {
    socket.set_bytes("PLAIN_USERNAME", user.as_bytes()).unwrap();
    socket.set_bytes("PLAIN_PASSWORD", password.as_bytes()).unwrap();
}

/// A socket of ours in the interop matrix.
struct Ours(Socket);

fn ours(kind: Kind, prepare: impl Fn(&Socket)) -> Box<dyn End> {
    let kind = SocketType::from_name(kind.name().as_bytes()).unwrap();
    let socket = Socket::new(&Context::new(), kind).unwrap();
    prepare(&socket);
    Box::new(Ours(socket))
}

impl End for Ours {
    fn set_routing_id(&mut self, id: &[u8]) {
        self.0.set_routing_id(id).unwrap();
    }

    fn set_mandatory(&mut self) {
        self.0.set_router_mandatory(true).unwrap();
    }

    fn subscribe(&mut self, topic: &[u8]) {
        self.0.subscribe(topic).unwrap();
    }

    fn bind(&mut self, endpoint: &str) -> String {
        self.0.bind(endpoint).unwrap()
    }

    fn connect(&mut self, endpoint: &str) {
        self.0.connect(endpoint).unwrap();
    }

    fn send(&mut self, parts: Vec<Vec<u8>>) -> bool {
        match self.0.send(Message::from_frames(parts)) {
            Ok(()) => true,
            Err(error) if error.cause == SendErrorCause::Unroutable => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn recv(&mut self, limit: Duration) -> Option<Vec<Vec<u8>>> {
        let message = self.0.recv_timeout(limit).ok()?;
        Some(message.into_iter().map(|frame| frame.to_vec()).collect())
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Server {
    We,
    They,
}

/// Every exchange of the matrix, over tcp and ipc and with either side binding in turn.
fn every_exchange(
    peer: &PythonPeer,
    server: Server,
    prepare_ours: impl Fn(&Socket),
    prepare_theirs: impl Fn(&RemoteSocket),
) {
    for (at, exchange) in EXCHANGES.iter().enumerate() {
        if server == Server::They && exchange.they == Kind::Req {
            // A REQ of libzmq that is a security server never sees an answer, not even of libzmq.
            continue;
        }
        let transport = if at % 4 < 2 { Transport::Tcp } else { Transport::Ipc };
        let binder = if at % 2 == 0 { Binder::We } else { Binder::They };
        let case = Case { exchange: *exchange, transport, binder, shape: Shape::Multipart };
        run_with(peer, case, |kind| ours(kind, &prepare_ours), &prepare_theirs);
    }
}

#[test]
fn every_pair_exchanges_in_secret_when_we_are_the_server() {
    let (server, client) = (keys(), keys());
    every_exchange(
        &PythonPeer::spawn(),
        Server::We,
        |ours| ours.secure_server(&server, AllowKeys::from_iter([client.public])).unwrap(),
        |theirs| enter_curve(theirs, &server.public, &client),
    );
}

#[test]
fn every_pair_exchanges_in_secret_when_libzmq_is_the_server() {
    let (server, client) = (keys(), keys());
    let peer = PythonPeer::spawn();
    peer.authenticate("curve", &["*", "*"]).unwrap();
    every_exchange(
        &peer,
        Server::They,
        |ours| ours.set_curve_client(server.public, &client).unwrap(),
        |theirs| serve_curve(theirs, &server),
    );
}

#[test]
fn every_pair_exchanges_under_a_password_when_we_are_the_server() {
    every_exchange(
        &PythonPeer::spawn(),
        Server::We,
        |ours| {
            ours.set_plain_server().unwrap();
            ours.set_authenticator(Passwords::from_iter([("admin", "secret")])).unwrap();
        },
        |theirs| enter_plain(theirs, "admin", "secret"),
    );
}

#[test]
fn every_pair_exchanges_under_a_password_when_libzmq_is_the_server() {
    let peer = PythonPeer::spawn();
    peer.authenticate("plain", &["*", "admin", "secret"]).unwrap();
    every_exchange(
        &peer,
        Server::They,
        |ours| ours.set_plain_client("admin", "secret").unwrap(),
        |theirs| theirs.set_int("PLAIN_SERVER", 1).unwrap(),
    );
}

#[track_caller]
fn failure(events: &Monitor) -> HandshakeFailure {
    match events.wait_for(LONG, |event| matches!(event, Event::HandshakeFailed { .. })) {
        Some(Event::HandshakeFailed { failure, .. }) => failure,
        other => panic!("no handshake failed: {other:?}"),
    }
}

/// The kind of failure that libzmq reports, as ours would.
#[track_caller]
fn their_failure(socket: &RemoteSocket) -> HandshakeFailure {
    let names = ["HANDSHAKE_FAILED_NO_DETAIL", "HANDSHAKE_FAILED_PROTOCOL", "HANDSHAKE_FAILED_AUTH"];
    let event = socket.event(&names).unwrap();
    match event.name.as_str() {
        "HANDSHAKE_FAILED_PROTOCOL" => HandshakeFailure::Protocol(event.value.try_into().unwrap()),
        "HANDSHAKE_FAILED_AUTH" => HandshakeFailure::Authentication(event.value.try_into().unwrap()),
        _ => HandshakeFailure::Connection,
    }
}

/// A server of libzmq whose ZAP handler the test itself is.
fn handled() -> (PythonPeer, RemoteSocket) {
    let peer = PythonPeer::spawn();
    let handler = peer.socket(Kind::Rep);
    handler.bind("inproc://zeromq.zap.01").unwrap();
    (peer, handler)
}

fn answer(handler: &RemoteSocket, status: &str) -> Vec<Vec<u8>> {
    let question = handler.recv().unwrap();
    let id = question[1].clone();
    handler.send(&[b"1.0", &id[..], status.as_bytes(), b"", b"joe", b""]).unwrap();
    question
}

#[test]
fn libzmq_says_no_and_we_know_why() {
    type Prepare = fn(&Socket, &RemoteSocket);
    let curve: Prepare = |ours, theirs| {
        let (server, client) = (keys(), keys());
        serve_curve(theirs, &server);
        ours.set_curve_client(server.public, &client).unwrap();
    };
    let plain: Prepare = |ours, theirs| {
        theirs.set_int("PLAIN_SERVER", 1).unwrap();
        ours.set_plain_client("admin", "secret").unwrap();
    };
    let null: Prepare = |_, theirs| theirs.set_bytes("ZAP_DOMAIN", b"global").unwrap();
    let (peer, handler) = handled();
    for prepare in [curve, plain, null] {
        for status in [400, 500] {
            let context = Context::new();
            let client = Socket::new(&context, SocketType::Dealer).unwrap();
            let server = peer.socket(Kind::Dealer);
            prepare(&client, &server);
            server.monitor().unwrap();
            let events = client.monitor();
            client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
            answer(&handler, &status.to_string());
            assert_eq!(failure(&events), HandshakeFailure::Authentication(status));
            assert_eq!(their_failure(&server), HandshakeFailure::Authentication(status));
        }
    }
}

#[test]
fn libzmq_says_later_and_we_come_again() {
    let (peer, handler) = handled();
    let (server_keys, client_keys) = (keys(), keys());
    let server = peer.socket(Kind::Rep);
    serve_curve(&server, &server_keys);
    server.set_int("HANDSHAKE_IVL", 1000).unwrap(); // After a 300 libzmq keeps the connection until this is over.
    server.monitor().unwrap();
    let context = Context::new();
    let client = Req::new(&context).unwrap();
    client.set_curve_client(server_keys.public, &client_keys).unwrap();
    client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    loop {
        let question = answer(&handler, "300");
        assert_eq!((&question[5][..], &question[6][..]), (&b"CURVE"[..], &client_keys.public.as_bytes()[..]));
        // On a busy machine the handshake may be over before the answer is there; then the client comes again as well.
        match their_failure(&server) {
            HandshakeFailure::Authentication(300) => break,
            other => assert_eq!(other, HandshakeFailure::Connection),
        }
    }
    client.send("hi").unwrap();
    let glance = Duration::from_millis(10);
    while !server.poll_in(glance).unwrap() {
        if handler.poll_in(glance).unwrap() {
            answer(&handler, "200");
        }
    }
    assert_eq!(server.recv().unwrap(), [b"hi"]);
}

#[test]
fn we_say_no_and_libzmq_knows_why() {
    let peer = PythonPeer::spawn();
    for (denial, expected) in [
        (Denial::Refused, HandshakeFailure::Authentication(400)),
        (Denial::Fault, HandshakeFailure::Authentication(500)),
        (Denial::TryLater, HandshakeFailure::Connection),
    ] {
        for mechanism in [Mechanism::Null, Mechanism::Plain, Mechanism::Curve] {
            let context = Context::new();
            let server = Rep::new(&context).unwrap();
            let client = peer.socket(Kind::Req);
            let server_keys = keys();
            match mechanism {
                Mechanism::Curve => {
                    server.set_curve_server(&server_keys).unwrap();
                    enter_curve(&client, &server_keys.public, &keys());
                }
                Mechanism::Plain => {
                    server.set_plain_server().unwrap();
                    enter_plain(&client, "admin", "secret");
                }
                _ => {}
            }
            server.set_authenticator(move |_: &Applicant| Err(denial)).unwrap();
            let events = server.monitor();
            client.monitor().unwrap();
            client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
            assert_eq!(failure(&events), HandshakeFailure::Authentication(denial.status()));
            let expected = match (mechanism, denial) {
                // Its PLAIN client knows ERROR only in the spelling of its own server (see plain.rs).
                (Mechanism::Plain, Denial::Refused | Denial::Fault) => {
                    HandshakeFailure::Protocol(0x1000_0001)
                }
                _ => expected,
            };
            assert_eq!(their_failure(&client), expected, "{mechanism} {denial}");
        }
    }
}

#[test]
fn who_libzmq_is_stands_on_its_messages() {
    let peer = PythonPeer::spawn();
    let context = Context::new();
    let (server_keys, client_keys) = (keys(), keys());
    let server = Router::new(&context).unwrap();
    server.secure_server(&server_keys, AllowKeys::from_iter([(client_keys.public, "joe")])).unwrap();
    let client = peer.socket(Kind::Dealer);
    enter_curve(&client, &server_keys.public, &client_keys);
    client.set_bytes("ROUTING_ID", b"worker").unwrap();
    client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    client.send(&[b"hi"]).unwrap();
    assert!(server.wait_readable(Some(LONG)));
    let (message, origin) = server.try_recv_from().unwrap();
    assert_eq!(message, Message::from(["worker", "hi"]));
    assert_eq!((origin.user_id(), origin.routing_id()), (Some("joe"), &b"worker"[..]));
    assert_eq!(origin.socket_type(), Some(SocketType::Dealer));
}

#[test]
fn the_handler_of_pyzmq_lets_us_in_by_domain_by_certificate_and_by_address() {
    let place = IpcPath::new();
    std::fs::create_dir_all(place.path()).unwrap();
    let (server_keys, friend, stranger) = (keys(), keys(), keys());
    let certificate = format!("metadata\ncurve\n    public-key = \"{}\"\n", friend.public);
    std::fs::write(place.path().join("friend.key"), certificate).unwrap();
    let peer = PythonPeer::spawn();
    peer.authenticate("curve", &["home", &place.path().display().to_string()]).unwrap();
    let enter = |domain: &str, keys: &Keypair| {
        let context = Context::new();
        let (server, client) = (peer.socket(Kind::Rep), Req::new(&context).unwrap());
        serve_curve(&server, &server_keys);
        server.set_bytes("ZAP_DOMAIN", domain.as_bytes()).unwrap();
        client.set_curve_client(server_keys.public, keys).unwrap();
        let events = client.monitor();
        client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
        let told = events.wait_for(LONG, |event| {
            matches!(event, Event::HandshakeFailed { .. } | Event::HandshakeSucceeded { .. })
        });
        match told {
            Some(Event::HandshakeFailed { failure, .. }) => Err(failure),
            _ => Ok(()),
        }
    };
    assert_eq!(enter("home", &friend), Ok(()));
    assert_eq!(enter("home", &stranger), Err(HandshakeFailure::Authentication(400)));
    assert_eq!(enter("away", &friend), Err(HandshakeFailure::Authentication(400)), "another domain");
    peer.authenticate("deny", &["127.0.0.1"]).unwrap();
    assert_eq!(enter("home", &friend), Err(HandshakeFailure::Authentication(400)), "a denied address");
    // The same certificate opens our door.
    let ours = AuthorizedKeys::open(place.path()).unwrap();
    let context = Context::new();
    let (server, client) = (Rep::new(&context).unwrap(), peer.socket(Kind::Req));
    server.secure_server(&server_keys, ours).unwrap();
    enter_curve(&client, &server_keys.public, &friend);
    client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    client.send(&[b"hi"]).unwrap();
    assert!(server.wait_readable(Some(LONG)));
    assert_eq!(server.try_recv_from().unwrap().1.user_id(), Some("friend"));
    std::fs::remove_dir_all(place.path()).unwrap();
}

#[test]
fn wrong_server_keys_and_other_mechanisms_come_to_nothing_either_way() {
    let peer = PythonPeer::spawn();
    let context = Context::new();
    let server_keys = keys();
    // Our server, every client at one of its own: a refused client of libzmq comes again and again, and would be heard by the next.
    let refused = |prepare: &dyn Fn(&RemoteSocket)| {
        let (server, client) = (Rep::new(&context).unwrap(), peer.socket(Kind::Req));
        server.secure_server(&server_keys, AllowAny).unwrap();
        prepare(&client);
        let events = server.monitor();
        client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
        let failure = failure(&events);
        assert_eq!(server.connected(), 0);
        failure
    };
    let another_server = refused(&|client| enter_curve(client, &keys().public, &keys()));
    assert_eq!(another_server, HandshakeFailure::Protocol(0x1100_0001));
    // Whoever sees first that the mechanisms differ hangs up. libzmq has not always sent the whole of its greeting by then.
    let mismatch = [HandshakeFailure::Protocol(0x1100_0002), HandshakeFailure::Connection];
    let no_mechanism = refused(&|_| {});
    assert!(mismatch.contains(&no_mechanism), "{no_mechanism:?}");
    let a_password = refused(&|client| enter_plain(client, "admin", "secret"));
    assert!(mismatch.contains(&a_password), "{a_password:?}");
    // Their server, a client of ours that means another one.
    let (server, client) = (peer.socket(Kind::Rep), Req::new(&context).unwrap());
    serve_curve(&server, &server_keys);
    server.monitor().unwrap();
    client.set_curve_client(keys().public, &keys()).unwrap();
    client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    assert_eq!(their_failure(&server), HandshakeFailure::Protocol(0x1100_0001));
}

#[test]
fn many_messages_and_heartbeats_pass_in_secret() {
    let peer = PythonPeer::spawn();
    let context = Context::new();
    let (server_keys, client_keys) = (keys(), keys());
    let pull = Pull::new(&context).unwrap();
    pull.secure_server(&server_keys, AllowAny).unwrap();
    let push = peer.socket(Kind::Push);
    enter_curve(&push, &server_keys.public, &client_keys);
    push.set_int("HEARTBEAT_IVL", 20).unwrap();
    push.set_int("HEARTBEAT_TIMEOUT", LONG.as_millis() as i64).unwrap();
    push.connect(&pull.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let job = push.blast(5_000, 64, &[]).unwrap();
    for number in 0..5_000_u64 {
        assert_eq!(pull.get().body()[..8], number.to_be_bytes());
    }
    assert_eq!(job.sent().unwrap(), 5_000);

    let push = Push::new(&context).unwrap();
    push.set_curve_client(server_keys.public, &client_keys).unwrap();
    push.set_heartbeat_interval(Some(Duration::from_millis(20))).unwrap();
    push.set_heartbeat_timeout(Some(LONG)).unwrap();
    let theirs = peer.socket(Kind::Pull);
    serve_curve(&theirs, &server_keys);
    push.connect(&theirs.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let job = theirs.count(5_000, LONG).unwrap();
    for number in 0..5_000_u64 {
        push.send([&number.to_be_bytes()[..], &[b'x'; 56]].concat()).unwrap();
    }
    let counted = job.counted().unwrap();
    assert_eq!((counted.messages, counted.missing, counted.backwards), (5_000, 0, 0));
}
