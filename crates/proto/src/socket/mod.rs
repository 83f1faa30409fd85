//! The rules of the socket types as values: who gets a message, what may be called, what is let in.
//!
//! A [`Machine`] decides and never waits: it knows peers by number, asks only whether they have room, and pushes what
//! else is to be done into a sink of the caller. It knows neither queues nor connections nor versions of the protocol.
//!
//! ```text
//!             attach(connected: false)          reattach               suspend
//!   (unknown) -----------------------> waiting ----------> connected ----------> waiting ..
//!       '------ attach(connected: true) -------------------^   |                   |
//!                                        detach <--------------'-------------------'
//!                                          '--> draining: still accepted from, no longer routed to
//!                                                  '--> forget: the number may be used again
//! ```

mod channel;
mod client;
mod dealer;
mod dgram;
mod dish;
mod gather;
mod greeting;
mod outcome;
mod pair;
mod peer;
mod publish;
mod pull;
mod push;
mod radio;
mod reply;
mod request;
mod router;
mod rules;
mod scatter;
mod server;
mod stream;
mod subscribe;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod rig;

use channel::Channel;
use client::Client;
use dealer::Dealer;
use dgram::Dgram;
use dish::Dish;
use gather::Gather;
pub use outcome::{Effect, GroupRefusal, Refusal, Refused, Route};
use pair::Pair;
use peer::Peer;
use publish::Publish;
use pull::Pull;
use push::Push;
use radio::Radio;
use reply::Reply;
use request::Request;
use router::Router;
use rules::Rules;
use scatter::Scatter;
use server::Server;
use stream::Stream;
use subscribe::Subscribe;

use crate::{
    Frame, Loss, Message, Options, RoutingId, SocketType,
    routing::{PeerId, Peers},
};

/// What is known of a peer when it is attached.
///
/// ```
/// use zeroxide_proto::{Frame, Machine, Options, PeerId, SocketType, socket::{Facts, Refused}};
/// let mut router = Machine::new(SocketType::Router, &Options::default(), 1);
/// let name = Frame::from("worker-7");
/// router.attach(PeerId(0), &Facts { routing_id: &name, ..Facts::default() }, &mut Vec::new())?;
/// assert_eq!(router.peer_named(b"worker-7"), Some(PeerId(0)));
/// # Ok::<(), Refused>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its type, if it said so (ZMTP 3.x) or is in this process.
    pub socket_type: Option<SocketType>,
    /// The name it wants to be known by; empty leaves it to us.
    pub routing_id: &'a Frame,
    /// The name our application gave to this connection.
    pub connect_routing_id: Option<&'a Frame>,
    /// Whether the handshake is done. A connecting side may attach a peer before, to queue for it; what depends on the
    /// peer then waits for [`Machine::reattach`].
    pub connected: bool,
    /// Whether this side connected.
    pub initiated: bool,
    /// Whether the peer is in this process (inproc).
    pub local: bool,
    /// Whether the connection carries plain octets (STREAM, and ROUTER with `router_raw`).
    pub raw: bool,
    /// False for subscribers of ZMTP 1.0: they cannot say what they want and get everything.
    pub speaks_subscriptions: bool,
    /// Whether the peer is a UDP address: it says nothing of itself, and gets whole datagrams (RADIO, DISH, DGRAM).
    pub datagrams: bool,
    /// Whether the subscriber cancels each copy of a subscription, as RFC 23 has it. False for libzmq and for us, which
    /// send a cancellation only for the last copy: then one ends them all.
    pub cancels_each_copy: bool,
}

static UNNAMED: Frame = Frame::EMPTY;

impl Default for Facts<'_> {
    /// An accepted connection of an anonymous ZMTP 3 peer.
    fn default() -> Self {
        Self {
            socket_type: None,
            routing_id: &UNNAMED,
            connect_routing_id: None,
            connected: true,
            initiated: false,
            local: false,
            raw: false,
            speaks_subscriptions: true,
            datagrams: false,
            cancels_each_copy: false,
        }
    }
}

