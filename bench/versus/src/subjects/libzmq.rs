//! The C API: the system's libzmq, and Zeroxide's own library by the same calls.
//!
//! Both are loaded when they take part, so that one program measures either; a process never loads two of them.

mod api;

use crate::subject::{Kind, Plan, Socket, Subject, keys, run_ready};
use api::{Api, Msg, number};
use std::{
    env,
    ffi::{CStr, CString, c_int, c_void},
    future::Future,
    marker::PhantomData,
    ptr, slice,
};

/// Which library, and by which of its calls octets go in and out.
pub trait Door: Clone + Send + 'static {
    /// What `dlopen` is to load.
    fn library() -> String;
    /// `zmq_msg_init_size` and `zmq_msg_send`, and a new message for each receive; otherwise `zmq_send`.
    const MESSAGES: bool = false;
    /// `zmq_recv` into a buffer; otherwise `zmq_msg_recv` into a message that was used before.
    const BUFFER: bool = false;
}

/// The system's libzmq, as most programs use it: `zmq_send`, and one message for all that is received.
#[derive(Clone)]
pub struct System;
impl Door for System {
    fn library() -> String {
        "libzmq.so.5".to_owned()
    }
}

/// The same calls on Zeroxide.
#[derive(Clone)]
pub struct Own;
impl Door for Own {
    fn library() -> String {
        own()
    }
}

/// Zeroxide by `zmq_send` and `zmq_recv`.
#[derive(Clone)]
pub struct OwnBuffers;
impl Door for OwnBuffers {
    const BUFFER: bool = true;
    fn library() -> String {
        own()
    }
}

/// Zeroxide with a message made and ended for each that is sent or received.
#[derive(Clone)]
pub struct OwnMessages;
impl Door for OwnMessages {
    const MESSAGES: bool = true;
    fn library() -> String {
        own()
    }
}

/// Where `cargo build --release -p zeroxide-capi` puts it, or `ZEROXIDE_LIBZMQ`.
fn own() -> String {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/libzmq.so");
    env::var("ZEROXIDE_LIBZMQ").unwrap_or_else(|_| built.to_owned())
}

