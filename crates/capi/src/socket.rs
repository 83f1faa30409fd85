//! Sockets: how a handle becomes one, quickly and safely.

use crate::{
    border::{done, guard},
    context::Context,
    errno::Errno,
    handles::{self, Missing, Table},
    message::lent,
    monitor::Watcher,
    options::Extras,
    thread::{self, Remembered},
    transfer::{Arrived, Started},
};
use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    hint::cold_path,
    ptr::null,
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
    /// Made when the first socket is remembered, to forget them all when the thread ends.
    static FORGETS: Forgets = const { Forgets };
}

const PLACES: usize = 8;

/// The sockets that a thread used last, so that a call finds its socket without a lock and without an atomic write. An entry
/// may outlive the socket's close by a while; then the native socket knows that it is closed.
///
/// A place is null, or has a count of the socket that it points to.
pub(crate) struct Recent {
    places: [Cell<*const Socket>; PLACES],
    /// So many calls of this thread use a socket by its place: one, or more where a free function of the application made
    /// another call. Meanwhile no place changes.
    inside: Cell<usize>,
}

struct Forgets;

impl Drop for Forgets {
    fn drop(&mut self) {
        thread::with(|Remembered { recent, .. }| recent.places.iter().for_each(|place| recent.forget(place)));
        lent::give_back();
    }
}

/// Ends what [`Recent::inside`] counts, also when a panic does.
struct Inside<'a>(&'a Cell<usize>);

impl Drop for Inside<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(self.0.get().wrapping_sub(1));
    }
}

impl Recent {
    pub(crate) const fn new() -> Self {
        Self { places: [const { Cell::new(null()) }; PLACES], inside: Cell::new(0) }
    }

    /// Empties a place, unless it may be in use.
    #[cold]
    fn forget(&self, place: &Cell<*const Socket>) {
        if self.inside.get() == 0 {
            let socket = place.replace(null());
            if !socket.is_null() {
                // SAFETY: the place had this count, and nobody looks through the place now.
                drop(unsafe { Arc::from_raw(socket) });
            }
        }
    }

    /// The place of a handle.
    #[inline(always)]
    fn place(&self, handle: usize) -> &Cell<*const Socket> {
        let [first, ..] = &self.places;
        self.places.get(handles::spread(handle) % PLACES).unwrap_or(first)
    }

    /// Runs `run` on the socket in the place of a handle, if that is the one; `run` says whether it was to be had from there.
    #[inline(always)]
    fn run<R>(&self, handle: usize, run: impl FnOnce(&Socket) -> Option<R>) -> Option<R> {
        // SAFETY: null, or the place has a count of it and keeps it as long as `inside` is not zero.
        let socket = unsafe { self.place(handle).get().as_ref() };
        let Some(socket) = socket.filter(|socket| socket.handle == handle) else {
            cold_path();
            return None;
        };
        self.inside.set(self.inside.get().wrapping_add(1));
        let _inside = Inside(&self.inside);
        run(socket)
    }

    /// A socket that was not remembered. It is from now on; unless the thread ends, and what it remembered was forgotten.
    fn recall(&self, handle: usize) -> Result<Arc<Socket>, Errno> {
        let place = self.place(handle);
        self.forget(place);
        let socket = find(handle)?;
        if place.get().is_null() && FORGETS.try_with(|_| ()).is_ok() {
            place.set(Arc::into_raw(socket.clone()));
        }
        Ok(socket)
    }

    /// Runs `run` on a socket that was not remembered.
    #[cold]
    fn run_recalled<R>(
        &self,
        handle: usize,
        run: impl FnOnce(&Socket) -> Result<R, Errno>,
    ) -> Result<R, Errno> {
        let socket = self.recall(handle)?;
        self.inside.set(self.inside.get().wrapping_add(1));
        let _inside = Inside(&self.inside);
        run(&socket)
    }
}

/// Runs `run` on the socket of a handle. Null, closed and foreign handles are `ENOTSOCK`; a parent process's, `ETERM`.
#[inline]
pub fn with<R>(handle: *const c_void, run: impl Fn(&Socket) -> Result<R, Errno> + Copy) -> Result<R, Errno> {
    with_shortcut(handle, |_| None, run)
}

/// As [`with`], where nearly every call is done by `shortcut`. That gets the socket as it was remembered: it answers nothing,
/// and has done nothing, if the socket is not open.
#[inline(always)]
pub fn with_shortcut<R>(
    handle: *const c_void,
    shortcut: impl FnOnce(&Socket) -> Option<R>,
    run: impl Fn(&Socket) -> Result<R, Errno> + Copy,
) -> Result<R, Errno> {
    let handle = handles::from_c(handle);
    thread::with(|Remembered { recent, .. }| {
        let done = recent.run(handle, |socket| match shortcut(socket) {
            Some(done) => Some(Ok(done)),
            // Another one may have its handle by now.
            None if socket.native.is_closed() => {
                cold_path();
                None
            }
            None => Some(run(socket)),
        });
        match done {
            Some(done) => done,
            None => recent.run_recalled(handle, run),
        }
    })
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
    thread::with(|Remembered { recent, .. }| recent.places.iter().for_each(|place| place.set(null())));
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
        self.started.clear();
        self.arrived.clear();
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
