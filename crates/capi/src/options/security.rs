//! Options of PLAIN, CURVE and ZAP. Which mechanism a socket has follows from the option that was set last.

use super::{
    Entry,
    Get::{Kept, Own, Read},
    Set::{Int, Never, Octets},
    value::{Given, Wanted},
};
use crate::{errno::Errno, socket::Socket};
use std::ffi::c_int;
use zeroxide::{Mechanism, Options, SecurityOptions, SocketType};

/// A key in octets, and in characters.
const KEY_SIZE: usize = 32;
const KEY_TEXT_SIZE: usize = 40;

const ALL: &[SocketType] = &[];

const fn flag(
    number: c_int,
    name: &'static str,
    read: fn(&Options) -> c_int,
    apply: fn(&mut Options, SocketType, c_int),
) -> Entry {
    let rule = |value| (value == 0 || value == 1).then_some(value);
    Entry { number, name, get: Read(read), set: Int { on: ALL, rule, apply } }
}

const fn octets(
    number: c_int,
    name: &'static str,
    get: fn(&Socket, &mut Wanted<'_>) -> Result<(), Errno>,
    set: fn(&Socket, Given<'_>) -> Result<(), Errno>,
) -> Entry {
    Entry { number, name, get: Own(get), set: Octets { on: ALL, set } }
}

pub(super) const SECURITY: &[Entry] = &[
    Entry { number: 43, name: "ZMQ_MECHANISM", get: Read(|o| mechanism(o.security.mechanism())), set: Never },
    flag(
        44,
        "ZMQ_PLAIN_SERVER",
        |o| o.security.plain_server().into(),
        |o, _, v| o.security.set_plain_server(v == 1),
    ),
    octets(
        45,
        "ZMQ_PLAIN_USERNAME",
        |socket, wanted| wanted.text(told(socket).plain_username()),
        |socket, given| {
            match given.is_null() {
                true => change(socket, SecurityOptions::set_null),
                false => {
                    let username = given.between(1, 255)?;
                    change(socket, |security| security.set_plain_username(username));
                }
            }
            Ok(())
        },
    ),
    octets(
        46,
        "ZMQ_PLAIN_PASSWORD",
        |socket, wanted| wanted.text(told(socket).plain_password().as_bytes()),
        {
            |socket, given| {
                match given.is_null() {
                    true => change(socket, SecurityOptions::set_null),
                    false => {
                        let password = given.between(1, 255)?;
                        change(socket, |security| security.set_plain_password(password));
                    }
                }
                Ok(())
            }
        },
    ),
    flag(
        47,
        "ZMQ_CURVE_SERVER",
        |o| o.security.curve_server().into(),
        |o, _, v| o.security.set_curve_server(v == 1),
    ),
    octets(
        48,
        "ZMQ_CURVE_PUBLICKEY",
        |socket, wanted| {
            let key = told(socket).curve_public_key();
            show(wanted, key.as_bytes(), &key.to_z85())
        },
        |socket, given| {
            let key = key(given)?;
            change(socket, |security| security.set_curve_public_key(key));
            Ok(())
        },
    ),
    octets(
        49,
        "ZMQ_CURVE_SECRETKEY",
        |socket, wanted| {
            let security = told(socket);
            let key = security.curve_secret_key();
            show(wanted, key.as_bytes(), &key.to_z85())
        },
        |socket, given| {
            let key = key(given)?;
            change(socket, |security| security.set_curve_secret_key(key));
            Ok(())
        },
    ),
    octets(
        50,
        "ZMQ_CURVE_SERVERKEY",
        |socket, wanted| {
            let key = told(socket).curve_server_key();
            show(wanted, key.as_bytes(), &key.to_z85())
        },
        |socket, given| {
            let key = key(given)?;
            change(socket, |security| security.set_curve_server_key(key));
            Ok(())
        },
    ),
    octets(
        55,
        "ZMQ_ZAP_DOMAIN",
        |socket, wanted| wanted.text(&told(socket).zap_domain),
        |socket, given| {
            let domain = given.between(1, 255)?.to_vec();
            change(socket, |security| security.zap_domain = domain);
            Ok(())
        },
    ),
    Entry {
        number: 93,
        name: "ZMQ_ZAP_ENFORCE_DOMAIN",
        get: Kept(0),
        set: Int {
            on: ALL,
            rule: |value| Some(c_int::from(value != 0)),
            apply: |o, _, v| o.security.zap_enforce_domain = v != 0,
        },
    },
];

fn mechanism(mechanism: Mechanism) -> c_int {
    match mechanism {
        Mechanism::Plain => 1,
        Mechanism::Curve => 2,
        _ => 0,
    }
}

fn told(socket: &Socket) -> SecurityOptions {
    socket.native.options().security
}

fn change(socket: &Socket, change: impl FnOnce(&mut SecurityOptions)) {
    socket.native.change_options(|options| change(&mut options.security));
}

/// 32 octets, or 40 characters with or without the zero behind them.
fn key<K>(given: Given<'_>) -> Result<K, Errno>
where
    K: for<'a> TryFrom<&'a [u8]>,
{
    let octets = match given.octets() {
        [text @ .., 0] if text.len() == KEY_TEXT_SIZE => text,
        octets => octets,
    };
    K::try_from(octets).map_err(|_| Errno::EINVAL)
}

/// As octets or as characters, whichever the room is right for.
fn show(wanted: &mut Wanted<'_>, octets: &[u8], text: &str) -> Result<(), Errno> {
    match wanted.room() {
        KEY_SIZE => wanted.exactly(octets),
        room if room == KEY_TEXT_SIZE + 1 => wanted.text(text.as_bytes()),
        _ => Err(Errno::EINVAL),
    }
}
