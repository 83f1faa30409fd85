//! Our proxy between sockets of libzmq: a broker for requests, a forwarder for subscriptions, a streamer for work, with
//! capture, and peers that die on either side.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod scenario;

use scenario::*;
use std::{thread, time::Duration};
use zeroxide::*;

/// Runs a story beside a proxy between two sockets, and ends the proxy when the story is over.
fn beside_a_proxy(front: &Handle, back: &Handle, story: impl FnOnce(&ProxyControl)) {
    let proxy = Proxy::new(front, back);
    let control = proxy.controller();
    thread::scope(|scope| {
        let running = scope.spawn(|| proxy.run());
        let _end = TerminateAtEnd(&control);
        story(&control);
        control.terminate();
        running.join().unwrap().unwrap();
    });
}

/// Ends the proxy also when the story fails; else the scope would wait for ever.
struct TerminateAtEnd<'a>(&'a ProxyControl);

impl Drop for TerminateAtEnd<'_> {
    fn drop(&mut self) {
        self.0.terminate();
    }
}

struct Broker {
    front: Router,
    back: Dealer,
    clients: String,
    workers: String,
}

impl Broker {
    fn new(context: &Context, endpoints: [&str; 2]) -> Self {
        let (front, back) = (Router::new(context).unwrap(), Dealer::new(context).unwrap());
        let (clients, workers) = (front.bind(endpoints[0]).unwrap(), back.bind(endpoints[1]).unwrap());
        Self { front, back, clients, workers }
    }
}

fn libzmq(peer: &PythonPeer, kind: Kind, endpoint: &str) -> RemoteSocket {
    let socket = peer.socket(kind);
    socket.connect(endpoint).unwrap();
    socket
}

#[test]
fn requests_of_libzmq_reach_workers_of_libzmq_and_the_replies_their_askers() {
    let path = IpcPath::new();
    for endpoints in [[TCP, TCP], [TCP, &path.endpoint()]] {
        let context = Context::new();
        let broker = Broker::new(&context, endpoints);
        let [asking, working] = [(); 2].map(|()| PythonPeer::spawn());
        beside_a_proxy(&broker.front, &broker.back, |control| {
            let workers = [(); 3].map(|()| libzmq(&working, Kind::Rep, &broker.workers));
            let _echoes = workers.each_ref().map(|worker| worker.echo().unwrap());
            let clients = [(); 4].map(|()| libzmq(&asking, Kind::Req, &broker.clients));
            for round in 0..25 {
                for (number, client) in clients.iter().enumerate() {
                    client.send(&[format!("{number} asks {round}"), "more".to_owned()]).unwrap();
                }
                for (number, client) in clients.iter().enumerate() {
                    let wanted = [format!("{number} asks {round}").into_bytes(), b"more".to_vec()];
                    assert_eq!(client.recv().unwrap(), wanted);
                }
            }
            assert_eq!(control.statistics().front_received.messages, 100);
            assert_eq!(control.statistics().back_received.messages, 100);
        });
        assert_eq!(broker.front.statistics().lost_in_all() + broker.back.statistics().lost_in_all(), 0);
    }
}

#[test]
fn work_is_shared_by_all_workers_that_are_there() {
    let context = Context::new();
    let broker = Broker::new(&context, [TCP, TCP]);
    let peer = PythonPeer::spawn();
    beside_a_proxy(&broker.front, &broker.back, |_| {
        let workers = [(); 3].map(|()| libzmq(&peer, Kind::Rep, &broker.workers));
        assert!(broker.back.wait_connected(3, LONG));
        let clients = [(); 3].map(|()| libzmq(&peer, Kind::Req, &broker.clients));
        for client in &clients {
            client.send(&["work"]).unwrap();
        }
        // Three requests, three workers: each has one.
        for worker in &workers {
            assert_eq!(worker.recv().unwrap(), [b"work"]);
            worker.send(&["done"]).unwrap();
        }
        for client in &clients {
            assert_eq!(client.recv().unwrap(), [b"done"]);
        }
    });
}

