//! The first conversations.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
use std::time::Duration;
use zeroxide::*;

const LONG: Duration = Duration::from_secs(120);

#[test]
fn hello_world_over_every_transport() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*", "inproc://hello"] {
        let context = Context::new();
        let server = Rep::new(&context).unwrap();
        let client = Req::new(&context).unwrap();
        client.connect(&server.bind(endpoint).unwrap()).unwrap();
        for round in 0..100 {
            client.send(format!("Hello {round}")).unwrap();
            assert_eq!(server.recv_timeout(LONG).unwrap(), Message::from(format!("Hello {round}")));
            server.send("World").unwrap();
            assert_eq!(client.recv_timeout(LONG).unwrap(), Message::from("World"));
        }
    }
}

#[test]
fn a_hundred_thousand_messages_arrive_in_order() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*", "inproc://many"] {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        let push = Push::new(&context).unwrap();
        push.connect(&pull.bind(endpoint).unwrap()).unwrap();
        let sender = std::thread::spawn(move || {
            for number in 0..100_000u32 {
                push.send(&number.to_be_bytes()).unwrap();
            }
        });
        for number in 0..100_000u32 {
            assert_eq!(pull.recv_timeout(LONG).unwrap().body(), number.to_be_bytes());
        }
        sender.join().unwrap();
    }
}
