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
    static RECENT: [Cell<Option<Arc<Socket>>>; RECENT_PLACES] = const { [const { Cell::new(None) }; RECENT_PLACES] };
}

const RECENT_PLACES: usize = 8;

/// Runs `run` on the socket of a handle. Null, closed and foreign handles are `ENOTSOCK`; a parent process's, `ETERM`.
#[inline]
pub fn with<R>(handle: *const c_void, run: impl FnOnce(&Socket) -> Result<R, Errno>) -> Result<R, Errno> {
    let handle = handles::from_c(handle);
    let mut run = Some(run);
    let recent = RECENT.try_with(|recent| {
        let place = recent.get(handles::spread(handle) % RECENT_PLACES)?;
        let socket = match place.take() {
            // One that was closed is not put back, so it does not stay here for long.
            Some(socket) if socket.handle == handle && !socket.native.is_closed() => socket,
            _ => match find(handle) {
                Ok(socket) => socket,
                Err(errno) => return Some(Err(errno)),
            },
        };
        // The entry is out of its place meanwhile: what `run` calls (a free function of the application) may come here
        // again.
        let answer = run.take()?(&socket);
        place.set(Some(socket));
        Some(answer)
    });
    match (recent, run) {
        (Ok(Some(answer)), _) => answer,
        // The thread ends, and its memory of sockets is gone.
        (_, Some(run)) => run(&*find(handle)?),
        (_, None) => Err(Errno::ENOTSOCK),
    }
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
    let _ = RECENT.try_with(|recent| recent.iter().for_each(|place| std::mem::forget(place.take())));
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
