//! A socket under attack, of any type, with a legitimate peer by which it shows that it is well.

use super::common::*;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use zeroxide::*;

/// Every type that speaks ZMTP.
pub(crate) fn kinds() -> impl Iterator<Item = SocketType> {
    SocketType::ALL.into_iter().filter(|kind| !matches!(kind, SocketType::Stream | SocketType::Dgram))
}

/// A type that this one may talk to.
pub(crate) fn partner(kind: SocketType) -> SocketType {
    use SocketType::*;
    match kind {
        Pair => Pair,
        Pub | Xpub => Sub,
        Sub | Xsub => Pub,
        Req | Dealer => Router,
        Rep => Req,
        Router => Dealer,
        Pull => Push,
        Push => Pull,
        Server => Client,
        Client => Server,
        Radio => Dish,
        Dish => Radio,
        Gather => Scatter,
        Scatter => Gather,
        Peer => Peer,
        Channel => Channel,
        Stream | Dgram => unreachable!("{kind} speaks no ZMTP"),
    }
}

pub(crate) struct Ward {
    // Sockets first: they end before their context.
    pub(crate) socket: Socket,
    pub(crate) friend: Socket,
    pub(crate) events: Monitor,
    pub(crate) at: String,
    pub(crate) context: Context,
}

impl Ward {
    pub(crate) fn new(kind: SocketType, endpoint: &str, prepare: impl FnOnce(&Socket, &Socket)) -> Self {
        let context = Context::new();
        let socket = Socket::new(&context, kind).unwrap();
        let friend = Socket::new(&context, partner(kind)).unwrap();
        prepare(&socket, &friend);
        for one in [&socket, &friend] {
            match one.socket_type() {
                SocketType::Sub => one.subscribe("").unwrap(),
                SocketType::Xsub => one.send("\x01").unwrap(),
                SocketType::Dish => one.join("all").unwrap(),
                _ => {}
            }
        }
        let at = socket.bind(endpoint).unwrap();
        let events = socket.monitor();
        Self { socket, friend, events, at, context }
    }

    /// With the friend connected.
    pub(crate) fn joined(kind: SocketType, endpoint: &str, prepare: impl FnOnce(&Socket, &Socket)) -> Self {
        let ward = Self::new(kind, endpoint, prepare);
        ward.join(&ward.at);
        ward
    }

    /// Connects the friend, perhaps by a detour, and waits until both can be heard.
    #[track_caller]
    pub(crate) fn join(&self, endpoint: &str) {
        join_at(&self.socket, &self.friend, endpoint);
        self.hear_each_other();
        if self.socket.socket_type() == SocketType::Xpub {
            assert_eq!(self.socket.text(), "\x01");
        }
    }

    /// Waits until the friend, whose connection was lost, has come again by itself.
    #[track_caller]
    pub(crate) fn is_joined_again(&self) {
        let (socket, friend) = (&self.socket, &self.friend);
        eventually(|| socket.connected() == 1 && friend.connected() == 1);
        self.hear_each_other();
        while socket.socket_type() == SocketType::Xpub && socket.try_recv().is_ok() {}
    }

    /// Waits until whoever publishes knows what the other one wants.
    #[track_caller]
    fn hear_each_other(&self) {
        for (one, other) in [(&self.socket, &self.friend), (&self.friend, &self.socket)] {
            match one.socket_type() {
                SocketType::Pub | SocketType::Xpub => assert!(one.wait_for_subscribers("any", 1, LONG)),
                SocketType::Radio => eventually(|| one_hears(one, other, GLANCE)),
                _ => {}
            }
        }
    }

