//! What messages of the draft socket types carry besides octets: a routing id (SERVER, PEER), a group (RADIO, DISH).

use super::{Group, Part};
use crate::{
    border::{done, guard},
    errno::Errno,
};
use std::ffi::{CStr, CString, c_char, c_int};
use zeroxide::{Frame, Message, RoutingId, SocketType};

const GROUP_MAX_LENGTH: usize = 255;

/// Whom a message is for, besides what its frames say.
pub enum Address {
    /// The peer of this number.
    Peer(RoutingId),
    /// The members of this group.
    Group(Frame),
}

impl Address {
    /// Whether messages that are sent by a socket of this type may have one.
    #[inline]
    pub fn is_looked_at(kind: SocketType) -> bool {
        matches!(kind, SocketType::Server | SocketType::Peer | SocketType::Radio)
    }

    /// A message of this frame for it.
    pub fn on(self, frame: Frame) -> Message {
        match self {
            Self::Peer(number) => Message::routed(number, frame),
            Self::Group(group) => Message::grouped(group, frame),
        }
    }
}

impl Part {
    /// Whom the message is for when it is sent by a socket of this type, which may know no such addresses.
    pub fn address(&self, kind: SocketType) -> Option<Address> {
        match kind {
            SocketType::Server | SocketType::Peer => RoutingId::new(self.routing_id).map(Address::Peer),
            SocketType::Radio => Some(Address::Group(self.group().to_bytes().into())),
            _ => None,
        }
    }

    /// Whom it is for, or whom it is from; 0 is nobody.
    pub fn routing_id(&self) -> u32 {
        self.routing_id
    }

    /// Sets whom it is for.
    pub fn set_routing_id(&mut self, routing_id: u32) {
        self.routing_id = routing_id;
    }

    /// The group it is for, or came in.
    pub fn group(&self) -> &CStr {
        self.group.as_ref().map_or(c"", |group| group.0.as_c_str())
    }

    /// Sets the group; longer ones than 255 octets are refused.
    pub fn set_group(&mut self, group: &[u8]) -> Result<(), Errno> {
        if group.len() > GROUP_MAX_LENGTH {
            return Err(Errno::EINVAL);
        }
        let group = CString::new(group).map_err(|_| Errno::EINVAL)?;
        self.group = if group.is_empty() { None } else { Some(Box::new(Group(group))) };
        Ok(())
    }
}

/// Says for which peer of a SERVER or PEER the message is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_set_routing_id(message: *mut Part, routing_id: u32) -> c_int {
    done(|| {
        // SAFETY: the caller's contract is the callee's.
        let part = unsafe { Part::at(message)? };
        if routing_id == 0 {
            return Err(Errno::EINVAL);
        }
        part.set_routing_id(routing_id);
        Ok(())
    })
}

/// From which peer of a SERVER or PEER the message is; 0 if from none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_routing_id(message: *mut Part) -> u32 {
    // SAFETY: the caller's contract is the callee's.
    guard(0, || Ok(unsafe { Part::at(message)? }.routing_id()))
}

/// Says for which group of a RADIO the message is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_set_group(message: *mut Part, group: *const c_char) -> c_int {
    done(|| {
        // SAFETY: the caller's contract is the callee's.
        let part = unsafe { Part::at(message)? };
        if group.is_null() {
            return Err(Errno::EINVAL);
        }
        // SAFETY: the caller hands in a C string.
        part.set_group(unsafe { CStr::from_ptr(group) }.to_bytes())
    })
}

/// In which group of a DISH the message came; empty if in none. It stays until the message is changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_group(message: *mut Part) -> *const c_char {
    // SAFETY: the caller's contract is the callee's.
    guard(std::ptr::null(), || Ok(unsafe { Part::at(message)? }.group().as_ptr()))
}
