//! Options whose value is not an `int`: texts, names, messages, filters, 64-bit numbers.

use super::{
    Entry,
    Get::{self, Own},
    Set::Octets,
    value::{Given, Wanted},
};
use crate::{errno::Errno, socket::Socket};
use std::ffi::c_int;
use zeroxide::{
    Frame, OptionError, OptionErrorCause, Options,
    SocketType::{self, Pub, Rep, Router, Stream, Xpub, Xsub},
};

const fn octets(
    number: c_int,
    name: &'static str,
    get: Get,
    on: &'static [SocketType],
    set: fn(&Socket, Given<'_>) -> Result<(), Errno>,
) -> Entry {
    Entry { number, name, get, set: Octets { on, set } }
}

const ALL: &[SocketType] = &[];
const PUBLISHERS: &[SocketType] = &[Pub, Xpub];

pub(super) const OCTETS: &[Entry] = &[
    octets(
        4,
        "ZMQ_AFFINITY",
        Own(|socket, wanted| wanted.exactly(&options(socket).affinity.to_ne_bytes())),
        ALL,
        {
            |socket, given| {
                let affinity = given.int64()?.cast_unsigned();
                change(socket, |options| options.affinity = affinity)
            }
        },
    ),
    octets(5, "ZMQ_ROUTING_ID", Own(routing_id), ALL, {
        |socket, given| {
            let routing_id = frame(given.between(1, 255)?);
            change(socket, |options| options.routing_id = routing_id)
        }
    }),
    octets(6, "ZMQ_SUBSCRIBE", Get::Never, &[SocketType::Sub, Pub, Xpub], |socket, given| {
        socket.native.subscribe(given.octets()).map_err(|_| Errno::EINVAL)
    }),
    octets(7, "ZMQ_UNSUBSCRIBE", Get::Never, &[SocketType::Sub, Pub, Xpub], |socket, given| {
        socket.native.unsubscribe(given.octets()).map_err(|_| Errno::EINVAL)
    }),
    octets(22, "ZMQ_MAXMSGSIZE", Own(max_message_size), ALL, |socket, given| {
        let size = given.int64()?;
        socket.extras.keep_max_message_size(size);
        change(socket, |options| options.max_message_size = u64::try_from(size).ok())
    }),
    octets(38, "ZMQ_TCP_ACCEPT_FILTER", Get::Never, ALL, |socket, given| {
        let mut filters = socket.native.tcp_accept_filters();
        match given.is_null() {
            true => filters.clear(),
            false => filters.push(text(given.between(1, 255)?)),
        }
        socket.native.set_tcp_accept_filters(filters).map_err(|_| Errno::EINVAL)
    }),
    octets(58, "ZMQ_IPC_FILTER_PID", Get::Never, ALL, |socket, given| {
        filter(socket, given, |options| &mut options.ipc_filter_process_ids)
    }),
    octets(59, "ZMQ_IPC_FILTER_UID", Get::Never, ALL, |socket, given| {
        filter(socket, given, |options| &mut options.ipc_filter_user_ids)
    }),
    octets(60, "ZMQ_IPC_FILTER_GID", Get::Never, ALL, |socket, given| {
        filter(socket, given, |options| &mut options.ipc_filter_group_ids)
    }),
    octets(61, "ZMQ_CONNECT_ROUTING_ID", Get::Never, &[Rep, Router, Stream], |socket, given| {
        let routing_id = frame(given.between(1, usize::MAX)?);
        change(socket, |options| options.connect_routing_id = Some(routing_id))
    }),
    octets(
        68,
        "ZMQ_SOCKS_PROXY",
        Own(|socket, wanted| socket.extras.get_text(68, wanted)),
        ALL,
        |socket, given| {
            let proxy = optional(given, usize::MAX)?;
            socket.extras.keep_text(68, proxy.unwrap_or_default());
            let proxy = proxy.map(text);
            change(socket, |options| options.socks_proxy = proxy)
        },
    ),
    octets(72, "ZMQ_XPUB_WELCOME_MSG", Get::Never, PUBLISHERS, |socket, given| {
        let message = message(given);
        change(socket, |options| options.xpub_welcome_message = message)
    }),
    octets(
        92,
        "ZMQ_BINDTODEVICE",
        Own(|socket, wanted| socket.extras.get_text(92, wanted)),
        ALL,
        |socket, given| {
            let device = optional(given, MAX_DEVICE)?;
            socket.extras.keep_text(92, device.unwrap_or_default());
            let device = device.map(text);
            change(socket, |options| options.bind_to_device = device)
        },
    ),
    octets(95, "ZMQ_METADATA", Get::Never, ALL, metadata),
    octets(
        99,
        "ZMQ_SOCKS_USERNAME",
        Own(|socket, wanted| socket.extras.get_text(99, wanted)),
        ALL,
        |socket, given| socks_credential(socket, 99, given),
    ),
    octets(100, "ZMQ_SOCKS_PASSWORD", Own(|socket, wanted| socket.extras.get_text(100, wanted)), ALL, {
        |socket, given| socks_credential(socket, 100, given)
    }),
    octets(110, "ZMQ_HELLO_MSG", Get::Never, ALL, |socket, given| {
        let message = message(given);
        change(socket, |options| options.hello_message = message)
    }),
    octets(111, "ZMQ_DISCONNECT_MSG", Get::Never, ALL, |socket, given| {
        let message = message(given);
        change(socket, |options| options.disconnect_message = message)
    }),
    octets(114, "ZMQ_HICCUP_MSG", Get::Never, ALL, |socket, given| {
        let message = message(given);
        change(socket, |options| options.hiccup_message = message)
    }),
    octets(115, "ZMQ_XSUB_VERBOSE_UNSUBSCRIBE", Get::Never, &[Xsub], |socket, given| {
        // libzmq takes any length, looks at four octets, and reads them from null as well.
        if given.is_null() {
            return Err(Errno::EINVAL);
        }
        let verbose = given.octets().iter().take(size_of::<c_int>()).any(|octet| *octet != 0);
        change(socket, |options| options.xsub_verbose_unsubscribe = verbose)
    }),
];

/// The longest name of a network interface, with the zero that ends it.
const MAX_DEVICE: usize = 16;

fn options(socket: &Socket) -> Options {
    socket.native.options()
}

fn change(socket: &Socket, change: impl FnOnce(&mut Options)) -> Result<(), Errno> {
    socket.native.change_options(change);
    Ok(())
}

fn frame(octets: &[u8]) -> Frame {
    Frame::from(octets)
}

/// A message for an occasion; one without octets is none.
fn message(given: Given<'_>) -> Option<Frame> {
    Some(given.octets()).filter(|octets| !octets.is_empty()).map(frame)
}

/// Names of hosts and devices have no other octets than these; others name nothing, and stay without meaning.
fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Cleared by null, never by an empty text.
fn optional<'a>(given: Given<'a>, most: usize) -> Result<Option<&'a [u8]>, Errno> {
    if given.is_null() { Ok(None) } else { given.between(1, most).map(Some) }
}

