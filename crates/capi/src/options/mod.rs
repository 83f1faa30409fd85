//! Options of contexts and sockets: numbers and octets from C, typed values inside.
//!
//! Every option is one line of a table: its number, what it is set from, what it answers. The rules for lengths, null
//! and socket types are here once, for all.

pub mod context;
mod extras;
mod limits;
mod numbers;
mod octets;
mod security;
mod state;
pub(crate) mod use_fd;
mod value;
mod version_two;

pub use extras::Extras;
pub use value::{Given, Wanted};

use crate::{
    border::done,
    errno::Errno,
    socket::{self, Socket},
};
use std::ffi::{c_int, c_void};
use zeroxide::{Options, SocketType};

/// An option of sockets.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its number in `zmq.h`.
    pub number: c_int,
    /// Its name in `zmq.h`.
    pub name: &'static str,
    get: Get,
    set: Set,
}

/// How an option is read.
#[derive(Clone, Copy)]
enum Get {
    /// Not at all.
    Never,
    /// An `int`: what it was set to, or this.
    Kept(c_int),
    /// An `int`, of the socket's own options: other options, or the context, change it as well.
    Read(fn(&Options) -> c_int),
    /// In its own way.
    Own(fn(&Socket, &mut Wanted<'_>) -> Result<(), Errno>),
}

/// How an option is set.
#[derive(Clone, Copy)]
enum Set {
    /// Not at all.
    Never,
    /// From an `int`.
    Int {
        /// The socket types that take it; none for all.
        on: &'static [SocketType],
        /// Which values are taken, and as what they are kept.
        rule: fn(c_int) -> Option<c_int>,
        /// What it does.
        apply: fn(&mut Options, SocketType, c_int),
    },
    /// In its own way.
    Octets {
        /// The socket types that take it; none for all.
        on: &'static [SocketType],
        /// What it does.
        set: fn(&Socket, Given<'_>) -> Result<(), Errno>,
    },
}

/// All options of sockets that libzmq has. First those that programs ask with every message.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    [state::STATE, numbers::NUMBERS, octets::OCTETS, security::SECURITY].into_iter().flatten()
}

/// Those that libzmq has not.
pub fn entries_of_our_own() -> impl Iterator<Item = &'static Entry> {
    std::iter::once(&version_two::VERSION_TWO).chain(limits::LIMITS)
}

fn entry(number: c_int) -> Result<&'static Entry, Errno> {
    entries().chain(entries_of_our_own()).find(|entry| entry.number == number).ok_or(Errno::EINVAL)
}

impl Entry {
    /// Whether `zmq_getsockopt` has an answer.
    pub fn is_readable(&self) -> bool {
        !matches!(self.get, Get::Never)
    }

    /// Whether `zmq_setsockopt` takes it.
    pub fn is_writable(&self) -> bool {
        !matches!(self.set, Set::Never)
    }

    fn set(&self, socket: &Socket, given: Given<'_>) -> Result<(), Errno> {
        let kind = socket.native.socket_type();
        let taken =
            |on: &[SocketType]| if on.is_empty() || on.contains(&kind) { Ok(()) } else { Err(Errno::EINVAL) };
        match self.set {
            Set::Never => Err(Errno::EINVAL),
            Set::Int { on, rule, apply } => {
                taken(on)?;
                let value = rule(given.int()?).ok_or(Errno::EINVAL)?;
                socket.extras.keep(self.number, value);
                socket.native.change_options(|options| apply(options, kind, value));
                Ok(())
            }
            Set::Octets { on, set } => {
                taken(on)?;
                set(socket, given)
            }
        }
    }

    fn get(&self, socket: &Socket, wanted: &mut Wanted<'_>) -> Result<(), Errno> {
        let int = match self.get {
            Get::Never => return Err(Errno::EINVAL),
            Get::Own(get) => return get(socket, wanted),
            Get::Kept(default) => socket.extras.kept(self.number).unwrap_or(default),
            Get::Read(read) => read(&socket.native.options()),
        };
        wanted.exactly(&int.to_ne_bytes())
    }
}

/// After the context was terminated no option is of use, except the one that says how much longer to wait for the rest:
/// whoever closes a socket because of `ETERM` may still want to cut that short.
const ZMQ_LINGER: c_int = 17;

/// Tells a socket something.
///
/// # Safety
/// `value` is null, or `length` octets can be read there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_setsockopt(
    socket: *mut c_void,
    option: c_int,
    value: *const c_void,
    length: usize,
) -> c_int {
    done(|| {
        socket::with(socket, |socket| {
            if option != ZMQ_LINGER && socket.context.is_terminated() {
                return Err(Errno::ETERM);
            }
            // SAFETY: the contract of this function is that of the callee.
            let given = unsafe { Given::from_c(value, length)? };
            entry(option)?.set(socket, given)
        })
    })
}

/// Asks a socket something.
///
/// # Safety
/// `length` is null, or points to the number of octets that can be written at `value`, unless that is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_getsockopt(
    socket: *mut c_void,
    option: c_int,
    value: *mut c_void,
    length: *mut usize,
) -> c_int {
    done(|| {
        socket::with(socket, |socket| {
            if socket.context.is_terminated() {
                return Err(Errno::ETERM);
            }
            if value.is_null() || length.is_null() {
                return Err(Errno::EFAULT);
            }
            // SAFETY: not null, so by the contract of this function the number is there, ours for the time of this call.
            let length = unsafe { &mut *length };
            // SAFETY: nor is this null; so many octets are there, ours for the time of this call.
            let room = unsafe { std::slice::from_raw_parts_mut(value.cast(), *length) };
            let mut wanted = Wanted::new(room);
            entry(option)?.get(socket, &mut wanted)?;
            *length = wanted.length();
            Ok(())
        })
    })
}
