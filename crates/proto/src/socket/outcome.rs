//! What machines say: where a message goes, why it does not, and what else is to be done.

use crate::{Frame, Limit, Loss, Message, routing::PeerId};
use std::fmt;

/// Where a message goes. The state of the machine has moved on: the caller queues the message now.
///
/// ```
/// # use zeroxide_proto::{PeerId, Peers};
/// # struct Room;
/// # impl Peers for Room {
/// #     fn has_room(&self, _: PeerId) -> bool { true }
/// # }
/// use zeroxide_proto::{Loss, Machine, Message, Options, SocketType, socket::Route};
/// let mut publisher = Machine::new(SocketType::Pub, &Options::default(), 1);
/// let mut targets = Vec::new();
/// let mut queues: Vec<Vec<Message>> = vec![Vec::new(); 8];
/// let mut message = Message::from("news");
/// match publisher.route(&mut message, &Room, &mut targets)? {
///     Route::One { peer, .. } => queues[peer.index()].push(message),
///     Route::Each { missed } => {
///         targets.iter().for_each(|peer| queues[peer.index()].push(message.clone()));
///         println!("{missed} subscribers were too slow");
///     }
///     Route::Dropped(reason) => println!("lost: {reason:?}"),
///     Route::Subscription { .. } | Route::Close { .. } => unreachable!("not from a PUB"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route<'a> {
    /// To this peer, which has room, behind the frames of the envelope.
    One {
        /// Who gets it.
        peer: PeerId,
        /// Frames to put before the message; often none.
        envelope: &'a [Frame],
    },
    /// To each of the targets, all of which have room.
    Each {
        /// How many more should have got it but were full: lost to the high-water mark.
        missed: usize,
    },
    /// Not as a message: what was sent to an XSUB is a subscription (`01 topic`) or a cancellation (`00 topic`). The topic
    /// behind the first octet of the message goes to each of the targets as [`Effect::Subscription`] does; there are
    /// none where no publisher need be told.
    Subscription {
        /// False cancels.
        subscribe: bool,
    },
    /// Nowhere: the application wants this connection closed, once what is queued for it is written (STREAM).
    Close {
        /// Whose connection.
        peer: PeerId,
    },
    /// Nowhere, as the rules of the socket type ask: to be counted.
    Dropped(Loss),
}

/// Why a call cannot be served now. Nothing has changed.
///
/// ```
/// # use zeroxide_proto::{PeerId, Peers};
/// # struct Room;
/// # impl Peers for Room {
/// #     fn has_room(&self, _: PeerId) -> bool { true }
/// # }
/// use zeroxide_proto::{Machine, Message, Options, SocketType, socket::Refusal};
/// let mut push = Machine::new(SocketType::Push, &Options::default(), 1);
/// let (mut work, mut targets) = (Message::from("work"), Vec::new());
/// let refused = push.route(&mut work, &Room, &mut targets).unwrap_err();
/// assert_eq!(refused, Refusal::WouldBlock, "nobody is there");
/// assert_eq!(push.may_receive(), Err(Refusal::NotSupported));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No peer has room, or there is none: try again when one has.
    WouldBlock,
    /// The socket type asks for another call first; the text says which.
    IllegalState(&'static str),
    /// Nobody has this name.
    Unroutable,
    /// This socket type cannot do that.
    NotSupported,
    /// The message does not have the frames that the socket type asks for.
    Invalid,
    /// The message has more than the one frame that the socket type sends.
    Multipart,
    /// The message is for what cannot be a group.
    BadGroup,
    /// The first frame is no address, as DGRAM asks for.
    BadAddress,
    /// The message does not fit into a datagram, which can hold so many octets.
    Oversized(usize),
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Oversized(limit) => {
                return write!(out, "a datagram holds {limit} octets, not all of these");
            }
            Self::WouldBlock => "no peer can take the message now",
            Self::IllegalState(first) => first,
            Self::Unroutable => "no peer has this name",
            Self::NotSupported => "this type of socket cannot do that",
            Self::Invalid => "the message lacks the frames that this type of socket asks for",
            Self::Multipart => "this type of socket sends messages of one frame",
            Self::BadGroup => "a group has at most 255 octets, none of them zero",
            Self::BadAddress => "the first frame is no address, as 127.0.0.1:5555 is",
        })
    }
}

