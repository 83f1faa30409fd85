//! The system's libzmq.

use crate::subject::{Kind, Plan, Socket, Subject, run_ready};
use std::future::Future;

#[derive(Clone)]
pub struct Libzmq(zmq::Context);

impl Subject for Libzmq {
    type Socket = Wrapped;

    fn new(_: &Plan) -> Result<Self, String> {
        Ok(Self(zmq::Context::new()))
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        run_ready(future)
    }

    fn socket(&self, kind: Kind, plan: &Plan) -> Wrapped {
        let socket = self.0.socket(match kind {
            Kind::Push => zmq::PUSH,
            Kind::Pull => zmq::PULL,
            Kind::Req => zmq::REQ,
            Kind::Rep => zmq::REP,
            Kind::Dealer => zmq::DEALER,
            Kind::Router => zmq::ROUTER,
            Kind::Pub => zmq::PUB,
            Kind::Sub => zmq::SUB,
        });
        let socket = socket.unwrap();
        if kind == Kind::Sub && plan.subscriptions > 1 {
            // libzmq drops subscriptions beyond the send high-water mark.
            socket.set_sndhwm(0).unwrap();
        }
        Wrapped { socket, message: zmq::Message::new() }
    }
}

pub struct Wrapped {
    socket: zmq::Socket,
    message: zmq::Message,
}

impl Socket for Wrapped {
    async fn bind(&mut self, endpoint: &str) -> String {
        self.socket.bind(endpoint).unwrap();
        self.socket.get_last_endpoint().unwrap().unwrap()
    }

    async fn connect(&mut self, endpoint: &str) {
        self.socket.connect(endpoint).unwrap();
    }

    async fn subscribe(&mut self, topic: &[u8]) {
        self.socket.set_subscribe(topic).unwrap();
    }

    #[inline]
    async fn send(&mut self, body: &[u8]) {
        self.socket.send(body, 0).unwrap();
    }

    #[inline]
    async fn recv<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> T {
        self.socket.recv(&mut self.message, 0).unwrap();
        while self.message.get_more() {
            self.socket.recv(&mut self.message, 0).unwrap();
        }
        read(&self.message)
    }

    async fn echo(&mut self, count: u64) {
        for _ in 0..count {
            loop {
                let mut message = zmq::Message::new();
                self.socket.recv(&mut message, 0).unwrap();
                let more = message.get_more();
                self.socket.send(message, if more { zmq::SNDMORE } else { 0 }).unwrap();
                if !more {
                    break;
                }
            }
        }
    }
}
