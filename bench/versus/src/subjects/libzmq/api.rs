//! What of `zmq.h` is needed, with its names, from a library that is loaded when the program runs.

use std::ffi::{CStr, CString, c_char, c_int, c_void};

/// `zmq_msg_t`.
#[repr(C, align(8))]
pub(super) struct Msg([u8; 64]);

impl Msg {
    pub(super) const UNUSED: Self = Self([0; 64]);
}

/// Numbers of socket types, options and flags.
pub(super) mod number {
    use super::c_int;

    pub(in super::super) const PUB: c_int = 1;
    pub(in super::super) const SUB: c_int = 2;
    pub(in super::super) const REQ: c_int = 3;
    pub(in super::super) const REP: c_int = 4;
    pub(in super::super) const DEALER: c_int = 5;
    pub(in super::super) const ROUTER: c_int = 6;
    pub(in super::super) const PULL: c_int = 7;
    pub(in super::super) const PUSH: c_int = 8;
    pub(in super::super) const SUBSCRIBE: c_int = 6;
    pub(in super::super) const SNDHWM: c_int = 23;
    pub(in super::super) const LAST_ENDPOINT: c_int = 32;
    pub(in super::super) const CURVE_SERVER: c_int = 47;
    pub(in super::super) const CURVE_PUBLICKEY: c_int = 48;
    pub(in super::super) const CURVE_SECRETKEY: c_int = 49;
    pub(in super::super) const CURVE_SERVERKEY: c_int = 50;
    pub(in super::super) const SNDMORE: c_int = 2;
}

macro_rules! api {
    ($($name:ident: fn($($argument:ty),*) -> $answer:ty;)*) => {
        /// The functions of one library.
        pub struct Api {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) -> $answer,)*
        }

        /// Finds them all.
        ///
        /// # Safety
        /// The library is a libzmq: what it has under these names takes these arguments.
        unsafe fn find(library: *mut c_void) -> Result<Api, String> {
            $(
                let name = concat!(stringify!($name), "\0");
                // SAFETY: the name ends with a zero.
                let $name = unsafe { libc::dlsym(library, name.as_ptr().cast()) };
                if $name.is_null() {
                    return Err(last_error());
                }
                // SAFETY: not null, so it is the function of this name, says the caller.
                let $name = unsafe {
                    std::mem::transmute::<*mut c_void, unsafe extern "C" fn($($argument),*) -> $answer>($name)
                };
            )*
            Ok(Api { $($name,)* })
        }
    };
}
api! {
    zmq_ctx_new: fn() -> *mut c_void;
    zmq_socket: fn(*mut c_void, c_int) -> *mut c_void;
    zmq_bind: fn(*mut c_void, *const c_char) -> c_int;
    zmq_connect: fn(*mut c_void, *const c_char) -> c_int;
    zmq_setsockopt: fn(*mut c_void, c_int, *const c_void, usize) -> c_int;
    zmq_getsockopt: fn(*mut c_void, c_int, *mut c_void, *mut usize) -> c_int;
    zmq_send: fn(*mut c_void, *const c_void, usize, c_int) -> c_int;
    zmq_recv: fn(*mut c_void, *mut c_void, usize, c_int) -> c_int;
    zmq_msg_init: fn(*mut Msg) -> c_int;
    zmq_msg_init_size: fn(*mut Msg, usize) -> c_int;
    zmq_msg_close: fn(*mut Msg) -> c_int;
    zmq_msg_recv: fn(*mut Msg, *mut c_void, c_int) -> c_int;
    zmq_msg_send: fn(*mut Msg, *mut c_void, c_int) -> c_int;
    zmq_msg_more: fn(*const Msg) -> c_int;
    zmq_msg_data: fn(*mut Msg) -> *mut u8;
    zmq_msg_size: fn(*const Msg) -> usize;
    zmq_proxy: fn(*mut c_void, *mut c_void, *mut c_void) -> c_int;
    zmq_errno: fn() -> c_int;
    zmq_strerror: fn(c_int) -> *const c_char;
}

impl Api {
    /// Ends the run if a call failed.
    #[inline]
    pub(super) fn must(&self, result: c_int) {
        if result < 0 {
            // SAFETY: the text is static.
            let why = unsafe { CStr::from_ptr((self.zmq_strerror)((self.zmq_errno)())) };
            panic!("libzmq: {}", why.to_string_lossy());
        }
    }
}

/// Loads a library, for as long as the process lives.
pub(super) fn load(path: &str) -> Result<&'static Api, String> {
    let name = CString::new(path).map_err(|error| error.to_string())?;
    // SAFETY: the name ends with a zero; what a libzmq does when it is loaded harms nobody.
    let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if library.is_null() {
        return Err(last_error());
    }
    // SAFETY: whoever names the library says that it is a libzmq.
    unsafe { find(library) }.map(|api| &*Box::leak(Box::new(api)))
}

fn last_error() -> String {
    // SAFETY: after a failure the answer is a text, and nobody else loads anything meanwhile.
    unsafe { CStr::from_ptr(libc::dlerror()) }.to_string_lossy().into_owned()
}
