//! Error numbers: the system's, and the four that libzmq adds to them.

use std::ffi::c_int;

/// An error number, as `errno` has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(pub c_int);

/// Where libzmq's own numbers begin.
pub const HAUSNUMERO: c_int = 156_384_712;

macro_rules! system {
    ($($name:ident)*) => {
        impl Errno {$(
            #[doc = concat!("The system's ", stringify!($name), ".")]
            pub const $name: Self = Self(libc::$name);
        )*}
    };
}
system!(
    EADDRINUSE EADDRNOTAVAIL EAGAIN EBADF EFAULT EHOSTUNREACH EINTR EINVAL EMFILE EMSGSIZE ENAMETOOLONG ENODEV ENOENT
    ENOMEM ENOTRECOVERABLE ENOTSOCK ENOTSUP EPERM EPROTONOSUPPORT
);

impl Errno {
    /// The call is not possible in the present state.
    pub const EFSM: Self = Self(HAUSNUMERO + 51);
    /// The transport does not serve this socket type.
    pub const ENOCOMPATPROTO: Self = Self(HAUSNUMERO + 52);
    /// The context was terminated.
    pub const ETERM: Self = Self(HAUSNUMERO + 53);
    /// No I/O thread is there to do it.
    pub const EMTHREAD: Self = Self(HAUSNUMERO + 54);

    /// The system's number in an error of the standard library, or else `otherwise`.
    pub fn of(error: &std::io::Error, otherwise: Self) -> Self {
        error.raw_os_error().map_or(otherwise, Self)
    }

    /// Makes it the `errno` of this thread.
    pub fn set(self) {
        // SAFETY: the system's answer points to the calling thread's own errno, for as long as the thread lives.
        unsafe { *location() = self.0 }
    }

    /// What `errno` of this thread is.
    pub fn get() -> Self {
        // SAFETY: as above.
        Self(unsafe { *location() })
    }
}

#[cfg(any(target_os = "linux", target_os = "emscripten"))]
use libc::__errno_location as location;
#[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
use libc::__error as location;

/// As `errno` says, for the calling thread.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_errno() -> c_int {
    Errno::get().0
}
