//! The calls of C that send and receive, by the names under which a program finds them. The crate has no such functions of
//! Rust for them.

pub(crate) mod message;
pub(crate) mod world;

use std::ffi::{c_char, c_int, c_void};

/// `zmq_msg_t`, as C sees it.
#[repr(C, align(8))]
pub(crate) struct Msg([u8; 64]);

unsafe extern "C" {
    pub(crate) fn zmq_send(socket: *mut c_void, data: *const c_void, size: usize, flags: c_int) -> c_int;
    pub(crate) fn zmq_recv(socket: *mut c_void, data: *mut c_void, size: usize, flags: c_int) -> c_int;
    pub(crate) fn zmq_msg_init(message: *mut Msg) -> c_int;
    pub(crate) fn zmq_msg_init_size(message: *mut Msg, size: usize) -> c_int;
    pub(crate) fn zmq_msg_init_data(
        message: *mut Msg,
        data: *mut c_void,
        size: usize,
        free: Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>,
        hint: *mut c_void,
    ) -> c_int;
    pub(crate) fn zmq_msg_data(message: *mut Msg) -> *mut c_void;
    pub(crate) fn zmq_msg_more(message: *const Msg) -> c_int;
    pub(crate) fn zmq_msg_gets(message: *const Msg, property: *const c_char) -> *const c_char;
    pub(crate) fn zmq_msg_send(message: *mut Msg, socket: *mut c_void, flags: c_int) -> c_int;
    pub(crate) fn zmq_msg_recv(message: *mut Msg, socket: *mut c_void, flags: c_int) -> c_int;
    pub(crate) fn zmq_msg_size(message: *const Msg) -> usize;
    pub(crate) fn zmq_msg_copy(destination: *mut Msg, source: *mut Msg) -> c_int;
    pub(crate) fn zmq_msg_move(destination: *mut Msg, source: *mut Msg) -> c_int;
    pub(crate) fn zmq_msg_close(message: *mut Msg) -> c_int;
}
