//! Options of contexts: `zmq_ctx_set`, `zmq_ctx_get` and their longer forms.

use super::value::{Given, Wanted};
use crate::{
    border::{call, done},
    context::Context,
    errno::Errno,
    scheduling::{Scheduling, call_this_thread},
};
use std::{
    ffi::{c_int, c_void},
    time::Duration,
};
use zeroxide::{Admission, Options, SocketType};

/// What a context has been told by `zmq_ctx_set`, with libzmq's defaults.
#[derive(Debug)]
pub struct Settings {
    /// `ZMQ_IO_THREADS`; counts until the first socket.
    pub io_threads: usize,
    /// `ZMQ_MAX_SOCKETS`; counts until the first socket.
    pub max_sockets: usize,
    /// `ZMQ_IPV6`: what new sockets start with.
    pub ipv6: bool,
    /// `ZMQ_BLOCKY`: whether new sockets linger for ever.
    pub blocky: bool,
    /// `ZMQ_MAX_MSGSZ`; kept and read back, as in libzmq.
    pub max_message_size: c_int,
    /// `ZMQ_ZERO_COPY_RECV`; kept and read back: what is received is never copied where that would cost.
    pub zero_copy_receive: c_int,
    /// `ZMQ_THREAD_NAME_PREFIX`; counts until the first socket.
    pub thread_name_prefix: Vec<u8>,
    /// The other options of threads; they count until the first endpoint.
    pub scheduling: Scheduling,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            io_threads: 1,
            max_sockets: 1023,
            ipv6: false,
            blocky: true,
            max_message_size: c_int::MAX,
            zero_copy_receive: 1,
            thread_name_prefix: Vec::new(),
            scheduling: Scheduling::default(),
        }
    }
}

impl Settings {
    /// The native context of these settings.
    pub(crate) fn build(&self) -> zeroxide::Context {
        let prefix = self.thread_name_prefix.clone();
        let scheduling = self.scheduling.clone();
        zeroxide::Context::builder()
            .io_threads(self.io_threads)
            .max_sockets(self.max_sockets)
            .on_thread_start(move |number| {
                call_this_thread(&thread_name(&prefix, number));
                scheduling.apply();
            })
            .build()
    }

    /// Gives a new socket libzmq's defaults, without the limits of native ones, and what the context hands down.
    pub(crate) fn inherit(&self, socket: &zeroxide::Socket) {
        let keeps_nothing =
            matches!(socket.socket_type(), SocketType::Sub | SocketType::Xsub | SocketType::Dish);
        let linger = if self.blocky && !keeps_nothing { None } else { Some(Duration::ZERO) };
        socket.change_options(|options| {
            *options = Options { linger, ipv6: self.ipv6, as_in_libzmq: true, ..Options::default() };
            options.security.admission = Admission::AsLibzmq;
        });
    }

    fn set(&mut self, option: c_int, given: Given<'_>) -> Result<(), Errno> {
        if option == ZMQ_THREAD_NAME_PREFIX {
            self.thread_name_prefix = match given.int() {
                Ok(number) => number.to_string().into_bytes(),
                Err(_) => given.between(1, MAX_PREFIX)?.to_vec(),
            };
            return Ok(());
        }
        let value = given.int()?;
        let size = usize::try_from(value).map_err(|_| Errno::EINVAL)?;
        match option {
            ZMQ_IO_THREADS => self.io_threads = size,
            ZMQ_MAX_SOCKETS if size >= 1 => self.max_sockets = size,
            ZMQ_THREAD_PRIORITY => self.scheduling.priority = Some(value),
            ZMQ_THREAD_SCHED_POLICY => self.scheduling.policy = Some(value),
            ZMQ_THREAD_AFFINITY_CPU_ADD => {
                self.scheduling.processors.insert(size);
            }
            ZMQ_THREAD_AFFINITY_CPU_REMOVE => {
                self.scheduling.processors.remove(&size).then_some(()).ok_or(Errno::EINVAL)?;
            }
            ZMQ_MAX_MSGSZ => self.max_message_size = value,
            ZMQ_ZERO_COPY_RECV => self.zero_copy_receive = c_int::from(value != 0),
            ZMQ_IPV6 => self.ipv6 = value != 0,
            ZMQ_BLOCKY => self.blocky = value != 0,
            _ => return Err(Errno::EINVAL),
        }
        Ok(())
    }

    fn get(&self, option: c_int) -> Result<c_int, Errno> {
        let fitting = |size: usize| c_int::try_from(size).unwrap_or(c_int::MAX);
        Ok(match option {
            ZMQ_IO_THREADS => fitting(self.io_threads),
            ZMQ_MAX_SOCKETS => fitting(self.max_sockets),
            // The same number as ZMQ_THREAD_PRIORITY, which cannot be read.
            ZMQ_SOCKET_LIMIT => 65_535,
            ZMQ_THREAD_SCHED_POLICY => self.scheduling.policy.unwrap_or(-1),
            ZMQ_MAX_MSGSZ => self.max_message_size,
            ZMQ_MSG_T_SIZE => MESSAGE_SIZE,
            ZMQ_THREAD_NAME_PREFIX => number_in(&self.thread_name_prefix),
            ZMQ_ZERO_COPY_RECV => self.zero_copy_receive,
            ZMQ_IPV6 => self.ipv6.into(),
            ZMQ_BLOCKY => self.blocky.into(),
            _ => return Err(Errno::EINVAL),
        })
    }
}

