//! `zmq_proxy`, `zmq_proxy_steerable`, `zmq_device`.

use crate::{
    border::done,
    errno::Errno,
    handles,
    socket::{self, Socket},
};
use std::{
    ffi::{c_int, c_void},
    sync::Arc,
};
use zeroxide::{Proxy, ProxyError};

/// Moves messages between two sockets, with a copy for a third, until the context is terminated.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_proxy(front: *mut c_void, back: *mut c_void, capture: *mut c_void) -> c_int {
    done(|| run(front, back, capture, std::ptr::null_mut()))
}

/// As `zmq_proxy`, steered by what a fourth socket receives.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_proxy_steerable(
    front: *mut c_void,
    back: *mut c_void,
    capture: *mut c_void,
    control: *mut c_void,
) -> c_int {
    done(|| run(front, back, capture, control))
}

/// As `zmq_proxy`; the kind of device makes no difference.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_device(_kind: c_int, front: *mut c_void, back: *mut c_void) -> c_int {
    done(|| run(front, back, std::ptr::null_mut(), std::ptr::null_mut()))
}

fn run(
    front: *mut c_void,
    back: *mut c_void,
    capture: *mut c_void,
    control: *mut c_void,
) -> Result<(), Errno> {
    if front.is_null() || back.is_null() {
        return Err(Errno::EFAULT);
    }
    let of = |handle: *mut c_void| socket::find(handles::from_c(handle));
    let given = |handle: *mut c_void| (!handle.is_null()).then(|| of(handle)).transpose();
    let (front, back): (Arc<Socket>, Arc<Socket>) = (of(front)?, of(back)?);
    let (capture, control) = (given(capture)?, given(control)?);
    let mut proxy = Proxy::new(&front.native, &back.native).interruptible(true);
    if let Some(capture) = &capture {
        proxy = proxy.capture(&capture.native);
    }
    if let Some(control) = &control {
        proxy = proxy.control(&control.native);
    }
    proxy.run().map_err(|error| match error {
        ProxyError::Terminated => Errno::ETERM,
        ProxyError::Interrupted => Errno::EINTR,
        _ => Errno::ENOTSUP,
    })
}
