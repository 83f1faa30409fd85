//! The system's libzmq. (The `zmq` crate builds a libzmq of its own.)

use crate::subject::{Kind, Plan, Socket, Subject, keys, run_ready};
use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    future::Future,
    mem::MaybeUninit,
    ptr, slice,
};

/// What of `zmq.h` is needed, with its names.
mod zmq {
    use super::{c_char, c_int, c_void};

    /// `zmq_msg_t`.
    #[repr(C, align(8))]
    pub(super) struct Msg([u8; 64]);

    pub(super) const PUB: c_int = 1;
    pub(super) const SUB: c_int = 2;
    pub(super) const REQ: c_int = 3;
    pub(super) const REP: c_int = 4;
    pub(super) const DEALER: c_int = 5;
    pub(super) const ROUTER: c_int = 6;
    pub(super) const PULL: c_int = 7;
    pub(super) const PUSH: c_int = 8;
    pub(super) const SUBSCRIBE: c_int = 6;
    pub(super) const SNDHWM: c_int = 23;
    pub(super) const LAST_ENDPOINT: c_int = 32;
    pub(super) const CURVE_SERVER: c_int = 47;
    pub(super) const CURVE_PUBLICKEY: c_int = 48;
    pub(super) const CURVE_SECRETKEY: c_int = 49;
    pub(super) const CURVE_SERVERKEY: c_int = 50;
    pub(super) const SNDMORE: c_int = 2;

    unsafe extern "C" {
        pub(super) fn zmq_ctx_new() -> *mut c_void;
        pub(super) fn zmq_socket(context: *mut c_void, kind: c_int) -> *mut c_void;
        pub(super) fn zmq_bind(socket: *mut c_void, endpoint: *const c_char) -> c_int;
        pub(super) fn zmq_connect(socket: *mut c_void, endpoint: *const c_char) -> c_int;
        pub(super) fn zmq_setsockopt(
            socket: *mut c_void,
            option: c_int,
            value: *const c_void,
            size: usize,
        ) -> c_int;
        pub(super) fn zmq_getsockopt(
            socket: *mut c_void,
            option: c_int,
            value: *mut c_void,
            size: *mut usize,
        ) -> c_int;
        pub(super) fn zmq_send(socket: *mut c_void, body: *const c_void, size: usize, flags: c_int) -> c_int;
        pub(super) fn zmq_msg_init(message: *mut Msg) -> c_int;
        pub(super) fn zmq_msg_recv(message: *mut Msg, socket: *mut c_void, flags: c_int) -> c_int;
        pub(super) fn zmq_msg_send(message: *mut Msg, socket: *mut c_void, flags: c_int) -> c_int;
        pub(super) fn zmq_msg_more(message: *const Msg) -> c_int;
        pub(super) fn zmq_msg_data(message: *mut Msg) -> *const u8;
        pub(super) fn zmq_msg_size(message: *const Msg) -> usize;
        pub(super) fn zmq_proxy(front: *mut c_void, back: *mut c_void, capture: *mut c_void) -> c_int;
        pub(super) fn zmq_errno() -> c_int;
        pub(super) fn zmq_strerror(number: c_int) -> *const c_char;
    }
}

/// A context; never terminated, the process ends instead.
#[derive(Clone)]
pub struct Libzmq(*mut c_void);

// SAFETY: a context may be used by any thread.
unsafe impl Send for Libzmq {}

impl Subject for Libzmq {
    type Socket = Wrapped;

    fn new(_: &Plan) -> Result<Self, String> {
        // SAFETY: needs nothing.
        Ok(Self(unsafe { zmq::zmq_ctx_new() }))
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        run_ready(future)
    }

