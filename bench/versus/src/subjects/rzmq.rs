//! `rzmq` on tokio's default runtime.

use crate::subject::{Kind, Plan, Socket, Subject};
use rzmq::{Context, Msg, SocketType, socket::options};
use std::{future::Future, sync::Arc};
use tokio::runtime::Runtime;

#[derive(Clone)]
pub struct Rzmq(Context, Arc<Runtime>);

impl Subject for Rzmq {
    type Socket = Wrapped;

    fn new(_: &Plan) -> Result<Self, String> {
        let runtime = Runtime::new().unwrap();
        let context = runtime.block_on(async { Context::new().unwrap() });
        Ok(Self(context, Arc::new(runtime)))
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.1.block_on(future)
    }

    fn socket(&self, kind: Kind, _: &Plan) -> Wrapped {
        let kind = match kind {
            Kind::Push => SocketType::Push,
            Kind::Pull => SocketType::Pull,
            Kind::Req => SocketType::Req,
            Kind::Rep => SocketType::Rep,
            Kind::Dealer => SocketType::Dealer,
            Kind::Router => SocketType::Router,
            Kind::Pub => SocketType::Pub,
            Kind::Sub => SocketType::Sub,
        };
        Wrapped { socket: self.0.socket(kind).unwrap(), router: kind == SocketType::Router }
    }
}

pub struct Wrapped {
    socket: rzmq::Socket,
    router: bool,
}

impl Socket for Wrapped {
    async fn bind(&mut self, endpoint: &str) -> String {
        self.socket.bind(&endpoint.replace(":*", ":0")).await.unwrap();
        let bound = self.socket.get_option(options::LAST_ENDPOINT).await.unwrap();
        String::from_utf8(bound).unwrap().trim_end_matches('\0').to_owned()
    }

    async fn connect(&mut self, endpoint: &str) {
        self.socket.connect(endpoint).await.unwrap();
    }

    async fn subscribe(&mut self, topic: &[u8]) {
        self.socket.set_option_raw(options::SUBSCRIBE, topic).await.unwrap();
    }

    #[inline]
    async fn send(&mut self, body: &[u8]) {
        self.socket.send(Msg::from_vec(body.to_vec())).await.unwrap();
    }

    #[inline]
    async fn recv<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> T {
        let mut message = self.socket.recv().await.unwrap();
        while message.is_more() {
            message = self.socket.recv().await.unwrap();
        }
        read(message.data().unwrap_or_default())
    }

    async fn echo(&mut self, count: u64) {
        for _ in 0..count {
            if self.router {
                let frames = self.socket.recv_multipart().await.unwrap();
                self.socket.send_multipart(frames).await.unwrap();
            } else {
                let message = self.socket.recv().await.unwrap();
                self.socket.send(message).await.unwrap();
            }
        }
    }
}
