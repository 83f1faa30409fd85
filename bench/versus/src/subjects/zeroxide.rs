//! Zeroxide, blocking and on three executors.

use crate::subject::{Kind, Plan, Socket, Subject, keys, run_ready};
use std::{future::Future, marker::PhantomData, time::Duration};
use zeroxide::{AllowKeys, Context, Keypair, Message, SocketType};

/// How a program waits.
pub trait Waiting: Clone + Send + 'static {
    const ASYNC: bool;
    const BUSY: Duration = Duration::ZERO;
    /// Makes a message of its own for each send; otherwise the octets are lent.
    const MESSAGES: bool = false;
    /// Copies what it receives into memory of its own.
    const BUFFER: bool = false;
    fn context() -> Context {
        Context::new()
    }
    fn run<T>(future: impl Future<Output = T>) -> T;
}

#[derive(Clone)]
pub struct Blocking;
impl Waiting for Blocking {
    const ASYNC: bool = false;
    fn run<T>(future: impl Future<Output = T>) -> T {
        run_ready(future)
    }
}

/// Blocking, with a message made for each that is sent: what `zeroxide-c-messages` does.
#[derive(Clone)]
pub struct Messages;
impl Waiting for Messages {
    const ASYNC: bool = false;
    const MESSAGES: bool = true;
    fn run<T>(future: impl Future<Output = T>) -> T {
        run_ready(future)
    }
}

/// Blocking, and what is received is copied into a buffer: what `zeroxide-c-buffers` does.
#[derive(Clone)]
pub struct Buffers;
impl Waiting for Buffers {
    const ASYNC: bool = false;
    const BUFFER: bool = true;
    fn run<T>(future: impl Future<Output = T>) -> T {
        run_ready(future)
    }
}

/// Polls before it sleeps.
#[derive(Clone)]
pub struct Busy;
impl Waiting for Busy {
    const ASYNC: bool = false;
    const BUSY: Duration = Duration::from_millis(1);
    fn run<T>(future: impl Future<Output = T>) -> T {
        run_ready(future)
    }
}

/// The library's own executor, whose thread reads.
#[derive(Clone)]
pub struct Own;
impl Waiting for Own {
    const ASYNC: bool = true;
    fn run<T>(future: impl Future<Output = T>) -> T {
        zeroxide::block_on(future)
    }
}

/// The smallest executor there is: one future, parking its thread.
#[derive(Clone)]
pub struct BlockOn;
impl Waiting for BlockOn {
    const ASYNC: bool = true;
    fn run<T>(future: impl Future<Output = T>) -> T {
        smol::future::block_on(future)
    }
}

#[derive(Clone)]
pub struct Smol;
impl Waiting for Smol {
    const ASYNC: bool = true;
    fn run<T>(future: impl Future<Output = T>) -> T {
        let executor = smol::LocalExecutor::new();
        smol::block_on(executor.run(future))
    }
}

#[cfg(feature = "tokio")]
#[derive(Clone)]
pub struct Tokio;
#[cfg(feature = "tokio")]
impl Waiting for Tokio {
    const ASYNC: bool = true;
    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }
}

/// The same, where the runtime's reactor tells of messages.
#[cfg(feature = "tokio")]
#[derive(Clone)]
pub struct TokioReactor;
#[cfg(feature = "tokio")]
impl Waiting for TokioReactor {
    const ASYNC: bool = true;
    fn context() -> Context {
        Context::builder().reactor(reactors::Tokio).build()
    }
    fn run<T>(future: impl Future<Output = T>) -> T {
        Tokio::run(future)
    }
}

#[derive(Clone)]
pub struct SmolReactor;
impl Waiting for SmolReactor {
    const ASYNC: bool = true;
    fn context() -> Context {
        Context::builder().reactor(reactors::Smol).build()
    }
    fn run<T>(future: impl Future<Output = T>) -> T {
        Smol::run(future)
    }
}

/// As the documentation of `Reactor` has them.
mod reactors {
    use std::{
        io,
        task::{self, Poll},
    };
    use zeroxide::{Connection, Reactor, Watch};

    pub struct Smol;
    struct SmolWatch(smol::Async<Connection>);
    impl Reactor for Smol {
        fn watch(&self, connection: Connection) -> io::Result<Box<dyn Watch>> {
            Ok(Box::new(SmolWatch(smol::Async::new_nonblocking(connection)?)))
        }
    }
    impl Watch for SmolWatch {
        fn poll_readable(&mut self, task: &mut task::Context<'_>) -> Poll<io::Result<()>> {
            self.0.poll_readable(task)
        }
    }

