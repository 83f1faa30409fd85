//! What a workload needs of a ZeroMQ. It does not know which ones there are.
//!
//! The verbs are async so that one workload serves blocking and async libraries alike: a blocking library answers at the
//! first poll, and the compiler sees through it.

use std::{future::Future, pin::pin, task};

/// A library with its context. Clones share the context; every thread has its own clone.
#[allow(async_fn_in_trait)]
pub trait Subject: Clone + Send + 'static {
    type Socket: Socket;

    /// None if this library cannot do the workload; says why.
    fn new(plan: &Plan) -> Result<Self, String>;

    /// Runs a future on the executor that this library asks for.
    fn run<T>(&self, future: impl Future<Output = T>) -> T;

    /// Called inside [`run`](Self::run).
    fn socket(&self, kind: Kind, plan: &Plan) -> Self::Socket;

    /// Moves messages from one socket to the other for as long as the process lives.
    async fn proxy(&self, _front: Self::Socket, _back: Self::Socket) {
        panic!("has no proxy for these sockets");
    }
}

/// A socket with default options, and only what the workloads need. Whatever goes wrong ends the process: the run then
/// counts as failed.
#[allow(async_fn_in_trait)]
pub trait Socket {
    /// Returns the endpoint to connect to.
    async fn bind(&mut self, endpoint: &str) -> String;

    async fn connect(&mut self, endpoint: &str);

    /// Accepts the peers, where a library leaves that to its user.
    async fn expect_peers(&mut self) {}

    async fn subscribe(&mut self, _topic: &[u8]) {
        panic!("cannot subscribe");
    }

    /// Sends a message of one frame.
    async fn send(&mut self, body: &[u8]);

    /// Receives a message and shows its last frame.
    async fn recv<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> T;

    /// Sends a message of several frames.
    async fn send_frames(&mut self, _frames: &[&[u8]]) {
        panic!("sends no message of several frames");
    }

    /// Receives a message with all its frames.
    async fn recv_frames(&mut self) -> Vec<Vec<u8>> {
        panic!("receives no message of several frames");
    }

    /// Sends back what it receives, with all frames, so many times.
    async fn echo(&mut self, count: u64);

    /// Writes out what a library keeps until it is told to write.
    async fn flush(&mut self) {}
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Push,
    Pull,
    Req,
    Rep,
    Dealer,
    Router,
    Pub,
    Sub,
}

impl Kind {
    /// Whether it is the side that binds, in all workloads.
    pub fn binds(self) -> bool {
        matches!(self, Self::Pull | Self::Rep | Self::Router | Self::Pub)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Tcp,
    Ipc,
    Inproc,
}

/// What a socket is told of the workload it is in.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub transport: Transport,
    pub size: usize,
    /// How many peers the binding side will have.
    pub peers: usize,
    /// The reason to be is latency: nothing may be held back.
    pub latency: bool,
    pub subscriptions: usize,
    /// With the mechanism CURVE: the binding side is the server and asks nobody who may enter.
    pub curve: bool,
}

/// Whose keys, where all is encrypted: the same in every run, for nobody has anything to hide here.
pub mod keys {
    pub const SERVER_PUBLIC: &str = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    pub const SERVER_SECRET: &str = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
    pub const CLIENT_PUBLIC: &str = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
    pub const CLIENT_SECRET: &str = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";
}

/// For libraries that block: their futures are ready when polled.
pub fn run_ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut task::Context::from_waker(task::Waker::noop())) {
        task::Poll::Ready(done) => done,
        task::Poll::Pending => unreachable!("a blocking library never waits in a poll"),
    }
}
