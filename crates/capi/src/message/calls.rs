//! `zmq_msg_*`, except for sending and receiving.

use super::{Body, Part, foreign, lent::FreeFunction};
use crate::{
    border::{done, done_quick, guard, guard_quick},
    errno::Errno,
};
use std::ffi::{CStr, c_char, c_int, c_void};

const ZMQ_MORE: c_int = 1;
const ZMQ_SRCFD: c_int = 2;
const ZMQ_SHARED: c_int = 3;

/// Makes an empty message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_init(message: *mut Part) -> c_int {
    // SAFETY: the caller's contract is the callee's.
    done_quick(|| unsafe { Part::make_empty(message) })
}

/// Makes a message of so many octets for the caller to fill before it is sent or looked at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_init_size(message: *mut Part, size: usize) -> c_int {
    // SAFETY: the caller's contract is the callee's.
    done_quick(|| unsafe { Part::make_unfilled(message, size) })
}

/// Makes a message of a copy of these octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_init_buffer(message: *mut Part, data: *const c_void, size: usize) -> c_int {
    done_quick(|| {
        // SAFETY: the caller has so many octets there.
        let octets = unsafe { crate::transfer::octets(data, size)? };
        // SAFETY: the caller's contract is the callee's.
        unsafe { Part::make(message, Part::new(Body::Copied(octets))) }
    })
}

/// Makes a message of the caller's octets without copying; `free` is called when they are not needed any more. Without
/// `free` they stay for ever.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_init_data(
    message: *mut Part,
    data: *mut c_void,
    size: usize,
    free: Option<FreeFunction>,
    hint: *mut c_void,
) -> c_int {
    done_quick(|| {
        if message.is_null() || (data.is_null() && size > 0) {
            return Err(Errno::EFAULT);
        }
        let body = match free {
            // SAFETY: the caller hands so many octets over until its function is called.
            Some(free) => Body::Lent(unsafe { foreign(data, size, free, hint) }),
            // SAFETY: without a function the octets stay for ever, says libzmq's manual.
            None => Body::Constant(unsafe { crate::transfer::octets(data, size)? }),
        };
        // SAFETY: the caller's contract is the callee's.
        unsafe { Part::make(message, Part::new(body)) }
    })
}

/// Ends a message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_close(message: *mut Part) -> c_int {
    done_quick(|| {
        // SAFETY: the caller's contract is the callee's.
        unsafe { Part::at(message)? }.close();
        Ok(())
    })
}

/// Moves a message; the source is empty afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_move(destination: *mut Part, source: *mut Part) -> c_int {
    done(|| {
        if destination == source {
            // SAFETY: the caller's contract is the callee's.
            return unsafe { Part::at(source) }.map(|_| ());
        }
        // SAFETY: two different messages, each of them the caller's.
        let (destination, source) = unsafe { (Part::at(destination)?, Part::at(source)?) };
        *destination = std::mem::replace(source, Part::empty());
        Ok(())
    })
}

/// Makes the destination a second message of the source's octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_copy(destination: *mut Part, source: *mut Part) -> c_int {
    done(|| {
        if destination == source {
            // SAFETY: the caller's contract is the callee's.
            return unsafe { Part::at(source) }.map(|_| ());
        }
        // SAFETY: two different messages, each of them the caller's.
        let (destination, source) = unsafe { (Part::at(destination)?, Part::at(source)?) };
        *destination = source.copy();
        Ok(())
    })
}

/// Where the octets are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_data(message: *mut Part) -> *mut c_void {
    // SAFETY: the caller's contract is the callee's.
    guard_quick(std::ptr::null_mut(), || Ok(unsafe { Part::at(message)? }.data()))
}

/// How many octets there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_size(message: *const Part) -> usize {
    // SAFETY: the caller's contract is the callee's; nothing is written.
    guard_quick(0, || Ok(unsafe { Part::at(message.cast_mut())? }.octets().len()))
}

/// Whether another frame of the same message follows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_more(message: *const Part) -> c_int {
    // SAFETY: the caller's contract is the callee's; nothing is written.
    guard_quick(0, || Ok(unsafe { Part::at(message.cast_mut())? }.more().into()))
}

/// A property that is a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_get(message: *const Part, property: c_int) -> c_int {
    crate::border::call(|| {
        // SAFETY: the caller's contract is the callee's; nothing is written.
        let part = unsafe { Part::at(message.cast_mut())? };
        match property {
            ZMQ_MORE => Ok(part.more().into()),
            // As with libzmq, it is the caller's matter that the connection may have ended meanwhile.
            ZMQ_SRCFD => Ok(part.origin().descriptor().unwrap_or(-1)),
            ZMQ_SHARED => Ok(part.is_shared().into()),
            _ => Err(Errno::EINVAL),
        }
    })
}

/// There is no property that could be set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_set(message: *mut Part, _property: c_int, _value: c_int) -> c_int {
    // SAFETY: the caller's contract is the callee's.
    done(|| unsafe { Part::at(message) }.and(Err(Errno::EINVAL)))
}

/// A property that is a text; it stays as long as the message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_gets(message: *const Part, property: *const c_char) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the caller's contract is the callee's; nothing is written.
        let part = unsafe { Part::at(message.cast_mut())? };
        if property.is_null() {
            return Err(Errno::EINVAL);
        }
        // SAFETY: the caller hands in a C string.
        let name = unsafe { CStr::from_ptr(property) };
        part.origin().c_property(name.to_bytes()).map(CStr::as_ptr).ok_or(Errno::EINVAL)
    })
}