/// What a subscriber sends to a publisher.
///
/// ```
/// use zeroxide_proto::{Machine, Options, PeerId, SocketType, socket::{Facts, Refused, Upstream}};
/// let mut publisher = Machine::new(SocketType::Pub, &Options::default(), 1);
/// let mut effects = Vec::new();
/// publisher.attach(PeerId(0), &Facts::default(), &mut effects)?;
/// publisher.upstream(PeerId(0), Upstream::Subscribe(b"weather"), &mut effects);
/// assert_eq!(publisher.subscribers(b"weather in Berlin"), 1);
/// publisher.upstream(PeerId(0), Upstream::Message("\0weather".into()), &mut effects);
/// assert_eq!(publisher.subscribers(b"weather in Berlin"), 0, "an older way to cancel");
/// # Ok::<(), Refused>(())
/// ```
#[derive(Clone, Debug)]
pub enum Upstream<'a> {
    /// A SUBSCRIBE command.
    Subscribe(&'a [u8]),
    /// A CANCEL command.
    Cancel(&'a [u8]),
    /// A JOIN command.
    Join(&'a [u8]),
    /// A LEAVE command.
    Leave(&'a [u8]),
    /// A message: subscriptions of the form `01 topic` and `00 topic`, or the user's own.
    Message(Message),
}

/// The rules of one socket.
///
/// ```
/// # use zeroxide_proto::{PeerId, Peers};
/// # struct Room;
/// # impl Peers for Room {
/// #     fn has_room(&self, _: PeerId) -> bool { true }
/// # }
/// use zeroxide_proto::{Machine, Message, Options, SocketType, socket::{Facts, Refusal, Route}};
/// let mut client = Machine::new(SocketType::Req, &Options::default(), 1);
/// client.attach(PeerId(0), &Facts::default(), &mut Vec::new())?;
/// let (mut question, mut targets) = (Message::from("question"), Vec::new());
/// match client.route(&mut question, &Room, &mut targets)? {
///     Route::One { peer, envelope } => assert_eq!((peer, envelope.len()), (PeerId(0), 1)),
///     other => unreachable!("{other:?}"),
/// }
/// // In lock-step: now the reply is due, and it comes behind an empty frame.
/// assert!(matches!(client.route(&mut question, &Room, &mut targets), Err(Refusal::IllegalState(_))));
/// let reply = client.accept(PeerId(0), ["", "answer"].into(), &mut Vec::new());
/// assert_eq!(reply, Ok("answer".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Machine(Kind);

#[derive(Debug)]
enum Kind {
    Pair(Pair),
    Publish(Box<Publish>),
    Subscribe(Box<Subscribe>),
    Request(Request),
    Reply(Reply),
    Dealer(Dealer),
    Router(Box<Router>),
    Push(Push),
    Pull(Pull),
    Stream(Box<Stream>),
    Client(Client),
    Server(Box<Server>),
    Radio(Box<Radio>),
    Dish(Box<Dish>),
    Scatter(Scatter),
    Gather(Gather),
    Peer(Box<Peer>),
    Channel(Channel),
    Dgram(Dgram),
}

macro_rules! each {
    ($self:expr, $rules:ident => $call:expr) => {
        match $self {
            Kind::Push($rules) => $call,
            Kind::Dealer($rules) => $call,
            Kind::Pair($rules) => $call,
            Kind::Request($rules) => $call,
            Kind::Reply($rules) => $call,
            Kind::Pull($rules) => $call,
            Kind::Router($rules) => $call,
            Kind::Publish($rules) => $call,
            Kind::Subscribe($rules) => $call,
            Kind::Stream($rules) => $call,
            Kind::Client($rules) => $call,
            Kind::Server($rules) => $call,
            Kind::Radio($rules) => $call,
            Kind::Dish($rules) => $call,
            Kind::Scatter($rules) => $call,
            Kind::Gather($rules) => $call,
            Kind::Peer($rules) => $call,
            Kind::Channel($rules) => $call,
            Kind::Dgram($rules) => $call,
        }
    };
}

impl Machine {
    /// The rules of a socket type. `seed` is any number that is hard to guess: request numbers and generated routing ids
    /// count up from it.
    pub fn new(kind: SocketType, options: &Options, seed: u32) -> Self {
        Self(match kind {
            SocketType::Pair => Kind::Pair(Pair::default()),
            SocketType::Pub | SocketType::Xpub => Kind::Publish(Box::new(Publish::new(kind, options))),
            SocketType::Sub | SocketType::Xsub => Kind::Subscribe(Box::new(Subscribe::new(kind, options))),
            SocketType::Req => Kind::Request(Request::new(options, seed)),
            SocketType::Rep => Kind::Reply(Reply::new(options)),
            SocketType::Dealer => Kind::Dealer(Dealer::new(options)),
            SocketType::Router => Kind::Router(Box::new(Router::new(options, seed))),
            SocketType::Pull => Kind::Pull(Pull),
            SocketType::Push => Kind::Push(Push::default()),
            SocketType::Stream => Kind::Stream(Box::new(Stream::new(options, seed))),
            SocketType::Client => Kind::Client(Client::new(options)),
            SocketType::Server => Kind::Server(Box::new(Server::new(options, seed))),
            SocketType::Radio => Kind::Radio(Box::new(Radio::new(options))),
            SocketType::Dish => Kind::Dish(Box::default()),
            SocketType::Scatter => Kind::Scatter(Scatter::default()),
            SocketType::Gather => Kind::Gather(Gather::default()),
            SocketType::Peer => Kind::Peer(Box::new(Peer::new(options, seed))),
            SocketType::Channel => Kind::Channel(Channel::default()),
            SocketType::Dgram => Kind::Dgram(Dgram::default()),
        })
    }

    /// Takes changed options over; all that a machine reads act at once.
    pub fn configure(&mut self, options: &Options) {
        each!(&mut self.0, rules => rules.configure(options));
    }

    /// Lets a peer in: from now on messages may be routed to it.
    ///
    /// # Errors
    /// [`Refused`] if the rules have no place for it; then the machine does not know the peer.
    pub fn attach(
        &mut self,
        peer: PeerId,
        facts: &Facts<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        each!(&mut self.0, rules => rules.attach(peer, facts, effects))
    }

    /// An attached peer is connected: for the first time, if it was attached before the handshake, or again.
    ///
    /// # Errors
    /// [`Refused::NameTaken`]: this connection is of no use; the peer stays as it was before the call.
    pub fn reattach(
        &mut self,
        peer: PeerId,
        facts: &Facts<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        each!(&mut self.0, rules => rules.reattach(peer, facts, effects))
    }

    /// The connection is lost, but the queue of the peer is kept for the next one (the connecting side).
    pub fn suspend(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        each!(&mut self.0, rules => rules.suspend(peer, effects));
    }

    /// Nothing is routed to this peer any more. What was received from it may still be accepted.
    pub fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        each!(&mut self.0, rules => rules.detach(peer, effects));
    }

    /// All that was received from this detached peer has been accepted: its number may be used again.
    pub fn forget(&mut self, peer: PeerId) {
        each!(&mut self.0, rules => rules.forget(peer));
    }

    /// Decides where a message goes, and moves the state on. `targets` is overwritten where the answer speaks of them.
    /// Frames that only say where a message goes are taken off it.
    ///
    /// # Errors
    /// [`Refusal`]: message and machine are exactly as before.
    #[inline]
    pub fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        each!(&mut self.0, rules => rules.route(message, peers, targets))
    }

    /// As [`Machine::route`], of a message of one frame that is not made yet: for PUB and XPUB, whose rules want no more than
    /// its octets.
    ///
    /// # Errors
    /// [`Refusal`]; [`Refusal::NotSupported`] for all others.
    #[inline]
    pub fn route_octets(
        &mut self,
        octets: &[u8],
        peers: &impl Peers,
        targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        match &mut self.0 {
            Kind::Publish(rules) => rules.route_octets(octets, peers, targets),
            _ => Err(Refusal::NotSupported),
        }
    }

    /// Whether all that was received but not accepted is to be dropped, as [`Loss::Stale`], when a message has been
    /// routed and before it is queued: a REQ shall not take an old reply for the answer to a new request.
    #[inline]
    pub fn forgets_received_on_send(&self) -> bool {
        matches!(self.0, Kind::Request(_))
    }

    /// Whether a receive may be tried now.
    ///
    /// # Errors
    /// [`Refusal::IllegalState`] in the lock-step of REQ and REP; [`Refusal::NotSupported`] where nothing is received.
    #[inline]
    pub fn may_receive(&self) -> Result<(), Refusal> {
        each!(&self.0, rules => rules.may_receive())
    }

    /// Whether messages must go through [`Machine::accept`]. May change with the options.
    #[inline]
    pub fn needs_accept(&self) -> bool {
        each!(&self.0, rules => rules.needs_accept())
    }

    /// Whether a SUB's [`Machine::accept`] would take a message that begins with this frame, and do nothing else: then many
    /// messages can be asked about at once.
    #[inline]
    pub fn wants(&self, first: &[u8]) -> bool {
        each!(&self.0, rules => rules.wants(first))
    }

    /// Turns a message as it was received into what the application gets.
    ///
    /// # Errors
    /// The reason for which it is dropped: the caller counts it and goes on to the next.
    #[inline]
    pub fn accept(
        &mut self,
        from: PeerId,
        message: Message,
        effects: &mut Vec<Effect>,
    ) -> Result<Message, Loss> {
        each!(&mut self.0, rules => rules.accept(from, message, effects))
    }

    /// Takes what a subscriber sent. For publishers only, and called where it is read: it must not wait for the
    /// application.
    pub fn upstream(&mut self, from: PeerId, what: Upstream<'_>, effects: &mut Vec<Effect>) {
        each!(&mut self.0, rules => rules.upstream(from, what, effects));
    }

    /// Subscribes to a prefix: a SUB for itself; an XPUB in manual mode for the peer whose subscription or cancellation
    /// it received last (without effect if that peer is gone).
    ///
    /// # Errors
    /// [`Refusal::NotSupported`] for all others; [`Refusal::Invalid`] if all topics together exceed 1 GiB.
    pub fn subscribe(&mut self, topic: &[u8], effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        each!(&mut self.0, rules => rules.subscribe(topic, effects))
    }

    /// Takes one subscription back; the counterpart of [`Machine::subscribe`]. Unknown prefixes are no error.
    ///
    /// # Errors
    /// [`Refusal::NotSupported`] as there.
    pub fn unsubscribe(&mut self, topic: &[u8], effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        each!(&mut self.0, rules => rules.unsubscribe(topic, effects))
    }

    /// Joins a group (DISH).
    ///
    /// # Errors
    /// [`GroupRefusal`]; nothing has changed.
    pub fn join(&mut self, group: &[u8], effects: &mut Vec<Effect>) -> Result<(), GroupRefusal> {
        each!(&mut self.0, rules => rules.join(group, effects))
    }

    /// Leaves a group (DISH).
    ///
    /// # Errors
    /// [`GroupRefusal`]; nothing has changed.
    pub fn leave(&mut self, group: &[u8], effects: &mut Vec<Effect>) -> Result<(), GroupRefusal> {
        each!(&mut self.0, rules => rules.leave(group, effects))
    }

    /// Whether a message of this group would be accepted (DISH): what a datagram brings may be dropped before it is queued.
    pub fn is_in(&self, group: &[u8]) -> bool {
        each!(&self.0, rules => rules.is_in(group))
    }

    /// How many peers a message with this first frame (PUB, XPUB) or of this group (RADIO) would go to.
    pub fn subscribers(&self, topic: &[u8]) -> usize {
        each!(&self.0, rules => rules.subscribers(topic))
    }

    /// Distinct prefixes subscribed to: by our peers (PUB, XPUB), by us (SUB, XSUB).
    pub fn topics_count(&self) -> usize {
        each!(&self.0, rules => rules.topics_count())
    }

    /// Who has this routing id (ROUTER, STREAM).
    pub fn peer_named(&self, routing_id: &[u8]) -> Option<PeerId> {
        each!(&self.0, rules => rules.peer_named(routing_id))
    }

    /// The routing id of a peer (ROUTER, STREAM).
    pub fn routing_id_of(&self, peer: PeerId) -> Option<&Frame> {
        each!(&self.0, rules => rules.routing_id_of(peer))
    }

    /// The routing id of the peer that came last, if it is still there or not (STREAM).
    pub fn latest_name(&self) -> Option<&Frame> {
        each!(&self.0, rules => rules.latest_name())
    }

    /// Who has this number (SERVER, PEER).
    pub fn peer_numbered(&self, number: RoutingId) -> Option<PeerId> {
        each!(&self.0, rules => rules.peer_numbered(number))
    }

    /// The number of a peer (SERVER, PEER).
    pub fn number_of(&self, peer: PeerId) -> Option<RoutingId> {
        each!(&self.0, rules => rules.number_of(peer))
    }
}

/// Refuses messages of several frames.
fn one_frame(message: &Message) -> Result<(), Refusal> {
    if message.is_multipart() { Err(Refusal::Multipart) } else { Ok(()) }
}

/// A message behind a routing id.
fn behind(routing_id: &Frame, mut message: Message) -> Message {
    if message.is_multipart() {
        message.push_front(routing_id.clone());
        message
    } else {
        Message::from([routing_id.clone(), message.into_first()])
    }
}

/// Takes `count` frames off the front of a message, at least one of which is left, or changes nothing.
fn take_front(message: &mut Message, count: usize, front: &mut Vec<Frame>) -> bool {
    const CHEAP_ONE_BY_ONE: usize = 2;
    if message.len() <= count {
        return false;
    }
    front.clear();
    if count <= CHEAP_ONE_BY_ONE {
        front.extend((0..count).filter_map(|_| message.pop_front()));
    } else if let Some(frames) = message.split_front(count) {
        *front = frames;
    }
    true
}