/// On a STREAM, how its latest peer is to be addressed: so clients learn whom they have connected to.
fn routing_id(socket: &Socket, wanted: &mut Wanted<'_>) -> Result<(), Errno> {
    let own = || options(socket).routing_id;
    wanted.at_least(&socket.native.latest_peer().unwrap_or_else(own))
}

fn max_message_size(socket: &Socket, wanted: &mut Wanted<'_>) -> Result<(), Errno> {
    wanted.exactly(&socket.extras.max_message_size().to_ne_bytes())
}

/// Adds one number to a filter, or clears it.
fn filter(
    socket: &Socket,
    given: Given<'_>,
    list: impl FnOnce(&mut Options) -> &mut Vec<u32>,
) -> Result<(), Errno> {
    let number = if given.is_null() { None } else { Some(given.int()?.cast_unsigned()) };
    change(socket, |options| match number {
        Some(number) => list(options).push(number),
        None => list(options).clear(),
    })
}

/// `X-name:value`, one a call; the first value of a name stays.
fn metadata(socket: &Socket, given: Given<'_>) -> Result<(), Errno> {
    let octets = given.octets();
    let colon = octets.iter().position(|octet| *octet == b':').ok_or(Errno::EINVAL)?;
    let (name, value) = octets.split_at(colon);
    let value = value.get(1..).filter(|value| !value.is_empty()).ok_or(Errno::EINVAL)?;
    let name = std::str::from_utf8(name).map_err(|_| Errno::EINVAL)?.to_owned();
    if !name.starts_with("X-") {
        return Err(Errno::EINVAL);
    }
    let mut properties = socket.native.metadata();
    if !properties.iter().any(|(known, _)| *known == name) {
        properties.push((name, value.to_vec()));
    }
    match socket.native.set_metadata(properties) {
        // A STREAM has no handshake to tell them in; libzmq takes them all the same.
        Err(OptionError { cause: OptionErrorCause::NotForThisType, .. }) | Ok(()) => Ok(()),
        Err(_) => Err(Errno::EINVAL),
    }
}

/// A user or a password. Without a user, nobody logs in.
fn socks_credential(socket: &Socket, option: c_int, given: Given<'_>) -> Result<(), Errno> {
    socket.extras.keep_text(option, given.between(0, 255)?);
    let (user, password) = (socket.extras.text(99), socket.extras.text(100));
    let both = (!user.is_empty()).then_some((user, password));
    change(socket, |options| options.socks_credentials = both)
}
