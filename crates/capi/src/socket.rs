//! Sockets: how a handle becomes one, quickly and safely.

use crate::{
    border::{done, guard},
    context::Context,
    errno::Errno,
    handles::{self, Missing, Table},
    monitor::Watcher,
    options::Extras,
    transfer::{Arrived, Started},
};
use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    mem::ManuallyDrop,
    sync::{Arc, Mutex, OnceLock},
};
use zeroxide::{SocketError, SocketType, door::Descriptor};

/// All sockets of the process.
pub static SOCKETS: Table<Socket> = Table::new();

/// A socket as C sees it.
pub struct Socket {
    handle: usize,
    /// The context it was made in.
    pub context: Arc<Context>,
    /// What does the work.
    pub native: zeroxide::Socket,
    /// What its native options do not remember.
    pub extras: Extras,
    /// What was sent of a message so far.
    pub started: Started,
    /// What is not yet received of a message.
    pub arrived: Arrived,
    /// `ZMQ_FD`, once it was asked for.
    pub(crate) descriptor: OnceLock<Descriptor>,
    /// Whom events are told.
    pub(crate) watcher: Mutex<Option<Arc<Watcher>>>,
}

thread_local! {
    /// The sockets that this thread used last, by slot, so that a call finds its socket without a lock. An entry may
    /// outlive the socket's close by a while; then the native socket knows that it is closed.
    ///
    /// Nothing in here is dropped by itself: so the one access of a call is the look at an address.
    static RECENT: [Cell<Remembered>; RECENT_PLACES] = const { [const { Cell::new(None) }; RECENT_PLACES] };
    /// Made when the first socket is remembered, to forget them all when the thread ends.
    static FORGETS: Forgets = const { Forgets };
}

type Remembered = Option<ManuallyDrop<Arc<Socket>>>;

const RECENT_PLACES: usize = 8;

struct Forgets;

impl Drop for Forgets {
    fn drop(&mut self) {
        RECENT.with(|recent| recent.iter().for_each(|place| forget(place.take())));
    }
}

#[cold]
fn forget(remembered: Remembered) {
    drop(remembered.map(ManuallyDrop::into_inner));
}

/// Runs `run` on the socket of a handle. Null, closed and foreign handles are `ENOTSOCK`; a parent process's, `ETERM`.
#[inline]
pub fn with<R>(handle: *const c_void, run: impl FnOnce(&Socket) -> Result<R, Errno>) -> Result<R, Errno> {
    let handle = handles::from_c(handle);
    RECENT.with(|recent| {
        let Some(place) = recent.get(handles::spread(handle) % RECENT_PLACES) else {
            return Err(Errno::ENOTSOCK);
        };
        let (socket, stays) = match place.take() {
            // One that was closed is not put back, so it does not stay here for long.
            Some(socket) if socket.handle == handle && !socket.native.is_closed() => {
                (ManuallyDrop::into_inner(socket), true)
            }
            other => recall(handle, other)?,
        };
        // The entry is out of its place meanwhile: what `run` calls (a free function of the application) may come here
        // again.
        let answer = run(&socket);
        if stays {
            let other = place.replace(Some(ManuallyDrop::new(socket)));
            if other.is_some() {
                forget(other);
            }
        }
        answer
    })
}

/// The socket of a handle that was not remembered, and whether it may be: not when the thread ends, and what it remembered
/// was forgotten.
#[cold]
fn recall(handle: usize, other: Remembered) -> Result<(Arc<Socket>, bool), Errno> {
    forget(other);
    Ok((find(handle)?, FORGETS.try_with(|_| ()).is_ok()))
}

#[cold]
pub(crate) fn find(handle: usize) -> Result<Arc<Socket>, Errno> {
    SOCKETS.get(handle).map_err(|missing| match missing {
        Missing::Unknown => Errno::ENOTSOCK,
        Missing::Inherited => Errno::ETERM,
    })
}

/// Forgets what this thread used last, without touching it: in a child process it is the parent's.
pub(crate) fn forget_recent() {
    RECENT.with(|recent| recent.iter().for_each(|place| place.set(None)));
}

impl Socket {
    /// Whether the context is alive.
    pub(crate) fn alive(&self) -> Result<(), Errno> {
        if self.native.is_terminated() { Err(Errno::ETERM) } else { Ok(()) }
    }

    fn close(&self) {
        self.native.announce_close();
        self.stop_monitor();
        if let Some(descriptor) = self.descriptor.get() {
            descriptor.disarm(&self.native);
        }
        self.native.close();
    }
}

/// A new socket.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_socket(context: *mut c_void, kind: c_int) -> *mut c_void {
    guard(std::ptr::null_mut(), || {
        let context = Context::of(context)?;
        let kind = SocketType::ALL.into_iter().find(|known| *known as c_int == kind).ok_or(Errno::EINVAL)?;
        if context.is_terminated() {
            return Err(Errno::ETERM);
        }
        if context.is_terminated() {
            // It was, between the look above and the making of the native context.
            context.native().terminate();
        }
        let native = zeroxide::Socket::new(context.native(), kind).map_err(|error| match error {
            SocketError::Terminated => Errno::ETERM,
            _ => Errno::EMFILE,
        })?;
        context.settings().inherit(&native);
        let make = |handle| {
            Arc::new(Socket {
                handle,
                context,
                native,
                extras: Extras::default(),
                started: Started::default(),
                arrived: Arrived::default(),
                descriptor: OnceLock::new(),
                watcher: Mutex::default(),
            })
        };
        SOCKETS.insert(make).map(handles::to_c).ok_or(Errno::EMFILE)
    })
}

/// Closes a socket; what was sent lingers in the background.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_close(socket: *mut c_void) -> c_int {
    done(|| match SOCKETS.remove(handles::from_c(socket)) {
        Ok(socket) => {
            socket.close();
            Ok(())
        }
        Err(Missing::Inherited) => Ok(()),
        Err(Missing::Unknown) => Err(Errno::ENOTSOCK),
    })
}