#[test]
fn a_dead_client_and_a_dead_worker_do_not_stop_the_others() {
    let context = Context::new();
    let broker = Broker::new(&context, [TCP, TCP]);
    let [clients_gone, workers_gone] = [broker.front.monitor(), broker.back.monitor()];
    beside_a_proxy(&broker.front, &broker.back, |_| {
        // The first worker takes the request of the first client, and both die over it.
        let [asking, working] = [(); 2].map(|()| PythonPeer::spawn());
        let worker = libzmq(&working, Kind::Rep, &broker.workers);
        let client = libzmq(&asking, Kind::Req, &broker.clients);
        client.send(&["fatal question"]).unwrap();
        assert_eq!(worker.recv().unwrap(), [b"fatal question"]);
        asking.kill();
        disconnected(&clients_gone);
        working.kill();
        disconnected(&workers_gone);

        let peer = PythonPeer::spawn();
        let worker = libzmq(&peer, Kind::Rep, &broker.workers);
        let _echo = worker.echo().unwrap();
        let client = libzmq(&peer, Kind::Req, &broker.clients);
        client.send(&["next"]).unwrap();
        assert_eq!(client.recv().unwrap(), [b"next"]);
    });
}

#[test]
fn a_reply_to_a_client_that_died_is_dropped_by_the_router_and_counted() {
    let context = Context::new();
    let broker = Broker::new(&context, [TCP, TCP]);
    let gone = broker.front.monitor();
    let working = PythonPeer::spawn();
    beside_a_proxy(&broker.front, &broker.back, |_| {
        let worker = libzmq(&working, Kind::Rep, &broker.workers);
        let asking = PythonPeer::spawn();
        let client = libzmq(&asking, Kind::Req, &broker.clients);
        client.send(&["last words"]).unwrap();
        assert_eq!(worker.recv().unwrap(), [b"last words"]);
        asking.kill();
        disconnected(&gone);
        worker.send(&["too late"]).unwrap();
        eventually(|| broker.front.statistics().lost_to(Loss::Unroutable) == 1);
    });
}

#[test]
fn a_forwarder_passes_topics_up_and_news_down() {
    let context = Context::new();
    let (front, back) = (Xsub::new(&context).unwrap(), Xpub::new(&context).unwrap());
    let (publishers, subscribers) = (front.bind(TCP).unwrap(), back.bind(TCP).unwrap());
    let peer = PythonPeer::spawn();
    beside_a_proxy(&front, &back, |_| {
        // Only what somebody downstream asked for is asked for upstream.
        let publisher = libzmq(&peer, Kind::Xpub, &publishers);
        let sub = libzmq(&peer, Kind::Sub, &subscribers);
        sub.subscribe(b"weather").unwrap();
        assert_eq!(publisher.recv().unwrap(), [b"\x01weather"]);
        publisher.send(&["sports", "4:1"]).unwrap();
        publisher.send(&["weather", "rain"]).unwrap();
        assert_eq!(sub.recv().unwrap(), [b"weather".to_vec(), b"rain".to_vec()]);

        // A publisher that comes later is told as well.
        let later = libzmq(&peer, Kind::Xpub, &publishers);
        assert_eq!(later.recv().unwrap(), [b"\x01weather"]);
        later.send(&["weather", "sun"]).unwrap();
        assert_eq!(sub.recv().unwrap(), [b"weather".to_vec(), b"sun".to_vec()]);

        sub.unsubscribe(b"weather").unwrap();
        assert_eq!(publisher.recv().unwrap(), [b"\x00weather"]);
        assert_eq!(later.recv().unwrap(), [b"\x00weather"]);
    });
}

