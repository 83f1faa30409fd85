//! The `zeromq` crate (zmq.rs) on tokio's default runtime.

use crate::subject::{Kind, Plan, Socket, Subject, Transport};
use std::{future::Future, sync::Arc};
use tokio::runtime::Runtime;
use zeromq::{
    DealerSocket, PubSocket, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket, Socket as _,
    SocketRecv as _, SocketSend as _, SubSocket, ZmqMessage,
};

#[derive(Clone)]
pub struct Zmqrs(Arc<Runtime>);

impl Subject for Zmqrs {
    type Socket = Wrapped;

    fn new(plan: &Plan) -> Result<Self, String> {
        if plan.transport == Transport::Inproc {
            return Err("has no inproc".to_owned());
        }
        Ok(Self(Arc::new(Runtime::new().unwrap())))
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }

    fn socket(&self, kind: Kind, _: &Plan) -> Wrapped {
        match kind {
            Kind::Push => Wrapped::Push(PushSocket::new()),
            Kind::Pull => Wrapped::Pull(PullSocket::new()),
            Kind::Req => Wrapped::Req(ReqSocket::new()),
            Kind::Rep => Wrapped::Rep(RepSocket::new()),
            Kind::Dealer => Wrapped::Dealer(DealerSocket::new()),
            Kind::Router => Wrapped::Router(RouterSocket::new()),
            Kind::Pub => Wrapped::Pub(PubSocket::new()),
            Kind::Sub => Wrapped::Sub(SubSocket::new()),
        }
    }
}

pub enum Wrapped {
    Push(PushSocket),
    Pull(PullSocket),
    Req(ReqSocket),
    Rep(RepSocket),
    Dealer(DealerSocket),
    Router(RouterSocket),
    Pub(PubSocket),
    Sub(SubSocket),
}

macro_rules! any {
    ($wrapped:expr, $socket:ident => $call:expr) => {
        match $wrapped {
            Wrapped::Push($socket) => $call,
            Wrapped::Pull($socket) => $call,
            Wrapped::Req($socket) => $call,
            Wrapped::Rep($socket) => $call,
            Wrapped::Dealer($socket) => $call,
            Wrapped::Router($socket) => $call,
            Wrapped::Pub($socket) => $call,
            Wrapped::Sub($socket) => $call,
        }
    };
}

impl Wrapped {
    #[inline]
    async fn take(&mut self) -> ZmqMessage {
        match self {
            Self::Pull(socket) => socket.recv().await.unwrap(),
            Self::Req(socket) => socket.recv().await.unwrap(),
            Self::Rep(socket) => socket.recv().await.unwrap(),
            Self::Dealer(socket) => socket.recv().await.unwrap(),
            Self::Router(socket) => socket.recv().await.unwrap(),
            Self::Sub(socket) => socket.recv().await.unwrap(),
            Self::Push(_) | Self::Pub(_) => unreachable!("cannot receive"),
        }
    }

    #[inline]
    async fn give(&mut self, message: ZmqMessage) {
        match self {
            Self::Push(socket) => socket.send(message).await.unwrap(),
            Self::Req(socket) => socket.send(message).await.unwrap(),
            Self::Rep(socket) => socket.send(message).await.unwrap(),
            Self::Dealer(socket) => socket.send(message).await.unwrap(),
            Self::Router(socket) => socket.send(message).await.unwrap(),
            Self::Pub(socket) => socket.send(message).await.unwrap(),
            Self::Pull(_) | Self::Sub(_) => unreachable!("cannot send"),
        }
    }
}

impl Socket for Wrapped {
    async fn bind(&mut self, endpoint: &str) -> String {
        any!(self, socket => socket.bind(&endpoint.replace(":*", ":0")).await.unwrap().to_string())
    }

    async fn connect(&mut self, endpoint: &str) {
        any!(self, socket => socket.connect(endpoint).await.unwrap());
    }

    async fn subscribe(&mut self, topic: &[u8]) {
        let Self::Sub(socket) = self else { unreachable!("cannot subscribe") };
        socket.subscribe(str::from_utf8(topic).unwrap()).await.unwrap();
    }

    #[inline]
    async fn send(&mut self, body: &[u8]) {
        self.give(body.to_vec().into()).await;
    }

    #[inline]
    async fn recv<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> T {
        let message = self.take().await;
        read(message.get(message.len() - 1).unwrap())
    }

    async fn echo(&mut self, count: u64) {
        for _ in 0..count {
            let message = self.take().await;
            self.give(message).await;
        }
    }
}
