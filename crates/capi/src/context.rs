//! Contexts: `zmq_ctx_new`, `zmq_ctx_term` and their kin.

use crate::{
    border::done,
    errno::Errno,
    handles::{self, Kind, Missing, Table},
    options::context::Settings,
};
use std::{
    ffi::{c_int, c_void},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

/// All contexts of the process.
pub static CONTEXTS: Table<Context> = Table::new(Kind::Context);

/// A context as C sees it. The native one is made with the first socket, because settings count until then.
pub struct Context {
    settings: Mutex<Settings>,
    native: OnceLock<zeroxide::Context>,
    terminated: std::sync::atomic::AtomicBool,
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
        self.terminated.store(true, std::sync::atomic::Ordering::SeqCst);
        if let Some(native) = self.native.get() {
            native.terminate();
        }
    }

    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.load(std::sync::atomic::Ordering::SeqCst)
    }
}

/// A new context.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_ctx_new() -> *mut c_void {
    crate::border::guard(std::ptr::null_mut(), || {
        let context = Arc::new(Context {
            settings: Mutex::default(),
            native: OnceLock::new(),
            terminated: false.into(),
        });
        CONTEXTS.insert(|_| context).map(handles::to_c).ok_or(Errno::EMFILE)
    })
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
