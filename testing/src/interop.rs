//! Runs one [`Case`] of the matrix: a socket under test against a socket of real libzmq.
//!
//! What every case must show, for each of the sizes: the receiver sees each message exactly once, in the order of
//! sending, part for part and octet for octet, in the envelope that its socket type promises, and nothing else.

use std::time::Duration;

use crate::matrix::{Binder, Case, Flow, SIZES, Shape, Transport};
use crate::{IpcPath, Kind, PATIENCE, PythonPeer, RemoteSocket, eventually, eventually_some};

/// The parts of a message.
pub type Parts = Vec<Vec<u8>>;

/// What the matrix needs of a socket, whoever implements it. All of it may panic on what the cases do not expect.
pub trait End {
    /// Sets the name it announces to a ROUTER.
    fn set_routing_id(&mut self, id: &[u8]);
    /// Makes a ROUTER refuse what it cannot route, instead of dropping it.
    fn set_mandatory(&mut self);
    /// Subscribes a SUB. (An XSUB subscribes by sending.)
    fn subscribe(&mut self, topic: &[u8]);
    /// Binds and returns the endpoint to connect to.
    fn bind(&mut self, endpoint: &str) -> String;
    /// Connects.
    fn connect(&mut self, endpoint: &str);
    /// Sends, and waits for room. False: no route to that peer (only from a mandatory ROUTER).
    fn send(&mut self, parts: Parts) -> bool;
    /// The next message, if one comes in time.
    fn recv(&mut self, limit: Duration) -> Option<Parts>;
}

/// Runs the case; `open` makes the socket under test.
///
/// # Panics
/// When the case does not show what it must.
#[track_caller]
pub fn run(case: Case, open: fn(Kind) -> Box<dyn End>) {
    run_with(&PythonPeer::spawn(), case, open, |_| ());
}

/// As [`run`], with a peer process that may serve other cases too, and something that is done to its socket first.
///
/// # Panics
/// When the case does not show what it must.
#[track_caller]
pub fn run_with(
    peer: &PythonPeer,
    case: Case,
    open: impl Fn(Kind) -> Box<dyn End>,
    prepare: impl Fn(&RemoteSocket),
) {
    let ipc = IpcPath::new();
    let exchange = case.exchange;
    let theirs = peer.socket(exchange.they);
    prepare(&theirs);
    let we = Side::new(exchange.we, exchange.they, OUR_NAME, THEIR_NAME, open(exchange.we));
    let they = Side::new(exchange.they, exchange.we, THEIR_NAME, OUR_NAME, Box::new(theirs));
    let (we, they) = introduce(case, &ipc, we, they);
    match exchange.flow {
        Flow::WeSend => stream(case.shape, we, they),
        Flow::TheySend => stream(case.shape, they, we),
        Flow::WeAsk => converse(case.shape, we, they),
        Flow::TheyAsk => converse(case.shape, they, we),
    }
}

const OUR_NAME: &[u8] = b"we";
const THEIR_NAME: &[u8] = b"they";
/// How long one side listens before the other side is made to do something again.
const PROBE: Duration = Duration::from_millis(20);

/// A socket and what the other side knows it by.
struct Side {
    kind: Kind,
    peer_name: &'static [u8],
    end: Box<dyn End>,
}

impl Side {
    fn new(kind: Kind, peer: Kind, name: &[u8], peer_name: &'static [u8], mut end: Box<dyn End>) -> Self {
        if peer == Kind::Router {
            end.set_routing_id(name);
        }
        match kind {
            Kind::Router => end.set_mandatory(),
            Kind::Sub => end.subscribe(b""),
            // Kept as state until a publisher appears, so it may be sent before there is any connection.
            Kind::Xsub => assert!(end.send(vec![b"\x01".to_vec()])),
            _ => {}
        }
        Self { kind, peer_name, end }
    }

    /// Sends; a ROUTER until it knows the peer.
    fn send(&mut self, body: Parts) {
        let message = self.enveloped(body);
        eventually(|| self.end.send(message.clone()));
    }

    fn recv(&mut self) -> Parts {
        self.end.recv(PATIENCE).unwrap_or_else(|| panic!("the {} received nothing", self.kind))
    }

    #[track_caller]
    fn must_receive(&mut self, body: &Parts, wanted: Parts) {
        let came = self.recv();
        let size = body[0].len();
        assert!(
            came == wanted,
            "size {size}: the {} wanted {} but came {}",
            self.kind,
            Sketch(&wanted),
            Sketch(&came)
        );
    }

    /// What the application must hand to this socket so that the peer's gets the body.
    fn enveloped(&self, body: Parts) -> Parts {
        if self.kind == Kind::Router { [vec![self.peer_name.to_vec()], body].concat() } else { body }
    }
}

/// Binds one, connects the other, and makes sure that subscriptions have arrived.
fn introduce(case: Case, ipc: &IpcPath, mut we: Side, mut they: Side) -> (Side, Side) {
    let wildcard = match case.transport {
        Transport::Tcp => "tcp://127.0.0.1:*".to_owned(),
        Transport::Ipc => ipc.endpoint(),
    };
    let (binder, connecter) = match case.binder {
        Binder::We => (&mut we.end, &mut they.end),
        Binder::They => (&mut they.end, &mut we.end),
    };
    let endpoint = binder.bind(&wildcard);
    connecter.connect(&endpoint);
    match (we.kind, they.kind) {
        (Kind::Pub | Kind::Xpub, _) => await_subscription(&mut we, &mut they),
        (_, Kind::Pub | Kind::Xpub) => await_subscription(&mut they, &mut we),
        _ => {}
    }
    (we, they)
}