const ZMQ_IO_THREADS: c_int = 1;
const ZMQ_MAX_SOCKETS: c_int = 2;
const ZMQ_SOCKET_LIMIT: c_int = 3;
const ZMQ_THREAD_PRIORITY: c_int = 3;
const ZMQ_THREAD_SCHED_POLICY: c_int = 4;
const ZMQ_MAX_MSGSZ: c_int = 5;
const ZMQ_MSG_T_SIZE: c_int = 6;
const ZMQ_THREAD_AFFINITY_CPU_ADD: c_int = 7;
const ZMQ_THREAD_AFFINITY_CPU_REMOVE: c_int = 8;
const ZMQ_THREAD_NAME_PREFIX: c_int = 9;
const ZMQ_ZERO_COPY_RECV: c_int = 10;
const ZMQ_IPV6: c_int = 42;
const ZMQ_BLOCKY: c_int = 70;

/// `sizeof(zmq_msg_t)`.
const MESSAGE_SIZE: c_int = 64;
const MAX_PREFIX: usize = 16;
/// What Linux keeps of the name of a thread.
const MAX_THREAD_NAME: usize = 15;

/// What libzmq calls an I/O thread, with as much of it as the system keeps.
fn thread_name(prefix: &[u8], number: usize) -> Vec<u8> {
    let own = format!("ZMQbg/IO/{number}").into_bytes();
    let mut name = if prefix.is_empty() { own } else { [prefix, b"/", &own].concat() };
    name.truncate(MAX_THREAD_NAME);
    name
}

/// The number that a text is; 0 if it is none.
fn number_in(text: &[u8]) -> c_int {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// All options of contexts, by number and name, and whether they can be read and set.
pub const ENTRIES: &[(c_int, &str, bool, bool)] = &[
    (ZMQ_IO_THREADS, "ZMQ_IO_THREADS", true, true),
    (ZMQ_MAX_SOCKETS, "ZMQ_MAX_SOCKETS", true, true),
    (ZMQ_SOCKET_LIMIT, "ZMQ_SOCKET_LIMIT", true, false),
    (ZMQ_THREAD_PRIORITY, "ZMQ_THREAD_PRIORITY", false, true),
    (ZMQ_THREAD_SCHED_POLICY, "ZMQ_THREAD_SCHED_POLICY", true, true),
    (ZMQ_MAX_MSGSZ, "ZMQ_MAX_MSGSZ", true, true),
    (ZMQ_MSG_T_SIZE, "ZMQ_MSG_T_SIZE", true, false),
    (ZMQ_THREAD_AFFINITY_CPU_ADD, "ZMQ_THREAD_AFFINITY_CPU_ADD", false, true),
    (ZMQ_THREAD_AFFINITY_CPU_REMOVE, "ZMQ_THREAD_AFFINITY_CPU_REMOVE", false, true),
    (ZMQ_THREAD_NAME_PREFIX, "ZMQ_THREAD_NAME_PREFIX", true, true),
    (ZMQ_ZERO_COPY_RECV, "ZMQ_ZERO_COPY_RECV", true, true),
    (ZMQ_IPV6, "ZMQ_IPV6", true, true),
    (ZMQ_BLOCKY, "ZMQ_BLOCKY", true, true),
];

/// Tells a context a number.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_ctx_set(context: *mut c_void, option: c_int, value: c_int) -> c_int {
    done(|| Context::of(context)?.settings().set(option, Given::new(&value.to_ne_bytes())))
}

/// Asks a context for a number. -1 may be an error, or the answer.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_ctx_get(context: *mut c_void, option: c_int) -> c_int {
    call(|| Context::of(context)?.settings().get(option))
}

/// Tells a context something.
///
/// # Safety
/// `value` is null, or `length` octets can be read there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_ctx_set_ext(
    context: *mut c_void,
    option: c_int,
    value: *const c_void,
    length: usize,
) -> c_int {
    done(|| {
        let context = Context::of(context)?;
        // SAFETY: the contract of this function is that of the callee.
        let given = unsafe { Given::from_c(value, length)? };
        context.settings().set(option, given)
    })
}

/// Asks a context something.
///
/// # Safety
/// `length` is null, or points to the number of octets that can be written at `value`, unless that is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_ctx_get_ext(
    context: *mut c_void,
    option: c_int,
    value: *mut c_void,
    length: *mut usize,
) -> c_int {
    done(|| {
        let context = Context::of(context)?;
        if value.is_null() || length.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: not null, so by the contract of this function the number and so many octets are there, and for the
        // time of this call they are ours.
        let (length, room) = unsafe { (&mut *length, std::slice::from_raw_parts_mut(value.cast(), *length)) };
        let mut wanted = Wanted::new(room);
        let settings = context.settings();
        if option == ZMQ_THREAD_NAME_PREFIX && wanted.room() != size_of::<c_int>() {
            wanted.at_least(&settings.thread_name_prefix)?;
        } else {
            wanted.exactly(&settings.get(option)?.to_ne_bytes())?;
        }
        *length = wanted.length();
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_have_libzmqs_names() {
        assert_eq!(thread_name(b"", 0), b"ZMQbg/IO/0");
        assert_eq!(thread_name(b"7", 1), b"7/ZMQbg/IO/1");
        assert_eq!(thread_name(b"sixteen octets!!", 1), b"sixteen octets!");
    }
}