/// A context; never terminated, the process ends instead.
#[derive(Clone)]
pub struct Libzmq<D>(&'static Api, *mut c_void, PhantomData<D>);

// SAFETY: a context may be used by any thread.
unsafe impl<D: Send> Send for Libzmq<D> {}

impl<D: Door> Subject for Libzmq<D> {
    type Socket = Wrapped<D>;

    fn new(_: &Plan) -> Result<Self, String> {
        let api = api::load(&D::library())?;
        // SAFETY: needs nothing.
        Ok(Self(api, unsafe { (api.zmq_ctx_new)() }, PhantomData))
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        run_ready(future)
    }

    fn socket(&self, kind: Kind, plan: &Plan) -> Wrapped<D> {
        let wanted = match kind {
            Kind::Push => number::PUSH,
            Kind::Pull => number::PULL,
            Kind::Req => number::REQ,
            Kind::Rep => number::REP,
            Kind::Dealer => number::DEALER,
            Kind::Router => number::ROUTER,
            Kind::Pub => number::PUB,
            Kind::Sub => number::SUB,
        };
        let api = self.0;
        // SAFETY: the context lives as long as the process; init fills the message.
        let wrapped = unsafe {
            let mut message = Msg::UNUSED;
            (api.zmq_msg_init)(&raw mut message);
            let socket = (api.zmq_socket)(self.1, wanted);
            let buffer = if D::BUFFER { vec![0; plan.size.max(256)] } else { vec![] };
            Wrapped { api, socket, message, buffer, door: PhantomData::<D> }
        };
        api.must(if wrapped.socket.is_null() { -1 } else { 0 });
        if kind == Kind::Sub && plan.subscriptions > 1 {
            // libzmq drops subscriptions beyond the send high-water mark.
            wrapped.set(number::SNDHWM, &0_i32.to_ne_bytes());
        }
        if plan.curve && kind.binds() {
            wrapped.set(number::CURVE_SERVER, &1_i32.to_ne_bytes());
            wrapped.set(number::CURVE_SECRETKEY, keys::SERVER_SECRET.as_bytes());
        } else if plan.curve {
            wrapped.set(number::CURVE_SERVERKEY, keys::SERVER_PUBLIC.as_bytes());
            wrapped.set(number::CURVE_PUBLICKEY, keys::CLIENT_PUBLIC.as_bytes());
            wrapped.set(number::CURVE_SECRETKEY, keys::CLIENT_SECRET.as_bytes());
        }
        wrapped
    }

    async fn proxy(&self, front: Wrapped<D>, back: Wrapped<D>) {
        // SAFETY: both sockets are open, and nobody else uses them.
        self.0.must(unsafe { (self.0.zmq_proxy)(front.socket, back.socket, ptr::null_mut()) });
    }
}

pub struct Wrapped<D> {
    api: &'static Api,
    socket: *mut c_void,
    message: Msg,
    buffer: Vec<u8>,
    door: PhantomData<D>,
}

impl<D: Door> Wrapped<D> {
    fn set(&self, option: c_int, value: &[u8]) {
        // SAFETY: the value has this size.
        let set =
            unsafe { (self.api.zmq_setsockopt)(self.socket, option, value.as_ptr().cast(), value.len()) };
        self.api.must(set);
    }

    /// Receives a frame into the message; whether more follow.
    #[inline]
    fn receive(&mut self) -> bool {
        // SAFETY: the message was initialized, and stays so.
        unsafe {
            if D::MESSAGES {
                (self.api.zmq_msg_close)(&raw mut self.message);
                (self.api.zmq_msg_init)(&raw mut self.message);
            }
            self.api.must((self.api.zmq_msg_recv)(&raw mut self.message, self.socket, 0));
            (self.api.zmq_msg_more)(&raw const self.message) != 0
        }
    }

    /// Receives a frame of one octet or more into the buffer. Only for messages of one frame: whether more follow would
    /// be another call, which programs make that expect it.
    #[inline]
    fn fill(&mut self) -> &[u8] {
        let (at, room) = (self.buffer.as_mut_ptr(), self.buffer.len());
        // SAFETY: the buffer has this size.
        let size = unsafe { (self.api.zmq_recv)(self.socket, at.cast(), room, 0) };
        self.api.must(size);
        &self.buffer[..size as usize]
    }
}

impl<D: Door> Socket for Wrapped<D> {
    async fn bind(&mut self, endpoint: &str) -> String {
        let endpoint = CString::new(endpoint).unwrap();
        let (mut bound, mut size) = ([0_u8; 256], 256);
        // SAFETY: the strings end with a zero; the buffer has the given size.
        unsafe {
            self.api.must((self.api.zmq_bind)(self.socket, endpoint.as_ptr()));
            self.api.must((self.api.zmq_getsockopt)(
                self.socket,
                number::LAST_ENDPOINT,
                bound.as_mut_ptr().cast(),
                ptr::from_mut(&mut size),
            ));
        }
        CStr::from_bytes_until_nul(&bound).unwrap().to_str().unwrap().to_owned()
    }

    async fn connect(&mut self, endpoint: &str) {
        let endpoint = CString::new(endpoint).unwrap();
        // SAFETY: the string ends with a zero.
        self.api.must(unsafe { (self.api.zmq_connect)(self.socket, endpoint.as_ptr()) });
    }

    async fn subscribe(&mut self, topic: &[u8]) {
        self.set(number::SUBSCRIBE, topic);
    }

    #[inline]
    async fn send(&mut self, body: &[u8]) {
        if !D::MESSAGES {
            // SAFETY: the body has this size and is copied.
            self.api.must(unsafe { (self.api.zmq_send)(self.socket, body.as_ptr().cast(), body.len(), 0) });
            return;
        }
        let mut message = Msg::UNUSED;
        // SAFETY: a message of this size is made and filled; what was sent needs no end.
        unsafe {
            self.api.must((self.api.zmq_msg_init_size)(&raw mut message, body.len()));
            let place = (self.api.zmq_msg_data)(&raw mut message);
            body.as_ptr().copy_to_nonoverlapping(place, body.len());
            self.api.must((self.api.zmq_msg_send)(&raw mut message, self.socket, 0));
        }
    }

    #[inline]
    async fn recv<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> T {
        if D::BUFFER {
            return read(self.fill());
        }
        while self.receive() {}
        // SAFETY: the message holds so many octets until the next receive.
        read(unsafe {
            let size = (self.api.zmq_msg_size)(&raw const self.message);
            slice::from_raw_parts((self.api.zmq_msg_data)(&raw mut self.message), size)
        })
    }

    async fn send_frames(&mut self, frames: &[&[u8]]) {
        for (place, frame) in frames.iter().enumerate() {
            let flags = if place + 1 < frames.len() { number::SNDMORE } else { 0 };
            // SAFETY: the frame has this size and is copied.
            self.api
                .must(unsafe { (self.api.zmq_send)(self.socket, frame.as_ptr().cast(), frame.len(), flags) });
        }
    }

    async fn recv_frames(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        loop {
            let more = self.receive();
            // SAFETY: the message holds so many octets until the next receive.
            frames.push(unsafe {
                let size = (self.api.zmq_msg_size)(&raw const self.message);
                slice::from_raw_parts((self.api.zmq_msg_data)(&raw mut self.message), size).to_vec()
            });
            if !more {
                return frames;
            }
        }
    }

    async fn echo(&mut self, count: u64) {
        for _ in 0..count {
            loop {
                let more = self.receive();
                let flags = if more { number::SNDMORE } else { 0 };
                // SAFETY: a sent message is as if newly initialized.
                self.api.must(unsafe { (self.api.zmq_msg_send)(&raw mut self.message, self.socket, flags) });
                if !more {
                    break;
                }
            }
        }
    }
}
