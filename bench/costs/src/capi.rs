//! The same by C's calls, on the `libzmq.so` that programs load.

#![allow(unsafe_code, reason = "the functions are C's")]

use std::{
    env,
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr,
};

/// `zmq_msg_t`.
#[repr(C, align(8))]
struct Msg([u8; 64]);

const PULL: c_int = 7;
const PUSH: c_int = 8;

macro_rules! api {
    ($($name:ident: fn($($argument:ty),*) -> $answer:ty;)*) => {
        struct Api {
            $($name: unsafe extern "C" fn($($argument),*) -> $answer,)*
        }

        impl Api {
            /// Finds the functions of a library that is loaded.
            ///
            /// # Safety
            /// What the library has under these names takes these arguments.
            unsafe fn of(library: *mut c_void) -> Result<Self, String> {
                $(
                    let name = concat!(stringify!($name), "\0");
                    // SAFETY: the name ends with a zero.
                    let $name = unsafe { libc::dlsym(library, name.as_ptr().cast()) };
                    if $name.is_null() {
                        return Err(format!("no {}", stringify!($name)));
                    }
                    // SAFETY: not null, so it is the function of this name, says the caller.
                    let $name = unsafe {
                        std::mem::transmute::<*mut c_void, unsafe extern "C" fn($($argument),*) -> $answer>($name)
                    };
                )*
                Ok(Self { $($name,)* })
            }
        }
    };
}
api! {
    zmq_ctx_new: fn() -> *mut c_void;
    zmq_socket: fn(*mut c_void, c_int) -> *mut c_void;
    zmq_bind: fn(*mut c_void, *const c_char) -> c_int;
    zmq_connect: fn(*mut c_void, *const c_char) -> c_int;
    zmq_send: fn(*mut c_void, *const c_void, usize, c_int) -> c_int;
    zmq_recv: fn(*mut c_void, *mut c_void, usize, c_int) -> c_int;
    zmq_msg_init: fn(*mut Msg) -> c_int;
    zmq_msg_init_size: fn(*mut Msg, usize) -> c_int;
    zmq_msg_close: fn(*mut Msg) -> c_int;
    zmq_msg_recv: fn(*mut Msg, *mut c_void, c_int) -> c_int;
    zmq_msg_send: fn(*mut Msg, *mut c_void, c_int) -> c_int;
    zmq_msg_data: fn(*mut Msg) -> *mut u8;
}

/// A PUSH and a PULL of one thread, joined.
pub(crate) struct Pair {
    api: Api,
    push: *mut c_void,
    pull: *mut c_void,
    message: Msg,
    buffer: Vec<u8>,
}

/// Ends the run if a call failed.
fn must(result: c_int) -> Result<(), String> {
    if result < 0 { Err(format!("a call failed: {}", std::io::Error::last_os_error())) } else { Ok(()) }
}

impl Pair {
    /// For bodies of this size. The context is never terminated: the process ends instead.
    pub(crate) fn new(size: usize) -> Result<Self, String> {
        let api = load()?;
        let (mut message, endpoint) = (Msg([0; 64]), c"inproc://costs");
        // SAFETY: the endpoint ends with a zero, and the message is ours.
        let (push, pull) = unsafe {
            let context = (api.zmq_ctx_new)();
            let (push, pull) = ((api.zmq_socket)(context, PUSH), (api.zmq_socket)(context, PULL));
            must((api.zmq_bind)(pull, endpoint.as_ptr()))?;
            must((api.zmq_connect)(push, endpoint.as_ptr()))?;
            must((api.zmq_msg_init)(&raw mut message))?;
            (push, pull)
        };
        Ok(Self { api, push, pull, message, buffer: vec![7; size] })
    }

    /// `zmq_send`
    pub(crate) fn send(&self) -> Result<(), String> {
        // SAFETY: the buffer has this size.
        must(unsafe { (self.api.zmq_send)(self.push, self.buffer.as_ptr().cast(), self.buffer.len(), 0) })
    }

    /// `zmq_recv`
    pub(crate) fn recv(&mut self) -> Result<(), String> {
        let (at, size) = (self.buffer.as_mut_ptr(), self.buffer.len());
        // SAFETY: the buffer has this size.
        must(unsafe { (self.api.zmq_recv)(self.pull, at.cast(), size, 0) })
    }

    /// `zmq_msg_recv` into a message that was used before.
    pub(crate) fn msg_recv(&mut self) -> Result<(), String> {
        // SAFETY: the message is valid.
        must(unsafe { (self.api.zmq_msg_recv)(&raw mut self.message, self.pull, 0) })
    }

    /// A message made, filled and sent.
    pub(crate) fn msg_send(&self) -> Result<(), String> {
        let mut message = Msg([0; 64]);
        // SAFETY: a message of this size is made and filled; what was sent needs no end.
        unsafe {
            must((self.api.zmq_msg_init_size)(&raw mut message, self.buffer.len()))?;
            let place = (self.api.zmq_msg_data)(&raw mut message);
            ptr::copy_nonoverlapping(self.buffer.as_ptr(), place, self.buffer.len());
            must((self.api.zmq_msg_send)(&raw mut message, self.push, 0))
        }
    }

    /// The message ended, made anew and received into.
    pub(crate) fn fresh_msg_recv(&mut self) -> Result<(), String> {
        // SAFETY: the message is valid before the first call and after the second.
        unsafe {
            must((self.api.zmq_msg_close)(&raw mut self.message))?;
            must((self.api.zmq_msg_init)(&raw mut self.message))?;
        }
        self.msg_recv()
    }
}

/// The library lies where this program's dependencies do.
fn load() -> Result<Api, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let folder = program.parent().ok_or("the program lies nowhere")?;
    let path = [folder.join("deps/libzmq.so"), folder.join("libzmq.so")]
        .into_iter()
        .find(|path| path.exists())
        .ok_or_else(|| format!("no libzmq.so in {}", folder.display()))?;
    let name = CString::new(path.into_os_string().into_encoded_bytes()).map_err(|error| error.to_string())?;
    // SAFETY: the name ends with a zero; what our library does when it is loaded harms nobody.
    let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if library.is_null() {
        // SAFETY: after a failure the answer is a text, and nobody else loads anything meanwhile.
        return Err(unsafe { CStr::from_ptr(libc::dlerror()) }.to_string_lossy().into_owned());
    }
    // SAFETY: it is the library of zmq.h.
    unsafe { Api::of(library) }
}
