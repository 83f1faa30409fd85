//! What only the draft socket types and ROUTER do: groups, peers by number, and whether a peer has room.

use crate::{
    border::{call, done, guard},
    endpoints::{errno, text},
    errno::Errno,
    events::POLLOUT,
    socket,
    transfer::octets,
};
use std::ffi::{CStr, c_char, c_int, c_void};
use zeroxide::{RoutingId, SocketType};

/// The octets of a group.
///
/// # Safety
/// `group` is null or a C string that outlives the answer.
unsafe fn group<'a>(group: *const c_char) -> Result<&'a [u8], Errno> {
    if group.is_null() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: not null, so it is a C string, says the caller.
    Ok(unsafe { CStr::from_ptr(group) }.to_bytes())
}

/// Receives the messages of a group from now on (DISH).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_join(socket: *mut c_void, name: *const c_char) -> c_int {
    done(|| {
        socket::with(socket, |socket| {
            socket.alive()?;
            only(socket.native.socket_type(), &[SocketType::Dish])?;
            // SAFETY: the caller hands in a C string or null.
            socket.native.join(unsafe { group(name)? }).map_err(|_| Errno::EINVAL)
        })
    })
}

/// Receives the messages of a group no more (DISH).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_leave(socket: *mut c_void, name: *const c_char) -> c_int {
    done(|| {
        socket::with(socket, |socket| {
            socket.alive()?;
            only(socket.native.socket_type(), &[SocketType::Dish])?;
            // SAFETY: the caller hands in a C string or null.
            socket.native.leave(unsafe { group(name)? }).map_err(|_| Errno::EINVAL)
        })
    })
}

/// Connects, and says by which number the peer is known (PEER); 0 is an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_connect_peer(socket: *mut c_void, endpoint: *const c_char) -> u32 {
    guard(0, || {
        socket::with(socket, |socket| {
            socket.alive()?;
            only(socket.native.socket_type(), &[SocketType::Peer])?;
            if socket.native.immediate() {
                // The peer is there only when the connection is.
                return Err(Errno::EFAULT);
            }
            // SAFETY: the caller hands in a C string or null.
            let endpoint = unsafe { text(endpoint)? };
            let connected = socket.native.connect_peer(endpoint);
            connected.map(RoutingId::get).map_err(|failure| errno(&failure.cause))
        })
    })
}

/// Ends the connection of the peer with this number (SERVER, PEER).
#[unsafe(no_mangle)]
pub extern "C" fn zmq_disconnect_peer(socket: *mut c_void, routing_id: u32) -> c_int {
    done(|| {
        socket::with(socket, |socket| {
            socket.alive()?;
            only(socket.native.socket_type(), &[SocketType::Server, SocketType::Peer])?;
            let number = RoutingId::new(routing_id).ok_or(Errno::EHOSTUNREACH)?;
            if socket.native.disconnect_number(number) { Ok(()) } else { Err(Errno::EHOSTUNREACH) }
        })
    })
}

/// Whether the peer of this name has room: `ZMQ_POLLOUT` or nothing (ROUTER).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_socket_get_peer_state(
    socket: *mut c_void,
    routing_id: *const c_void,
    size: usize,
) -> c_int {
    call(|| {
        socket::with(socket, |socket| {
            only(socket.native.socket_type(), &[SocketType::Router])?;
            // SAFETY: the caller has so many octets there.
            let name = unsafe { octets(routing_id, size)? };
            let room = socket.native.has_room_for(name).ok_or(Errno::EHOSTUNREACH)?;
            Ok(if room { POLLOUT.into() } else { 0 })
        })
    })
}

fn only(kind: SocketType, kinds: &[SocketType]) -> Result<(), Errno> {
    if kinds.contains(&kind) { Ok(()) } else { Err(Errno::ENOTSUP) }
}
