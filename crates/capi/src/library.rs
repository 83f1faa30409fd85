//! About the library itself: `zmq_version`, `zmq_has`, `zmq_strerror`.

use crate::{
    border::{call, guard},
    errno::{Errno, HAUSNUMERO},
};
use std::ffi::{CStr, c_char, c_int};

/// The version of libzmq whose functions, numbers and rules are these.
pub const VERSION: [c_int; 3] = [4, 3, 6];

/// What `zmq_has` says yes to. All else is not there, in libzmq also what every build has ("tcp", "udp").
pub const CAPABILITIES: &[&CStr] = &[c"ipc", c"curve", c"draft"];

/// The version of libzmq that this library stands in for.
///
/// # Safety
/// Each pointer is null, or an `int` can be written there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_version(major: *mut c_int, minor: *mut c_int, patch: *mut c_int) {
    for (place, number) in [major, minor, patch].into_iter().zip(VERSION) {
        if !place.is_null() {
            // SAFETY: not null, so an `int` can be written there.
            unsafe { place.write(number) }
        }
    }
}

/// Whether the library has something that it could have been built without: 1 or 0.
///
/// # Safety
/// `capability` is null or a text that ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_has(capability: *const c_char) -> c_int {
    call(|| {
        if capability.is_null() {
            return Ok(0);
        }
        // SAFETY: not null, so by the contract of this function a text that ends with a zero.
        let capability = unsafe { CStr::from_ptr(capability) };
        Ok(CAPABILITIES.contains(&capability).into())
    })
}

/// What an error number means, in English for libzmq's own and in the words of the system for the rest.
///
/// The text of the system's may change with the next call, as with `strerror`.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_strerror(number: c_int) -> *const c_char {
    const EFSM: c_int = Errno::EFSM.0;
    const ENOCOMPATPROTO: c_int = Errno::ENOCOMPATPROTO.0;
    const ETERM: c_int = Errno::ETERM.0;
    const EMTHREAD: c_int = Errno::EMTHREAD.0;
    guard(c"".as_ptr(), || {
        let own = match number {
            EFSM => c"Operation cannot be accomplished in current state",
            ENOCOMPATPROTO => c"The protocol is not compatible with the socket type",
            ETERM => c"Context was terminated",
            EMTHREAD => c"No thread available",
            libc::EHOSTUNREACH => c"Host unreachable",
            // SAFETY: any number may be asked; the answer is a text that ends with a zero.
            _ => return Ok(unsafe { libc::strerror(number) }.cast_const()),
        };
        Ok(own.as_ptr())
    })
}

const _: () = assert!(HAUSNUMERO == 156_384_712, "the number is part of the interface");
