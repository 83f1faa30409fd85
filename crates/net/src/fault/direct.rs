//! Without faults: the calls themselves.

use super::Call;
use rustix::buffer::spare_capacity;
use rustix::fd::AsFd;
use rustix::io::Result;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::net::SocketAddr;

/// Whether a call of this kind may be made now; yes.
///
/// # Errors
/// None: with the feature `fault-injection` this is what a test has planned.
#[inline(always)]
pub fn check(_call: Call) -> Result<()> {
    Ok(())
}

/// What a test has planned for this name; nothing.
#[inline(always)]
pub(crate) fn planned_name(_host: &str, _port: u16) -> Option<std::io::Result<Vec<SocketAddr>>> {
    None
}

/// `recv` into the spare capacity. Not `read`, which asks on its way whether anybody watches the file that a socket is, too.
#[inline(always)]
pub(crate) fn read(fd: impl AsFd, into: &mut Vec<u8>) -> Result<usize> {
    Ok(rustix::net::recv(fd, spare_capacity(into), RecvFlags::empty())?.1)
}

/// `recv` into a part of it; how much of that was written.
#[inline(always)]
pub(crate) fn read_piece(fd: impl AsFd, piece: &mut [MaybeUninit<u8>]) -> Result<usize> {
    rustix::net::recv(fd, piece, RecvFlags::empty()).map(|((written, _), _)| written.len())
}

/// `send`
#[inline(always)]
pub(crate) fn send(fd: impl AsFd, octets: &[u8]) -> Result<usize> {
    rustix::net::send(fd, octets, SendFlags::NOSIGNAL)
}

/// `sendmsg`
#[inline(always)]
pub(crate) fn send_segments(fd: impl AsFd, segments: &[IoSlice<'_>]) -> Result<usize> {
    rustix::net::sendmsg(fd, segments, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)
}