/// An XPUB tells that it has the subscription; a PUB has to be asked until something comes out at the other end.
///
/// The subscriber must call in meanwhile: a libzmq that has bound attaches an accepted connection, and only then
/// sends its subscriptions over it, when its application next polls or receives (libzmq #2267).
fn await_subscription(publisher: &mut Side, subscriber: &mut Side) {
    if publisher.kind == Kind::Xpub {
        let first = eventually_some(|| {
            assert_eq!(subscriber.end.recv(Duration::ZERO), None, "nothing was published");
            publisher.end.recv(PROBE)
        });
        assert_eq!(first, [b"\x01"], "the subscription to everything");
        return;
    }
    eventually(|| {
        publisher.end.send(vec![b"probe".to_vec()]);
        subscriber.end.recv(PROBE).is_some()
    });
    publisher.end.send(vec![b"end of probes".to_vec()]);
    while subscriber.recv() != [b"end of probes"] {}
}

/// All messages one way, back to back; a last one shows that nothing else came before it.
fn stream(shape: Shape, mut from: Side, mut to: Side) {
    let bodies: Vec<Parts> =
        SIZES.iter().map(|&size| body(shape, size, 1)).chain([vec![b"last".to_vec()]]).collect();
    for body in &bodies {
        from.send(body.clone());
    }
    for body in &bodies {
        let wanted = to.enveloped(body.clone());
        to.must_receive(body, wanted);
    }
}

/// A question and its answer for each size. Only REQ and DEALER ask, only REP and ROUTER answer.
fn converse(shape: Shape, mut asker: Side, mut answerer: Side) {
    for size in SIZES {
        let (question, answer) = (body(shape, size, 1), body(shape, size, 2));
        asker.send(delimited(asker.kind == Kind::Dealer, &question));
        let seen = delimited(answerer.kind == Kind::Router, &question);
        let wanted = answerer.enveloped(seen);
        answerer.must_receive(&question, wanted);
        answerer.send(delimited(answerer.kind == Kind::Router, &answer));
        asker.must_receive(&answer, delimited(asker.kind == Kind::Dealer, &answer));
    }
}

/// REQ and REP do it themselves; DEALER and ROUTER have to put and see the empty delimiter.
fn delimited(by_hand: bool, body: &Parts) -> Parts {
    if by_hand { [vec![Vec::new()], body.clone()].concat() } else { body.clone() }
}

fn body(shape: Shape, size: usize, seed: usize) -> Parts {
    match shape {
        Shape::Single => vec![pattern(size, seed)],
        Shape::Multipart => vec![pattern(size, seed), Vec::new(), pattern(1, seed), pattern(size, seed + 7)],
    }
}

/// Octets that repeat late and differ by seed. The first is never 0 or 1: an XPUB would take that for a subscription.
fn pattern(size: usize, seed: usize) -> Vec<u8> {
    let mut octets: Vec<u8> = (0..size).map(|at| (at * 31 + (at >> 8) * 7 + seed).to_le_bytes()[0]).collect();
    if let Some(first) = octets.first_mut() {
        *first = b'Z';
    }
    octets
}

/// A message in an error text: lengths and beginnings, not a megabyte.
struct Sketch<'a>(&'a Parts);

impl std::fmt::Display for Sketch<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sketch = |part: &Vec<u8>| {
            format!("{} octets \"{}\"", part.len(), part[..part.len().min(16)].escape_ascii())
        };
        let parts: Vec<String> = self.0.iter().map(sketch).collect();
        write!(out, "[{}]", parts.join(", "))
    }
}

/// libzmq's side of the matrix. In the harness's own tests it stands on both sides.
impl End for RemoteSocket {
    fn set_routing_id(&mut self, id: &[u8]) {
        self.set_bytes("ROUTING_ID", id).unwrap();
    }

    fn set_mandatory(&mut self) {
        self.set_int("ROUTER_MANDATORY", 1).unwrap();
    }

    fn subscribe(&mut self, topic: &[u8]) {
        Self::subscribe(self, topic).unwrap();
    }

    fn bind(&mut self, endpoint: &str) -> String {
        Self::bind(self, endpoint).unwrap()
    }

    fn connect(&mut self, endpoint: &str) {
        Self::connect(self, endpoint).unwrap();
    }

    fn send(&mut self, parts: Parts) -> bool {
        match Self::send(self, &parts) {
            Ok(()) => true,
            Err(refusal) if refusal.name == "EHOSTUNREACH" => false,
            Err(refusal) => panic!("{refusal}"),
        }
    }

    fn recv(&mut self, limit: Duration) -> Option<Parts> {
        match self.recv_within(limit) {
            Ok(parts) => Some(parts),
            Err(refusal) if refusal.name == "EAGAIN" => None,
            Err(refusal) => panic!("{refusal}"),
        }
    }
}
