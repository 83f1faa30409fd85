//! Options of contexts.

use std::time::Duration;
use zeroxide::SocketType;

/// What a context has been told by `zmq_ctx_set`, with libzmq's defaults.
#[derive(Debug)]
pub struct Settings {
    /// `ZMQ_IO_THREADS`; counts until the first socket.
    pub io_threads: usize,
    /// `ZMQ_MAX_SOCKETS`; counts until the first socket.
    pub max_sockets: usize,
    /// `ZMQ_IPV6`: what new sockets start with.
    pub ipv6: bool,
    /// `ZMQ_BLOCKY`: whether new sockets linger for ever.
    pub blocky: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { io_threads: 1, max_sockets: 1023, ipv6: false, blocky: true }
    }
}

impl Settings {
    /// The native context of these settings.
    pub(crate) fn build(&self) -> zeroxide::Context {
        zeroxide::Context::builder()
            .io_threads(self.io_threads)
            .max_sockets(self.max_sockets)
            .thread_name("ZMQbg")
            .build()
    }

    /// Gives a new socket libzmq's defaults, where the native ones differ, and what the context hands down.
    pub(crate) fn inherit(&self, socket: &zeroxide::Socket) {
        let keeps_nothing = matches!(socket.socket_type(), SocketType::Sub | SocketType::Xsub);
        let linger = if self.blocky && !keeps_nothing { None } else { Some(Duration::ZERO) };
        socket.change_options(|options| {
            options.linger = linger;
            options.ipv6 = self.ipv6;
        });
    }
}
