//! The kinds of sockets, and which may talk to which (RFC 37, section on socket types; zmtp.md section 6).

use std::fmt;

/// What a socket does with messages. The numbers are those of the C API.
///
/// ```
/// use zeroxide_proto::SocketType;
/// assert!(SocketType::Req.may_talk_to(SocketType::Router));
/// let workers: Vec<_> = SocketType::ALL.into_iter().filter(|kind| kind.may_talk_to(SocketType::Push)).collect();
/// assert_eq!(workers, [SocketType::Pull]);
/// assert_eq!(SocketType::from_name(b"XPUB").map(|kind| kind as i32), Some(9), "ZMQ_XPUB");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum SocketType {
    /// One peer, both directions.
    Pair = 0,
    /// Publishes to subscribers.
    Pub = 1,
    /// Subscribes to publishers.
    Sub = 2,
    /// Asks, one request at a time.
    Req = 3,
    /// Answers, one request at a time.
    Rep = 4,
    /// Asks many at once.
    Dealer = 5,
    /// Talks to each peer by name.
    Router = 6,
    /// Takes work.
    Pull = 7,
    /// Hands out work.
    Push = 8,
    /// Publishes and sees subscriptions.
    Xpub = 9,
    /// Subscribes by messages.
    Xsub = 10,
    /// Talks to plain TCP peers.
    Stream = 11,
    /// Answers clients by number; single frames, as all types below.
    Server = 12,
    /// Asks servers.
    Client = 13,
    /// Broadcasts to groups.
    Radio = 14,
    /// Listens to groups.
    Dish = 15,
    /// Takes what is scattered.
    Gather = 16,
    /// Hands out to whoever gathers.
    Scatter = 17,
    /// Sends and receives plain UDP datagrams.
    Dgram = 18,
    /// Talks to its likes by number.
    Peer = 19,
    /// One peer, both directions.
    Channel = 20,
}

impl SocketType {
    /// Every type there is.
    pub const ALL: [Self; 21] = [
        Self::Pair,
        Self::Pub,
        Self::Sub,
        Self::Req,
        Self::Rep,
        Self::Dealer,
        Self::Router,
        Self::Pull,
        Self::Push,
        Self::Xpub,
        Self::Xsub,
        Self::Stream,
        Self::Server,
        Self::Client,
        Self::Radio,
        Self::Dish,
        Self::Gather,
        Self::Scatter,
        Self::Dgram,
        Self::Peer,
        Self::Channel,
    ];

    /// The name that travels in the Socket-Type property.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pair => "PAIR",
            Self::Pub => "PUB",
            Self::Sub => "SUB",
            Self::Req => "REQ",
            Self::Rep => "REP",
            Self::Dealer => "DEALER",
            Self::Router => "ROUTER",
            Self::Pull => "PULL",
            Self::Push => "PUSH",
            Self::Xpub => "XPUB",
            Self::Xsub => "XSUB",
            Self::Stream => "STREAM",
            Self::Server => "SERVER",
            Self::Client => "CLIENT",
            Self::Radio => "RADIO",
            Self::Dish => "DISH",
            Self::Gather => "GATHER",
            Self::Scatter => "SCATTER",
            Self::Dgram => "DGRAM",
            Self::Peer => "PEER",
            Self::Channel => "CHANNEL",
        }
    }

    /// The type of that name, as it travels in the Socket-Type property.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().as_bytes() == name)
    }

    /// Whether a socket of this type may talk to one of the other. STREAM and DGRAM talk to no ZeroMQ socket.
    pub const fn may_talk_to(self, peer: Self) -> bool {
        use SocketType::*;
        matches!(
            (self, peer),
            (Pair, Pair)
                | (Pub | Xpub, Sub | Xsub)
                | (Sub | Xsub, Pub | Xpub)
                | (Req, Rep | Router)
                | (Rep, Req | Dealer)
                | (Dealer, Rep | Dealer | Router)
                | (Router, Req | Dealer | Router)
                | (Pull, Push)
                | (Push, Pull)
                | (Server, Client)
                | (Client, Server)
                | (Radio, Dish)
                | (Dish, Radio)
                | (Gather, Scatter)
                | (Scatter, Gather)
                | (Peer, Peer)
                | (Channel, Channel)
        )
    }

    /// Whether READY carries the Identity property (even if empty).
    pub const fn sends_identity(self) -> bool {
        matches!(self, Self::Req | Self::Dealer | Self::Router)
    }

    /// Whether messages have exactly one frame (RFC 41, 48, 49, 51, 52): what has more is neither sent nor delivered.
    pub const fn is_single_frame(self) -> bool {
        use SocketType::*;
        matches!(self, Server | Client | Radio | Dish | Gather | Scatter | Peer | Channel)
    }

    /// Whether the application can send.
    pub const fn sends(self) -> bool {
        !matches!(self, Self::Sub | Self::Pull | Self::Dish | Self::Gather)
    }

    /// Whether a message goes where it goes whatever is in it: the rules of this type do not look at what is sent.
    #[inline]
    pub const fn sends_unseen(self) -> bool {
        matches!(self, Self::Pair | Self::Req | Self::Rep | Self::Dealer | Self::Push)
    }

    /// Whether the application can receive.
    pub const fn receives(self) -> bool {
        !matches!(self, Self::Pub | Self::Push | Self::Radio | Self::Scatter)
    }
}

impl fmt::Display for SocketType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_talk_to_whom_is_mutual() {
        for one in SocketType::ALL {
            for other in SocketType::ALL {
                assert_eq!(one.may_talk_to(other), other.may_talk_to(one), "{one} {other}");
            }
            assert_eq!(SocketType::from_name(one.name().as_bytes()), Some(one));
            assert_eq!(SocketType::ALL.get(one as usize), Some(&one), "a type is at its number");
        }
    }
}