    #[cfg(feature = "tokio")]
    pub use with_tokio::Tokio;
    #[cfg(feature = "tokio")]
    mod with_tokio {
        use super::*;
        use tokio::{
            io::{Interest, unix::AsyncFd},
            runtime::Handle,
        };
        pub struct Tokio;
        struct TokioWatch(AsyncFd<Connection>);
        impl Reactor for Tokio {
            #[allow(deprecated)]
            fn watch(&self, connection: Connection) -> io::Result<Box<dyn Watch>> {
                Handle::try_current().map_err(io::Error::other)?;
                Ok(Box::new(TokioWatch(AsyncFd::with_interest(connection, Interest::READABLE)?)))
            }
        }
        impl Watch for TokioWatch {
            fn poll_readable(&mut self, task: &mut task::Context<'_>) -> Poll<io::Result<()>> {
                task::ready!(self.0.poll_read_ready(task))?.clear_ready();
                Poll::Ready(Ok(()))
            }
        }
    }
}

/// The future runs on this thread, beside two workers that look after timers and descriptors.
#[cfg(feature = "tokio")]
#[derive(Clone)]
pub struct TokioMany;
#[cfg(feature = "tokio")]
impl Waiting for TokioMany {
    const ASYNC: bool = true;
    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    }
}

#[derive(Clone)]
pub struct Zeroxide<W>(Context, PhantomData<W>);

impl<W: Waiting> Subject for Zeroxide<W> {
    type Socket = Wrapped<W>;

    fn new(_: &Plan) -> Result<Self, String> {
        Ok(Self(W::context(), PhantomData))
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        W::run(future)
    }

    fn socket(&self, kind: Kind, plan: &Plan) -> Wrapped<W> {
        let number = match kind {
            Kind::Push => SocketType::Push,
            Kind::Pull => SocketType::Pull,
            Kind::Req => SocketType::Req,
            Kind::Rep => SocketType::Rep,
            Kind::Dealer => SocketType::Dealer,
            Kind::Router => SocketType::Router,
            Kind::Pub => SocketType::Pub,
            Kind::Sub => SocketType::Sub,
        };
        let socket = zeroxide::Socket::new(&self.0, number).unwrap();
        let pair = |public: &str, secret: &str| Keypair {
            public: public.parse().unwrap(),
            secret: secret.parse().unwrap(),
        };
        let client = pair(keys::CLIENT_PUBLIC, keys::CLIENT_SECRET);
        let server = pair(keys::SERVER_PUBLIC, keys::SERVER_SECRET);
        if plan.curve && kind.binds() {
            socket.secure_server(&server, AllowKeys::from_iter([client.public])).unwrap();
        } else if plan.curve {
            socket.set_curve_client(server.public, &client).unwrap();
        }
        socket.set_busy_wait(W::BUSY);
        let buffer = if W::BUFFER { vec![0; plan.size.max(256)] } else { vec![] };
        Wrapped(socket, buffer, PhantomData)
    }

    async fn proxy(&self, front: Wrapped<W>, back: Wrapped<W>) {
        zeroxide::proxy(&front.0, &back.0).unwrap();
    }
}

pub struct Wrapped<W>(zeroxide::Socket, Vec<u8>, PhantomData<W>);

impl<W: Waiting> Wrapped<W> {
    #[inline]
    async fn take(&self) -> Message {
        if W::ASYNC { self.0.recv_async().await.unwrap() } else { self.0.recv().unwrap() }
    }
}

impl<W: Waiting> Socket for Wrapped<W> {
    async fn bind(&mut self, endpoint: &str) -> String {
        self.0.bind(endpoint).unwrap()
    }

    async fn connect(&mut self, endpoint: &str) {
        self.0.connect(endpoint).unwrap();
    }

    async fn subscribe(&mut self, topic: &[u8]) {
        self.0.subscribe(topic).unwrap();
    }

    #[inline]
    async fn send(&mut self, body: &[u8]) {
        if W::MESSAGES {
            return self.0.send(Message::from(body)).unwrap();
        }
        // Not by way of another future, which would move the message once more.
        if W::ASYNC { self.0.send_async(body).await.unwrap() } else { self.0.send(body).unwrap() }
    }

    #[inline]
    async fn recv<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> T {
        if W::BUFFER {
            let message = self.0.recv().unwrap();
            let body = message.frames().last().unwrap();
            let room = &mut self.1[..body.len()];
            room.copy_from_slice(body);
            read(room)
        } else if W::ASYNC {
            read(self.0.recv_async().await.unwrap().frames().last().unwrap())
        } else {
            read(self.0.recv().unwrap().frames().last().unwrap())
        }
    }

    async fn send_frames(&mut self, frames: &[&[u8]]) {
        let message = Message::from_frames(frames.iter().copied());
        if W::ASYNC { self.0.send_async(message).await.unwrap() } else { self.0.send(message).unwrap() }
    }

    async fn recv_frames(&mut self) -> Vec<Vec<u8>> {
        self.take().await.frames().iter().map(|frame| frame.to_vec()).collect()
    }

    async fn echo(&mut self, count: u64) {
        for _ in 0..count {
            let message = self.take().await;
            if W::ASYNC { self.0.send_async(message).await.unwrap() } else { self.0.send(message).unwrap() }
        }
    }
}
