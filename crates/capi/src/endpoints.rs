//! `zmq_bind`, `zmq_connect` and their reverses.

use crate::{border::done, errno::Errno, options::use_fd::Handover, socket};
use std::{
    ffi::{CStr, c_char, c_int, c_void},
    io::ErrorKind,
};
use zeroxide::{EndpointCause, EndpointFailure, door::EndpointErrno};

/// The text of an endpoint.
///
/// # Safety
/// `text` is null or a C string that outlives the answer.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Result<&'a str, Errno> {
    if text.is_null() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: not null, so it is a C string, says the caller.
    unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| Errno::EINVAL)
}

/// The errno for what was wrong with an endpoint.
pub(crate) fn errno(cause: &EndpointCause) -> Errno {
    match cause {
        EndpointCause::Malformed(error) => match error.errno() {
            EndpointErrno::Invalid => Errno::EINVAL,
            EndpointErrno::TransportNotSupported => Errno::EPROTONOSUPPORT,
            EndpointErrno::NameTooLong => Errno::ENAMETOOLONG,
        },
        EndpointCause::System(error) => {
            let otherwise = match error.kind() {
                ErrorKind::NotFound => Errno::ENODEV,
                ErrorKind::AddrNotAvailable => Errno::EADDRNOTAVAIL,
                _ => Errno::EINVAL,
            };
            Errno::of(error, otherwise)
        }
        EndpointCause::InUse => Errno::EADDRINUSE,
        EndpointCause::NotFound => Errno::ENOENT,
        // C sockets begin with the permission, as libzmq's.
        EndpointCause::OpenToNetwork => Errno(libc::EACCES),
        EndpointCause::Incompatible(_) | EndpointCause::NotForThisType => Errno::ENOCOMPATPROTO,
        EndpointCause::NoIoThread => Errno::EMTHREAD,
        EndpointCause::Terminated => Errno::ETERM,
        EndpointCause::Closed => Errno::ENOTSOCK,
        _ => Errno::EINVAL,
    }
}

fn failed(failure: EndpointFailure) -> Errno {
    errno(&failure.cause)
}

/// Listens at an endpoint.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_bind(socket: *mut c_void, endpoint: *const c_char) -> c_int {
    done(|| {
        socket::with(socket, |socket| {
            // SAFETY: the caller hands in a C string or null.
            let endpoint = unsafe { text(endpoint)? };
            let handover = Handover::begin(socket, endpoint)?;
            socket.native.bind(endpoint).map_err(failed)?;
            if let Some(handover) = handover {
                handover.end();
            }
            Ok(())
        })
    })
}

/// Connects to an endpoint, in the background.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_connect(socket: *mut c_void, endpoint: *const c_char) -> c_int {
    done(|| {
        socket::with(socket, |socket| {
            // SAFETY: the caller hands in a C string or null.
            let endpoint = unsafe { text(endpoint)? };
            socket.native.connect(endpoint).map_err(failed)
        })
    })
}

/// Ends what was bound or connected under this name: libzmq makes no difference.
fn release(socket: *mut c_void, endpoint: *const c_char) -> c_int {
    done(|| {
        socket::with(socket, |socket| {
            // SAFETY: the caller hands in a C string or null.
            let endpoint = unsafe { text(endpoint)? };
            let unbound = socket.native.unbind(endpoint).map_err(failed);
            let disconnected = socket.native.disconnect(endpoint).map_err(failed);
            match (unbound, disconnected) {
                (Ok(()), _) | (_, Ok(())) => Ok(()),
                (Err(Errno::ENOENT), other) | (other, _) => other,
            }
        })
    })
}

/// Stops listening at an endpoint, or ends the connections to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_unbind(socket: *mut c_void, endpoint: *const c_char) -> c_int {
    release(socket, endpoint)
}

/// Ends the connections to an endpoint, or stops listening at it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_disconnect(socket: *mut c_void, endpoint: *const c_char) -> c_int {
    release(socket, endpoint)
}