impl std::error::Error for Refusal {}

/// Why a group is not joined or left. Nothing has changed.
///
/// ```
/// use zeroxide_proto::{Machine, Options, SocketType, socket::GroupRefusal};
/// let mut dish = Machine::new(SocketType::Dish, &Options::default(), 1);
/// assert_eq!(dish.join(b"TV", &mut Vec::new()), Ok(()));
/// assert_eq!(dish.join(b"TV", &mut Vec::new()), Err(GroupRefusal::AlreadyJoined));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum GroupRefusal {
    /// Only a DISH joins groups.
    NotSupported,
    /// A group has at most 255 octets, none of them zero.
    BadGroup,
    /// The socket is in this group already.
    AlreadyJoined,
    /// The socket is not in this group.
    NotJoined,
}

impl fmt::Display for GroupRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotSupported => "sockets of this type have no groups",
            Self::BadGroup => "a group has at most 255 octets, none of them zero",
            Self::AlreadyJoined => "it was joined before",
            Self::NotJoined => "it was not joined",
        })
    }
}

impl std::error::Error for GroupRefusal {}

/// Why a peer is not let in. The machine knows nothing of it: nothing is routed to it, nothing accepted from it.
///
/// ```
/// use zeroxide_proto::{Machine, Options, PeerId, SocketType, socket::{Facts, Refused}};
/// let mut pair = Machine::new(SocketType::Pair, &Options::default(), 1);
/// pair.attach(PeerId(0), &Facts::default(), &mut Vec::new())?;
/// let second = pair.attach(PeerId(1), &Facts::default(), &mut Vec::new());
/// assert_eq!(second, Err(Refused::Occupied));
/// # Ok::<(), Refused>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// A PAIR, CHANNEL or DGRAM has its peer: close the connection.
    Occupied,
    /// Another peer has the name. A connection that came in is left open and unread, so that its owner, who cannot know,
    /// does not knock again and again; for `connect_routing_id` the connect itself is to fail.
    NameTaken,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Occupied => "the socket has its one peer already",
            Self::NameTaken => "another peer has this routing id",
        })
    }
}

impl std::error::Error for Refused {}

/// What else is to be done, in order.
///
/// ```
/// use zeroxide_proto::{Machine, Options, PeerId, SocketType, socket::{Effect, Facts, Refused}};
/// let mut subscriber = Machine::new(SocketType::Sub, &Options::default(), 1);
/// let mut effects = Vec::new();
/// let _ = subscriber.subscribe(b"weather", &mut effects);
/// assert_eq!(effects, [], "nobody to tell");
/// subscriber.attach(PeerId(0), &Facts::default(), &mut effects)?;
/// let told = Effect::Subscription { peer: PeerId(0), topic: "weather".into(), subscribe: true };
/// assert_eq!(effects, [told]);
/// # Ok::<(), Refused>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Put this behind all that was received from the peer, beyond any high-water mark, and treat it as received: it
    /// goes through [`Machine::accept`](super::Machine::accept) like the rest. Detached peers are no exception.
    Deliver {
        /// In whose queue.
        peer: PeerId,
        /// What to deliver.
        message: Message,
    },
    /// Send this before anything that is still queued for the peer, beyond any high-water mark. It concerns this
    /// connection only: it is dropped with it.
    Send {
        /// To whom.
        peer: PeerId,
        /// What to send.
        message: Message,
    },
    /// Tell a publisher of a subscription: not queued with messages, not bound by a high-water mark, in order.
    /// It concerns this connection only; the next one is told the whole set.
    Subscription {
        /// Which publisher.
        peer: PeerId,
        /// The prefix.
        topic: Frame,
        /// False cancels.
        subscribe: bool,
    },
    /// Tell a RADIO of a group: as with a subscription.
    Group {
        /// Which RADIO.
        peer: PeerId,
        /// The group.
        group: Frame,
        /// False leaves it.
        join: bool,
    },
    /// This peer met a limit; that costs it the connection.
    Limit(PeerId, Limit),
    /// Close this connection and detach its peer.
    Disconnect(PeerId),
    /// So many messages were lost.
    Lost(Loss, usize),
}
