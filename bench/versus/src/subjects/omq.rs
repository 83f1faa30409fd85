//! `omq-tokio`: its blocking sockets, and its async ones on a current-thread runtime while OMQ's own threads do the I/O.

use crate::subject::{Kind, Plan, Socket, Subject, run_ready};
use omq_tokio::{Context, Endpoint, Message, Options, SocketType, blocking};
use std::future::Future;

fn socket_type(kind: Kind) -> SocketType {
    match kind {
        Kind::Push => SocketType::Push,
        Kind::Pull => SocketType::Pull,
        Kind::Req => SocketType::Req,
        Kind::Rep => SocketType::Rep,
        Kind::Dealer => SocketType::Dealer,
        Kind::Router => SocketType::Router,
        Kind::Pub => SocketType::Pub,
        Kind::Sub => SocketType::Sub,
    }
}

fn parsed(endpoint: &str) -> Endpoint {
    endpoint.replace(":*", ":0").parse().unwrap()
}

#[derive(Clone)]
pub struct Omq(Context);

impl Subject for Omq {
    type Socket = Blocking;

    fn new(_: &Plan) -> Result<Self, String> {
        Ok(Self(Context::new()))
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        run_ready(future)
    }

    fn socket(&self, kind: Kind, _: &Plan) -> Blocking {
        Blocking(self.0.blocking_socket(socket_type(kind), Options::default()))
    }
}

pub struct Blocking(blocking::Socket);

impl Socket for Blocking {
    async fn bind(&mut self, endpoint: &str) -> String {
        self.0.bind(parsed(endpoint)).unwrap().to_string()
    }

    async fn connect(&mut self, endpoint: &str) {
        self.0.connect(parsed(endpoint)).unwrap();
    }

    async fn subscribe(&mut self, topic: &[u8]) {
        self.0.subscribe(topic.to_vec()).unwrap();
    }

    #[inline]
    async fn send(&mut self, body: &[u8]) {
        self.0.send(Message::from_slice(body)).unwrap();
    }

    #[inline]
    async fn recv<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> T {
        let message = self.0.recv().unwrap();
        read(&message[message.len() - 1])
    }

    async fn echo(&mut self, count: u64) {
        for _ in 0..count {
            let message = self.0.recv().unwrap();
            self.0.send(message).unwrap();
        }
    }
}

#[derive(Clone)]
pub struct OmqAsync(Context);

impl Subject for OmqAsync {
    type Socket = Async;

    fn new(_: &Plan) -> Result<Self, String> {
        Ok(Self(Context::new()))
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    fn socket(&self, kind: Kind, _: &Plan) -> Async {
        Async(self.0.socket(socket_type(kind), Options::default()))
    }

    async fn proxy(&self, front: Async, back: Async) {
        omq_tokio::proxy::proxy(front.0, back.0, None).await.unwrap();
    }
}

pub struct Async(omq_tokio::Socket);

impl Socket for Async {
    async fn bind(&mut self, endpoint: &str) -> String {
        self.0.bind(parsed(endpoint)).await.unwrap().to_string()
    }

    async fn connect(&mut self, endpoint: &str) {
        self.0.connect(parsed(endpoint)).await.unwrap();
    }

    async fn subscribe(&mut self, topic: &[u8]) {
        self.0.subscribe(topic.to_vec()).await.unwrap();
    }

    #[inline]
    async fn send(&mut self, body: &[u8]) {
        self.0.send(Message::from_slice(body)).await.unwrap();
    }

    #[inline]
    async fn recv<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> T {
        let message = self.0.recv().await.unwrap();
        read(&message[message.len() - 1])
    }

    async fn echo(&mut self, count: u64) {
        for _ in 0..count {
            let message = self.0.recv().await.unwrap();
            self.0.send(message).await.unwrap();
        }
    }
}
