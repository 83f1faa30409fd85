//! Every legal socket pair against libzmq, over tcp and ipc, whoever binds, whoever sends, single frames and many.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use std::time::Duration;
use zeroxide::{Context, Message, SendErrorCause, Socket, SocketType};
use zeroxide_testing::{Kind, interop::End};

/// A socket of ours in a context of its own.
struct Ours(Socket);

fn open(kind: Kind) -> Box<dyn End> {
    let kind = SocketType::from_name(kind.to_string().as_bytes()).unwrap();
    Box::new(Ours(Socket::new(&Context::new(), kind).unwrap()))
}

impl End for Ours {
    fn set_routing_id(&mut self, id: &[u8]) {
        self.0.set_routing_id(id).unwrap();
    }

    fn set_mandatory(&mut self) {
        self.0.set_router_mandatory(true).unwrap();
    }

    fn subscribe(&mut self, topic: &[u8]) {
        self.0.subscribe(topic).unwrap();
    }

    fn bind(&mut self, endpoint: &str) -> String {
        self.0.bind(endpoint).unwrap()
    }

    fn connect(&mut self, endpoint: &str) {
        self.0.connect(endpoint).unwrap();
    }

    fn send(&mut self, parts: Vec<Vec<u8>>) -> bool {
        match self.0.send_timeout(Message::from_frames(parts), Duration::from_secs(60)) {
            Ok(()) => true,
            Err(error) if error.cause == SendErrorCause::Unroutable => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn recv(&mut self, limit: Duration) -> Option<Vec<Vec<u8>>> {
        let message = self.0.recv_timeout(limit).ok()?;
        Some(message.into_iter().map(|frame| frame.to_vec()).collect())
    }
}

zeroxide_testing::interop_matrix!(crate::open);