    /// A message goes both ways, as far as the type allows.
    #[track_caller]
    pub(crate) fn is_well(&self) {
        use SocketType::*;
        let (socket, friend) = (&self.socket, &self.friend);
        match socket.socket_type() {
            Pub | Xpub | Push | Scatter => one_way(socket, friend),
            Sub | Xsub | Pull | Gather => one_way(friend, socket),
            Radio => one_hears(socket, friend, LONG).then_some(()).expect("the dish hears its group"),
            Dish => one_hears(friend, socket, LONG).then_some(()).expect("the dish hears its group"),
            Pair | Channel => {
                one_way(socket, friend);
                one_way(friend, socket);
            }
            Req | Dealer => {
                socket.send("how are you").unwrap();
                let mut question = friend.get();
                question.push_back("well");
                let parts: Vec<Frame> = question.into_iter().collect();
                let reply = [&parts[..parts.len() - 2], &parts[parts.len() - 1..]].concat();
                friend.send(Message::from(reply)).unwrap();
                assert_eq!(socket.text(), "well");
            }
            Rep => {
                friend.send("how are you").unwrap();
                assert_eq!(socket.text(), "how are you");
                socket.send("well").unwrap();
                assert_eq!(friend.text(), "well");
            }
            Router => {
                friend.send("how are you").unwrap();
                let question = socket.get();
                assert_eq!(question[1], "how are you");
                socket.send([question[0].clone(), "well".into()]).unwrap();
                assert_eq!(friend.text(), "well");
            }
            Server => numbered(friend, socket),
            Client => numbered(socket, friend),
            Peer => {
                let to = friend.peers()[0].number.unwrap();
                friend.send(Message::routed(to, "how are you")).unwrap();
                answer_numbered(socket);
                assert_eq!(friend.text(), "well");
            }
            Stream | Dgram => unreachable!("no ward of this type"),
        }
    }

    /// Waits for an event of this kind.
    #[track_caller]
    pub(crate) fn hears_of(&self, wanted: impl FnMut(&Event) -> bool) -> Event {
        self.events.wait_for(LONG, wanted).expect("an event")
    }

    /// Waits until a handshake was told to have failed.
    #[track_caller]
    pub(crate) fn hears_of_a_failed_handshake(&self) {
        self.hears_of(|event| matches!(event, Event::HandshakeFailed { .. }));
    }

    /// Waits until a connection was told to have ended.
    #[track_caller]
    pub(crate) fn hears_of_an_end(&self) {
        self.hears_of(|event| matches!(event, Event::Disconnected { .. }));
    }

    /// A stranger that says to be of a type that fits, and is let in.
    #[track_caller]
    pub(crate) fn stranger(&self) -> RawPeer {
        let mut peer = RawPeer::connect(&self.at);
        let ready = ready_as(partner(self.socket.socket_type()));
        peer.send(&octets::greeting_v31("NULL")).send(&ready);
        peer.read(64);
        peer.read_frame();
        peer
    }
}

/// READY of a socket of any type.
pub(crate) fn ready_as(kind: SocketType) -> Vec<u8> {
    octets::command("READY", &octets::property("Socket-Type", kind.name().as_bytes()))
}

#[track_caller]
fn one_way(from: &Socket, to: &Socket) {
    from.send("how are you").unwrap();
    // A stranger that was let in may have put in a word before.
    while to.text() != "how are you" {}
}

/// How long a dish listens before it is spoken to again.
const GLANCE: Duration = Duration::from_millis(100);

fn one_hears(radio: &Socket, dish: &Socket, limit: Duration) -> bool {
    radio.send(Message::grouped("all", "news")).unwrap();
    dish.recv_timeout(limit).is_ok()
}

#[track_caller]
fn numbered(client: &Socket, server: &Socket) {
    client.send("how are you").unwrap();
    answer_numbered(server);
    assert_eq!(client.text(), "well");
}

#[track_caller]
fn answer_numbered(server: &Socket) {
    let question = server.get();
    assert_eq!(question.body(), b"how are you");
    server.send(Message::routed(question.routing_id().unwrap(), "well")).unwrap();
}

/// Octets of memory this process has now.
pub(crate) fn resident_octets() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * rustix::param::page_size()
}

/// Those that measure the whole process take turns.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Memory did not grow by more than so many MiB.
#[track_caller]
pub(crate) fn bounded(before: usize, most: usize) {
    let grown = resident_octets().saturating_sub(before);
    assert!(grown < most << 20, "memory grew by {} KiB", grown >> 10);
}
