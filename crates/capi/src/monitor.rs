//! Monitors: the events of a socket's connections, as messages that a second socket receives.
//!
//! ```text
//!   version 1   [event u16 | value u32] [endpoint]
//!   version 2   [event u64] [count u64] [value u64]* [local endpoint] [remote endpoint]       in the machine's own order
//! ```
//! Events come from I/O threads, which never wait: what the monitor's socket cannot take now waits here, up to a bound.

use crate::{
    border::done,
    endpoints::{errno, text},
    errno::Errno,
    socket::{self, Socket},
};
use std::{
    collections::VecDeque,
    ffi::{c_char, c_int, c_void},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Wake, Waker},
    time::Duration,
};
use zeroxide::{Event, Frame, HandshakeFailure, Message, SendErrorCause, SocketError, SocketType, door::Key};

const CONNECTED: u64 = 0x1;
const CONNECT_DELAYED: u64 = 0x2;
const CONNECT_RETRIED: u64 = 0x4;
const LISTENING: u64 = 0x8;
const BIND_FAILED: u64 = 0x10;
const ACCEPTED: u64 = 0x20;
const ACCEPT_FAILED: u64 = 0x40;
const CLOSED: u64 = 0x80;
const DISCONNECTED: u64 = 0x200;
const MONITOR_STOPPED: u64 = 0x400;
const HANDSHAKE_FAILED_NO_DETAIL: u64 = 0x800;
const HANDSHAKE_SUCCEEDED: u64 = 0x1000;
const HANDSHAKE_FAILED_PROTOCOL: u64 = 0x2000;
const HANDSHAKE_FAILED_AUTH: u64 = 0x4000;
const PIPES_STATS: u64 = 0x10000;

/// The events that version 1 has a number for.
const FIRST_VERSION_EVENTS: u64 = 0xffff;

/// So many events wait for a monitor that does not take them; newer ones are lost then.
const CAPACITY: usize = 10_000;

/// Tells a monitor's socket.
pub(crate) struct Watcher {
    socket: zeroxide::Socket,
    events: u64,
    version: c_int,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    messages: VecDeque<Message>,
    key: Option<Key>,
    stopped: bool,
}

/// Something to tell.
struct News<'a> {
    event: u64,
    values: &'a [u64],
    /// What version 1 says: the endpoint that was bound or connected.
    endpoint: &'a str,
    local: &'a str,
    remote: &'a str,
}

impl Watcher {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(self: &Arc<Self>, news: &News<'_>) {
        if self.events & news.event == 0 {
            return;
        }
        let message = if self.version == 1 { news.first_version() } else { news.second_version() };
        let mut waiting = self.lock();
        if waiting.messages.len() < CAPACITY {
            waiting.messages.push_back(message);
        }
        drop(waiting);
        self.flush();
    }

    /// Sends what waits, and comes again when there is room for the rest.
    fn flush(self: &Arc<Self>) {
        let waker = Waker::from(Arc::new(Again(Arc::downgrade(self))));
        let mut waiting = self.lock();
        let mut asked = false;
        while let Some(message) = waiting.messages.pop_front() {
            let Err(error) = self.socket.try_send(message) else { continue };
            if error.cause != SendErrorCause::WouldBlock {
                waiting.messages.clear();
                return;
            }
            waiting.messages.push_front(error.message);
            if asked || waiting.stopped {
                return;
            }
            // Between the try and this there may have come room: one more look.
            asked = true;
            self.socket.watch_writable(&waker, &mut waiting.key);
        }
        self.socket.unwatch_writable(&mut waiting.key);
    }

    fn stop(self: &Arc<Self>) {
        self.tell(&News { event: MONITOR_STOPPED, values: &[0], endpoint: "", local: "", remote: "" });
        let mut waiting = self.lock();
        waiting.stopped = true;
        self.socket.unwatch_writable(&mut waiting.key);
        drop(waiting);
        self.socket.close();
    }
}

/// Tries again. It does not keep the watcher alive: the socket that calls it is the watcher's own.
struct Again(Weak<Watcher>);

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        if let Some(watcher) = self.0.upgrade() {
            watcher.flush();
        }
    }
}

impl News<'_> {
    fn first_version(&self) -> Message {
        let value = self.values.first().copied().unwrap_or(0);
        let mut head = [0; 6];
        let (event, number) = head.split_at_mut(2);
        event.copy_from_slice(&(self.event as u16).to_ne_bytes());
        number.copy_from_slice(&(value as u32).to_ne_bytes());
        Message::from([Frame::from(&head), Frame::from(self.endpoint)])
    }

    fn second_version(&self) -> Message {
        let numbers = [self.event, self.values.len() as u64].into_iter().chain(self.values.iter().copied());
        let numbers = numbers.map(|number| Frame::from(&number.to_ne_bytes()));
        numbers.chain([self.local.into(), self.remote.into()]).collect()
    }
}