#[test]
fn a_streamer_takes_work_from_all_and_gives_it_to_all_without_loss() {
    const EACH: u64 = 10_000;
    let context = Context::new();
    let (front, back) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
    let (ventilators, workers) = (front.bind(TCP).unwrap(), back.bind(TCP).unwrap());
    back.set_linger(None);
    let peer = PythonPeer::spawn();
    let pulls = [(); 2].map(|()| {
        let pull = peer.socket(Kind::Pull);
        pull.monitor().unwrap();
        pull.connect(&workers).unwrap();
        pull
    });
    assert!(back.wait_connected(2, LONG));
    let counts = pulls.each_ref().map(|pull| pull.count(u64::MAX, LONG).unwrap());
    beside_a_proxy(&front, &back, |control| {
        let pushes = [(); 2].map(|()| libzmq(&peer, Kind::Push, &ventilators));
        let blasts = pushes.each_ref().map(|push| push.blast(EACH, 100, &[]).unwrap());
        for blast in blasts {
            assert_eq!(blast.sent().unwrap(), EACH);
        }
        // The last one is counted before it is sent, and not counted if there is no room for it. Where nothing waits for
        // the workers between two looks there was room.
        let is_counted = || control.statistics().back_sent.messages == 2 * EACH;
        let nothing_waits = || back.peers().iter().all(|peer| peer.queued_out == 0);
        eventually(|| is_counted() && nothing_waits() && is_counted());
        assert_eq!(control.statistics().front_received.octets, 2 * EACH * 100);
    });
    drop((front, back, context));
    // When libzmq has seen our end, all that came before it is there to be read.
    for pull in &pulls {
        pull.event(&["DISCONNECTED"]).unwrap();
    }
    let mut messages = 0;
    for (counting, pull) in counts.into_iter().zip(&pulls) {
        counting.stop().unwrap();
        messages += counting.counted().unwrap().messages;
        while pull.recv_within(Duration::ZERO).is_ok() {
            messages += 1;
        }
    }
    assert_eq!(messages, 2 * EACH);
}

#[test]
fn what_a_proxy_moves_is_captured_by_a_libzmq() {
    let context = Context::new();
    let broker = Broker::new(&context, [TCP, TCP]);
    let capture = Pub::new(&context).unwrap();
    let peer = PythonPeer::spawn();
    let listener = libzmq(&peer, Kind::Sub, &capture.bind(TCP).unwrap());
    listener.subscribe(b"").unwrap();
    assert!(capture.wait_for_subscribers("", 1, LONG));
    let proxy = Proxy::new(&broker.front, &broker.back).capture(&capture);
    let control = proxy.controller();
    thread::scope(|scope| {
        let running = scope.spawn(|| proxy.run());
        let _end = TerminateAtEnd(&control);
        let worker = libzmq(&peer, Kind::Rep, &broker.workers);
        let _echo = worker.echo().unwrap();
        let client = libzmq(&peer, Kind::Req, &broker.clients);
        client.send(&["seen"]).unwrap();
        assert_eq!(client.recv().unwrap(), [b"seen"]);
        let [question, answer] = [(); 2].map(|()| listener.recv().unwrap());
        assert_eq!(question[1..], [b"".to_vec(), b"seen".to_vec()]);
        assert_eq!(question, answer, "the same envelope both ways");
        control.terminate();
        running.join().unwrap().unwrap();
    });
}

#[test]
fn a_paused_proxy_holds_requests_back_until_it_is_resumed() {
    let context = Context::new();
    let broker = Broker::new(&context, [TCP, TCP]);
    let peer = PythonPeer::spawn();
    beside_a_proxy(&broker.front, &broker.back, |control| {
        let worker = libzmq(&peer, Kind::Rep, &broker.workers);
        let _echo = worker.echo().unwrap();
        let client = libzmq(&peer, Kind::Req, &broker.clients);
        client.send(&["one"]).unwrap();
        assert_eq!(client.recv().unwrap(), [b"one"]);
        control.pause();
        client.send(&["two"]).unwrap();
        assert!(client.recv_within(Duration::from_millis(50)).is_err());
        control.resume();
        assert_eq!(client.recv().unwrap(), [b"two"]);
    });
}

#[test]
fn a_chain_of_brokers_brings_each_reply_back() {
    let context = Context::new();
    let near = Broker::new(&context, [TCP, TCP]);
    let far = Broker::new(&context, [TCP, TCP]);
    near.back.connect(&far.clients).unwrap();
    let peer = PythonPeer::spawn();
    beside_a_proxy(&near.front, &near.back, |_| {
        beside_a_proxy(&far.front, &far.back, |_| {
            let worker = libzmq(&peer, Kind::Rep, &far.workers);
            let _echo = worker.echo().unwrap();
            let clients = [(); 3].map(|()| libzmq(&peer, Kind::Req, &near.clients));
            for (number, client) in clients.iter().enumerate() {
                client.send(&[number.to_string()]).unwrap();
            }
            for (number, client) in clients.iter().enumerate() {
                assert_eq!(client.recv().unwrap(), [number.to_string().into_bytes()]);
            }
        });
    });
}