    fn socket(&self, kind: Kind, plan: &Plan) -> Wrapped {
        let number = match kind {
            Kind::Push => zmq::PUSH,
            Kind::Pull => zmq::PULL,
            Kind::Req => zmq::REQ,
            Kind::Rep => zmq::REP,
            Kind::Dealer => zmq::DEALER,
            Kind::Router => zmq::ROUTER,
            Kind::Pub => zmq::PUB,
            Kind::Sub => zmq::SUB,
        };
        let mut message = MaybeUninit::uninit();
        // SAFETY: the context lives as long as the process; init fills the message.
        let wrapped = unsafe {
            zmq::zmq_msg_init(message.as_mut_ptr());
            Wrapped { socket: zmq::zmq_socket(self.0, number), message: message.assume_init() }
        };
        must(if wrapped.socket.is_null() { -1 } else { 0 });
        if kind == Kind::Sub && plan.subscriptions > 1 {
            // libzmq drops subscriptions beyond the send high-water mark.
            wrapped.set(zmq::SNDHWM, &0_i32.to_ne_bytes());
        }
        if plan.curve && kind.binds() {
            wrapped.set(zmq::CURVE_SERVER, &1_i32.to_ne_bytes());
            wrapped.set(zmq::CURVE_SECRETKEY, keys::SERVER_SECRET.as_bytes());
        } else if plan.curve {
            wrapped.set(zmq::CURVE_SERVERKEY, keys::SERVER_PUBLIC.as_bytes());
            wrapped.set(zmq::CURVE_PUBLICKEY, keys::CLIENT_PUBLIC.as_bytes());
            wrapped.set(zmq::CURVE_SECRETKEY, keys::CLIENT_SECRET.as_bytes());
        }
        wrapped
    }

    async fn proxy(&self, front: Wrapped, back: Wrapped) {
        // SAFETY: both sockets are open, and nobody else uses them.
        must(unsafe { zmq::zmq_proxy(front.socket, back.socket, ptr::null_mut()) });
    }
}

pub struct Wrapped {
    socket: *mut c_void,
    message: zmq::Msg,
}

impl Wrapped {
    fn set(&self, option: c_int, value: &[u8]) {
        // SAFETY: the value has this size.
        must(unsafe { zmq::zmq_setsockopt(self.socket, option, value.as_ptr().cast(), value.len()) });
    }

    /// Receives a frame into the message; whether more follow.
    #[inline]
    fn receive(&mut self) -> bool {
        // SAFETY: the message was initialized, and stays so.
        unsafe {
            must(zmq::zmq_msg_recv(&raw mut self.message, self.socket, 0));
            zmq::zmq_msg_more(&raw const self.message) != 0
        }
    }
}

/// Ends the run if a call failed.
#[inline]
fn must(result: c_int) {
    if result < 0 {
        // SAFETY: the text is static.
        let why = unsafe { CStr::from_ptr(zmq::zmq_strerror(zmq::zmq_errno())) };
        panic!("libzmq: {}", why.to_string_lossy());
    }
}

impl Socket for Wrapped {
    async fn bind(&mut self, endpoint: &str) -> String {
        let endpoint = CString::new(endpoint).unwrap();
        let (mut bound, mut size) = ([0_u8; 256], 256);
        // SAFETY: the strings end with a zero; the buffer has the given size.
        unsafe {
            must(zmq::zmq_bind(self.socket, endpoint.as_ptr()));
            must(zmq::zmq_getsockopt(
                self.socket,
                zmq::LAST_ENDPOINT,
                bound.as_mut_ptr().cast(),
                ptr::from_mut(&mut size),
            ));
        }
        CStr::from_bytes_until_nul(&bound).unwrap().to_str().unwrap().to_owned()
    }

    async fn connect(&mut self, endpoint: &str) {
        let endpoint = CString::new(endpoint).unwrap();
        // SAFETY: the string ends with a zero.
        must(unsafe { zmq::zmq_connect(self.socket, endpoint.as_ptr()) });
    }

    async fn subscribe(&mut self, topic: &[u8]) {
        self.set(zmq::SUBSCRIBE, topic);
    }

    #[inline]
    async fn send(&mut self, body: &[u8]) {
        // SAFETY: the body has this size and is copied.
        must(unsafe { zmq::zmq_send(self.socket, body.as_ptr().cast(), body.len(), 0) });
    }

    #[inline]
    async fn recv<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> T {
        while self.receive() {}
        // SAFETY: the message holds so many octets until the next receive.
        read(unsafe {
            let size = zmq::zmq_msg_size(&raw const self.message);
            slice::from_raw_parts(zmq::zmq_msg_data(&raw mut self.message), size)
        })
    }

    async fn echo(&mut self, count: u64) {
        for _ in 0..count {
            loop {
                let more = self.receive();
                let flags = if more { zmq::SNDMORE } else { 0 };
                // SAFETY: a sent message is as if newly initialized.
                must(unsafe { zmq::zmq_msg_send(&raw mut self.message, self.socket, flags) });
                if !more {
                    break;
                }
            }
        }
    }
}