/// Translates an event; `number` is what libzmq gives with it.
fn translate(watcher: &Arc<Watcher>, event: &Event, number: i64) {
    let tell = |event, value: u64, endpoint: &str, local: &str, remote: &str| {
        watcher.tell(&News { event, values: &[value], endpoint, local, remote });
    };
    let number = number.max(0).unsigned_abs();
    match event {
        Event::Connected { endpoint, local } => tell(CONNECTED, number, endpoint, local, endpoint),
        Event::ConnectDelayed { endpoint } => {
            tell(CONNECT_DELAYED, libc::EINPROGRESS.unsigned_abs().into(), endpoint, "", endpoint);
        }
        Event::ConnectRetried { endpoint, after } => {
            let wait = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            tell(CONNECT_RETRIED, wait, endpoint, "", endpoint);
        }
        Event::Listening { endpoint } => tell(LISTENING, number, endpoint, endpoint, ""),
        Event::BindFailed { endpoint, .. } => tell(BIND_FAILED, number, endpoint, endpoint, ""),
        Event::Accepted { endpoint, peer } => tell(ACCEPTED, number, endpoint, endpoint, peer),
        Event::AcceptFailed { endpoint, .. } => tell(ACCEPT_FAILED, number, endpoint, endpoint, ""),
        Event::Closed { endpoint } => tell(CLOSED, number, endpoint, endpoint, ""),
        Event::Disconnected { endpoint, peer, .. } => tell(DISCONNECTED, number, endpoint, endpoint, peer),
        Event::HandshakeSucceeded { endpoint, peer } => {
            tell(HANDSHAKE_SUCCEEDED, 0, endpoint, endpoint, peer);
        }
        Event::HandshakeFailed { endpoint, peer, failure, .. } => {
            let errno = |errno: i32| u64::from(errno.unsigned_abs());
            let (event, value) = match failure {
                HandshakeFailure::Protocol(code) => (HANDSHAKE_FAILED_PROTOCOL, u64::from(*code)),
                HandshakeFailure::Authentication(status) => (HANDSHAKE_FAILED_AUTH, u64::from(*status)),
                HandshakeFailure::NoAuthenticator => (HANDSHAKE_FAILED_NO_DETAIL, errno(libc::EFAULT)),
                _ => (HANDSHAKE_FAILED_NO_DETAIL, number.max(errno(libc::EPIPE))),
            };
            tell(event, value, endpoint, endpoint, peer);
            // There was a connection, and now there is none.
            tell(DISCONNECTED, number, endpoint, endpoint, peer);
        }
        _ => {}
    }
}

impl Socket {
    fn watcher(&self) -> MutexGuard<'_, Option<Arc<Watcher>>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the monitor, if there is one.
    pub(crate) fn stop_monitor(&self) {
        let watcher = self.watcher().take();
        if let Some(watcher) = watcher {
            watcher.stop();
        }
    }

    fn start_monitor(&self, endpoint: &str, events: u64, version: c_int, kind: c_int) -> Result<(), Errno> {
        match version {
            1 if events & !FIRST_VERSION_EVENTS != 0 => return Err(Errno::EINVAL),
            1 | 2 => {}
            _ => return Err(Errno::EINVAL),
        }
        let (transport, name) = endpoint.split_once("://").ok_or(Errno::EINVAL)?;
        if transport.is_empty() || name.is_empty() {
            return Err(Errno::EINVAL);
        }
        if transport != "inproc" {
            return Err(Errno::EPROTONOSUPPORT);
        }
        let kinds = [SocketType::Pair, SocketType::Pub, SocketType::Push];
        let kind = kinds.into_iter().find(|known| *known as c_int == kind).ok_or(Errno::EINVAL)?;
        self.stop_monitor();
        let socket = zeroxide::Socket::new(self.context.native(), kind).map_err(|error| match error {
            SocketError::Terminated => Errno::ETERM,
            _ => Errno::EMFILE,
        })?;
        socket.change_options(|options| options.linger = Some(Duration::ZERO));
        socket.bind(endpoint).map_err(|failure| errno(&failure.cause))?;
        let watcher = Arc::new(Watcher { socket, events, version, waiting: Mutex::default() });
        let told = Arc::downgrade(&watcher);
        *self.watcher() = Some(watcher);
        self.native.on_event(move |event, number| match told.upgrade() {
            Some(watcher) => {
                translate(&watcher, event, number);
                true
            }
            None => false,
        });
        Ok(())
    }

    fn tell_queues(&self) -> Result<(), Errno> {
        let watcher = self.watcher().clone().ok_or(Errno::EINVAL)?;
        if watcher.events & PIPES_STATS == 0 {
            return Err(Errno::EINVAL);
        }
        let peers = self.native.peers();
        if peers.is_empty() {
            return Err(Errno::EAGAIN);
        }
        let endpoint = self.native.last_endpoint();
        for peer in peers {
            let values = [peer.queued_out as u64, peer.queued_in as u64];
            watcher.tell(&News {
                event: PIPES_STATS,
                values: &values,
                endpoint: &endpoint,
                local: &endpoint,
                remote: &peer.address,
            });
        }
        Ok(())
    }
}

/// Has the socket's events sent to a PAIR that connects to this `inproc` endpoint; null ends it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_socket_monitor(
    socket: *mut c_void,
    endpoint: *const c_char,
    events: c_int,
) -> c_int {
    let events = u64::from(events.cast_unsigned());
    // SAFETY: the contract is the same.
    unsafe { zmq_socket_monitor_versioned(socket, endpoint, events, 1, SocketType::Pair as c_int) }
}

/// As `zmq_socket_monitor`, with events of either version, and to a socket of another type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_socket_monitor_versioned(
    socket: *mut c_void,
    endpoint: *const c_char,
    events: u64,
    version: c_int,
    kind: c_int,
) -> c_int {
    done(|| {
        socket::with(socket, |socket| {
            if socket.native.is_terminated() {
                return Err(Errno::ETERM);
            }
            if endpoint.is_null() {
                socket.stop_monitor();
                return Ok(());
            }
            // SAFETY: the caller hands in a C string.
            let endpoint = unsafe { text(endpoint)? };
            socket.start_monitor(endpoint, events, version, kind)
        })
    })
}

/// Has the lengths of the socket's queues sent as an event, one a connection.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_socket_monitor_pipes_stats(socket: *mut c_void) -> c_int {
    done(|| socket::with(socket, Socket::tell_queues))
}
