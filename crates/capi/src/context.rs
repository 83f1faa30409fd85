//! Contexts: `zmq_ctx_new`, `zmq_ctx_term` and their kin.

use crate::{
    border::{done, guard},
    errno::Errno,
    handles::{self, Missing, Table},
    options::context::Settings,
};
use std::{
    ffi::{c_int, c_void},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

/// All contexts of the process.
pub static CONTEXTS: Table<Context> = Table::new();

/// A context as C sees it. The native one is made with the first socket, because settings count until then.
pub struct Context {
    settings: Mutex<Settings>,
    native: OnceLock<zeroxide::Context>,
    terminated: AtomicBool,
}

impl Context {
    /// The context of a handle that C holds.
    pub fn of(handle: *const c_void) -> Result<Arc<Self>, Errno> {
        CONTEXTS.get(handles::from_c(handle)).map_err(|_| Errno::EFAULT)
    }

    /// What `zmq_ctx_set` has been told.
    pub fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The native context; made at the first call.
    pub(crate) fn native(&self) -> &zeroxide::Context {
        self.native.get_or_init(|| self.settings().build())
    }

    fn terminate(&self) {
        self.terminated.store(true, SeqCst);
        if let Some(native) = self.native.get() {
            native.terminate();
        }
    }

    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.load(SeqCst)
    }
}

fn make(settings: Settings) -> Result<*mut c_void, Errno> {
    crate::fork::prepare();
    let context = Arc::new(Context {
        settings: Mutex::new(settings),
        native: OnceLock::new(),
        terminated: AtomicBool::new(false),
    });
    CONTEXTS.insert(|_| context).map(handles::to_c).ok_or(Errno::EMFILE)
}

/// A new context.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_ctx_new() -> *mut c_void {
    guard(std::ptr::null_mut(), || make(Settings::default()))
}

/// A new context with so many I/O threads, as 2.x had it.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_init(io_threads: c_int) -> *mut c_void {
    guard(std::ptr::null_mut(), || {
        let io_threads = usize::try_from(io_threads).map_err(|_| Errno::EINVAL)?;
        make(Settings { io_threads, ..Settings::default() })
    })
}

/// Ends a context: waits until all its sockets are closed and what was sent is out, or lingered long enough. A signal
/// ends the wait (`EINTR`); the call is to be made again then.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_ctx_term(context: *mut c_void) -> c_int {
    done(|| {
        let handle = handles::from_c(context);
        let context = match CONTEXTS.get(handle) {
            Ok(context) => context,
            Err(Missing::Inherited) => return Ok(()),
            Err(Missing::Unknown) => return Err(Errno::EFAULT),
        };
        context.terminate();
        if context.native.get().is_some_and(|native| !native.end()) {
            return Err(Errno::EINTR);
        }
        // Somebody else may have ended it as well, and been faster.
        let _ = CONTEXTS.remove(handle);
        Ok(())
    })
}

/// As `zmq_ctx_term`.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_ctx_destroy(context: *mut c_void) -> c_int {
    zmq_ctx_term(context)
}

/// As `zmq_ctx_term`.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_term(context: *mut c_void) -> c_int {
    zmq_ctx_term(context)
}

/// Ends every call on every socket of the context.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_ctx_shutdown(context: *mut c_void) -> c_int {
    done(|| match CONTEXTS.get(handles::from_c(context)) {
        Ok(context) => {
            context.terminate();
            Ok(())
        }
        Err(Missing::Inherited) => Ok(()),
        Err(Missing::Unknown) => Err(Errno::EFAULT),
    })
}
